"""docs/telemetry.md is a contract: its examples are messages, its tables are complete."""

import re
from pathlib import Path

import pytest

from service.domain.reading_columns import REASONS
from service.wire import FORMATS, MAX_READINGS, Decoder
from service.wire.decoded import EMPTY_MESSAGE, MALFORMED, UNDECODABLE
from service.wire.fields import ALLOWED, DEVICE_CHARS_MAX, QUALITIES
from tests.wire.samples import message

WHOLE = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text(encoding="utf-8")
TEXT = WHOLE.split("\n## Meter events\n")[0]  # that chapter is held to in test_meter_events.py
BLOCKS = re.findall(r"^```(json|python)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
FIRST_CELLS = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)


@pytest.mark.parametrize("text", [block for kind, block in BLOCKS if kind == "json"])
def test_the_json_examples_decode(text: str) -> None:
    decoded = Decoder().decode([message(text)])

    assert decoded.n_readings > 0
    assert decoded.refusals == []


def test_the_arrow_example_decodes() -> None:
    (code,) = (block for kind, block in BLOCKS if kind == "python")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102  (our own documentation)

    decoded = Decoder().decode([message(names["value"])])

    assert decoded.n_readings == 2
    assert decoded.refusals == []


def test_every_field_and_every_reason_has_its_row() -> None:
    reasons = {UNDECODABLE, EMPTY_MESSAGE, MALFORMED, *REASONS.values()}

    assert set(FIRST_CELLS) == set(ALLOWED) | reasons
    assert len(FIRST_CELLS) == len(ALLOWED) + len(reasons)


def test_formats_words_and_limits_are_named() -> None:
    for format_ in FORMATS:
        assert f"`{format_.content_type}`" in TEXT
    for quality in QUALITIES:
        assert f"`{quality}`" in TEXT
    assert f"1 to {DEVICE_CHARS_MAX} characters" in TEXT
    assert f"{MAX_READINGS:,} readings".replace(",", " ") in TEXT
