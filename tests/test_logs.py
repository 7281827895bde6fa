"""Logs are one JSON object a line, those of libraries too."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.logs import configure_logs, logger


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_an_event_is_a_line_of_json_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")

    logger("service.store").info("page_stored", n_rows=3, feeder="馈线")
    logger("service.store").debug("not_shown")

    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "page_stored",
        "n_rows": 3,
        "feeder": "馈线",
        "level": "info",
        "logger": "service.store",
    }


def test_what_libraries_log_looks_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("warning", "json")

    logging.getLogger("aiokafka").warning("lost %s", "broker")
    try:
        int("of theirs")
    except ValueError:
        logging.getLogger("aiokafka").exception("failed")

    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["logger"]) == ("lost broker", "aiokafka")
    assert second["exception"][0]["exc_type"] == "ValueError"


def test_people_get_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "console")

    logger("service.store").info("page_stored", n_rows=3)

    assert "page_stored" in capsys.readouterr().err
