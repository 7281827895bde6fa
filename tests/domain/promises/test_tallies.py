"""Cases counted: shares, exemptions, open ones, and who has to keep a promise."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from service.domain.promise_rows import PlannedCountRow
from service.domain.promises.cases import Case
from service.domain.promises.figures import (
    PlannedYear,
    Register,
    Unruled,
    promise_figures,
    unruled,
)
from service.domain.promises.planned_count import TouchedCustomer
from service.domain.promises.tallies import Demand, PromiseVerdict, broken_cases, standing_of
from service.domain.rules import load_rule_set, parse_rule_set
from service.errors import RuleSetError
from tests.domain.promises.records import SHANGHAI, call, outage, us

NORM = load_rule_set("sgcc-2003")
NOW = us("2025-01-01T00:00")
EACH = Demand(reach="each")


def case(*, is_kept: bool | None, **others: Any) -> Case:
    given: dict[str, Any] = {"subject": "K", "record_id": 1, "regions": ("R1",), "at": 0}
    return Case(**(given | {"is_kept": is_kept, "would_be_kept": is_kept} | others))


def test_each_case_is_judged_exempt_open_or_not_judged() -> None:
    cases = [
        case(is_kept=True),
        case(is_kept=False),
        case(is_kept=False, is_open=True),
        case(is_kept=None, is_open=True),
        case(is_kept=None),
        case(is_kept=None, would_be_kept=False, exemption="severe_weather"),
        case(is_kept=None, would_be_kept=None, is_open=True, exemption="cancelled"),
    ]

    found = standing_of(EACH, cases).together

    tally = found.tally
    assert (tally.n_cases, tally.n_exempt, tally.n_open, tally.n_not_judged) == (7, 2, 1, 1)
    assert (tally.counted.n_judged, tally.counted.n_kept, tally.n_open_broken) == (3, 1, 1)
    assert tally.counted.share_kept == Fraction(1, 3)
    assert tally.with_exempt.share_kept == Fraction(1, 4)


def test_an_exemption_may_be_what_a_verdict_hangs_on() -> None:
    cases = [case(is_kept=True), case(is_kept=None, would_be_kept=False, exemption="cancelled")]

    found = standing_of(EACH, cases).together

    assert (found.verdict, found.verdict_with_exempt) == ("kept", "broken")


def test_a_case_of_two_regions_counts_in_each_and_once_together() -> None:
    cases = [case(is_kept=False, regions=("R1", "R2")), case(is_kept=True, regions=("R2",))]

    found = standing_of(EACH, cases)

    assert found.together.tally.n_cases == 2
    counts = [(one.region, one.tally.n_cases, one.verdict) for one in found.regions]
    assert counts == [("R1", 1, "broken"), ("R2", 2, "broken")]


@pytest.mark.parametrize(
    ("n_kept", "n_broken", "verdict"),
    [(9, 1, "kept"), (89, 11, "broken"), (0, 0, "no_cases")],
)
def test_a_generality_is_kept_by_its_share(
    n_kept: int, n_broken: int, verdict: PromiseVerdict
) -> None:
    demand = Demand(reach="generality", share_min=Fraction(9, 10))
    cases = [case(is_kept=True)] * n_kept + [case(is_kept=False)] * n_broken

    assert standing_of(demand, cases).together.verdict == verdict


def test_what_is_past_its_limit_counts_with_the_least_that_it_took() -> None:
    minute = 60_000_000
    cases = [
        case(is_kept=True, took_us=40 * minute),
        case(is_kept=False, is_open=True, at_least_us=60 * minute),
    ]

    found = standing_of(Demand(reach="average", average_minutes=45), cases).together

    assert found.tally.counted.average_minutes == 50
    assert found.verdict == "broken"


def test_an_average_is_of_what_is_over_and_exempt_ones_only_without_the_claim() -> None:
    minute = 60_000_000
    cases = [
        case(is_kept=True, took_us=40 * minute),
        case(is_kept=False, took_us=51 * minute),
        case(is_kept=None, would_be_kept=True, exemption="severe_weather", took_us=9 * minute),
        case(is_kept=False, is_open=True),
    ]
    demand = Demand(reach="average", average_minutes=45)

    found = standing_of(demand, cases).together

    assert found.tally.counted.average_minutes == Fraction(91, 2)
    assert found.tally.with_exempt.average_minutes == Fraction(100, 3)
    assert (found.verdict, found.verdict_with_exempt) == ("broken", "kept")


def test_breaches_come_newest_first_and_without_exempt_ones() -> None:
    cases = [
        case(is_kept=False, at=1, subject="a"),
        case(is_kept=False, at=3, subject="b"),
        case(is_kept=True, at=4),
        case(is_kept=None, would_be_kept=False, exemption="cancelled", at=5),
    ]

    assert [one.subject for one in broken_cases(cases)] == ["b", "a"]


def test_customers_that_nothing_happened_to_keep_the_count() -> None:
    outages = {
        n: outage(
            declaration_id=n,
            ticket=f"P-{n}",
            from_at=us(f"2024-0{n}-05T08:00"),
            to_at=us(f"2024-0{n}-05T12:00"),
        )
        for n in (1, 2, 3, 4)
    }
    touched = [
        TouchedCustomer(customer_id=1, customer="A", region="R1", level_kv=Decimal(10),
                        declaration_ids=frozenset({1, 2, 3, 4})),
        TouchedCustomer(customer_id=2, customer="B", region="R1", level_kv=Decimal(10),
                        declaration_ids=frozenset({1, 2, 3})),
        TouchedCustomer(customer_id=3, customer="C", region="R2", level_kv=Decimal(35),
                        declaration_ids=frozenset({4})),
        TouchedCustomer(customer_id=4, customer="D", region="R1", level_kv=Decimal("0.22"),
                        declaration_ids=frozenset({1, 2, 3, 4})),
    ]  # fmt: skip
    year = PlannedYear(
        year_from=us("2024-01-01T00:00"),
        outages=outages,
        touched=touched,
        n_customers={
            ("R1", Decimal(10)): 5,
            ("R2", Decimal(10)): 2,
            ("R2", Decimal(35)): 1,
            ("R1", Decimal("0.22")): 19_000,
        },
    )
    register = Register(year=year, calls=[call("2024-03-01T10:00", response_area="remote")])

    figures = {
        str(one.row.at_most): one.standing
        for one in promise_figures(NORM.promises, register, NOW, SHANGHAI)
        if isinstance(one.row, PlannedCountRow)
    }

    ten = figures["3"]
    assert (ten.together.tally.n_cases, ten.together.tally.counted.n_kept) == (7, 6)
    assert ten.together.verdict == "broken"
    assert [(one.region, one.tally.n_cases, one.verdict) for one in ten.regions] == [
        ("R1", 5, "broken"),
        ("R2", 2, "kept"),
    ]
    assert (figures["1"].together.tally.n_cases, figures["1"].together.verdict) == (1, "kept")
    assert unruled(NORM.promises, NORM.deadlines, register) == [
        Unruled(promise="planned_count", subject="0.22 kV", n_cases=19_000)
    ]


def test_a_restoration_in_an_area_without_a_row_is_listed_once_it_is_a_case() -> None:
    pledge = load_rule_set("sgcc-pledge-2023")
    calls = [
        call("2024-03-01T10:00", "2024-03-01T11:00", response_area="remote"),
        call("2024-03-01T10:00", None, response_area="remote"),  # no crew was there yet
        call("2024-03-01T10:00", "2024-03-01T10:10"),
    ]

    found = unruled(pledge.promises, pledge.deadlines, Register(calls=calls))

    assert found == [Unruled(promise="restoration", subject="remote", n_cases=1)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ('promise = "planned_window"\nreach = "average"\nat_most_minutes = 0', "they have times"),
        ('promise = "planned_window"\nreach = "generality"\nat_most_minutes = 0', "share_min"),
        ('promise = "crew_arrival"\nreach = "each"\narea = "urban"\nexempts_severe_weather = true', "set_by"),
        ('promise = "planned_count"\nreach = "each"\nat_most = 1\nfrom_kv = 35\nup_to_kv = 10', "no level"),
        ('promise = "planned_notice"\nreach = "each"\nlead = 7\nlead_unit = "hours"\ndemands = "public"\n'
         'public_fields = []\ntold_lead = 1', "only there"),
        ('promise = "poem"\nreach = "each"', "promises.0"),
    ],
)  # fmt: skip
def test_a_promise_that_cannot_be_meant_is_refused_by_name(rows: str, said: str) -> None:
    text = f"""
        name = "own"
        title = "own"
        extends = "sgcc-2003"
        effective_from = 2024-01-01
        [[promises]]
        {rows}
        source = "own"
        certainty = "confirm"
        effective_from = 2024-01-01
    """

    with pytest.raises(RuleSetError, match=said):
        parse_rule_set(text)
