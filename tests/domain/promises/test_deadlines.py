"""Dated promises: due days by working days, days and months; kept, broken, and at the last instant."""

from datetime import date
from fractions import Fraction

import pytest

from service.domain.promise_rows import DeadlineRow
from service.domain.promises.deadlines import deadline_case, due_of, row_of
from service.domain.promises.due import open_deadlines
from service.domain.promises.figures import deadline_figures
from service.domain.rules import load_rule_set
from tests.domain.promises.records import BERLIN, SHANGHAI, deadline, deadline_row, us

NORM = load_rule_set("sgcc-2003").deadlines
PLEDGE = load_rule_set("sgcc-pledge-2005").deadlines
NOW = us("2025-12-01T00:00")


@pytest.mark.parametrize(
    ("row", "opened", "day"),
    [
        (deadline_row(10, "calendar_days"), "2025-03-01T23:59", "2025-03-11"),
        (deadline_row(10, "calendar_days"), "2025-03-02T00:00", "2025-03-12"),
        (deadline_row(1, "months"), "2025-01-31T10:00", "2025-02-28"),
        (deadline_row(1, "months"), "2024-01-31T10:00", "2024-02-29"),
        (deadline_row(2, "months"), "2024-12-31T10:00", "2025-02-28"),
        (deadline_row(1, "months"), "2025-02-28T10:00", "2025-03-28"),
        (deadline_row(1, "months"), "2024-12-15T10:00", "2025-01-15"),
        (deadline_row(3, "working_days"), "2025-01-24T10:00", "2025-02-05"),
        (deadline_row(15, "working_days"), "2025-09-22T10:00", "2025-10-17"),
    ],
)
def test_the_day_after_opening_is_day_one(row: DeadlineRow, opened: str, day: str) -> None:
    due = due_of(row, us(opened), SHANGHAI)

    assert due.day == date.fromisoformat(day)
    assert due.remark == ""
    assert due.at == us(f"{day}T00:00") + 86_400_000_000  # the end of that day in Shanghai


@pytest.mark.parametrize(
    ("answered", "is_kept", "n_days_late"),
    [
        ("2025-03-05T09:00", True, None),
        ("2025-03-11T23:59:59.999999", True, None),
        ("2025-03-12T00:00", False, 1),
        ("2025-03-20T12:00", False, 9),
    ],
)
def test_an_answer_is_in_time_up_to_the_end_of_the_due_day(
    answered: str, *, is_kept: bool, n_days_late: int | None
) -> None:
    row = deadline_row(10, "calendar_days")

    case = deadline_case(row, deadline("2025-03-01T10:00", answered), NOW, SHANGHAI)

    assert case.is_kept is is_kept
    assert [(float(one.by), str(one.unit)) for one in case.breaches] == (
        [] if n_days_late is None else [(n_days_late, "days")]
    )


def test_the_due_day_ends_with_the_clocks_of_the_zone() -> None:
    """In Berlin the due day, 30 March 2025, has 23 hours."""
    row = deadline_row(10, "calendar_days")

    def judged(answered: str) -> bool | None:
        opened = deadline("2025-03-20T10:00", answered, zone=BERLIN)
        return deadline_case(row, opened, NOW, BERLIN).is_kept

    assert judged("2025-03-30T21:59:59.999999+00:00") is True
    assert judged("2025-03-30T22:00:00+00:00") is False


def test_an_answer_on_a_free_day_after_the_due_day_is_late() -> None:
    row = deadline_row(1, "working_days")  # opened on Thursday, due on Friday

    case = deadline_case(row, deadline("2025-03-06T10:00", "2025-03-08T10:00"), NOW, SHANGHAI)

    assert case.is_kept is False
    assert case.breaches[0][1:] == (Fraction(1), "days")


@pytest.mark.parametrize(
    ("now", "is_kept"),
    [("2025-03-05T00:00", None), ("2025-03-11T23:59", None), ("2025-03-12T00:00", False)],
)
def test_an_open_one_is_broken_once_it_is_overdue(now: str, *, is_kept: bool | None) -> None:
    row = deadline_row(10, "calendar_days")

    case = deadline_case(row, deadline("2025-03-01T10:00"), us(now), SHANGHAI)

    assert (case.is_open, case.is_kept) == (True, is_kept)


ARREARS = next(row for row in NORM if row.promise == "arrears_notice")


@pytest.mark.parametrize(
    ("row", "cut", "is_kept", "breach"),
    [
        (ARREARS, "2025-03-08T10:00", True, None),  # exactly seven times 24 hours
        (ARREARS, "2025-03-08T09:59", False, (1, "minutes")),
        (ARREARS, "2025-06-01T00:00", True, None),
        (ARREARS, None, None, None),
        (deadline_row(7, "calendar_days", bound="at_least"), "2025-03-08T00:00", True, None),
        (
            deadline_row(7, "calendar_days", bound="at_least"),
            "2025-03-07T23:59",
            False,
            (1, "days"),
        ),
    ],
)
def test_arrears_have_a_minimum_before_the_cut(
    row: DeadlineRow, cut: str | None, *, is_kept: bool | None, breach: tuple[int, str] | None
) -> None:
    case = deadline_case(row, deadline("2025-03-01T10:00", cut), NOW, SHANGHAI)

    assert case.is_kept is is_kept
    assert [(float(one.by), str(one.unit)) for one in case.breaches] == (
        [] if breach is None else [breach]
    )


