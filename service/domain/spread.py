"""The day's spread of voltage at 35 kV and above: the floating limit of GB/T 12325."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from kernels.layout import CELL_NONE
from service.domain.rule_rows import cells_of
from service.domain.rules import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpread:
    """How far apart the highest and the lowest voltage of a day were."""

    spread: int  # 0.01 % of nominal
    within: bool  # the limit is not exceeded

    @property
    def spread_percent(self) -> Decimal:
        """Percent of nominal, exact."""
        return Decimal(self.spread) / 100


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
