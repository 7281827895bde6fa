"""The trail of interruptions that the register gave another cause."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from service.domain.instants import at_us
from service.domain.supply.interruptions import Interruption
from service.store.interruption_rows import Difference
from service.store.register_changes import Content


class _Ruling(NamedTuple):
    """What the register says of an interruption."""

    declaration_id: int | None
    cause: str


def reclassified(differences: Sequence[Difference]) -> list[tuple[int, Content, Content]]:
    """Return for each declaration which interruptions it, or its going, gave another cause.

    Those that moved from one to another are in the trails of both.
    An interruption is taken for one of before if both are of one point and their times meet. Those
    that are new have no cause of before, and leave no trail.

    Returns:
        Number of the declaration, what was said before, and what is said now, with the
        interruptions as they are: point, start and end, times in UTC.
    """
    found: defaultdict[tuple[_Ruling, _Ruling], list[Interruption]] = defaultdict(list)
    for difference in differences:
        before: defaultdict[int, list[Interruption]] = defaultdict(list)
        for stored in difference.before:
            before[stored.found.point_id].append(stored.found)
        for now in difference.after:
            then = next((one for one in before[now.point_id] if _meet(one, now)), None)
            if then is not None and _ruling(then) != _ruling(now):
                found[_ruling(then), _ruling(now)].append(now)
    changes: list[tuple[int, Content, Content]] = []
    for (then_ruling, now_ruling), interruptions in found.items():
        after = _content(now_ruling) | {"interruptions": [_period(one) for one in interruptions]}
        changes += [
            (number, _content(then_ruling), after)
            for number in {then_ruling.declaration_id, now_ruling.declaration_id}
            if number is not None
        ]
    return sorted(changes, key=lambda change: change[0])


def _meet(one: Interruption, other: Interruption) -> bool:
    return (other.end is None or one.start <= other.end) and (
        one.end is None or other.start <= one.end
    )


def _ruling(interruption: Interruption) -> _Ruling:
    return _Ruling(interruption.declaration_id, interruption.cause)


def _content(ruling: _Ruling) -> dict[str, object]:
    return ruling._asdict()


def _period(interruption: Interruption) -> dict[str, object]:
    end = None if interruption.end is None else at_us(interruption.end).isoformat()
    return {
        "point_id": interruption.point_id,
        "start_at": at_us(interruption.start).isoformat(),
        "end_at": end,
    }
