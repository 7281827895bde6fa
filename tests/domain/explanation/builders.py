"""Pages of a point at 220 V, made from what each minute was."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from kernels.layout import (
    CELL_NONE,
    INTERRUPTED,
    MINUTES_PER_HOUR,
    MISSING,
    OVER,
    PASS,
    RANK_GOOD,
    RANK_SHIFT,
    UNDER,
)
from service.domain.explanation.minutes import PageMinutes, SpanMinutes, span_minutes
from service.domain.registry import Point

HOUR = timedelta(hours=1)
NOMINAL_MV = 220_000
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = {"p": (PASS, 100), "o": (OVER, 900), "u": (UNDER, -1500), "i": (INTERRUPTED, -10_000)}


def a_point(valid_from: datetime = LONG_AGO, valid_to: datetime | None = None) -> Point:
    return Point(
        point_id=1,
        point="P",
        nominal_mv=NOMINAL_MV,
        wiring="1p",
        point_class="D",
        valid_from=valid_from,
        valid_to=valid_to,
    )


def pages_of(minutes: Mapping[datetime, str], interval_s: int = 60) -> PageMinutes:
    """Return pages whose minutes are p, o, u or i; those of an hour that are not named are missing."""
    hours = sorted({at.replace(minute=0) for at in minutes})
    verdict = np.full((len(hours), MINUTES_PER_HOUR), MISSING, np.uint8)
    cell = np.full((len(hours), 1, MINUTES_PER_HOUR), CELL_NONE, np.int16)
    mark = np.zeros((len(hours), 1, MINUTES_PER_HOUR), np.uint8)
    for at, word in minutes.items():
        row = hours.index(at.replace(minute=0))
        code, cells = WORDS[word]
        verdict[row, at.minute] = code
        cell[row, 0, at.minute] = cells
        mark[row, 0, at.minute] = RANK_GOOD << RANK_SHIFT | code
    return PageMinutes(
        hour=np.array([int(at.timestamp()) // 3600 for at in hours], np.int64),
        nominal_mv=np.full(len(hours), NOMINAL_MV, np.int64),
        interval_s=np.full(len(hours), interval_s, np.int64),
        verdict=verdict,
        cell=cell,
        mark=mark,
    )


def line(start: datetime, words: str) -> dict[datetime, str]:
    """Return minutes from ``start`` on, one a letter; a dot is missing."""
    return {start + timedelta(minutes=nth): word for nth, word in enumerate(words) if word != "."}


def over_span(
    minutes: Mapping[datetime, str],
    span: tuple[datetime, datetime],
    through: datetime | None = None,
    point: Point | None = None,
) -> SpanMinutes:
    return span_minutes(pages_of(minutes), point or a_point(), span, through or span[1])
