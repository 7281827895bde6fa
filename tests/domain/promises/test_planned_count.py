"""Article 9(2): planned maintenance of a customer in a calendar year."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.promise_rows import PlannedCountRow
from service.domain.promises.cases import Case
from service.domain.promises.notice import AnnouncedOutage
from service.domain.promises.planned_count import (
    TouchedCustomer,
    count_case,
    starts_of_works,
    works_of,
)
from tests.domain.promises.records import count_row, outage, us

YEAR = us("2024-01-01T00:00")
CUSTOMER = TouchedCustomer(
    customer_id=7, customer="C-7", region="R1", level_kv=Decimal(10), declaration_ids=frozenset()
)


def judged(row: PlannedCountRow, outages: list[AnnouncedOutage]) -> Case:
    return count_case(row, CUSTOMER, works_of(row, outages, YEAR), YEAR)


def came(nth: int, start: str, end: str | None, **others: Any) -> AnnouncedOutage:
    given: dict[str, Any] = {"ticket": f"P-{nth}", "declaration_id": nth, "from_at": us(start)}
    return outage(**(given | {"to_at": None if end is None else us(end)} | others))


FOUR = [came(n, f"2024-0{n}-05T08:00", f"2024-0{n}-05T12:00") for n in (2, 4, 6, 8)]


@pytest.mark.parametrize(
    ("n_outages", "is_kept", "n_excess"), [(0, True, 0), (2, True, 0), (3, True, 0), (4, False, 1)]
)
def test_three_at_10_kv_are_kept_and_four_are_not(
    n_outages: int, *, is_kept: bool, n_excess: int
) -> None:
    case = judged(count_row(), FOUR[:n_outages])

    assert (case.is_kept, case.subject, case.regions) == (is_kept, "C-7", ("R1",))
    assert [(float(one.by), str(one.unit)) for one in case.breaches] == [(n_excess, "outages")] * (
        not is_kept
    )


def test_a_breach_is_placed_at_the_first_outage_too_many() -> None:
    case = judged(count_row(at_most=1), FOUR)

    assert case.at == us("2024-04-05T08:00")
    assert case.breaches[0].by == 3


@pytest.mark.parametrize(
    "others",
    [
        {"outage_kind": "temporary"},
        {"outage_kind": "customer_request"},
        {"cause": "planned_construction"},
        {"from_at": None, "to_at": None, "is_cancelled": True},
    ],
)
def test_what_is_no_planned_maintenance_does_not_count(others: dict[str, Any]) -> None:
    fourth = came(9, "2024-09-05T08:00", "2024-09-05T09:00", **others)

    case = judged(count_row(), [*FOUR[:3], fourth])

    assert case.is_kept is True
    assert case.would_be_kept is (others.get("from_at", 0) is None)  # all that came, counted


@pytest.mark.parametrize(
    ("outages", "n_works"),
    [
        ([came(1, "2024-02-05T08:00", "2024-02-05T12:00"), came(2, "2024-02-05T12:00", "2024-02-05T13:00")], 1),
        ([came(1, "2024-02-05T08:00", "2024-02-05T12:00"), came(2, "2024-02-05T11:00", "2024-02-05T13:00")], 1),
        ([came(1, "2024-02-05T08:00", "2024-02-05T12:00"),
          came(2, "2024-02-05T12:00:00.000001", "2024-02-05T13:00")], 2),
        # One ticket, restored and taken off again in steps.
        ([came(1, "2024-02-05T08:00", "2024-02-05T10:00"), came(1, "2024-02-07T08:00", "2024-02-07T10:00")], 1),
        # The second day of a ticket touches another one: all are one work.
        ([came(1, "2024-02-05T08:00", "2024-02-05T10:00"), came(1, "2024-02-07T08:00", "2024-02-07T10:00"),
          came(2, "2024-02-07T10:00", "2024-02-07T11:00")], 1),
        # Another ticket between two steps of one touches neither.
        ([came(1, "2024-02-05T08:00", "2024-02-05T10:00"), came(2, "2024-02-06T08:00", "2024-02-06T10:00"),
          came(1, "2024-02-07T08:00", "2024-02-07T10:00")], 2),
        # A long one holds two short ones that do not touch each other.
        ([came(1, "2024-02-05T08:00", "2024-02-09T10:00"), came(2, "2024-02-06T08:00", "2024-02-06T10:00"),
          came(3, "2024-02-08T08:00", "2024-02-08T10:00")], 1),
        # Nobody said when it ended: it holds what begins up to the announced end ...
        ([came(1, "2024-02-05T08:00", None, window_to=us("2024-02-05T12:00")),
          came(2, "2024-02-05T12:00", "2024-02-05T13:00")], 1),
        ([came(1, "2024-02-05T08:00", None, window_to=us("2024-02-05T12:00")),
          came(2, "2024-03-06T08:00", "2024-03-06T10:00")], 2),
        # ... and without a window, or one that was over before it came, nothing more.
        ([came(1, "2024-02-05T08:00", None, window_from=None, window_to=None),
          came(2, "2024-02-05T09:00", "2024-02-05T10:00")], 2),
        ([came(1, "2024-02-05T08:00", None, window_to=us("2024-02-04T12:00")),
          came(2, "2024-02-05T08:00", "2024-02-05T10:00")], 1),
    ],
)  # fmt: skip
def test_steps_and_tickets_that_touch_are_one_work(
    outages: list[AnnouncedOutage], n_works: int
) -> None:
    assert len(starts_of_works(outages, YEAR)) == n_works


def test_an_end_that_was_forgotten_does_not_make_one_work_of_a_year() -> None:
    forgotten = came(
        1, "2024-01-05T08:00", None, window_from=us("2024-01-05T08:00"), window_to=us("2024-01-05T12:00")
    )  # fmt: skip
    later = [came(n, f"2024-{n:02}-05T08:00", f"2024-{n:02}-05T12:00") for n in range(2, 13)]

    case = judged(count_row(), [forgotten, *later])

    assert len(starts_of_works([forgotten, *later], YEAR)) == 12
    assert case.is_kept is False
    assert case.breaches[0].by == 9


@pytest.mark.parametrize(
    ("start", "end", "n_works"),
    [
        ("2023-12-31T23:59", "2024-01-01T02:00", 0),  # it began in the year before
        ("2024-01-01T00:00", "2024-01-01T02:00", 1),  # exactly with the year, in Shanghai
    ],
)
def test_a_work_belongs_to_the_year_in_which_it_began(start: str, end: str, n_works: int) -> None:
    assert len(starts_of_works([came(1, start, end)], YEAR)) == n_works


def works_one_by_one(spans: list[tuple[int, int, int]]) -> int:
    """Return the number of works, by joining pairs until nothing changes."""
    groups = [{nth} for nth in range(len(spans))]
    has_changed = True
    while has_changed:
        has_changed = False
        for one in groups:
            for other in groups:
                if one is other or not any(
                    _are_one(spans[i], spans[j]) for i in one for j in other
                ):
                    continue
                one.update(other)
                groups.remove(other)
                has_changed = True
                break
            if has_changed:
                break
    return len(groups)


def _are_one(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    meet = one[0] <= other[0] + other[1] and other[0] <= one[0] + one[1]
    return meet or one[2] == other[2]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6), st.integers(1, 6)), max_size=9))
def test_works_are_those_of_a_plain_recount(spans: list[tuple[int, int, int]]) -> None:
    outages = [
        outage(declaration_id=n, ticket=f"P-{ticket}", from_at=start, to_at=start + length)
        for n, (start, length, ticket) in enumerate(spans)
    ]

    assert len(starts_of_works(outages, 0)) == works_one_by_one(spans)
