"""Deadlines that are open, with when they are due; the longest due first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from service.domain.promise_rows import DeadlineRow
from service.domain.promises.deadlines import Deadline, Due, due_of, is_overdue, row_of
from service.domain.promises.leads import local_date
from service.domain.promises.working_days import working_days_between

WORKING_DAYS_MAX: Final = 400  # that are counted to a due day


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDeadline:
    """A deadline that is not answered, as it stands at an instant."""

    deadline: Deadline
    row: DeadlineRow
    due: Due
    is_overdue: bool
    days_left: int  # from today to the due day; negative once it is over
    working_days_left: int  # after today up to the due day; negative once it is over; -400 to 400


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDeadlines:
    """All that are open."""

    due: tuple[OpenDeadline, ...]  # the longest due first
    n_minimum: int  # of a minimum: nothing is due
    n_unruled: int  # no row of the rule set is about them


def open_deadlines(
    rows: Sequence[DeadlineRow], deadlines: Iterable[Deadline], now: int, zone: ZoneInfo
) -> OpenDeadlines:
    """Return the deadlines that are not answered, as they stand at ``now``; answered ones are left out."""
    due: list[OpenDeadline] = []
    n_minimum = n_unruled = 0
    for one in deadlines:
        row = row_of(rows, one.promise, one.subject)
        if one.answered_at is not None:
            continue
        if row is None:
            n_unruled += 1
        elif row.bound == "at_least":
            n_minimum += 1
        else:
            due.append(_open(one, row, now, zone))
    due.sort(key=lambda one: (one.due.at, one.deadline.deadline_id))
    return OpenDeadlines(due=tuple(due), n_minimum=n_minimum, n_unruled=n_unruled)


def _open(deadline: Deadline, row: DeadlineRow, now: int, zone: ZoneInfo) -> OpenDeadline:
    due, today = due_of(row, deadline.opened_at, zone), local_date(now, zone)
    return OpenDeadline(
        deadline=deadline,
        row=row,
        due=due,
        is_overdue=is_overdue(row, due, now),
        days_left=(due.day - today).days,
        working_days_left=working_days_between(today, due.day, row.calendar, WORKING_DAYS_MAX),
    )
