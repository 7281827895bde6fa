"""The live watch: dips, swells, interruptions and phase losses, and whether a lane is in breach right now."""

from typing import NamedTuple

from kernels._jit import inline, kernel, signed
from kernels.layout import (
    DIP,
    INTERRUPTION,
    LATE,
    NO_TIME,
    PHASE_LOSS,
    SWELL,
    EventEdges,
    EventStates,
    Folded,
    LaneSettings,
)

BREACH_NONE = 0
BREACH_UNDER = 1
BREACH_OVER = 2
BREACH_HIGH = 3  # above the high-voltage limit: a broken neutral is the usual cause


class EventLimits(NamedTuple):
    """Thresholds of the watch, in ppm of nominal."""

    dip_below: int
    swell_above: int
    interruption_below: int
    hysteresis: int  # an event ends this far inside its threshold
    high_above: int  # a reading above this is a breach of its own
    breach_hysteresis: int  # a breach ends this far inside its band


@kernel
def watch(  # noqa: PLR0913, PLR0917  (a kernel's columns)
    states: EventStates,
    settings: LaneSettings,
    folded: Folded,
    limits: EventLimits,
    first: int,
    n_readings: int,
    edges: EventEdges,
) -> int:
    """Judge readings ``first .. n_readings - 1`` alone, in order, and write an edge where an event opens or ends.

    Shapes: ``states`` and ``settings`` ``(n_lanes,)``; ``folded`` at least ``(n_readings,)``; ``edges`` any length
    of at least 8, of which entry 0 is not an edge: its ``start_ms`` holds the number of edges that follow it.
    Units: ppm of nominal; milliseconds since the Unix epoch, UTC.
    NaN: a phase without a valid voltage takes no part.
    Order: a reading older than the newest one of its lane takes no part, so the log's order decides.
    Requires: ``fold`` has written ``folded`` for these readings.

    Returns:
        Index of the first reading that was not judged: ``n_readings``, or less when ``edges`` is full (take the
        edges out, set the count to 0, and call again from there).

    Source: IEC 61000-4-30, 5.4 and 5.5: a dip or swell begins on any phase and ends on all, with hysteresis; an
    interruption begins when all phases are below the threshold and ends when any one is back.
    """
    for i in range(first, n_readings):
        if folded.outcome[i] >= LATE:
            continue
        lane = folded.lane[i]
        start_ms = folded.start_ms[i]
        if start_ms < states[lane].last_ms:
            continue
        if edges[0].start_ms + 5 > edges.size:
            return i
        lowest, highest = _range(folded, i)
        if lowest < 0:
            continue
        lower = signed(settings[lane].live_lower_ppm)
        upper = signed(settings[lane].live_upper_ppm)
        breach = states[lane].breach
        calm = states[lane].open_kinds == 0 and breach == BREACH_NONE
        quiet_above = min(upper, limits.swell_above, limits.high_above)
        if not (calm and max(lower, limits.dip_below) <= lowest and highest <= quiet_above):
            states[lane].breach = _breach(breach, lowest, highest, lower, upper, limits)
            _update(states, folded, i, limits, edges)
        states[lane].last_ms = start_ms + settings[lane].interval_ms
    return n_readings


@inline
def _range(folded: Folded, i: int) -> tuple[int, int]:
    """Return the lowest and highest valid phase in ppm, -1 if there is none."""
    lowest, highest = -1, -1
    for phase in range(3):
        ppm = signed(folded.ppm[i, phase])
        if ppm < 0:
            continue
        if lowest < 0 or ppm < lowest:
            lowest = ppm
        highest = max(highest, ppm)
    return lowest, highest


@inline
def _breach(
    breach: int, lowest: int, highest: int, lower: int, upper: int, limits: EventLimits
) -> int:
    """Return the breach state after a reading; a breach holds until the voltage is inside by the hysteresis."""
    if highest > limits.high_above:
        return BREACH_HIGH
    if highest > upper or (breach >= BREACH_OVER and highest > upper - limits.breach_hysteresis):
        return BREACH_OVER
    if lowest < lower or (breach == BREACH_UNDER and lowest < lower + limits.breach_hysteresis):
        return BREACH_UNDER
    return BREACH_NONE


