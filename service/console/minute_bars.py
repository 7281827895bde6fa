"""The minutes of a day as bars: a row for each hour, a place for each minute, equal neighbours as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from kernels.layout import VERDICT_NAMES
from service.domain.explanation.hours import DayOfPoint, HourOfPoint
from service.domain.explanation.minutes import SpanMinutes
from service.domain.periods import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Minutes of one verdict beside each other."""

    first: int  # minute of the hour, 0 to 59
    n_minutes: int
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRow:
    """An hour of the day with its minutes that are due."""

    label: str  # 08, or 02 +02:00 where clocks repeat it
    bars: Sequence[Bar]


def minute_bars(minutes: SpanMinutes, day: DayOfPoint, zone: ZoneInfo) -> list[HourRow]:
    """Return the hours of a day in the order of time."""
    return [HourRow(label=_label(hour, day), bars=_bars(minutes, hour, zone)) for hour in day.hours]


def _label(hour: HourOfPoint, day: DayOfPoint) -> str:
    is_repeated = len(day.clock[hour.from_at.hour]) > 1
    offset = hour.from_at.isoformat()[-6:]
    return f"{hour.from_at:%H} {offset}" if is_repeated else f"{hour.from_at:%H}"


def _bars(minutes: SpanMinutes, hour: HourOfPoint, zone: ZoneInfo) -> list[Bar]:
    part = minutes.part(Period(from_at=hour.from_at, to_at=hour.to_at, label=""))
    if not part.n_minutes:
        return []
    verdicts = minutes.verdict[part.places]
    firsts = np.flatnonzero(np.diff(verdicts, prepend=verdicts[0] + np.uint8(1))).tolist()
    ends = [*firsts[1:], part.n_minutes]
    lead = minutes.at(part.first).astimezone(zone).minute
    return [
        Bar(
            first=lead + first,
            n_minutes=end - first,
            verdict=VERDICT_NAMES[int(verdicts[first])],
        )
        for first, end in zip(firsts, ends, strict=True)
    ]
