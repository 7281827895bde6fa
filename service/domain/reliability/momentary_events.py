"""Momentary events for MAIFI_E: a sequence of reclosings is one, and none before a lockout."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from service.domain.reliability.outages import Definition, Span
from service.domain.reliability.user_interruptions import UserInterruption


def n_momentary_events(
    interruptions: Iterable[UserInterruption], definition: Definition, period: Span
) -> int:
    """Return how many momentary events users had in ``period``, summed over users.

    Of a known user, momentary interruptions that start within the event time of the first one are
    one event; one that is followed, within that time, by a sustained interruption is none. Of users
    only counted, those of one named event are one, and as many of them take part as the largest
    report counts, less those whom a sustained interruption of the same event counts.

    An event belongs to the period in which it starts.

    Source: IEEE 1366, MAIFI_E: "the event immediately preceding a lockout" is not included.
    """
    own: dict[str, list[UserInterruption]] = defaultdict(list)
    named: dict[str, list[UserInterruption]] = defaultdict(list)
    n_events = 0
    for one in interruptions:
        if one.user is not None:
            own[one.user].append(one)
        elif one.events:
            named[min(one.events)].append(one)
        elif not one.is_sustained:
            n_events += one.n_users * one.starts_in(period)
    n_events += sum(_of_user(each, definition, period) for each in own.values())
    return n_events + sum(_of_event(each, period) for each in named.values())


def _of_user(
    interruptions: Sequence[UserInterruption], definition: Definition, period: Span
) -> int:
    n_events = 0
    waiting: UserInterruption | None = None  # the first of the event that is open
    for one in sorted(interruptions, key=lambda each: each.start):
        is_near = waiting is not None and one.start - waiting.start <= definition.momentary_event_us
        if waiting is not None and not (is_near and one.is_sustained):
            if is_near:
                continue
            n_events += waiting.starts_in(period)
        waiting = None if one.is_sustained else one
    return n_events + (waiting is not None and waiting.starts_in(period))


def _of_event(interruptions: Sequence[UserInterruption], period: Span) -> int:
    momentary = [one for one in interruptions if not one.is_sustained]
    if not momentary or not min(momentary, key=lambda one: one.start).starts_in(period):
        return 0
    n_locked_out = sum(one.n_users for one in interruptions if one.is_sustained)
    return max(0, max(one.n_users for one in momentary) - n_locked_out)