@pytest.mark.parametrize(
    ("rows", "promise", "subject", "allowed"),
    [
        (NORM, "supply_plan", "low_voltage", (10, "calendar_days")),
        (NORM, "supply_plan", "residential", (10, "calendar_days")),
        (NORM, "supply_plan", "high_voltage_single", (1, "months")),
        (NORM, "supply_plan", "high_voltage_double", (2, "months")),
        (NORM, "supply_plan", "spaceport", None),
        (NORM, "design_review", "high_voltage", (1, "months")),
        (NORM, "design_review", "low_voltage", (10, "calendar_days")),
        (NORM, "connection", "residential", (3, "working_days")),
        (NORM, "connection", "low_voltage", (5, "working_days")),
        (NORM, "complaint", "", (5, "calendar_days")),
        (NORM, "report", "anything", (10, "calendar_days")),
        (NORM, "arrears_notice", "", (168, "hours")),
        (PLEDGE, "supply_plan", "residential", (3, "working_days")),
        (PLEDGE, "supply_plan", "low_voltage", (7, "working_days")),
        (PLEDGE, "supply_plan", "high_voltage_single", (15, "working_days")),
        (PLEDGE, "supply_plan", "high_voltage_double", (30, "working_days")),
    ],
)
def test_a_subject_chooses_the_row(
    rows: tuple[DeadlineRow, ...], promise: str, subject: str, allowed: tuple[int, str] | None
) -> None:
    row = row_of(rows, promise, subject)

    assert (None if row is None else (row.n_units, row.unit)) == allowed


def test_a_due_day_in_a_year_without_a_calendar_says_so() -> None:
    opened, now = deadline("2199-12-01T10:00"), us("2199-12-02T10:00")

    (figure,) = open_deadlines(PLEDGE, [opened], now, SHANGHAI).due

    assert figure.due.remark == "calendar not published for 2199"
    assert figure.due.day == date(2199, 12, 4)  # Wednesday is the third of Mon .. Fri


def test_open_ones_are_listed_by_due_time_with_days_and_working_days_left() -> None:
    records = [
        deadline(
            "2025-09-24T10:00", deadline_id=1, reference="soon"
        ),  # due on Sun 28, a working day
        deadline("2025-09-01T10:00", deadline_id=2, reference="over"),
        deadline("2025-09-25T10:00", deadline_id=3, reference="later", subject="low_voltage"),
        deadline("2025-09-25T10:00", "2025-09-26T10:00", deadline_id=4, reference="done"),
        deadline("2025-09-25T10:00", deadline_id=5, reference="cut", promise="arrears_notice"),
        deadline("2025-09-25T10:00", deadline_id=6, reference="what", promise="poem"),
    ]

    found = open_deadlines(PLEDGE, records, us("2025-09-26T12:00"), SHANGHAI)

    assert [
        (one.deadline.reference, str(one.due.day), one.is_overdue, one.days_left, one.working_days_left)
        for one in found.due
    ] == [
        ("over", "2025-09-04", True, -22, -16),
        ("soon", "2025-09-28", False, 2, 1),
        ("later", "2025-10-11", False, 15, 6),
    ]  # fmt: skip
    assert (found.n_minimum, found.n_unruled) == (1, 1)


def test_of_one_that_is_over_for_decades_400_working_days_are_counted() -> None:
    (one,) = open_deadlines(
        PLEDGE, [deadline("1971-03-01T10:00")], us("2025-09-26T12:00"), SHANGHAI
    ).due

    assert one.days_left < -19_000
    assert one.working_days_left == -400


def test_each_row_counts_what_was_opened_under_it() -> None:
    records = [
        deadline("2025-03-03T10:00", "2025-03-06T10:00", deadline_id=1),  # due on the 6th
        deadline("2025-03-03T10:00", "2025-03-07T10:00", deadline_id=2),
        deadline("2025-11-28T10:00", deadline_id=3),
        deadline("2025-03-03T10:00", "2025-03-12T10:00", deadline_id=4, subject="low_voltage"),
    ]

    figures = deadline_figures(PLEDGE, records, NOW, SHANGHAI)

    tallies = [one.standing.together.tally for one in figures[:2]]
    assert [(one.n_cases, one.counted.n_judged, one.counted.n_kept, one.n_open) for one in tallies] == [
        (3, 2, 1, 1),
        (1, 1, 1, 0),
    ]  # fmt: skip
    assert figures[0].standing.together.verdict == "broken"
    assert figures[0].standing.regions == ()
