"""Article 20(3) and (4): the crew after a call, and supply after the crew."""

from fractions import Fraction
from typing import Any

import pytest

from service.domain.promise_rows import CrewRow
from service.domain.promises.crews import FaultCall, crew_case
from service.domain.promises.figures import Register, promise_figures
from service.domain.promises.tallies import PromiseVerdict, Standing
from service.domain.rules import load_rule_set
from tests.domain.promises.records import SHANGHAI, call, crew_row, us

NOW = us("2024-06-01T00:00")
CALLED = "2024-03-01T10:00"


@pytest.mark.parametrize(
    ("arrived", "is_kept", "late"),
    [
        ("2024-03-01T10:20", True, None),
        ("2024-03-01T10:45:00", True, None),  # exactly 45 min 0 s
        ("2024-03-01T10:45:00.000001", False, Fraction(1, 60_000_000)),
        ("2024-03-01T11:00", False, 15),
    ],
)
def test_a_crew_has_45_minutes_in_a_city(
    arrived: str, *, is_kept: bool, late: Fraction | int | None
) -> None:
    case = crew_case(crew_row(), call(CALLED, arrived), NOW)

    assert case is not None
    assert case.is_kept is is_kept
    assert [one.by for one in case.breaches] == ([] if late is None else [late])


@pytest.mark.parametrize(
    ("now", "is_kept", "at_least"),
    [("2024-03-01T10:30", None, None), ("2024-03-01T10:45", None, None), ("2024-03-01T10:46", False, 46)],
)  # fmt: skip
def test_a_crew_on_its_way_is_open_and_then_late_already(
    now: str, *, is_kept: bool | None, at_least: int | None
) -> None:
    case = crew_case(crew_row(), call(CALLED), us(now))

    assert case is not None
    assert (case.is_open, case.is_kept, case.took_us) == (True, is_kept, None)
    assert case.at_least_us == (None if at_least is None else at_least * 60_000_000)


def test_severe_weather_is_exempt_and_how_it_would_stand_is_known() -> None:
    late = call(CALLED, "2024-03-01T12:00", is_severe_weather=True)

    exempt = crew_case(crew_row(), late, NOW)
    judged = crew_case(crew_row(exempts_severe_weather=False), late, NOW)

    assert exempt is not None
    assert judged is not None
    assert (exempt.exemption, exempt.is_kept, exempt.would_be_kept) == (
        "severe_weather",
        None,
        False,
    )
    assert (judged.exemption, judged.is_kept) == ("", False)


def test_an_area_without_a_number_is_listed_and_not_judged() -> None:
    row = crew_row(area="special_remote", set_by="the circumstances")

    case = crew_case(row, call(CALLED, response_area="special_remote"), NOW)

    assert case is not None
    assert (case.is_kept, case.is_open, case.breaches) == (None, False, ())


@pytest.mark.parametrize(
    ("restored", "is_kept", "at_least_us"), [("10:45", True, None), ("10:46", False, 46 * 60_000_000)]
)  # fmt: skip
def test_supply_that_is_back_before_any_crew_is_judged_by_that(
    restored: str, *, is_kept: bool, at_least_us: int | None
) -> None:
    case = crew_case(crew_row(), call(CALLED, restored_at=us(f"2024-03-01T{restored}")), NOW)

    assert case is not None
    assert (case.is_kept, case.is_open, case.took_us) == (is_kept, False, None)
    assert case.at_least_us == at_least_us


@pytest.mark.parametrize(
    ("restored", "is_kept"),
    [
        ("2024-03-01T13:30", True),  # exactly 3 hours after the crew came
        ("2024-03-01T13:30:01", False),
        ("2024-03-01T10:10", True),  # back before the crew was there
        (None, False),
    ],
)
def test_restoration_is_counted_from_arrival(restored: str | None, *, is_kept: bool) -> None:
    row = crew_row(promise="restoration", within_minutes=180)
    restored_at = None if restored is None else us(restored)

    case = crew_case(row, call(CALLED, "2024-03-01T10:30", restored_at=restored_at), NOW)

    assert case is not None
    assert case.is_kept is is_kept


