"""Golden bytes: messages as they were written once, which must go on meaning the same.

``golden/`` holds the same four readings in each form. A file is never written again; a new form adds one.
"""

from pathlib import Path

import pytest

from kernels.layout import QUALITY_ESTIMATED, QUALITY_GOOD, QUALITY_INVALID
from service.wire import FORMATS, Decoder
from tests.wire.samples import ARROW, JSON, Row, message, rows

GOLDEN = Path(__file__).parent / "golden"
NOON_MS = 1_782_878_400_000  # 2026-07-01T04:00:00Z, noon in Shanghai

READINGS = [
    Row(7, 0, "c07-0001", NOON_MS, True, (229.5, 230.25, 231.0), (1250.0, -312.5), QUALITY_GOOD),
    Row(7, 1, "c07-0002", NOON_MS, True, (0.0, None, 240.125), (500.0, 0.0), QUALITY_ESTIMATED),
    Row(7, 2, "表箱-三", NOON_MS + 1500, True, (None, None, None), (None, None), QUALITY_INVALID),
    Row(7, 3, "c07-0001", NOON_MS + 60_000, True, (-1.0, 1e9, 2.5), (None, None), QUALITY_GOOD),
]

FILES = [
    ("array.json", JSON),
    ("plain.arrows", ARROW),
    ("dictionary_two_batches.arrows", ARROW),
    ("large_utf8_ns.arrows", ARROW),
]


@pytest.mark.parametrize(("name", "content_type"), FILES)
def test_the_same_readings_come_out_of_every_form(name: str, content_type: str) -> None:
    value = (GOLDEN / name).read_bytes()

    told = Decoder().decode([message(value, content_type=content_type)])
    untold = Decoder().decode([message(value)])

    assert rows(told) == rows(untold) == READINGS
    assert told.refusals == untold.refusals == []


def test_one_reading_a_message_means_the_same() -> None:
    value = (GOLDEN / "one.json").read_bytes()

    assert rows(Decoder().decode([message(value)])) == READINGS[:1]


def test_stamps_without_zone_stay_wall_clocks() -> None:
    of_json, of_arrow = (
        rows(Decoder().decode([message((GOLDEN / name).read_bytes())]))
        for name in ("wall_clock.json", "wall_clock.arrows")
    )

    assert of_json == of_arrow
    assert [(row.stamp_ms, row.has_zone) for row in of_json] == [
        (NOON_MS + 8 * 3_600_000 + minute * 60_000, False) for minute in range(2)
    ]


def test_every_format_and_every_file_is_tried() -> None:
    tried = {name for name, _ in FILES} | {"one.json", "wall_clock.json", "wall_clock.arrows"}

    assert {path.name for path in GOLDEN.iterdir()} == tried
    assert {content_type for _, content_type in FILES} == {one.content_type for one in FORMATS}
