"""Logs are one JSON object a line, those of libraries too."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.logs import LogFormat, configure_logs, logger


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


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_key_that_a_failing_function_holds_is_not_in_the_log(
    capsys: pytest.CaptureFixture[str], log_format: LogFormat
) -> None:
    def ask(presented: str) -> None:
        headers = {"authorization": f"Bearer {presented}", "cookie": f"voltpass={presented}"}
        raise RuntimeError(f"{len(headers)} headers")

    configure_logs("info", log_format)

    for named in ("service.api", "uvicorn.error"):  # our own way of logging, and that of libraries
        try:
            ask("-".join(("vp", "secret")))
        except RuntimeError:
            logging.getLogger(named).exception("failed")
            logger(named).exception("failed")

    printed = capsys.readouterr().err
    assert printed.count("2 headers") >= 4
    assert "in ask" in printed or '"name": "ask"' in printed
    assert "vp-secret" not in printed
