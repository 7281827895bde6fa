"""What meters say of outages, and what becomes of it on its way.

- Meters with a supply of their own send ``power_off`` and ``power_on`` at the second it happens; so do the
  monitors at feeders' heads, which never miss one.
- Meters that live on their circuit, and can, send a ``last_gasp`` some 30 to 45 s after supply went (the
  hold-off: shorter outages make none), up to three copies of it, and ``restored`` when they have booted.
- Every meter keeps a log of power failures that is read in the end: ``power_failure_log``, from and until.

Times are those of the meter's own clock, cut to the second.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.simulate.instants import MINUTE_MS, SECOND_MS
from service.simulate.network import Network, Role
from service.simulate.outages import Outage, PointOutages, point_outages
from service.simulate.plan import EventPlan, SimulationPlan
from service.simulate.random_streams import Purpose, random_of
from service.simulate.scenario import Loss, Scenario

EVENTS: Final = ("power_off", "power_on", "last_gasp", "restored", "power_failure_log")
NO_TIME: Final = -1
_BOOT_MIN_S: Final = 5
_COPY_S: Final = (5, 60)  # between copies of a last gasp
_LOG_MIN_S: Final = 600
_AFTER_LOSS_MINUTES: Final = (1, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEvents:
    """Events in the order of their arrival, ``(n_events,)`` each."""

    event: NDArray[np.int64]  # index of EVENTS
    point: NDArray[np.int64]
    at_ms: NDArray[np.int64]  # on the meter's clock
    until_ms: NDArray[np.int64]  # of a power_failure_log, on the meter's clock; else NO_TIME
    arrives_ms: NDArray[np.int64]
    row: NDArray[np.int64]  # of the point outages that it tells of; NO_TIME: of none


def draw_events(plan: SimulationPlan, network: Network, scenario: Scenario) -> MeterEvents:
    """Return all events of a scenario; their number depends on the outages, not on the days."""
    random = random_of(plan.seed, Purpose.EVENTS)
    rows = point_outages(scenario.outages)
    drawing = _Drawing(plan.events, network, scenario.outages, rows, random)
    parts = [
        drawing.last_gasps(),
        drawing.restored(),
        drawing.power_events("power_off", rows.start_ms),
        drawing.power_events("power_on", rows.end_ms),
        drawing.logs(),
        drawing.false_gasps(scenario),
    ]
    event, row, point, at_ms, until_ms, arrives_ms = (
        np.concatenate([part[column] for part in parts]) for column in range(6)
    )
    arrives_ms = _through_losses(arrives_ms, point, scenario.losses, random)
    offset_ms = network.points.clock_offset_ms[point]
    order = np.lexsort((event, point, arrives_ms))
    return MeterEvents(
        event=event[order],
        point=point[order],
        at_ms=_to_the_second(at_ms + offset_ms)[order],
        until_ms=np.where(until_ms < 0, NO_TIME, _to_the_second(until_ms + offset_ms))[order],
        arrives_ms=arrives_ms[order],
        row=row[order],
    )


_Columns = tuple[NDArray[np.int64], ...]  # event, row, point, at, until, arrives; true time


class _Drawing:
    """Draws the events of one kind after the other."""

    def __init__(
        self,
        plan: EventPlan,
        network: Network,
        outages: tuple[Outage, ...],
        rows: PointOutages,
        random: np.random.Generator,
    ) -> None:
        self._plan, self._rows, self._random = plan, rows, random
        points = network.points
        leaves = np.array([outage.leaves_evidence for outage in outages], np.bool_)
        self._role = points.role[rows.point]
        speaks = leaves[rows.outage] & (self._role != Role.RESERVE)
        n = rows.point.size
        self._hold_off_ms = np.round(
            random.uniform(plan.hold_off_min_s, plan.hold_off_max_s, n) * SECOND_MS
        ).astype(np.int64)
        length_ms = rows.end_ms - rows.start_ms
        self._gasps = speaks & points.gasps[rows.point] & (length_ms > self._hold_off_ms)
        self._watches = speaks & ~points.self_powered[rows.point]
        is_logged = length_ms >= plan.log_threshold_s * SECOND_MS
        self._logs = speaks & is_logged & (self._role != Role.HEAD)

    def last_gasps(self) -> _Columns:
        plan, random = self._plan, self._random
        sent = np.flatnonzero(
            self._gasps & (random.random(self._gasps.size) >= plan.last_gasp_lost_share)
        )
        n_copies = random.integers(1, plan.last_gasp_copies_max + 1, sent.size)
        row = np.repeat(sent, n_copies)
        copy = np.arange(row.size) - np.repeat(np.cumsum(n_copies) - n_copies, n_copies)
        at_ms = self._rows.start_ms[row] + self._hold_off_ms[row]
        later_ms = np.round(copy * random.uniform(*_COPY_S, row.size) * SECOND_MS)
        return self._columns("last_gasp", row, at_ms, at_ms + later_ms.astype(np.int64))

    def restored(self) -> _Columns:
        row = self._not_missing(self._gasps)
        most_s = max(self._plan.boot_max_s, _BOOT_MIN_S)
        boot_ms = np.round(self._random.uniform(_BOOT_MIN_S, most_s, row.size) * SECOND_MS)
        at_ms = self._rows.end_ms[row] + boot_ms.astype(np.int64)
        return self._columns("restored", row, at_ms, at_ms)

    def power_events(self, event: str, true_ms: NDArray[np.int64]) -> _Columns:
        row = self._not_missing(self._watches, never=self._role == Role.HEAD)
        return self._columns(event, row, true_ms[row], true_ms[row])

    def logs(self) -> _Columns:
        plan, random = self._plan, self._random
        row = np.flatnonzero(self._logs)
        n_copies = 1 + (random.random(row.size) < plan.log_repeated_share)
        row = np.repeat(row, n_copies)
        most_s = max(plan.log_delay_max_s, _LOG_MIN_S)
        later_ms = np.round(random.uniform(_LOG_MIN_S, most_s, row.size) * SECOND_MS)
        end_ms = self._rows.end_ms[row]
        event, row, point, at_ms, _, _ = self._columns(
            "power_failure_log", row, self._rows.start_ms[row], end_ms
        )
        return event, row, point, at_ms, end_ms, end_ms + later_ms.astype(np.int64)

    def false_gasps(self, scenario: Scenario) -> _Columns:
        point = np.array([one.point for one in scenario.false_gasps], np.int64)
        at_ms = np.array([one.at_ms for one in scenario.false_gasps], np.int64)
        none = np.full(point.size, NO_TIME, np.int64)
        event = np.full(point.size, EVENTS.index("last_gasp"), np.int64)
        return event, none, point, at_ms, none, at_ms + self._delays_ms(point.size)

    def _not_missing(
        self, who: NDArray[np.bool_], never: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        is_missing = self._random.random(who.size) < self._plan.partner_missing_share
        if never is not None:
            is_missing &= ~never
        return np.flatnonzero(who & ~is_missing)

    def _columns(
        self,
        event: str,
        row: NDArray[np.int64],
        at_ms: NDArray[np.int64],
        sent_ms: NDArray[np.int64],
    ) -> _Columns:
        return (
            np.full(row.size, EVENTS.index(event), np.int64),
            row,
            self._rows.point[row],
            at_ms,
            np.full(row.size, NO_TIME, np.int64),
            sent_ms + self._delays_ms(row.size),
        )

    def _delays_ms(self, n: int) -> NDArray[np.int64]:
        plan, random = self._plan, self._random
        seconds = plan.delay_median_s * random.lognormal(0, 0.8, n)
        is_delayed = random.random(n) < plan.delayed_share
        seconds = np.where(is_delayed, random.uniform(0, plan.delayed_max_s, n), seconds)
        return np.round(seconds.clip(0, None) * SECOND_MS).astype(np.int64)


def _through_losses(
    arrives_ms: NDArray[np.int64],
    point: NDArray[np.int64],
    losses: tuple[Loss, ...],
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Return arrivals; what would have come through a lost communication comes after it."""
    through = arrives_ms.copy()
    for loss in sorted(losses, key=lambda one: (one.from_ms, one.first_point)):
        held = (point >= loss.first_point) & (point < loss.stop_point)
        held &= (through >= loss.from_ms) & (through < loss.to_ms)
        after_ms = random.uniform(*_AFTER_LOSS_MINUTES, int(held.sum())) * MINUTE_MS
        through[held] = loss.to_ms + np.round(after_ms).astype(np.int64)
    return through


def _to_the_second(at_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    return at_ms // SECOND_MS * SECOND_MS