def test_no_restoration_is_promised_before_the_crew_is_there() -> None:
    assert crew_case(crew_row(promise="restoration"), call(CALLED), NOW) is None


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("sgcc-2003", {"urban": 45, "rural": 90, "remote": 120, "special_remote": None}),
        ("sgcc-pledge-2005", {"urban": 45, "rural": 90, "remote": 120, "special_remote": 120}),
        ("sgcc-pledge-2023", {"urban": 45, "rural": 90, "remote": 120, "special_remote": 120}),
        ("gb-28583-2012", {"urban": 60, "rural": 120, "remote": 240, "special_remote": 240}),
        ("nea-regulation", {"urban": 60, "rural": 120, "remote": 240, "special_remote": 240}),
    ],
)
def test_each_rule_set_has_its_minutes(name: str, minutes: dict[str, int | None]) -> None:
    rows = [row for row in load_rule_set(name).promises if isinstance(row, CrewRow)]

    found = {row.area: row.within_minutes for row in rows if row.promise == "crew_arrival"}
    assert found == minutes


def calls_of(*minutes: float, **others: Any) -> list[FaultCall]:
    start = us(CALLED)
    return [
        FaultCall(
            call_id=nth,
            call=f"K-{nth}",
            region="R1" if nth % 2 else "R2",
            response_area="urban",
            called_at=start,
            arrived_at=start + round(took * 60_000_000),
            **others,
        )
        for nth, took in enumerate(minutes)
    ]


def pledged(name: str, promise: str, calls: list[FaultCall], now: int = NOW) -> Standing:
    """Return how a promise to urban customers stands."""
    figures = promise_figures(
        load_rule_set(name).promises, Register(calls=calls), now, SHANGHAI
    )  # fmt: skip
    (found,) = [
        one
        for one in figures
        if isinstance(one.row, CrewRow) and (one.row.promise, one.row.area) == (promise, "urban")
    ]
    return found.standing.together


@pytest.mark.parametrize(
    ("others", "average", "verdict"),
    [
        ({}, Fraction(20 + 120, 2), "broken"),  # two hours so far
        ({"restored_at": us("2024-03-01T11:10")}, Fraction(20 + 70, 2), "kept"),  # exactly 45
        ({"restored_at": us("2024-03-01T11:10:00.000001")}, Fraction(90 * 60_000_000 + 1, 120_000_000), "broken"),
        ({"restored_at": us("2024-03-01T10:45")}, Fraction(20), "kept"),  # within the limit: no time of its own
        ({"called_at": us("2024-03-01T11:30")}, Fraction(20), "kept"),  # 30 minutes so far: open
        ({"is_severe_weather": True}, Fraction(20), "kept"),
    ],
)  # fmt: skip
def test_a_crew_that_never_comes_breaks_an_average(
    others: dict[str, Any], average: Fraction, verdict: PromiseVerdict
) -> None:
    calls = [*calls_of(20), call(CALLED, **others)]

    found = pledged("sgcc-pledge-2023", "crew_arrival", calls, us("2024-03-01T12:00"))

    assert (found.tally.counted.average_minutes, found.verdict) == (average, verdict)
    if "is_severe_weather" in others:
        assert found.tally.with_exempt.average_minutes == 70
        assert found.verdict_with_exempt == "broken"


def test_supply_that_does_not_come_back_breaks_the_average_of_restoration() -> None:
    calls = [call(CALLED, CALLED), call(CALLED, CALLED, restored_at=us("2024-03-01T12:00"))]

    found = pledged("sgcc-pledge-2023", "restoration", calls, us("2024-03-01T15:00"))

    assert found.tally.counted.average_minutes == 210
    assert found.verdict == "broken"


@pytest.mark.parametrize(
    ("minutes", "average", "verdict_2023", "verdict_2003"),
    [
        ((30, 60), 45, "kept", "broken"),  # on average exactly 45
        ((30, 60.0000002), None, "broken", "broken"),
        ((45, 45), 45, "kept", "kept"),
        ((), None, "no_cases", "no_cases"),
    ],
)
def test_each_and_average_are_two_promises(
    minutes: tuple[float, ...],
    average: int | None,
    verdict_2023: PromiseVerdict,
    verdict_2003: PromiseVerdict,
) -> None:
    calls = calls_of(*minutes)

    now = pledged("sgcc-pledge-2023", "crew_arrival", calls)
    before = pledged("sgcc-2003", "crew_arrival", calls)

    assert (now.verdict, before.verdict) == (verdict_2023, verdict_2003)
    if average is not None:
        assert now.tally.counted.average_minutes == average