@inline
def _update(
    states: EventStates, folded: Folded, i: int, limits: EventLimits, edges: EventEdges
) -> None:
    """Open, deepen and close the events of the lane of reading ``i``."""
    lane = folded.lane[i]
    dip = _inside(states, lane, DIP) * limits.hysteresis + limits.dip_below
    swell = limits.swell_above - _inside(states, lane, SWELL) * limits.hysteresis
    dark_open = max(_inside(states, lane, INTERRUPTION), _inside(states, lane, PHASE_LOSS))
    dark = dark_open * limits.hysteresis + limits.interruption_below
    n_valid = 0
    in_dip, in_swell, in_dark = 0, 0, 0
    for phase in range(3):
        ppm = signed(folded.ppm[i, phase])
        if ppm < 0:
            continue
        n_valid += 1
        if ppm < dark:
            in_dark |= 1 << phase
        elif ppm < dip:
            in_dip |= 1 << phase
        elif ppm > swell:
            in_swell |= 1 << phase
    n_dark = (in_dark & 1) + ((in_dark >> 1) & 1) + ((in_dark >> 2) & 1)
    _step(states, folded, i, DIP, in_dip, edges)
    _step(states, folded, i, SWELL, in_swell, edges)
    _step(states, folded, i, INTERRUPTION, in_dark if n_dark == n_valid else 0, edges)
    _step(states, folded, i, PHASE_LOSS, in_dark if n_dark < n_valid else 0, edges)


@inline
def _inside(states: EventStates, lane: int, kind: int) -> int:
    return (signed(states[lane].open_kinds) >> kind) & 1


@inline
def _step(
    states: EventStates, folded: Folded, i: int, kind: int, phases: int, edges: EventEdges
) -> None:
    """Move the machine of one kind: ``phases`` is the bit mask of the phases inside the event, 0 for none."""
    lane = folded.lane[i]
    is_open = _inside(states, lane, kind) == 1
    if phases == 0 and not is_open:
        return
    start_ms = folded.start_ms[i]
    if phases == 0:
        _write(states, lane, kind, 1, start_ms, edges)
        states[lane].open_kinds = signed(states[lane].open_kinds) & ~(1 << kind)
        return
    if not is_open:
        states[lane].open_kinds |= 1 << kind
        states[lane].start_ms[kind] = start_ms
        last_ms = states[lane].last_ms
        states[lane].earliest_ms[kind] = last_ms if last_ms != NO_TIME else start_ms
        states[lane].phases[kind] = 0
        states[lane].extreme_ppm[kind] = _extreme(folded, i, kind, phases)
    states[lane].phases[kind] |= phases
    extreme = _extreme(folded, i, kind, phases)
    if (kind == SWELL) == (extreme > states[lane].extreme_ppm[kind]):
        states[lane].extreme_ppm[kind] = extreme
    if not is_open:
        _write(states, lane, kind, 0, NO_TIME, edges)


@inline
def _extreme(folded: Folded, i: int, kind: int, phases: int) -> int:
    """Return the highest voltage of the phases for a swell, else the lowest, in ppm."""
    extreme = -1
    for phase in range(3):
        if (phases >> phase) & 1 == 0:
            continue
        ppm = signed(folded.ppm[i, phase])
        if extreme < 0 or (kind == SWELL) == (ppm > extreme):
            extreme = ppm
    return extreme


@inline
def _write(
    states: EventStates, lane: int, kind: int, closed: int, latest_ms: int, edges: EventEdges
) -> None:
    """Append one edge. ``states.last_ms`` still is the end of the reading before this one."""
    edges[0].start_ms += 1
    at = edges[0].start_ms
    edges[at].lane = lane
    edges[at].kind = kind
    edges[at].closed = closed
    edges[at].phases = states[lane].phases[kind]
    edges[at].start_ms = states[lane].start_ms[kind]
    edges[at].earliest_ms = states[lane].earliest_ms[kind]
    edges[at].end_ms = states[lane].last_ms if closed == 1 else NO_TIME
    edges[at].latest_ms = latest_ms
    edges[at].extreme_ppm = states[lane].extreme_ppm[kind]
