"""An account adds up whatever is entered, and a target takes from it what it is about."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.domain.budget import Exposure, YearService
from service.domain.budget_accounts import Account, target_budget
from service.domain.target_rows import TargetRow

Entry = tuple[str, str, int, int]  # population, area, bad and known minutes

ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(["residential_points", "all_points"]),
        st.sampled_from(["urban", "rural", "none"]),
        st.integers(0, 50),
        st.integers(50, 100),
    ),
    max_size=10,
)


def target(area: str, **given: Any) -> TargetRow:
    usual: dict[str, Any] = {
        "figure": "pass_rate",
        "area": area,
        "population": "residential_points",
        "reach": "each",
        "at_least": Decimal("0.95"),
        "source": "a test",
        "certainty": "confirmed",
        "effective_from": date(2003, 11, 1),
    }
    return TargetRow(**{**usual, **given})


def account_of(entries: list[Entry]) -> Account:
    made = Account()
    for population, area, bad, known in entries:
        members: Any = (population, area)
        exposure = Exposure(bad_minutes=Fraction(bad), known_minutes=Fraction(known))
        made.enter(None, members, exposure)
        made.enter("6h", members, exposure)
        made.enter_service(members, YearService(n_members=1, elapsed_minutes=Fraction(known)))
    return made


@given(
    ENTRIES.flatmap(lambda entries: st.tuples(st.just(entries), st.permutations(entries))),
    st.sampled_from(["urban", "rural", "any"]),
)
def test_a_target_is_about_its_population_and_area(
    orders: tuple[list[Entry], list[Entry]], area: str
) -> None:
    entries, other_order = orders
    about = [one for one in entries if one[0] == "residential_points" and area in {"any", one[1]}]
    n_bad, n_known = sum(one[2] for one in about), sum(one[3] for one in about)

    found = target_budget(target(area), account_of(entries))

    assert found == target_budget(target(area), account_of(other_order))
    assert found is not None
    assert found.service.n_members == len(about)
    assert found.budget.used_minutes == n_bad
    assert found.budget.allowed_minutes == Fraction(n_known, 20)
    rate = Fraction(n_bad * 20, n_known) if about else None
    assert (found.budget.burn_rates["6h"], found.budget.burn_rates["1h"]) == (rate, None)


def test_a_target_without_a_number_or_without_minutes_has_no_budget() -> None:
    account = account_of([("residential_points", "urban", 1, 50)])

    assert target_budget(target("urban", at_least=None, set_by="the province"), account) is None
    share = target("urban", figure="compliant_share", population="all_points", reach="generality")
    assert target_budget(share, account) is None
