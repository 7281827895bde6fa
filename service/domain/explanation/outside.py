"""Minutes outside the band: how many, when in the day, and how far."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kernels.layout import OVER, UNDER, VERDICT_MASK
from service.domain.explanation.minutes import SpanMinutes

Side = Literal["over", "under"]
DayPart = Literal["night", "morning", "afternoon", "evening"]
DAY_PARTS: Final[tuple[DayPart, ...]] = ("night", "morning", "afternoon", "evening")
_HOURS_OF_PART: Final = 6  # night 0-6, morning 6-12, afternoon 12-18, evening 18-24, local
# So much of it in one part of the day is worth saying: then the days are named by it ("in 11 evenings").
MOSTLY: Final = Fraction(3, 4)
_QUARTER: Final = (
    15  # minutes that lie in one hour of the clock of any zone, if they begin on a quarter of UTC
)
_CODES: Final[dict[Side, int]] = {"over": OVER, "under": UNDER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Minutes of a point on one side of its band."""

    side: Side
    n_minutes: int
    n_days: int  # local days with one of them, or with one in ``part``
    part: DayPart | None  # of the day, that holds most of them; None: none does
    n_minutes_in_part: int  # of them, in that part
    furthest_v: float | None  # highest or lowest voltage of the minutes, any phase on that side
    furthest_cell: int | None  # the same, 0.01 % from nominal


def outside_of(minutes: SpanMinutes, side: Side, zone: ZoneInfo) -> Outside | None:
    """Return the minutes due of a point on one side of its band; None without one."""
    places = np.flatnonzero(minutes.verdict[minutes.due.places] == _CODES[side]) + minutes.due.first
    if not places.size:
        return None
    of_part: Counter[DayPart] = Counter()
    days: dict[DayPart, set[date]] = {part: set() for part in DAY_PARTS}
    shift = minutes.from_at.minute % _QUARTER
    quarters, n_of = np.unique((places + shift) // _QUARTER, return_counts=True)
    for quarter, n_minutes in zip(quarters.tolist(), n_of.tolist(), strict=True):
        local = minutes.at(quarter * _QUARTER - shift).astimezone(zone)
        part = DAY_PARTS[local.hour // _HOURS_OF_PART]
        of_part[part] += n_minutes
        days[part].add(local.date())
    ((part, n_in_part),) = of_part.most_common(1)
    is_mostly = Fraction(n_in_part, places.size) >= MOSTLY
    chosen = days[part] if is_mostly else set[date]().union(*days.values())
    furthest = _furthest(minutes, places, side)
    return Outside(
        side=side,
        n_minutes=int(places.size),
        n_days=len(chosen),
        part=part if is_mostly else None,
        n_minutes_in_part=n_in_part if is_mostly else 0,
        furthest_v=None if furthest is None else furthest[0],
        furthest_cell=None if furthest is None else furthest[1],
    )


def _furthest(
    minutes: SpanMinutes, places: NDArray[np.int64], side: Side
) -> tuple[float, int] | None:
    """Return the voltage furthest out among the cells of that side, volts and 0.01 % from nominal."""
    found: list[tuple[float, int]] = []
    for phase in range(minutes.n_phases):
        mine = places[minutes.mark[phase, places] & np.uint8(VERDICT_MASK) == _CODES[side]]
        if mine.size:
            cells = minutes.cell[phase, mine]
            at = mine[int(cells.argmax() if side == "over" else cells.argmin())]
            cell = int(minutes.cell[phase, at])
            found.append((float(minutes.nominal_mv[at]) * (10_000 + cell) / 10_000_000, cell))
    if not found:
        return None
    return max(found) if side == "over" else min(found)
