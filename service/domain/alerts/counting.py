"""When a point of an outage counts: it is known to be dark, and no declared window that was known holds it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from service.domain.alerts.darkness import DarkPoint, DeclaredWindow
from service.domain.alerts.rows import AlertsRow

_SECOND_US: Final = 1_000_000
OPEN: Final = 2**62  # after all instants


class Span(NamedTuple):
    """When a point counts, half-open."""

    first: int
    last: int
    is_overrun: bool


def spans_of(
    member: DarkPoint,
    windows: Sequence[DeclaredWindow],
    witnesses: Mapping[int, int | None],
    rule: AlertsRow,
) -> list[Span]:
    """Return when a point counts: from when it is told, but for what windows hold."""
    if member.told is None:
        return []
    first = max(member.told, member.start + rule.reclose_wait_s * _SECOND_US)
    last = OPEN if member.back is None else member.back
    spans = [Span(first, last, is_overrun=False)] if first < last else []
    for window in windows:
        if window.ends is not None and member.start >= window.ends:
            continue  # it went after the work was over
        held_from = holds_from(window, rule)
        held_to, overruns = _held_to(window, witnesses, rule)
        spans = [
            part for span in spans for part in _outside(span, held_from, held_to, overruns=overruns)
        ]
    return spans


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


def _held_to(
    window: DeclaredWindow, witnesses: Mapping[int, int | None], rule: AlertsRow
) -> tuple[int, bool]:
    """Return to when a window holds, and whether what goes on then overruns it."""
    withdrawn = OPEN if window.withdrawn is None else window.withdrawn
    if window.ends is None or withdrawn <= window.ends:
        return withdrawn, False
    witness = witnesses.get(window.declaration_id)
    if witness is None:
        return OPEN, True
    return max(witness, window.ends + rule.overrun_wait_s * _SECOND_US), True


def _outside(span: Span, held_from: int, held_to: int, *, overruns: bool) -> list[Span]:
    """Return what is left of a span outside the time that a window holds."""
    if held_from >= held_to or held_to <= span.first or held_from >= span.last:
        return [span]
    parts = []
    if span.first < held_from:
        parts.append(span._replace(last=held_from))
    if held_to < span.last:
        parts.append(span._replace(first=held_to, is_overrun=span.is_overrun or overruns))
    return parts
