"""How many points of an outage counted at each instant, by what was known of each, and when."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from service.domain.alerts.counting import OPEN, Span, Witnesses, first_dark_after, spans_of
from service.domain.alerts.darkness import DarkPoint, DeclaredWindow, windows_of
from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.telling import Going, Tally

_SECOND_US: Final = 1_000_000
_OfFree = Literal["free_went", "free_gone", "free_left"]
_Count = Literal["dark", "said", "heard", "news", "went", "gone", "left", "overrun"] | _OfFree
_Change = tuple[int, _Count, int]  # an instant, what counts from then on, one more or one less
_OF_FREE: Final[dict[_Count, _OfFree]] = {
    "went": "free_went",
    "gone": "free_gone",
    "left": "free_left",
}


class KnownOutage:
    """The points of an outage, and what was declared of them."""

    def __init__(
        self, members: Sequence[DarkPoint], windows: Sequence[DeclaredWindow], rule: AlertsRow
    ) -> None:
        self.members = members
        self.windows = [one for one in windows if any(m.point_id in one.point_ids for m in members)]
        self.witnesses: Witnesses = {
            one.declaration_id: first_dark_after(members, one) for one in self.windows
        }
        self.first_back = min((one.back for one in members if one.back is not None), default=OPEN)
        self.rule = rule

    def since_back(self, at: int) -> int | None:
        """Return for how long a first point has been known to be back; microseconds."""
        return at - self.first_back if at >= self.first_back else None


def tallies_of(known: KnownOutage) -> Iterator[tuple[int, Tally, bool]]:
    """Yield each instant at which something changed, what counts from then on, and whether any point is dark."""
    counts: Counter[_Count] = Counter()
    changes = sorted(_changes(known))
    for place, (at, count, step) in enumerate(changes):
        if at >= OPEN:
            return
        counts[count] += step
        if place + 1 == len(changes) or changes[place + 1][0] != at:
            yield at, _tally(counts, known.since_back(at)), counts["dark"] > 0


def dark_span(member: DarkPoint) -> Span:
    """Return while a point was known to be dark, also one that only its place speaks of."""
    first = member.start if member.heard is None else max(member.start, member.heard)
    return Span(first, OPEN if member.back is None else member.back)


def first_word(*words: int | None) -> int:
    """Return when the first of some words came; that a point is back says that it went, too."""
    return min((at for at in words if at is not None), default=OPEN)


def _tally(counts: Counter[_Count], since_back: int | None) -> Tally:
    return Tally(
        n_said=counts["said"],
        n_heard=counts["heard"],
        n_news=counts["news"],
        every=Going(counts["went"], counts["gone"], counts["left"]),
        free=Going(counts["free_went"], counts["free_gone"], counts["free_left"]),
        n_overrun=counts["overrun"],
        since_back=since_back,
    )


def _changes(known: KnownOutage) -> Iterator[_Change]:
    """Yield when a point begins or ceases to count, and for what, in any order."""
    rule = known.rule
    for wait in (0, rule.return_wait_s, rule.left_wait_s):  # one more look
        yield known.first_back + wait * _SECOND_US, "dark", 0
    for one in known.members:
        back = OPEN if one.back is None else one.back
        lasted = one.start + rule.reclose_wait_s * _SECOND_US
        told, went = first_word(one.told), first_word(one.told, one.back)
        yield from _steps(dark_span(one), "dark")
        yield from _steps(Span(first_word(one.heard), OPEN), "said")
        yield from _steps(Span(first_word(one.heard, one.back), OPEN), "heard")
        news = OPEN if one.told is None and one.heard is not None else went
        yield from _steps(Span(news, OPEN), "news")
        mine = windows_of(one.point_id, known.windows)
        spans: dict[_Count, Span] = {
            "went": Span(went, OPEN),
            "gone": Span(max(went, lasted), OPEN),
            "left": Span(max(told, lasted), back),
        }
        for count, span in spans.items():
            yield from _steps(span, count)
            for part in spans_of(span, one.start, mine, known.witnesses, rule):
                if not part.is_overrun:
                    yield from _steps(part, _OF_FREE[count])
                elif count == "left":
                    yield from _steps(part, "overrun")


def _steps(span: Span, count: _Count) -> Iterator[_Change]:
    if span.first < span.last:
        yield span.first, count, 1
        yield span.last, count, -1
