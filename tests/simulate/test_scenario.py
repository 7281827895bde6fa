"""What happens: every kind of outage, one after the other on a feeder, nested and stepwise ones among them."""

from collections import Counter, defaultdict
from datetime import timedelta

import numpy as np
import pytest

from service.simulate.network import Network
from service.simulate.network_building import build_network
from service.simulate.outage_kinds import RULES
from service.simulate.outages import point_outages
from service.simulate.plan import SimulationPlan, plan_of
from service.simulate.scenario import Scenario, draw_scenario
from tests.simulate.district import SMALL

HOUR_MS = 3_600_000
DEFAULT = SimulationPlan()


def drawn(plan: SimulationPlan) -> tuple[Network, Scenario]:
    network = build_network(plan)
    return network, draw_scenario(plan, network)


@pytest.fixture(scope="module")
def default() -> tuple[Network, Scenario]:
    return drawn(DEFAULT)


def test_a_district_has_as_many_meters_and_feeders_as_asked() -> None:
    for meters, feeders in ((50, 2), (400, 4), (1237, 7), (20_000, 60)):
        network = build_network(plan_of({"meters": meters, "feeders": feeders}, []))

        assert network.points.n_points == meters
        assert len(network.feeders) == feeders
        assert network.feeders[-1].stop_point == meters
        assert len(set(network.points.code)) == len(set(network.points.device)) == meters


def test_the_default_district_is_one(default: tuple[Network, Scenario]) -> None:
    network, _ = default
    sizes = np.array([one.stop_point - one.first_point for one in network.units if one.is_public])

    assert 60 <= np.percentile(sizes, 5) < np.percentile(sizes, 95) <= 110
    assert len({feeder.region for feeder in network.feeders}) >= 4
    of_sender = Counter(
        sum(
            one.is_public and sender.first_point <= one.first_point < sender.stop_point
            for one in network.units[
                network.feeders[sender.feeder].first_unit : network.feeders[sender.feeder].stop_unit
            ]
        )
        for sender in network.concentrators
        if sender.home_unit >= 0
    )
    assert set(of_sender) == {1, 2, 3}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("given", [SMALL, {}])
def test_every_kind_of_outage_happens(seed: int, given: dict[str, object]) -> None:
    _, scenario = drawn(plan_of({**given, "seed": seed}, []))
    kinds = Counter(outage.kind for outage in scenario.outages)

    assert set(kinds) == {rule.kind for rule in RULES}
    assert scenario.n_left_out == 0
    assert any(not outage.leaves_evidence for outage in scenario.outages)
    assert len(scenario.false_gasps) == 10


def test_a_rate_of_zero_is_never(default: tuple[Network, Scenario]) -> None:
    names = [f"faults.{rule}" for rule in ("feeder_faults", "reclosed", "customer_faults")]
    _, scenario = drawn(plan_of({}, [f"{name}=0" for name in names]))

    kinds = {outage.kind for outage in scenario.outages}

    assert kinds.isdisjoint({"feeder_fault", "reclosed", "customer_fault"})
    assert "maintenance" in kinds


def test_outages_of_a_point_never_meet_and_end_within_the_period(
    default: tuple[Network, Scenario],
) -> None:
    _, scenario = default
    rows = point_outages(scenario.outages)
    order = np.lexsort((rows.start_ms, rows.point))
    point, start, end = rows.point[order], rows.start_ms[order], rows.end_ms[order]
    same = point[1:] == point[:-1]

    assert (end > start).all()
    assert (start[1:][same] - end[:-1][same] >= HOUR_MS).all()
    assert start.min() >= scenario.from_ms + HOUR_MS
    assert end.max() <= scenario.to_ms - 2 * HOUR_MS


def test_what_stays_dark_is_nested_in_an_outage_that_is_over(
    default: tuple[Network, Scenario],
) -> None:
    _, scenario = default
    nested = [outage for outage in scenario.outages if outage.extent.is_nested.any()]

    assert len(nested) > 10
    for outage in nested:
        extent = outage.extent
        later = extent.point_after_ms[extent.is_nested]
        others = extent.point_after_ms[~extent.is_nested]
        assert later.min() > extent.main_after_ms
        assert others.max() <= extent.main_after_ms


def test_supply_comes_back_in_steps(default: tuple[Network, Scenario]) -> None:
    _, scenario = default
    stepwise = [outage.extent for outage in scenario.outages if outage.extent.n_steps > 1]

    assert len(stepwise) > 10
    for extent in stepwise:
        times = set(extent.unit_after_ms.tolist()) - {
            after for after in extent.unit_after_ms.tolist() if after > extent.main_after_ms
        }
        assert 1 <= len(times) <= extent.n_steps <= 3


def test_reclosures_are_momentary_and_short_faults_short(
    default: tuple[Network, Scenario],
) -> None:
    _, scenario = default
    lengths: defaultdict[str, list[int]] = defaultdict(list)
    for outage in scenario.outages:
        lengths[outage.kind].append(outage.extent.last_after_ms)

    assert max(lengths["reclosed"]) < 60_000
    assert 60_000 < min(lengths["short_fault"]) <= max(lengths["short_fault"]) < 180_000
    for kind in set(lengths) - {"reclosed", "short_fault"}:
        assert min(lengths[kind]) >= 300_000 or kind == "feeder_fault"


def test_the_long_loss_of_communication_is_no_outage(default: tuple[Network, Scenario]) -> None:
    _, scenario = default
    (loss,) = [loss for loss in scenario.losses if loss.level == "feeder"]
    rows = point_outages(scenario.outages)
    inside = (rows.point >= loss.first_point) & (rows.point < loss.stop_point)
    meets = inside & (rows.start_ms < loss.to_ms) & (rows.end_ms > loss.from_ms)

    assert loss.to_ms - loss.from_ms == timedelta(hours=6) // timedelta(milliseconds=1)
    assert not meets.any()
    assert loss.stop_point - loss.first_point > 100
