"""The day's spread of voltage at 35 kV and above: the floating limit of GB/T 12325."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kernels.layout import CELL_NONE
from service.domain.rule_rows import cells_of
from service.domain.rules import RuleSet

_HOUR_S: Final = 3600


class PageExtremes(NamedTuple):
    """Ordinary extremes of pages of one point, one entry a page; each hour once, in the order of time."""

    hour: NDArray[np.int64]  # hours since the Unix epoch
    lowest: NDArray[
        np.int16
    ]  # 0.01 % from nominal, all phases; CELL_NONE without an ordinary minute
    highest: NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpread:
    """How far apart the highest and the lowest voltage of a day were."""

    spread: int  # 0.01 % of nominal
    within: bool  # the limit is not exceeded

    @property
    def spread_percent(self) -> Decimal:
        """Percent of nominal, exact."""
        return Decimal(self.spread) / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadOfDay:
    """How the spread of a day comes about."""

    day: date
    low: int  # lowest ordinary minute value of the day, 0.01 % from nominal
    high: int  # highest
    found: DaySpread

    @property
    def is_sum(self) -> bool:
        """Return whether nominal lies between the extremes: both deviations are added."""
        return self.low < 0 < self.high


def spreads_of_days(
    pages: PageExtremes, rule_set: RuleSet, zone: ZoneInfo
) -> Sequence[SpreadOfDay]:
    """Return the spread of each day that has an ordinary minute, in the order of time.

    An hour of the ledger belongs to the day in ``zone`` that it begins in. Empty where the rule set bounds no spread.
    """
    days = [
        datetime.fromtimestamp(hour * _HOUR_S, UTC).astimezone(zone).date()
        for hour in pages.hour.tolist()
    ]
    found = []
    for day in sorted(set(days)):
        mine = np.array([one == day for one in days], np.bool_)
        lows, highs = pages.lowest[mine], pages.highest[mine]
        spread = day_spread(lows, highs, rule_set)
        if spread is not None:
            low, high = lows[lows != CELL_NONE].min(), highs[highs != CELL_NONE].max()
            found.append(SpreadOfDay(day=day, low=int(low), high=int(high), found=spread))
    return found


def day_spread(
    spread_min: NDArray[np.int16], spread_max: NDArray[np.int16], rule_set: RuleSet
) -> DaySpread | None:
    """Return the spread of a day from the extremes of its pages, None if nothing was measured.

    None, too, where the rule set bounds no spread.

    With one extreme on each side of nominal it is the sum of both deviations; with both on the same
    side, the larger one. Exact in 0.01 %, the ledger's unit: as cells are rounded away from
    nominal, a spread between grid values comes out up to 0.02 % wider, never narrower.

    Args:
        spread_min: Lowest ordinary cell of each page, all phases; CELL_NONE where there is none.
        spread_max: Highest.
        rule_set: Gives the limit.

    Source: State Grid norm, art. 8(1); GB 12325-90, note on deviations of the same sign.
    """
    lows, highs = spread_min[spread_min != CELL_NONE], spread_max[spread_max != CELL_NONE]
    limit = rule_set.day_spread
    if limit is None or not lows.size:
        return None
    low, high = int(lows.min()), int(highs.max())
    spread = high - low if low < 0 < high else max(abs(low), abs(high))
    return DaySpread(spread=spread, within=spread <= cells_of(limit.max_percent))
