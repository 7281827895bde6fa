"""By when something that was asked for has to be answered, and whether it was."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from service.domain.instants import epoch_us
from service.domain.periods import day_start
from service.domain.promise_rows import DeadlineRow
from service.domain.promises.cases import HOUR_US, Breach, Case, minutes_of
from service.domain.promises.leads import local_date
from service.domain.promises.working_days import nth_working_day

_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Something that was asked for, or, of a minimum, announced."""

    deadline_id: int
    reference: str  # of the file it stands for
    promise: str
    subject: str  # class or area
    opened_at: int
    answered_at: int | None  # None: open


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When the time of a deadline is over.

    ``at`` is exclusive where days are counted: the first instant after the due day; and inclusive
    where hours are.
    """

    at: int
    day: date  # of the zone; the last one on which an answer is in time, or the first one allowed
    remark: str = ""  # what is not known about it


def row_of(rows: Iterable[DeadlineRow], promise: str, subject: str) -> DeadlineRow | None:
    """Return the row for a subject: the one that names it, else the one that names none."""
    found: DeadlineRow | None = None
    for row in rows:
        if row.promise != promise:
            continue
        if subject in row.subjects:
            return row
        if not row.subjects:
            found = row
    return found


def due_of(row: DeadlineRow, opened_at: int, zone: ZoneInfo) -> Due:
    """Return when a deadline that was opened at ``opened_at`` is due; of a minimum, when it has passed.

    The day of opening does not count. A month ends on the day of the same number, or on the last
    one where there is none.
    """
    opened = local_date(opened_at, zone)
    if row.unit == "hours":
        at = opened_at + row.n_units * HOUR_US
        return Due(at=at, day=local_date(at, zone))
    remark = ""
    if row.unit == "working_days":
        day, years = nth_working_day(opened, row.n_units, row.calendar)
        remark = "" if not years else f"calendar not published for {', '.join(map(str, years))}"
    elif row.unit == "months":
        day = _months_later(opened, row.n_units)
    else:
        day = opened + timedelta(days=row.n_units)
    first = day if row.bound == "at_least" else day + timedelta(days=1)
    return Due(at=epoch_us(day_start(first, zone)), day=day, remark=remark)


def deadline_case(row: DeadlineRow, deadline: Deadline, now: int, zone: ZoneInfo) -> Case:
    """Return whether a deadline was kept; one that is not answered is open until it is overdue.

    Of a minimum what was not done yet is open, and never overdue.
    """
    due = due_of(row, deadline.opened_at, zone)
    is_open = deadline.answered_at is None
    ended = now if deadline.answered_at is None else deadline.answered_at
    is_kept: bool | None = _is_in_time(row, ended, due)
    if is_open and (is_kept or row.bound == "at_least"):
        is_kept = None
    return Case(
        subject=deadline.reference,
        record_id=deadline.deadline_id,
        at=deadline.opened_at,
        is_kept=is_kept,
        would_be_kept=is_kept,
        is_open=is_open,
        breaches=(_breach(row, ended, due, zone),) if is_kept is False else (),
    )


def is_overdue(row: DeadlineRow, due: Due, now: int) -> bool:
    """Return whether the time is over by ``now``; of a minimum it never is."""
    return row.bound == "at_most" and not _is_in_time(row, now, due)


def _is_in_time(row: DeadlineRow, ended: int, due: Due) -> bool:
    if row.bound == "at_least":
        return ended >= due.at
    return ended <= due.at if row.unit == "hours" else ended < due.at


def _breach(row: DeadlineRow, ended: int, due: Due, zone: ZoneInfo) -> Breach:
    what = "too_early" if row.bound == "at_least" else "answered_late"
    if row.unit == "hours":
        return Breach(what, minutes_of(abs(ended - due.at)), "minutes")
    day = local_date(ended, zone)
    return Breach(what, Fraction(abs((day - due.day).days)), "days")


def _months_later(day: date, n_months: int) -> date:
    years, month = divmod(day.month - 1 + n_months, _MONTHS)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
