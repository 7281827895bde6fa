"""When an outage is told, and with which extent, or why nobody is told of it.

At each instant, those of its points count that are known to be dark, have been so for the wait for
reclosing, are not known to be back, and lie in no declared window that was known by then. It is told
at the first instant at which enough of them count.

When a first point is back, the others are given time to say so, too; then more must be left than an
outage that is over may leave. Few that are left are told when they are dark still, long after: else
they are late in reporting, and a breaker reclosed.

After the end of a window its points count only where a reading from after the end was dark, and
where more of them are left than an outage that is over may leave: else they are late in reporting.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal

from service.domain.alerts.counting import OPEN, first_dark_after, holds_from, spans_of
from service.domain.alerts.darkness import DarkPoint, DeclaredWindow, windows_of
from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import Alert, AlertPlace, Held, Reason

_SECOND_US: Final = 1_000_000
_Count = Literal["left", "gone", "overrun"]  # points; those that are back are among the gone ones


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
    of_scope = [one for one in windows if any(m.point_id in one.point_ids for m in outage.members)]
    found = _ready(outage.members, of_scope, rule)
    if found is not None:
        return _alert(outage, of_scope, found, rule)
    return Held(alert=_never(outage), reason=_reason(outage, of_scope, rule))


def _reason(outage: OutageRecord, windows: Sequence[DeclaredWindow], rule: AlertsRow) -> Reason:
    """Return the first thing without which it would have been told."""
    members = outage.members
    if all(one.heard is None for one in members):
        return "no_meter_evidence"
    if windows and _ready(members, (), rule):
        return "declared_window"
    of_any_age = [replace(one, told=one.heard) for one in members]
    if _ready(of_any_age, (), rule):
        return "stale"
    for_good = [replace(one, back=None) for one in members]
    if _ready(for_good, (), rule):
        return "declared_window" if windows and not _ready(for_good, windows, rule) else "reclosed"
    of_any_age = [replace(one, told=one.heard, back=None) for one in members]
    return "stale" if _ready(of_any_age, (), rule) else "below_threshold"


def _ready(
    members: Sequence[DarkPoint], windows: Sequence[DeclaredWindow], rule: AlertsRow
) -> tuple[int, bool] | None:
    """Return the first instant at which enough points count, and whether they overrun a window."""
    first_back = min((one.back for one in members if one.back is not None), default=OPEN)
    changes = _changes(members, windows, rule)
    changes += [(first_back + wait, "left", 0) for wait in _waits_for_others(rule)]
    least_left = Fraction(rule.left_share_max) * len(members)
    counts: Counter[_Count] = Counter()
    changes.sort()
    for place, (at, count, step) in enumerate(changes):
        counts[count] += step
        if place + 1 < len(changes) and changes[place + 1][0] == at:
            continue
        if _is_enough(counts, at - first_back, rule):
            return at, False
        n_overrun = counts["overrun"]
        if n_overrun >= rule.interruption_points_min and n_overrun > least_left:
            return at, True
    return None


def _changes(
    members: Sequence[DarkPoint], windows: Sequence[DeclaredWindow], rule: AlertsRow
) -> list[tuple[int, _Count, int]]:
    """Return when a point begins or ceases to count, and for what, in any order."""
    witnesses = {
        window.declaration_id: first_dark_after(members, window)
        for window in windows
        if window.ends is not None
    }
    changes: list[tuple[int, _Count, int]] = []
    for member in members:
        mine = windows_of(member.point_id, windows)
        for span in spans_of(member, mine, witnesses, rule):
            count: _Count = "overrun" if span.is_overrun else "left"
            changes += [(span.first, count, 1), (span.last, count, -1)]
        for span in spans_of(_heard_of(member), mine, witnesses, rule):
            if not span.is_overrun:
                changes += [(span.first, "gone", 1), (span.last, "gone", -1)]
    return changes


def _heard_of(member: DarkPoint) -> DarkPoint:
    """Return a point as if it were never back, told by whichever word came first: that it is back says that it went."""
    words = [at for at in (member.told, member.back) if at is not None]
    return replace(member, told=min(words, default=None), back=None)


def _waits_for_others(rule: AlertsRow) -> tuple[int, int]:
    """Return how long after the first of its points is back an outage waits for others, and for few; microseconds."""
    return rule.return_wait_s * _SECOND_US, rule.left_wait_s * _SECOND_US


def _is_enough(counts: Mapping[_Count, int], since_back: int, rule: AlertsRow) -> bool:
    """Return whether enough points count, and more than are only late in saying that they are back.

    Args:
        counts: Of what went those that are left, and all.
        since_back: Microseconds since the first point was known to be back; below 0: none is.
        rule: What counts.
    """
    if counts["left"] < rule.interruption_points_min:
        return False
    wait, wait_of_few = _waits_for_others(rule)
    if since_back < 0 or since_back >= wait_of_few:
        return True
    return since_back >= wait and counts["left"] > Fraction(rule.left_share_max) * counts["gone"]


def _alert(
    outage: OutageRecord,
    windows: Sequence[DeclaredWindow],
    found: tuple[int, bool],
    rule: AlertsRow,
) -> Alert:
    ready, is_overrun = found
    dark = [
        one
        for one in outage.members
        if _is_in_extent(one, windows, ready, rule, is_overrun=is_overrun)
    ]
    return Alert(
        rule="interruption",
        organisation=outage.organisation,
        feeder=outage.feeder,
        place=outage.place,
        code=outage.code,
        starts=outage.start,
        ready=ready,
        over=_over(dark, ready, rule),
        n_points=len(dark),
        n_customers=sum(one.n_customers for one in dark),
        is_overrun=is_overrun,
        covered=_covered(outage.members, windows, ready, rule),
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
                replace(member, back=None), windows_of(member.point_id, known), {}, rule
            )
        )
        if n_left < rule.interruption_points_min:
            return at
    return None


def _is_in_extent(
    member: DarkPoint,
    windows: Sequence[DeclaredWindow],
    at: int,
    rule: AlertsRow,
    *,
    is_overrun: bool,
) -> bool:
    """Return whether a point is told as dark at an instant: also one that only its place speaks of."""
    if member.start > at or (member.back is not None and member.back <= at):
        return False
    if member.heard is not None and member.heard > at:
        return False
    mine = windows_of(member.point_id, windows)
    if is_overrun:
        return any(window.ends is not None and window.ends <= at for window in mine)
    return not any(
        holds_from(window, rule) <= at
        and (window.withdrawn is None or at < window.withdrawn)
        and (window.ends is None or member.start < window.ends)
        for window in mine
    )


def _over(dark: Sequence[DarkPoint], ready: int, rule: AlertsRow) -> int | None:
    """Return when it was known that no more than a small share of these points was left."""
    n_left = int(rule.left_share_max * len(dark))
    backs = sorted(OPEN if one.back is None else one.back for one in dark)
    over = backs[len(backs) - 1 - n_left] if backs else ready
    return None if over == OPEN else max(over, ready)


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
