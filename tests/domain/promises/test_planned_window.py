"""The window of a planned outage: exactly its edges are kept."""

from typing import Any

import pytest

from service.domain.promises.planned_window import window_case
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


@pytest.mark.parametrize("left_out", ["from_at", "window_from"])
def test_what_never_came_or_had_no_window_is_no_case(left_out: str) -> None:
    assert window_case(window_row(), outage(**{left_out: None}), NOW) is None
