"""When a point of an outage counts: it is known to be dark, and no declared window that was known holds it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from service.domain.alerts.darkness import DarkPoint, DeclaredWindow
from service.domain.alerts.rows import AlertsRow

_SECOND_US: Final = 1_000_000
OPEN: Final = 2**62  # after all instants

Part = Literal["free", "covered", "overrun"]  # outside of what was declared, inside, beyond its end
Witnesses = Mapping[int, int | None]  # by declaration: when a reading of after its end was dark


class Span(NamedTuple):
    """When a point counts, half-open."""

    first: int
    last: int
    is_overrun: bool = False


class ToldAt(NamedTuple):
    """When an outage was told, and when that it overruns; None: it was not."""

    interruption: int | None = None
    overrun: int | None = None


def spans_of(
    span: Span,
    start: int,
    windows: Sequence[DeclaredWindow],
    witnesses: Witnesses,
    rule: AlertsRow,
) -> list[Span]:
    """Return what windows leave of a span in which a point that went at ``start`` counts."""
    spans = [span] if span.first < span.last else []
    for window in windows:
        if window.ends is not None and start >= window.ends:
            continue  # it went after the work was over
        spans = [part for one in spans for part in _outside(one, window, witnesses, rule)]
    return spans


def part_at(
    start: int,
    windows: Iterable[DeclaredWindow],
    witnesses: Witnesses,
    told: ToldAt,
    at: int,
    rule: AlertsRow,
) -> Part:
    """Return how a dark point stands to what was declared, at an instant.

    What was declared after it was told changes nothing; of a point that joined later, after it
    would have been told.

    Args:
        start: When it went.
        windows: Those that name the point.
        witnesses: Of the outage.
        told: What people were told of the outage by then.
        at: Microseconds since the Unix epoch.
        rule: What counts.
    """
    joined = start + rule.reclose_wait_s * _SECOND_US
    known_at, held_at = (
        at if one is None else min(at, max(one, joined))
        for one in (told.interruption, told.overrun)
    )
    mine = [
        window
        for window in windows
        if (window.withdrawn is None or at < window.withdrawn)
        and (window.ends is None or start < window.ends)
    ]
    if not any(holds_from(window, rule) <= known_at for window in mine):
        return "free"
    holding = [window for window in mine if holds_from(window, rule) <= held_at]
    holds = any(at < held_to(window, witnesses, rule) for window in holding)
    return "covered" if holds else "overrun"


def first_dark_after(members: Iterable[DarkPoint], window: DeclaredWindow) -> int | None:
    """Return when it was first known that a point of a window was dark after its end."""
    ends = window.ends
    if ends is None:
        return None
    known = [one.dark_after(ends) for one in members if one.point_id in window.point_ids]
    return min((at for at in known if at is not None), default=None)


def holds_from(window: DeclaredWindow, rule: AlertsRow) -> int:
    """Return from when on a window holds: a little before it begins, and never before it was declared."""
    return max(window.begins - rule.declared_early_s * _SECOND_US, window.entered)


def held_to(window: DeclaredWindow, witnesses: Witnesses, rule: AlertsRow) -> int:
    """Return to when a window holds that nobody withdraws; what goes on then overruns it."""
    witness = None if window.ends is None else witnesses.get(window.declaration_id)
    if window.ends is None or witness is None:
        return OPEN
    return max(witness, window.ends + rule.overrun_wait_s * _SECOND_US)


def _outside(
    span: Span, window: DeclaredWindow, witnesses: Witnesses, rule: AlertsRow
) -> list[Span]:
    """Return what is left of a span outside the time that a window holds, by whether it overruns it."""
    gone = OPEN if window.withdrawn is None else window.withdrawn
    held_from = min(holds_from(window, rule), gone)
    free_from = min(max(held_to(window, witnesses, rule), held_from), gone)
    parts = [
        _within(span, span.first, held_from),
        _within(span, free_from, gone)._replace(is_overrun=True),
        _within(span, max(gone, held_from), span.last),
    ]
    return [one for one in parts if one.first < one.last]


def _within(span: Span, first: int, last: int) -> Span:
    return span._replace(first=max(span.first, first), last=min(span.last, last))
