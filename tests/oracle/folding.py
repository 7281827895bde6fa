"""What the log of one partition means: its pages, the outcome of each reading, and what is late."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.oracle.assignments import Assignment
from tests.oracle.lanes import FastLane, SlowLane
from tests.oracle.late import LateRow, late_ledger
from tests.oracle.ledger import Ledger, join_ledgers
from tests.oracle.watching import Edge, EventLimits, Watcher
from tests.oracle.words import FOREVER_MS, Outcome, Reading

Devices = Mapping[
    str, Sequence[Assignment]
]  # a device's assignments, in the order of their periods


@dataclass(frozen=True, slots=True, kw_only=True)
class StampLimits:
    """Stamps that are refused, relative to the time of the Kafka record."""

    ahead_ms: int = 300_000  # a reading may end this much after its record at most
    oldest_ms: int = 864_000_000  # and start this much before it at most; 0 is no limit


class Folded(NamedTuple):
    """What became of one reading."""

    outcome: Outcome
    lane: Assignment | None = None  # the assignment in force
    start_ms: int = 0  # of its interval; meaningless without a lane
    phases: Sequence[int] = ()  # ppm; empty if the reading is refused


@dataclass(slots=True)
class FoldedLog:
    """What a log means."""

    lanes: Ledger  # pages by device_id and hour, without the late rows
    assignments: Mapping[int, Assignment]  # by device_id
    outcomes: list[Outcome] = field(default_factory=list)  # one a reading
    late: list[LateRow] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)  # of events, if they were asked for

    def ledger(self) -> Ledger:
        """Return the pages by point and hour, the late rows merged."""
        return join_ledgers([self.lanes, late_ledger(self.late)], self._point_of)

    def timely_ledger(self) -> Ledger:
        """Return the pages by point and hour as they are before a late row is merged."""
        return join_ledgers([self.lanes], self._point_of)

    def _point_of(self, device_id: int) -> int:
        return self.assignments[device_id].point_id


class LogTwin:
    """Folds a log reading by reading."""

    def __init__(self, devices: Devices, limits: StampLimits) -> None:
        self.ledger = Ledger()
        self._devices = devices
        self._limits = limits
        self._lanes: dict[int, FastLane | SlowLane] = {}

    def read(self, reading: Reading) -> Folded:
        """Fold one reading."""
        assignments = self._devices.get(reading.device)
        if assignments is None:
            return Folded(Outcome.UNKNOWN_DEVICE)
        for assignment in assignments:
            start_ms = assignment.start_of(reading.stamp_ms)
            if assignment.from_ms <= start_ms < assignment.to_ms:
                break
        else:
            return Folded(Outcome.OUTSIDE_SERVICE)
        refusal = self._refusal(assignment, start_ms, reading)
        if refusal is not None:
            return Folded(refusal, assignment, start_ms)
        phases = assignment.measure(reading)
        lane = self._lanes.get(assignment.device_id)
        if lane is None:
            lane_type = FastLane if assignment.is_fast else SlowLane
            lane = self._lanes[assignment.device_id] = lane_type(assignment, self.ledger)
        return Folded(lane.read(start_ms, phases, reading), assignment, start_ms, phases)

    def _refusal(self, assignment: Assignment, start_ms: int, reading: Reading) -> Outcome | None:
        """Return why a reading is refused, None if it is not."""
        oldest_ms = self._limits.oldest_ms or 2 * FOREVER_MS
        if start_ms + assignment.interval_ms - reading.record_ms > self._limits.ahead_ms:
            return Outcome.STAMP_AHEAD
        if reading.record_ms - start_ms > oldest_ms:
            return Outcome.STAMP_TOO_OLD
        if assignment.n_phases == 1 and (_is_there(reading.v2) or _is_there(reading.v3)):
            return Outcome.WRONG_PHASES
        return None


def fold_log(
    log: Iterable[Reading],
    devices: Devices,
    limits: StampLimits | None = None,
    events: EventLimits | None = None,
) -> FoldedLog:
    """Return what the log of one partition means.

    Args:
        log: The readings in the order of the log.
        devices: Their assignments; a device that is not among them is unknown.
        limits: Which stamps are refused.
        events: Watch for events with these limits; without them no edges are written.
    """
    twin = LogTwin(devices, limits or StampLimits())
    watcher = Watcher(events) if events else None
    assignments = {each.device_id: each for chain in devices.values() for each in chain}
    result = FoldedLog(twin.ledger, assignments)
    for position, reading in enumerate(log):
        folded = twin.read(reading)
        result.outcomes.append(folded.outcome)
        if folded.lane is None:
            continue
        if folded.outcome == Outcome.LATE:
            result.late.append(LateRow(position, folded.lane, folded.start_ms, reading))
        elif watcher is not None and folded.outcome < Outcome.LATE:
            result.edges += watcher.watch(folded.lane, folded.start_ms, folded.phases)
    return result


def _is_there(volts: float | None) -> bool:
    return volts is not None and volts == volts  # noqa: PLR0124 - NaN
