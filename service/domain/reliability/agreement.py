"""When several points agree that there is no supply: all of them, or a share of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from service.domain.reliability.outages import Span
from service.domain.reliability.spells import united


class Witness(NamedTuple):
    """A point that can tell whether there is supply."""

    service: Span  # what it says outside of it does not count
    dark: Sequence[Span]  # without supply, disjoint


class Stretch(NamedTuple):
    """A time in which nothing changes."""

    span: Span
    n_in_service: int
    n_dark: int


def stretches(witnesses: Iterable[Witness]) -> list[Stretch]:
    """Return the time in which witnesses are in service, cut wherever one of them changes."""
    steps: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for witness in witnesses:
        for place, spans in enumerate(([witness.service], witness.dark)):
            for span in spans:
                cut = span.cut(witness.service)
                if cut.length_us:
                    steps[cut.start][place] += 1
                    steps[cut.end][place] -= 1
    found: list[Stretch] = []
    before, n_in_service, n_dark = 0, 0, 0
    for at in sorted(steps):
        if n_in_service:
            found.append(Stretch(Span(before, at), n_in_service, n_dark))
        n_in_service += steps[at][0]
        n_dark += steps[at][1]
        before = at
    return found


def agreed(witnesses: Iterable[Witness], share_min: Fraction) -> list[Span]:
    """Return when at least ``share_min`` of the witnesses in service, and one of them, are dark."""
    found = list(witnesses)
    if len(found) == 1 or not any(witness.dark for witness in found):  # nearly always, and quick
        cuts = (span.cut(service) for service, dark in found for span in dark)
        return [cut for cut in cuts if cut.length_us]
    return united(
        stretch.span
        for stretch in stretches(found)
        if stretch.n_dark and stretch.n_dark >= share_min * stretch.n_in_service
    )
