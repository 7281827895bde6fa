"""The event machine: dips, swells, interruptions and phase losses, and the breach of a lane."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from tests.oracle.assignments import Assignment


class Kind(IntEnum):
    """Kinds of event."""

    DIP = 0
    SWELL = 1
    INTERRUPTION = 2
    PHASE_LOSS = 3


class Breach(IntEnum):
    """How a lane stands to its band right now."""

    NONE = 0
    UNDER = 1
    OVER = 2
    HIGH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLimits:
    """Thresholds, in ppm of nominal."""

    dip_below: int
    swell_above: int
    interruption_below: int
    hysteresis: int  # an event ends this far inside its threshold
    high_above: int
    breach_hysteresis: int


class Edge(NamedTuple):
    """An event that opened or ended."""

    lane: Assignment
    kind: Kind
    is_closed: bool
    phases: int  # bit mask of the phases that took part
    start_ms: int
    earliest_ms: int  # the start lies between this and start_ms
    end_ms: int | None  # of the last reading inside; None while open
    latest_ms: int | None  # the end lies between end_ms and this; None while open
    extreme_ppm: int


@dataclass(slots=True)
class OpenEvent:
    """An event that has not ended."""

    start_ms: int
    earliest_ms: int
    phases: set[int] = field(default_factory=set)
    seen_ppm: list[int] = field(default_factory=list)  # voltages inside the event


@dataclass(slots=True)
class WatchedLane:
    """What is going on at one lane."""

    last_ms: int | None = None  # end of the newest reading judged
    breach: Breach = Breach.NONE
    events: dict[Kind, OpenEvent] = field(default_factory=dict)


class Watcher:
    """Judges readings alone, lane by lane, in the order of the log."""

    def __init__(self, limits: EventLimits) -> None:
        self.lanes: dict[int, WatchedLane] = {}
        self._limits = limits

    def watch(self, lane: Assignment, start_ms: int, phases: Sequence[int]) -> list[Edge]:
        """Return the edges that one reading makes; one older than its lane's newest makes none."""
        state = self.lanes.setdefault(lane.device_id, WatchedLane())
        valid = {phase: ppm for phase, ppm in enumerate(phases) if ppm >= 0}
        if not valid or (state.last_ms is not None and start_ms < state.last_ms):
            return []
        state.breach = self._breach(state.breach, lane.live_band, valid.values())
        edges = []
        for kind, inside in self._inside(state, valid).items():
            edge = _step(state, lane, kind, start_ms, {phase: valid[phase] for phase in inside})
            if edge is not None:
                edges.append(edge)
        state.last_ms = start_ms + lane.interval_ms
        return edges

    def _breach(
        self, breach: Breach, live_band: tuple[int, int], voltages: Iterable[int]
    ) -> Breach:
        """Return the breach after a reading; one holds until inside by the hysteresis."""
        lowest, highest = min(voltages), max(voltages)
        lower, upper = live_band
        if highest > self._limits.high_above:
            return Breach.HIGH
        if breach in {Breach.OVER, Breach.HIGH}:
            upper -= self._limits.breach_hysteresis
        if highest > upper:
            return Breach.OVER
        if breach == Breach.UNDER:
            lower += self._limits.breach_hysteresis
        return Breach.UNDER if lowest < lower else Breach.NONE

    def _inside(self, state: WatchedLane, valid: dict[int, int]) -> dict[Kind, list[int]]:
        """Return the phases inside each kind of event; each phase is in one at most."""
        dark_kinds = {Kind.INTERRUPTION, Kind.PHASE_LOSS}
        dark_below = self._limits.interruption_below
        dip_below, swell_above = self._limits.dip_below, self._limits.swell_above
        if dark_kinds & state.events.keys():
            dark_below += self._limits.hysteresis
        if Kind.DIP in state.events:
            dip_below += self._limits.hysteresis
        if Kind.SWELL in state.events:
            swell_above -= self._limits.hysteresis
        dark = [phase for phase, ppm in valid.items() if ppm < dark_below]
        lit = {phase: ppm for phase, ppm in valid.items() if phase not in dark}
        dips = [phase for phase, ppm in lit.items() if ppm < dip_below]
        return {
            Kind.DIP: dips,
            Kind.SWELL: [p for p, ppm in lit.items() if ppm > swell_above and p not in dips],
            Kind.INTERRUPTION: [] if lit else dark,
            Kind.PHASE_LOSS: dark if lit else [],
        }


class Event(NamedTuple):
    """An event as it is kept: the newest edge of (point, kind, start)."""

    device_id: int
    earliest_ms: int
    end_ms: int | None
    latest_ms: int | None
    extreme_ppm: int
    phases: int


def events_of(edges: Iterable[Edge]) -> dict[tuple[int, Kind, int], Event]:
    """Return the events that the edges of one log make, by point, kind and start."""
    return {
        (edge.lane.point_id, edge.kind, edge.start_ms): Event(
            edge.lane.device_id,
            edge.earliest_ms,
            edge.end_ms,
            edge.latest_ms,
            edge.extreme_ppm,
            edge.phases,
        )
        for edge in edges
    }


def _step(
    state: WatchedLane, lane: Assignment, kind: Kind, start_ms: int, inside: dict[int, int]
) -> Edge | None:
    """Move the machine of one kind; ``inside`` has the voltages of the phases inside the event."""
    event = state.events.get(kind)
    if event is None and not inside:
        return None
    is_new = event is None
    if event is None:
        earliest_ms = start_ms if state.last_ms is None else state.last_ms
        event = state.events[kind] = OpenEvent(start_ms, earliest_ms)
    event.phases |= inside.keys()
    event.seen_ppm += inside.values()
    if inside and not is_new:
        return None
    if not inside:
        del state.events[kind]
    return Edge(
        lane=lane,
        kind=kind,
        is_closed=not inside,
        phases=sum(1 << phase for phase in event.phases),
        start_ms=event.start_ms,
        earliest_ms=event.earliest_ms,
        end_ms=None if inside else state.last_ms,
        latest_ms=None if inside else start_ms,
        extreme_ppm=(max if kind == Kind.SWELL else min)(event.seen_ppm),
    )
