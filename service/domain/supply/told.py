"""Evidence in what meters say themselves: logs of power failures, power-off and power-on, last gasps.

Events come late, repeated, out of order and without their partners, so they are looked at together,
in the order of their own times:

- an entry of the log stands for itself, and explains the events at its edges;
- what goes off and comes on without a live reading between is one outage;
- what has no partner ends, or begins, at the next sign of life; a silence up to there is dark for
  so long as rule data say, and of a longer one nobody knows.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from service.domain.supply.meter_events import MeterEvent
from service.domain.supply.pieces import OPEN, Piece, cut
from service.domain.supply.readings import Edge, Readings
from service.domain.supply_rows import EvidenceRow

_SECOND_US = 1_000_000
_READ_WITHIN_STEPS = 2  # a meter that is back, and stays so, has read after so many
_GOES = frozenset({"power_off", "last_gasp"})


class Told(NamedTuple):
    """What the events of a point come to."""

    pieces: tuple[Piece, ...]
    n_false_alarms: int  # last gasps of a meter that went on reading


@dataclass(slots=True)
class _Outage:
    """Events of one outage, in order; what goes off before what comes on."""

    goes: list[MeterEvent] = field(default_factory=list)
    comes: list[MeterEvent] = field(default_factory=list)


class _Lives(NamedTuple):
    """Times at which events say that there was supply, sorted."""

    before: list[int]  # an outage begins here
    after: list[int]  # one has ended here

    @staticmethod
    def of(logs: Sequence[MeterEvent], outages: Sequence[_Outage], rule: EvidenceRow) -> "_Lives":
        goes = [_gone(outage, rule).low for outage in outages if outage.goes]
        comes = [_came(outage, rule) for outage in outages]
        return _Lives(
            before=sorted([log.at for log in logs] + goes),
            after=sorted([log.until for log in logs] + [edge.high for edge in comes if edge]),
        )


def told_pieces(
    events: Iterable[MeterEvent],
    readings: Readings,
    measured: Sequence[Piece],
    rule: EvidenceRow,
) -> Told:
    """Return the pieces of evidence in the events of one point, whatever order they come in.

    Args:
        events: Of all its devices, those that count by now; repeated ones count once.
        readings: Of the point. A live reading whose whole interval lies inside the dark time that
            events tell of holds, and the events do not.
        measured: Evidence in the readings, which a last gasp may belong to.
        rule: Delays and tolerances.
    """
    ordered = sorted({(e.at, e.event not in _GOES, e.event, e.until): e for e in events}.items())
    chosen = [event for _, event in ordered]
    logs = [event for event in chosen if event.event == "power_failure_log"]
    rest = [
        event
        for event in chosen
        if event.event != "power_failure_log" and not _is_explained(event, logs, rule)
    ]
    pieces = [piece for log in logs for piece in _log_pieces(log, readings, rule)]
    outages = _outages(rest, readings, rule)
    lives = _Lives.of(logs, outages, rule)
    n_false_alarms = 0
    for outage in outages:
        if _is_false_alarm(outage, readings, measured, rule):
            n_false_alarms += len(outage.goes)
        else:
            pieces.append(_piece(outage, readings, lives, rule))
    return Told(tuple(pieces), n_false_alarms)


def goes_edge(event: MeterEvent, rule: EvidenceRow) -> Edge:
    """Return when supply went that an event says is away."""
    if event.event == "power_off":
        return Edge(event.at, event.at)
    return Edge(
        event.at - rule.last_gasp_after_s_max * _SECOND_US,
        event.at - rule.last_gasp_after_s_min * _SECOND_US,
    )


def comes_edge(event: MeterEvent, rule: EvidenceRow) -> Edge:
    """Return when supply came back that an event says is there again."""
    if event.event == "power_on":
        return Edge(event.at, event.at)
    return Edge(
        event.at - rule.restored_after_s_max * _SECOND_US,
        event.at - rule.restored_after_s_min * _SECOND_US,
    )


def _is_explained(event: MeterEvent, logs: Sequence[MeterEvent], rule: EvidenceRow) -> bool:
    """Return whether an entry of the log speaks of the same outage as ``event``."""
    tolerance = rule.event_tolerance_s * _SECOND_US
    edge = goes_edge(event, rule) if event.event in _GOES else comes_edge(event, rule)
    return any(
        log.at - tolerance <= edge.high and edge.low <= log.until + tolerance for log in logs
    )


def _log_pieces(log: MeterEvent, readings: Readings, rule: EvidenceRow) -> list[Piece]:
    """Return an entry of the log, without the times that live readings fill."""
    piece = Piece(
        grade="meter_event", earliest=log.at, start=log.at, end=log.until, latest=log.until
    )
    tolerance = rule.reading_tolerance_s * _SECOND_US
    return cut(piece, readings.live_holes(log.at + tolerance, log.until - tolerance))


def _outages(events: Iterable[MeterEvent], readings: Readings, rule: EvidenceRow) -> list[_Outage]:
    """Return the events by outage; they are in order."""
    found: list[_Outage] = []
    for event in events:
        if found and _belongs(event, found[-1], readings, rule):
            outage = found[-1]
        else:
            outage = _Outage()
            found.append(outage)
        (outage.goes if event.event in _GOES else outage.comes).append(event)
    return found


def _belongs(event: MeterEvent, outage: _Outage, readings: Readings, rule: EvidenceRow) -> bool:
    """Return whether ``event`` speaks of the outage that the events before it speak of."""
    tolerance = rule.event_tolerance_s * _SECOND_US
    if event.event in _GOES:
        if outage.comes or _is_repeated_too_late(event, outage, rule):
            return False
        high = goes_edge(event, rule).high
    elif outage.comes:
        low, high = comes_edge(event, rule)
        return low <= comes_edge(outage.comes[0], rule).high + tolerance
    else:
        high = comes_edge(event, rule).high
    slack = rule.reading_tolerance_s * _SECOND_US
    return not readings.has_live_within(outage.goes[-1].at + slack, high - slack)


def _is_repeated_too_late(event: MeterEvent, outage: _Outage, rule: EvidenceRow) -> bool:
    """Return whether there was supply again before ``event`` says that it went: it is no repeated gasp."""
    return event.at - outage.goes[0].at > rule.gasp_repeated_within_s * _SECOND_US


def _is_false_alarm(
    outage: _Outage, readings: Readings, measured: Sequence[Piece], rule: EvidenceRow
) -> bool:
    """Return whether these are last gasps of a meter whose readings go on without a gap."""
    if outage.comes or any(event.event != "last_gasp" for event in outage.goes):
        return False
    for event in outage.goes:
        back = readings.back_after(event.at)
        goes_on = readings.is_live_at(event.at) and back is not None
        if back is None or not goes_on or back.high - event.at > readings.meter.step:
            return False
        gone = goes_edge(event, rule)
        if any(piece.earliest <= event.at and gone.low <= piece.latest for piece in measured):
            return False
    return True


def _piece(outage: _Outage, readings: Readings, lives: _Lives, rule: EvidenceRow) -> Piece:
    """Return what the events of one outage say."""
    came = _came(outage, rule)
    if outage.goes:
        gone = _gone(outage, rule)
        dark_at = outage.goes[-1].at
        came = came or _back(dark_at, readings, lives, rule)
        end, latest = max(came.low, dark_at), max(came.high, dark_at)
    else:
        assert came is not None  # noqa: S101 (an outage has events)
        end, latest = came
        gone = _gone_before(end, readings, lives, rule)
    start = min(gone.high, end)
    return Piece(
        grade="meter_event", earliest=min(gone.low, start), start=start, end=end, latest=latest
    )


def _gone(outage: _Outage, rule: EvidenceRow) -> Edge:
    exact = [event for event in outage.goes if event.event == "power_off"]
    return goes_edge(exact[0] if exact else outage.goes[0], rule)


def _came(outage: _Outage, rule: EvidenceRow) -> Edge | None:
    if not outage.comes:
        return None
    exact = [event for event in outage.comes if event.event == "power_on"]
    return comes_edge(exact[0] if exact else outage.comes[0], rule)


def _back(dark_at: int, readings: Readings, lives: _Lives, rule: EvidenceRow) -> Edge:
    """Return when supply came back of which no event tells: by the next sign of life."""
    back = readings.back_after(dark_at) or Edge(dark_at, OPEN)
    following = bisect_right(lives.before, dark_at)
    if following < len(lives.before) and lives.before[following] < back.high:
        return Edge(dark_at, lives.before[following])
    is_certain = back.low - dark_at <= rule.silence_certain_s * _SECOND_US
    return back if is_certain else Edge(dark_at, back.high)


def _gone_before(dark_at: int, readings: Readings, lives: _Lives, rule: EvidenceRow) -> Edge:
    """Return when supply went of which no event tells: after the last sign of life."""
    gone = readings.gone_before(dark_at)
    preceding = bisect_left(lives.after, dark_at) - 1
    if preceding >= 0 and lives.after[preceding] > gone.low:
        live = lives.after[preceding]
        unread = live + _READ_WITHIN_STEPS * readings.meter.step
        gone = Edge(live, min(max(gone.high, unread), dark_at))
    is_certain = dark_at - gone.high <= rule.silence_certain_s * _SECOND_US
    return gone if is_certain else Edge(gone.low, dark_at)
