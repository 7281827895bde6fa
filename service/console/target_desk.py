"""The figures that stand against targets, read once for all who look: they rest on a year of days and outages."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from service.clock import monotonic_s
from service.console.periods import Chosen
from service.domain.access import Territory
from service.domain.rules import RuleSet
from service.domain.scorecard import Commitment
from service.store.budget_reads import Budgets, read_budgets
from service.store.day_series import DayRate, area_days
from service.store.deployment_reads import Snapshot, data_version
from service.store.scorecard_reads import read_scorecard

_TREND_DAYS: Final = 31
_KEPT_MAX: Final = 64  # territories and periods, the ones that were looked at last


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFigures:
    """What the overview says of targets, from one snapshot."""

    commitments: Sequence[Commitment]
    budgets: Budgets | None  # None before the first reading
    trend: Sequence[DayRate]
    trend_days: tuple[date, date]  # half-open
    data_through: datetime | None  # how far the data reached


@dataclass(slots=True)
class _Kept:
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    figures: TargetFigures | None = None
    version: str = ""  # of the data
    stale_at_s: float = 0.0  # on the monotonic clock: from here on data that moved are read again


@dataclass(slots=True)
class TargetDesk:
    """Keeps figures by territory and days.

    As long as nothing was written to the database they are those of now. While data flow in they are read again when
    they are ``fresh_for_s`` old, at most a tenth of the time; whoever comes meanwhile gets the ones before.
    """

    rule_set: RuleSet
    fresh_for_s: float = 30.0
    pause_per_work: float = 10.0
    now_s: Callable[[], float] = monotonic_s
    _kept: OrderedDict[tuple[Territory, Chosen], _Kept] = field(default_factory=OrderedDict)

    async def figures(
        self, snapshot: Snapshot, territory: Territory, chosen: Chosen
    ) -> TargetFigures:
        """Return the figures of a period, as who sees a territory sees them.

        Args:
            snapshot: Of the territory alone.
            territory: What it is.
            chosen: The running period; the trend ends with its newest day.

        Raises:
            StoreError: They cannot be read.
        """
        kept = self._place(territory, chosen)
        version = await data_version(snapshot.connection)
        if (found := kept.figures) is not None:
            is_fresh = version == kept.version or self.now_s() < kept.stale_at_s
            if is_fresh or kept.reading.locked():
                return found
        async with kept.reading:
            if kept.figures is not None and kept.figures is not found:  # read while this one waited
                return kept.figures
            started_s = self.now_s()
            kept.figures = await _read(snapshot, self.rule_set, chosen)
            kept.version = version
            work_s = self.now_s() - started_s
            kept.stale_at_s = started_s + max(self.fresh_for_s, self.pause_per_work * work_s)
            return kept.figures

    def _place(self, territory: Territory, chosen: Chosen) -> _Kept:
        kept = self._kept.setdefault((territory, chosen), _Kept())
        self._kept.move_to_end((territory, chosen))
        while len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)
        return kept


async def _read(snapshot: Snapshot, rule_set: RuleSet, chosen: Chosen) -> TargetFigures:
    end = chosen.newest_day + timedelta(days=1)
    trend_days = (end - timedelta(days=_TREND_DAYS), end)
    return TargetFigures(
        commitments=await read_scorecard(snapshot, chosen.days, rule_set, rule_set),
        budgets=await read_budgets(snapshot, rule_set, rule_set),
        trend=await area_days(snapshot.connection, trend_days),
        trend_days=trend_days,
        data_through=snapshot.data_through,
    )
