"""The window of a planned outage: exactly its edges are kept."""

from typing import Any

import pytest

from service.domain.promises.planned_window import window_case
from service.domain.promises.tallies import Demand, standing_of
from tests.domain.promises.records import outage, us, window_row

NOW = us("2024-06-01T00:00")


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ({}, []),
        ({"to_at": us("2024-03-08T12:00:00.000001")}, [("restored_late", 1 / 60_000_000)]),
        ({"to_at": us("2024-03-08T13:30")}, [("restored_late", 90)]),
        ({"from_at": us("2024-03-08T07:45")}, [("off_early", 15)]),
        (
            {"from_at": us("2024-03-08T07:59"), "to_at": us("2024-03-08T12:01")},
            [("off_early", 1), ("restored_late", 1)],
        ),
        ({"from_at": us("2024-03-08T09:00"), "to_at": us("2024-03-08T10:00")}, []),
    ],
)
def test_overrun_is_counted_to_the_microsecond(
    times: dict[str, Any], found: list[tuple[str, float]]
) -> None:
    case = window_case(window_row(), outage(**times), NOW)

    assert case is not None
    assert case.is_kept is (not found)
    assert [(one.what, float(one.by)) for one in case.breaches] == found


@pytest.mark.parametrize(("minute", "is_kept"), [("15", True), ("16", False)])
def test_a_rule_may_allow_some_minutes(minute: str, *, is_kept: bool) -> None:
    case = window_case(window_row(15), outage(to_at=us(f"2024-03-08T12:{minute}")), NOW)

    assert case is not None
    assert case.is_kept is is_kept


@pytest.mark.parametrize(
    ("now", "is_kept", "minutes"),
    [("2024-03-08T11:00", None, None), ("2024-03-08T12:00", None, None), ("2024-03-08T12:20", False, 20)],
)  # fmt: skip
def test_one_that_lasts_is_open_and_then_broken_already(
    now: str, *, is_kept: bool | None, minutes: float | None
) -> None:
    case = window_case(window_row(), outage(to_at=None), us(now))

    assert case is not None
    assert (case.is_open, case.is_kept) == (True, is_kept)
    assert [one.by for one in case.breaches] == ([] if minutes is None else [minutes])


def test_what_had_no_window_is_no_case() -> None:
    assert window_case(window_row(), outage(window_from=None), NOW) is None


@pytest.mark.parametrize("now", ["2024-03-08T12:00", "2024-06-01T00:00"])
def test_a_window_that_passed_without_a_word_is_a_case_that_is_not_judged(now: str) -> None:
    silent = outage(from_at=None, to_at=None)

    case = window_case(window_row(), silent, us(now))

    assert case is not None
    assert (case.is_kept, case.would_be_kept, case.is_open) == (None, None, False)
    assert case.at == us("2024-03-08T08:00")
    tally = standing_of(Demand(reach="each"), [case]).together.tally
    assert (tally.n_cases, tally.n_not_judged, tally.counted.n_judged) == (1, 1, 0)


@pytest.mark.parametrize(
    ("now", "is_cancelled"), [("2024-03-08T11:59:59.999999", False), ("2024-06-01T00:00", True)]
)
def test_what_is_to_come_or_was_cancelled_is_no_case(now: str, *, is_cancelled: bool) -> None:
    silent = outage(from_at=None, to_at=None, is_cancelled=is_cancelled)

    assert window_case(window_row(), silent, us(now)) is None
