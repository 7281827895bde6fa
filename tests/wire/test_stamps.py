"""Stamps as text: which are taken, and what they mean."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wire.stamps import NO_STAMP, STAMPS_KEPT_MAX, StampCache
from tests.wire.samples import STAMP_MS


@pytest.mark.parametrize(
    ("text", "stamp_ms", "has_offset"),
    [
        ("2026-11-23T10:56:00Z", STAMP_MS, True),
        ("2026-11-23T18:56:00+08:00", STAMP_MS, True),
        ("2026-11-23T18:56:00+0800", STAMP_MS, True),
        ("2026-11-23T05:26:00.000-05:30", STAMP_MS, True),
        ("2026-11-23 10:56:00Z", STAMP_MS, True),
        ("2026-11-23T10:56Z", STAMP_MS, True),
        ("2026-11-23T10:56:00.25Z", STAMP_MS + 250, True),
        ("2026-11-23T10:56:00,250Z", STAMP_MS + 250, True),
        ("2026-11-23T10:56:00.2509999Z", STAMP_MS + 250, True),
        ("2026-11-23T10:56:00", STAMP_MS, False),
        ("2026-11-23 10:56", STAMP_MS, False),
        ("1970-01-01T00:00:00Z", 0, True),
        ("1969-12-31T23:59:59.9995Z", -1, True),
        ("1900-01-01T00:00:00Z", -2_208_988_800_000, True),
        ("2199-12-31T23:59:59.999Z", 7_258_118_399_999, True),
    ],
)
def test_a_stamp_has_milliseconds_and_may_have_an_offset(
    text: str, stamp_ms: int, has_offset: bool
) -> None:
    code = StampCache()[text]

    assert (code >> 1, bool(code & 1)) == (stamp_ms, has_offset)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1795431360000",
        "2026-11-23",
        "2026-W48-1T10:56:00Z",
        "20261123T105600Z",
        "2026-11-23T10:56:60Z",
        "2026-11-23T24:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-23T10:56:00+24:00",
        "2026-11-23T10:56:00+08:00:30",
        "2026-11-23T10:56:00 Z",
        "2026-11-23T10:56:00Z\n",
        "٢٠٢٦-11-23T10:56:00Z",
        "1899-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_anything_else_is_no_stamp(text: str) -> None:
    assert StampCache()[text] == NO_STAMP


@given(
    st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30)),  # noqa: DTZ001
    st.none() | st.integers(-23 * 60, 23 * 60),
)
def test_a_stamp_agrees_with_the_calendar(wall: datetime, offset_min: int | None) -> None:
    zone = None if offset_min is None else timezone(timedelta(minutes=offset_min))

    code = StampCache()[wall.replace(tzinfo=zone).isoformat()]

    utc = wall.replace(tzinfo=zone or UTC)
    assert code >> 1 == (utc - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert code & 1 == (zone is not None)


def test_the_cache_keeps_a_bounded_number_of_stamps_and_none_that_is_wrong() -> None:
    cache = StampCache({str(i): i for i in range(STAMPS_KEPT_MAX)})

    code = cache["2026-11-23T10:56:00Z"]
    wrong = cache["no stamp"]

    assert cache == {"2026-11-23T10:56:00Z": code}
    assert wrong == NO_STAMP
