"""Article 9(3): who is told of an outage, how long before, and what a notice names."""

from typing import Any

import pytest

from service.domain.promises.cases import Case
from service.domain.promises.notice import notice_case
from tests.domain.promises.records import ALL_FIELDS, BERLIN, SHANGHAI, notice_row, outage, us

LATER = us("2024-06-01T00:00")
BOTH = notice_row()
TEMPORARY = notice_row(
    promise="temporary_notice", lead=24, told_lead=24, demands="public_or_told", public_fields=()
)


def judged(row: Any = BOTH, now: int = LATER, **others: Any) -> Case:
    return notice_case(row, outage(**others), now, SHANGHAI)


def whats(case: Case) -> list[tuple[str, float, str]]:
    return [(one.what, float(one.by), one.unit) for one in case.breaches]


def test_a_planned_outage_with_notice_and_important_customers_told_keeps_the_promise() -> None:
    case = judged(important=frozenset({"A"}), told={"A": us("2024-02-28T09:00")})

    assert (case.is_kept, case.breaches, case.is_open) == (True, (), False)


@pytest.mark.parametrize(
    ("notice", "late"),
    [
        ("2024-03-01T08:00", None),  # 7 x 24 h to the microsecond
        ("2024-03-01T08:00:00.000001", 1 / 60_000_000),
        ("2024-03-01T08:03", 3),
        ("2024-03-08T09:00", 7 * 1440 + 60),  # after supply was gone
    ],
)
def test_168_hours_are_enough_and_a_microsecond_less_is_not(
    notice: str, late: float | None
) -> None:
    case = judged(notice_at=us(notice))

    assert case.is_kept is (late is None)
    assert whats(case) == ([] if late is None else [("public_notice_late", late, "minutes")])


@pytest.mark.parametrize(
    ("notice", "off", "n_days_late"),
    [
        ("2024-03-01T23:59:59.999999", "2024-03-08T00:00", None),
        ("2024-03-02T00:00", "2024-03-08T23:59", 1),
        ("2024-03-05T10:00", "2024-03-08T08:00", 4),
        # The date counts in Shanghai: in UTC the notice is of the day before.
        ("2024-03-02T07:59", "2024-03-08T08:00", 1),
        ("2024-03-01T07:59", "2024-03-08T07:58", None),
    ],
)
def test_calendar_days_are_those_of_the_zone_at_whatever_hour(
    notice: str, off: str, n_days_late: int | None
) -> None:
    row = notice_row(lead=7, lead_unit="calendar_days", told_lead=7)

    case = judged(row, notice_at=us(notice), window_from=us(off))

    found = [] if n_days_late is None else [("public_notice_late", n_days_late, "days")]
    assert whats(case) == found


@pytest.mark.parametrize(
    ("unit", "lead", "notice", "is_kept"),
    [
        # Clocks go forward on 31 March: from noon to noon there are 167 hours in seven days.
        ("calendar_days", 7, "2024-03-25T12:00", True),
        ("hours", 168, "2024-03-25T12:00", False),
        ("hours", 168, "2024-03-25T11:00", True),
        ("calendar_days", 7, "2024-03-25T23:59", True),
        ("calendar_days", 7, "2024-03-26T00:00", False),
    ],
)
def test_both_readings_of_seven_days_where_clocks_change(
    unit: str, lead: int, notice: str, *, is_kept: bool
) -> None:
    row = notice_row(lead=lead, lead_unit=unit, demands="public", told_lead=None)
    announced = outage(notice_at=us(notice, BERLIN), window_from=us("2024-04-01T12:00", BERLIN))

    assert notice_case(row, announced, LATER, BERLIN).is_kept is is_kept


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ({"notice_at": None}, [("no_public_notice", 0, "")]),
        (
            {"notice_fields": ALL_FIELDS - {"restore"}},
            [("public_notice_incomplete", 1, "fields")],
        ),
        (
            {"important": frozenset({"A", "B", "C"}), "told": {"B": us("2024-02-20T08:00")}},
            [("important_customers_not_told", 2, "customers")],
        ),
        (
            {"important": frozenset({"A"}), "told": {"A": us("2024-03-01T08:30")}},
            [("important_customers_told_late", 30, "minutes")],
        ),
        (
            {"notice_at": us("2024-03-02T08:00"), "notice_fields": frozenset({"area"})},
            [("public_notice_late", 1440, "minutes"), ("public_notice_incomplete", 3, "fields")],
        ),
    ],
)
def test_each_missing_part_is_a_breach_even_when_all_else_is_right(
    others: dict[str, Any], found: list[tuple[str, float, str]]
) -> None:
    case = judged(**others)

    assert case.is_kept is False
    assert whats(case) == found


def test_who_is_told_beside_the_important_ones_does_not_matter() -> None:
    case = judged(important=frozenset(), told={"Z": us("2024-03-08T07:00")})

    assert case.is_kept is True


@pytest.mark.parametrize(
    ("others", "is_kept"),
    [
        ({"notice_at": us("2024-03-07T08:00")}, True),  # exactly 24 h
        ({"notice_at": us("2024-03-07T08:00:01")}, False),
        ({"notice_at": None, "important": frozenset("A"), "told": {"A": us("2024-03-07T08:00")}}, True),
        ({"notice_at": None, "important": frozenset("A"), "told": {"A": us("2024-03-07T08:01")}}, False),
        ({"notice_at": None, "important": frozenset("AB"), "told": {"A": us("2024-03-01T08:00")}}, False),
        ({"notice_at": us("2024-03-07T08:00"), "important": frozenset("AB")}, True),
        ({"notice_at": None}, False),  # nobody important to tell: the public notice is due
    ],
)  # fmt: skip
def test_temporary_maintenance_needs_one_of_two_ways(
    others: dict[str, Any], *, is_kept: bool
) -> None:
    assert judged(TEMPORARY, outage_kind="temporary", **others).is_kept is is_kept


COMING = {"from_at": None, "to_at": None, "notice_at": None}


@pytest.mark.parametrize(
    ("now", "is_kept", "is_open"),
    [
        ("2024-02-20T00:00", None, True),
        ("2024-03-01T08:00", None, True),  # the last instant for it
        ("2024-03-01T08:00:00.000001", False, True),  # broken before supply is gone
        ("2024-03-08T08:00", False, False),
    ],
)
def test_an_outage_to_come_is_open_until_it_is_too_late_for_its_notice(
    now: str, *, is_kept: bool | None, is_open: bool
) -> None:
    case = judged(now=us(now), **COMING)

    assert (case.is_kept, case.is_open) == (is_kept, is_open)
    assert bool(case.breaches) is (is_kept is False)


def test_important_customers_may_be_told_later_where_the_rule_says_so() -> None:
    row = notice_row(told_lead=0)
    told: dict[str, Any] = {"important": frozenset("A"), "from_at": None, "to_at": None}

    before = judged(row, us("2024-03-08T08:00"), **told)
    after = judged(row, us("2024-03-08T08:01"), **told)

    assert (before.is_kept, after.is_kept) == (None, False)


def test_a_cancelled_outage_is_exempt_and_how_it_would_stand_is_known() -> None:
    case = judged(is_cancelled=True, from_at=None, to_at=None, notice_at=None)

    assert (case.exemption, case.is_kept, case.would_be_kept) == ("cancelled", None, False)


def test_an_outage_without_window_is_held_against_its_actual_start() -> None:
    case = judged(window_from=None, window_to=None, notice_at=us("2024-03-01T08:00"))

    assert case.is_kept is True
