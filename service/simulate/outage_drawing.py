"""Draws the outages of a plan, each at a time when nothing else happens on its feeder."""

from dataclasses import replace
from typing import Final

import numpy as np

from service.simulate.extents import (
    Restoration,
    customer_extent,
    phase_extent,
    plant_extent,
    units_extent,
)
from service.simulate.instants import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from service.simulate.network import Feeder, Network, Role
from service.simulate.outage_kinds import RULES, KindRule
from service.simulate.outages import Cause, Extent, Outage
from service.simulate.plan import SimulationPlan
from service.simulate.vacancy import Vacancy

_TRIES: Final = 40
_PLANT_SHARE: Final = 0.05  # of customer faults, on feeders that have such customers
_WHOLE_FEEDER_SHARE: Final = 0.4  # of outages that somebody decided on
_FIRST_STARTS: Final = (7, 10)  # hours of the day in which planned work begins
_LATE_MINUTES: Final = (-2.0, 12.0)  # of the switching, after the time that was announced
_QUIET_HOURS: Final = (21, 9)  # half as many faults between them


class OutageDrawing:
    """Draws outages; it owns the generator, and takes time from the feeders."""

    def __init__(
        self,
        plan: SimulationPlan,
        network: Network,
        vacancy: Vacancy,
        from_ms: int,
        random: np.random.Generator,
    ) -> None:
        """Draw for days that begin with ``from_ms``, midnight."""
        self._plan, self._network, self._vacancy = plan, network, vacancy
        self._from_ms, self._random = from_ms, random
        self.n_left_out = 0  # for which no time was free

    def all_kinds(self) -> tuple[Outage, ...]:
        """Return the outages in the order of their starts; of each kind that may happen at least one."""
        made: list[Outage] = []
        for rule in RULES:
            least = 2 if rule.kind == "customer_fault" else 1  # one that leaves evidence, one not
            for number in range(self.number_of(rule.rate(self._plan), least)):
                is_silent = rule.kind == "customer_fault" and self._is_silent(number)
                outage = self._one(rule, leaves_evidence=not is_silent)
                if outage is None:
                    self.n_left_out += 1
                else:
                    made.append(outage)
        made.sort(key=lambda one: (one.start_ms, one.extent.feeder))
        return tuple(replace(one, number=place) for place, one in enumerate(made, 1))

    def number_of(self, rate: float, least: int = 1) -> int:
        """Return how often something happens in the district; at least so often, unless never."""
        if not rate:
            return 0
        return max(
            least, int(self._random.poisson(rate * self._plan.feeders * self._plan.days / 30))
        )

    def _is_silent(self, number: int) -> bool:
        share = self._plan.faults.no_evidence_share
        return self._happens(share) or (number == 0 and share > 0)

    def _one(self, rule: KindRule, *, leaves_evidence: bool) -> Outage | None:
        cause = rule.cause or self._fault_cause()
        for _ in range(_TRIES):
            feeder = self._network.feeders[int(self._random.integers(self._plan.feeders))]
            extent = self._extent(rule, feeder, is_silent=not leaves_evidence)
            if extent is None:
                continue
            draw = self._timed_start if rule.is_timed else self._any_start
            start_ms = self._vacancy.take(extent.last_after_ms, feeder.number, draw)
            if start_ms is not None:
                return Outage(
                    number=0,
                    kind=rule.kind,
                    cause=cause,
                    start_ms=start_ms,
                    extent=extent,
                    leaves_evidence=leaves_evidence,
                )
        return None

    def _extent(self, rule: KindRule, feeder: Feeder, *, is_silent: bool) -> Extent | None:
        after_ms = self._length_ms(rule)
        if rule.level == "phase":
            transformers = self._network.transformers_of(feeder)
            unit = transformers[int(self._random.integers(len(transformers)))]
            return phase_extent(
                self._network, feeder, unit, after_ms, int(self._random.integers(1, 4))
            )
        if rule.level == "customer":
            return self._customer_extent(feeder, after_ms, is_silent=is_silent)
        return self._units_extent(rule, feeder, after_ms)

    def _units_extent(self, rule: KindRule, feeder: Feeder, after_ms: int) -> Extent:
        is_momentary = rule.kind in ("reclosed", "short_fault")
        faults = self._plan.faults
        restoration = Restoration(
            after_ms=after_ms,
            stepwise_share=0 if is_momentary else faults.stepwise_share,
            stays_dark_share=0 if is_momentary else faults.stays_dark_share,
        )
        units = self._network.transformers_of(feeder)
        if rule.kind == "customer_request":
            units = self._network.plants_of(feeder) or units
        first, stop = 0, len(units)
        if rule.level == "transformer":
            first = int(self._random.integers(len(units)))
            stop = first + 1
        elif rule.level is None and not self._happens(_WHOLE_FEEDER_SHARE):
            first = int(self._random.integers(len(units)))
            stop = int(self._random.integers(first, len(units))) + 1
        is_whole = rule.level == "feeder" or (rule.level is None and stop - first == len(units))
        chosen = None if is_whole else units[first:stop]
        return units_extent(self._network, feeder, chosen, restoration, self._random)

    def _customer_extent(self, feeder: Feeder, after_ms: int, *, is_silent: bool) -> Extent | None:
        plants = self._network.plants_of(feeder)
        if plants and not is_silent and self._happens(_PLANT_SHARE):
            plant = plants[int(self._random.integers(len(plants)))]
            return plant_extent(self._network, feeder, plant, after_ms)
        points = self._network.points
        span = slice(feeder.first_point, feeder.stop_point)
        may = points.role[span] == Role.CUSTOMER
        if is_silent:
            may &= points.self_powered[span]
        candidates = feeder.first_point + np.flatnonzero(may)
        if not candidates.size:
            return None
        chosen = int(self._random.choice(candidates))
        return customer_extent(self._network, feeder, chosen, after_ms)

    def _length_ms(self, rule: KindRule) -> int:
        seconds = self._random.lognormal(np.log(rule.median_s), rule.spread)
        return round(float(np.clip(seconds, rule.lowest_s, rule.highest_s)) * SECOND_MS)

    def _timed_start(self) -> int:
        """Return a start in the morning, some minutes off the full or half hour."""
        half_hours = int(self._random.integers(2 * _FIRST_STARTS[0], 2 * _FIRST_STARTS[1] + 1))
        late_ms = round(self._random.uniform(*_LATE_MINUTES) * MINUTE_MS)
        day = int(self._random.integers(self._plan.days))
        return self._from_ms + day * DAY_MS + half_hours * HOUR_MS // 2 + late_ms

    def _any_start(self) -> int:
        """Return a start at any time; fewer at night."""
        while True:
            in_days = self._random.random() * self._plan.days
            hour = in_days % 1 * 24
            is_quiet = hour >= _QUIET_HOURS[0] or hour < _QUIET_HOURS[1]
            if not is_quiet or self._happens(0.5):
                return self._from_ms + round(in_days * DAY_MS)

    def _fault_cause(self) -> Cause:
        external = self._happens(self._plan.faults.external_share)
        return "fault_external" if external else "fault_internal"

    def _happens(self, share: float) -> bool:
        return bool(self._random.random() < share)
