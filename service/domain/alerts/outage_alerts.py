"""When an outage is told, and with which extent, or why nobody is told of it.

At each instant, those of its points count that are known to be dark, have been so for the wait for
reclosing, are not known to be back, and lie in no declared window that was known by then. It is told
at the first instant at which enough of them count.

When a first point is back, the others are given time to say so, too; then more must be left than an
outage that is over may leave. Few that are left are told when they are dark still, long after: else
they are late in reporting, and a breaker reclosed.

After the end of a window its points count only where a reading from after the end was dark, and
where more of them are left than an outage that is over may leave: else they are late in reporting.

How many are enough, and why they are not, ``telling`` says, to this back-test as to the live watch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Final, NamedTuple

from service.domain.alerts.counting import (
    OPEN,
    Span,
    ToldAt,
    held_to,
    holds_from,
    part_at,
    spans_of,
)
from service.domain.alerts.darkness import DarkPoint, DeclaredWindow, windows_of
from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.tallies import KnownOutage, dark_span, first_word, tallies_of
from service.domain.alerts.telling import further, is_over, may_tell, overruns, why_not
from service.domain.alerts.words import Alert, AlertPlace, Held, OutageReason

_SECOND_US: Final = 1_000_000


class _Found(NamedTuple):
    """When an outage was ready, or what kept it from that."""

    ready: int | None
    is_overrun: bool
    reason: OutageReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRecord:
    """An outage as it is known in the end, with what was known of its points when."""

    record_id: int
    organisation: str
    feeder: str
    place: AlertPlace  # the smallest that holds it
    code: str
    start: int  # microseconds since the Unix epoch
    members: tuple[DarkPoint, ...]


def outage_alert(
    outage: OutageRecord, windows: Sequence[DeclaredWindow], rule: AlertsRow
) -> Alert | Held:
    """Return the alert that an outage raises, or why nobody is told of it.

    Args:
        outage: With all its points.
        windows: Declared ones, those that were withdrawn too.
        rule: What counts.
    """
    known = KnownOutage(outage.members, windows, rule)
    found = _found(known)
    if found.ready is None:
        return Held(alert=_never(outage), reason=found.reason or "reclosed")
    return _alert(outage, known, found.ready, is_overrun=found.is_overrun)


def _found(known: KnownOutage) -> _Found:
    """Return the first instant at which an outage may be told, and whether it overruns a window; else the reason.

    That is what kept it when it was closest to being told, while any point was known to be dark.
    """
    while_dark: list[OutageReason | None] = []
    ever: list[OutageReason | None] = []
    for at, tally, is_dark in tallies_of(known):
        if may_tell(tally.free, tally.since_back, known.rule):
            return _Found(at, is_overrun=False, reason=None)
        if overruns(tally, known.rule):
            return _Found(at, is_overrun=True, reason=None)
        (while_dark if is_dark else ever).append(why_not(tally, known.rule))
    reasons = while_dark or ever or ["no_meter_evidence"]
    return _Found(None, is_overrun=False, reason=reduce(further, reasons))


def _alert(outage: OutageRecord, known: KnownOutage, ready: int, *, is_overrun: bool) -> Alert:
    extents = [_extent_of(one, known, ready, is_overrun=is_overrun) for one in outage.members]
    dark = [
        one
        for one, spans in zip(outage.members, extents, strict=True)
        if any(span.first <= ready < span.last for span in spans)
    ]
    return Alert(
        rule="interruption",
        organisation=outage.organisation,
        feeder=outage.feeder,
        place=outage.place,
        code=outage.code,
        starts=outage.start,
        ready=ready,
        over=_over([span for spans in extents for span in spans], known.rule),
        n_points=len(dark),
        n_customers=sum(one.n_customers for one in dark),
        is_overrun=is_overrun,
        covered=_covered(outage.members, known.windows, ready, known.rule),
        record_id=outage.record_id,
    )


def _covered(
    members: Sequence[DarkPoint], windows: Sequence[DeclaredWindow], ready: int, rule: AlertsRow
) -> int | None:
    """Return when windows that were declared after it was ready leave too few points; None: never."""
    begins = {window.declaration_id: holds_from(window, rule) for window in windows}
    for at in sorted(one for one in begins.values() if one > ready):
        known = [one for one in windows if begins[one.declaration_id] <= at]
        n_left = sum(
            span.first <= at < span.last
            for member in members
            for span in spans_of(
                Span(
                    max(first_word(member.told), member.start + rule.reclose_wait_s * _SECOND_US),
                    OPEN,
                ),
                member.start,
                windows_of(member.point_id, known),
                {},
                rule,
            )
        )
        if n_left < rule.interruption_points_min:
            return at
    return None


def _extent_of(
    member: DarkPoint, known: KnownOutage, ready: int, *, is_overrun: bool
) -> list[Span]:
    """Return while a point is dark that people were told of, from ``ready`` on."""
    dark = dark_span(member)
    mine = windows_of(member.point_id, known.windows)
    told = ToldAt(overrun=ready) if is_overrun else ToldAt(interruption=ready)
    first = max(dark.first, ready)
    changes = [member.start + known.rule.reclose_wait_s * _SECOND_US]
    for window in mine:
        changes += [holds_from(window, known.rule), held_to(window, known.witnesses, known.rule)]
        changes += [] if window.withdrawn is None else [window.withdrawn]
    edges = [first, *sorted({at for at in changes if first < at < dark.last}), dark.last]
    return [
        Span(begin, end)
        for begin, end in pairwise(edges)
        if begin < end
        and part_at(member.start, mine, known.witnesses, told, begin, known.rule)
        == ("overrun" if is_overrun else "free")
    ]


def _over(spans: Sequence[Span], rule: AlertsRow) -> int | None:
    """Return when it was known that no more than a small share was left of the most that were dark at once."""
    changes = sorted(
        [(one.first, 1) for one in spans] + [(one.last, -1) for one in spans if one.last < OPEN]
    )
    n_left = n_most = 0
    for place, (at, step) in enumerate(changes):
        n_left += step
        if place + 1 < len(changes) and changes[place + 1][0] == at:
            continue
        n_most = max(n_most, n_left)
        if is_over(n_left, n_most, rule):
            return at
    return None


def _never(outage: OutageRecord) -> Alert:
    """Return an outage that is never told, as it was known first."""
    heard = [one.heard for one in outage.members if one.heard is not None]
    return Alert(
        rule="interruption",
        organisation=outage.organisation,
        feeder=outage.feeder,
        place=outage.place,
        code=outage.code,
        starts=outage.start,
        ready=min(heard, default=outage.start),
        over=None,
        n_points=len(outage.members),
        n_customers=sum(one.n_customers for one in outage.members),
        record_id=outage.record_id,
    )
