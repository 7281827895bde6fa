"""Power factor: at peak load, by customer and month; never residential, never when unknown."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.power_factor import (
    ExemptPoint,
    HourlyEnergy,
    PeakFactor,
    PeakMonth,
    exemptions,
    peak_factor,
)
from service.domain.registry import Customer, Exemption
from service.domain.rules import load_rule_set

SHANGHAI = ZoneInfo("Asia/Shanghai")
RULE = load_rule_set("sgcc-2003").power_factor
assert RULE is not None
MARCH = PeakMonth(month=date(2024, 3, 1), zone=SHANGHAI, rule=RULE)
N_PEAK_HOURS = 31 * 6
FACTORY = Customer(
    customer_id=1,
    customer="C1",
    points=("P1",),
    voltage_level_mv=10_000_000,
    residential=False,
    important=False,
    user_class="MV",
    required_power_factor=Decimal("0.900"),
    target_area="urban",
    response_area="urban",
    valid_from=datetime(2020, 1, 1, tzinfo=UTC),
)
POINT_IDS = {"P1": 11, "P2": 12}


def energy(
    active_w: int, reactive_var: int, hours: np.ndarray | None = None, known_s: int = 3600
) -> HourlyEnergy:
    """Return the same power in every hour, the peak hours of March if no others are named."""
    chosen = MARCH.hours() if hours is None else hours
    return HourlyEnergy(
        hour=chosen.astype(np.int32),
        active_ws=np.full(chosen.size, active_w * known_s, np.int64),
        reactive_vars=np.full(chosen.size, reactive_var * known_s, np.int64),
        power_s=np.full(chosen.size, known_s, np.int32),
    )


def factor_of(customer: Customer, *energies: HourlyEnergy) -> PeakFactor:
    factor = peak_factor(customer, energies, MARCH)
    assert factor is not None
    return factor


def exempt_points(customers: list[Customer], energy_of: Mapping[str, HourlyEnergy]) -> list[int]:
    return [one.point_id for one in exemptions(customers, energy_of, POINT_IDS, MARCH)]


# --------------------------------------------------------------------------------- the peak hours


def test_peak_hours_are_those_of_the_windows_on_local_clocks() -> None:
    hours = MARCH.hours()

    local = [datetime.fromtimestamp(int(h) * 3600, UTC).astimezone(SHANGHAI) for h in hours]
    assert len(local) == N_PEAK_HOURS
    assert {at.hour for at in local} == {8, 9, 10, 18, 19, 20}
    assert {at.month for at in local} == {3}
    assert {at.day for at in local} == set(range(1, 32))


def test_in_a_half_hour_zone_the_midpoint_of_an_hour_decides() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    hours = replace(MARCH, zone=kolkata).hours()

    local = {datetime.fromtimestamp(int(h) * 3600, UTC).astimezone(kolkata) for h in hours}
    assert {(at.hour, at.minute) for at in local} == {(h, 30) for h in (7, 8, 9, 17, 18, 19)}
    assert len(hours) == N_PEAK_HOURS


def test_energy_outside_peak_hours_does_not_count() -> None:
    off_peak = np.setdiff1d(np.arange(MARCH.hours()[0], MARCH.hours()[-1]), MARCH.hours())
    good_at_peak = energy(1000, 100)
    bad_elsewhere = energy(1000, 9000, off_peak)
    both = HourlyEnergy(
        hour=np.concatenate([good_at_peak.hour, bad_elsewhere.hour]),
        active_ws=np.concatenate([good_at_peak.active_ws, bad_elsewhere.active_ws]),
        reactive_vars=np.concatenate([good_at_peak.reactive_vars, bad_elsewhere.reactive_vars]),
        power_s=np.concatenate([good_at_peak.power_s, bad_elsewhere.power_s]),
    )

    assert factor_of(FACTORY, both) == factor_of(FACTORY, good_at_peak)
    assert not factor_of(FACTORY, energy(1000, 9000, off_peak)).is_known


# ----------------------------------------------------------------------------------- the factor


@pytest.mark.parametrize(
    ("active_w", "reactive_var", "shown", "is_below"),
    [
        (800, 600, "0.8000", True),
        (1000, 0, "1.0000", False),
        (0, 1000, "0.0000", True),
        (9_000, 4_358, "0.9000", False),  # 0.90004...
        (90_000, 43_589, "0.8999", True),  # 0.8999998..., never shown as 0.9000
        (-800, -600, "0.8000", True),  # either direction
    ],
)
def test_the_factor_is_judged_exactly_and_shown_rounded_down(
    active_w: int, reactive_var: int, shown: str, is_below: bool
) -> None:
    factor = factor_of(FACTORY, energy(active_w, reactive_var))

    assert factor.power_factor == Decimal(shown)
    assert factor.is_below == is_below


def test_the_requirement_itself_is_enough() -> None:
    exactly = replace(FACTORY, required_power_factor=Decimal("0.8"))

    assert not factor_of(exactly, energy(800, 600)).is_below
    assert factor_of(exactly, energy(800_000, 600_001)).is_below


def test_directions_do_not_cancel_each_other() -> None:
    hours = MARCH.hours()
    swinging = energy(1000, 0)
    swinging.reactive_vars[:] = np.where(np.arange(hours.size) % 2, 1, -1) * 1000 * 3600

    factor = factor_of(FACTORY, swinging)

    assert factor.power_factor == Decimal("0.7071")


@pytest.mark.parametrize(
    ("share", "is_known"),
    [(1.0, True), (0.90, True), (0.89, False), (0.0, False)],
)
def test_a_factor_of_which_too_little_is_known_is_unknown(share: float, is_known: bool) -> None:
    factor = factor_of(FACTORY, energy(100, 1000, known_s=round(3600 * share)))

    assert factor.is_known == is_known
    assert factor.is_below == is_known
    assert (factor.power_factor is None) == (not is_known)
    assert factor.expected_s == N_PEAK_HOURS * 3600


def test_no_energy_at_all_is_no_factor() -> None:
    assert not factor_of(FACTORY, energy(0, 0)).is_known


def test_the_factor_is_the_customers_over_all_its_points() -> None:
    two_points = replace(FACTORY, points=("P1", "P2"))

    assert factor_of(two_points, energy(1000, 0), energy(0, 1000)).power_factor == Decimal("0.7071")
    assert not factor_of(two_points, energy(0, 1000), energy(0, 0, known_s=0)).is_known


def test_only_hours_in_the_customers_validity_count() -> None:
    hours = MARCH.hours()
    moved_in = replace(FACTORY, valid_from=datetime.fromtimestamp(int(hours[90]) * 3600, UTC))
    moved_out = replace(FACTORY, valid_to=datetime.fromtimestamp(int(hours[90]) * 3600, UTC))
    changing = energy(1000, 0)
    changing.reactive_vars[:90] = 3600 * 5000

    assert factor_of(moved_in, changing).power_factor == 1
    assert factor_of(moved_in, changing).expected_s == (N_PEAK_HOURS - 90) * 3600
    assert factor_of(moved_out, changing).expected_s == 90 * 3600
    assert factor_of(moved_out, changing).is_below


@given(active=st.integers(0, 10**9), reactive=st.integers(0, 10**9), required=st.integers(0, 1000))
def test_below_is_what_exact_arithmetic_says(active: int, reactive: int, required: int) -> None:
    factor = PeakFactor(
        customer="C1",
        month=date(2024, 3, 1),
        required=Decimal(required) / 1000,
        active_ws=active,
        reactive_vars=reactive,
        known_s=1,
        expected_s=1,
        is_known=active + reactive > 0,
    )

    assert factor.is_below == (
        active + reactive > 0 and 10**6 * active**2 < required**2 * (active**2 + reactive**2)
    )
    if factor.power_factor is not None:
        assert 0 <= factor.power_factor <= 1
        assert not factor.is_below or factor.power_factor <= factor.required


# -------------------------------------------------------------------------------- the exemptions


def test_a_customer_below_its_requirement_is_exempt_for_the_month() -> None:
    (exempt,) = exemptions([FACTORY], {"P1": energy(800, 600)}, POINT_IDS, MARCH)

    assert exempt == ExemptPoint(
        point_id=11,
        month=date(2024, 3, 1),
        power_factor=Decimal("0.8000"),
        required=Decimal("0.900"),
    )
    assert exempt.interval(SHANGHAI) == Exemption(
        point_id=11,
        from_at=datetime(2024, 2, 29, 16, tzinfo=UTC),
        to_at=datetime(2024, 3, 31, 16, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "customer",
    [
        replace(FACTORY, residential=True),
        replace(FACTORY, required_power_factor=None),
        replace(FACTORY, valid_to=datetime(2024, 2, 29, 16, tzinfo=UTC)),
        replace(FACTORY, valid_from=datetime(2024, 3, 31, 16, tzinfo=UTC)),
    ],
)
def test_who_is_never_exempt(customer: Customer) -> None:
    assert exempt_points([customer], {"P1": energy(100, 1000)}) == []
    assert exempt_points([FACTORY], {"P1": energy(100, 1000)}) == [11]


def test_an_unknown_factor_exempts_nobody() -> None:
    assert exempt_points([FACTORY], {}) == []
    assert exempt_points([FACTORY], {"P1": energy(100, 1000, known_s=1800)}) == []


def test_a_shared_point_is_exempt_only_if_all_of_its_customers_are() -> None:
    bad = {"P1": energy(100, 1000)}
    household = replace(FACTORY, customer="C2", residential=True, required_power_factor=None)
    lenient = replace(FACTORY, customer="C3", required_power_factor=Decimal("0.05"))
    strict = replace(FACTORY, customer="C4", required_power_factor=Decimal("0.950"))

    assert exempt_points([FACTORY, household], bad) == []
    assert exempt_points([FACTORY, lenient], bad) == []
    assert exempt_points([strict, FACTORY], bad) == [11]
    (exempt,) = exemptions([strict, FACTORY], bad, POINT_IDS, MARCH)
    assert exempt.required == Decimal("0.900")  # of the one nearest to its requirement


def test_a_household_that_moved_out_before_the_month_no_longer_protects_a_point() -> None:
    gone = replace(FACTORY, residential=True, valid_to=datetime(2024, 2, 1, tzinfo=UTC))

    assert exempt_points([gone, FACTORY], {"P1": energy(100, 1000)}) == [11]
