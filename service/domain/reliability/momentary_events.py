"""Momentary events for MAIFI_E: a sequence of reclosings is one, and none before a lockout."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from service.domain.reliability.causes import CauseNode, leaves_under
from service.domain.reliability.outages import Definition, Span
from service.domain.reliability.user_interruptions import UserInterruption


def n_momentary_events(
    interruptions: Iterable[UserInterruption],
    definition: Definition,
    period: Span,
    node: CauseNode = "all",
) -> int:
    """Return how many momentary events users had in ``period``, summed over users.

    Of a known user, momentary interruptions that start within the event time of the first one are
    one event; one that is followed, within that time, by a sustained interruption is none. Of users
    only counted, those of one named event are one, and as many of them take part as the largest
    report counts, less those whom a sustained interruption of the same event counts.

    An event belongs to the period in which it starts, and to the cause that its first interruption
    has. So whatever the node, all interruptions have to be given.

    Source: IEEE 1366, MAIFI_E: "the event immediately preceding a lockout" is not included.
    """
    every = list(interruptions)
    leaves = leaves_under(node)
    users = {one.user for one in every if not one.is_sustained}

    def is_first(one: UserInterruption) -> bool:
        return one.cause in leaves and one.starts_in(period)

    own: dict[str, list[UserInterruption]] = defaultdict(list)
    named: dict[str, list[UserInterruption]] = defaultdict(list)
    n_events = 0
    for one in every:
        if one.user is not None:
            if one.user in users:
                own[one.user].append(one)
        elif one.events:
            named[min(one.events)].append(one)
        elif not one.is_sustained:
            n_events += one.n_users * is_first(one)
    n_events += sum(_of_user(each, definition, is_first) for each in own.values())
    return n_events + sum(_of_event(each, is_first) for each in named.values())


def _of_user(
    interruptions: Sequence[UserInterruption],
    definition: Definition,
    is_first: Callable[[UserInterruption], bool],
) -> int:
    n_events = 0
    waiting: UserInterruption | None = None  # the first of the event that is open
    for one in sorted(interruptions, key=lambda each: each.start):
        is_near = waiting is not None and one.start - waiting.start <= definition.momentary_event_us
        if waiting is not None and not (is_near and one.is_sustained):
            if is_near:
                continue
            n_events += is_first(waiting)
        waiting = None if one.is_sustained else one
    return n_events + (waiting is not None and is_first(waiting))


def _of_event(
    interruptions: Sequence[UserInterruption], is_first: Callable[[UserInterruption], bool]
) -> int:
    momentary = [one for one in interruptions if not one.is_sustained]
    if not momentary or not is_first(min(momentary, key=lambda one: one.start)):
        return 0
    n_locked_out = sum(one.n_users for one in interruptions if one.is_sustained)
    return max(0, max(one.n_users for one in momentary) - n_locked_out)
