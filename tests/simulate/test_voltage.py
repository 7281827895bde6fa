"""The voltage is one that a district may have: in band mostly, low in the evening at the ends of lines."""

import numpy as np
import pytest

from service.simulate.instants import DAY_MS, day_start_ms
from service.simulate.network import Network
from service.simulate.network_building import build_network
from service.simulate.plan import SimulationPlan, plan_of
from service.simulate.scenario import AbnormalState
from service.simulate.voltage import FeederVoltage

PLAN = plan_of({"meters": 3000, "feeders": 12, "seed": 5}, [])
FIRST_MS = day_start_ms("2026-03-02")
LOWEST, HIGHEST = 198.0, 235.4


@pytest.fixture(scope="module")
def network() -> Network:
    return build_network(PLAN)


def single_phase(network: Network, plan: SimulationPlan = PLAN) -> tuple[np.ndarray, np.ndarray]:
    """Return a day of all single-phase meters, ``(n, 96)``, and their places along the line."""
    days, along = [], []
    for feeder in network.feeders:
        span = slice(feeder.first_point, feeder.stop_point)
        chosen = network.points.phase[span] > 0
        day = FeederVoltage(plan, network, feeder, ()).day(FIRST_MS)
        days.append(day.volts[chosen, :, 0])
        along.append(network.points.along_line[span][chosen])
    return np.concatenate(days), np.concatenate(along)


def test_most_is_in_band_and_some_is_not(network: Network) -> None:
    volts, _ = single_phase(network)
    outside = (volts < LOWEST) | (volts > HIGHEST)

    assert 0.001 < outside.mean() < 0.08
    assert volts.min() >= 165
    assert volts.max() < 250
    assert np.array_equal(volts, volts.round(1))


def test_it_is_low_in_the_evening_at_the_ends_of_lines(network: Network) -> None:
    volts, along = single_phase(network)
    night, evening = slice(8, 20), slice(74, 84)  # 2 to 5, 18:30 to 21 o'clock
    ends, starts = along > 0.8, along < 0.2

    drop_v = volts[:, night].mean(axis=1) - volts[:, evening].mean(axis=1)

    assert drop_v[ends].mean() > drop_v[starts].mean() + 3
    assert (volts[:, evening] < LOWEST).mean() > 5 * (volts[:, night] < LOWEST).mean()


def test_the_next_day_is_another_and_the_same_day_the_same(network: Network) -> None:
    voltage = FeederVoltage(PLAN, network, network.feeders[0], ())
    first, second = voltage.day(FIRST_MS), voltage.day(FIRST_MS + DAY_MS)
    again = FeederVoltage(PLAN, network, network.feeders[0], ()).day(FIRST_MS)

    assert np.array_equal(first.volts, again.volts)
    assert not np.array_equal(first.volts, second.volts)


def test_an_abnormal_state_lowers_its_feeder_while_it_lasts(network: Network) -> None:
    feeder = network.feeders[0]
    state = AbnormalState(
        feeder=0, from_ms=FIRST_MS + DAY_MS // 2, to_ms=FIRST_MS + 2 * DAY_MS, depth=0.05
    )

    usual = FeederVoltage(PLAN, network, feeder, ()).day(FIRST_MS).volts
    lowered = FeederVoltage(PLAN, network, feeder, (state,)).day(FIRST_MS).volts

    low_voltage = network.points.phase[feeder.first_point : feeder.stop_point] > 0
    assert np.array_equal(lowered[:, :48], usual[:, :48])
    fall = usual[low_voltage, 48:, 0] - lowered[low_voltage, 48:, 0]
    assert fall.min() == pytest.approx(11, abs=0.11)
    assert fall.max() == pytest.approx(11, abs=0.11)


def test_medium_voltage_is_read_behind_a_transformer(network: Network) -> None:
    for feeder in network.feeders:
        if feeder.has_head:
            day = FeederVoltage(PLAN, network, feeder, ()).day(FIRST_MS)
            assert 95 < day.volts[0].min() <= day.volts[0].max() < 107
            assert (day.p_kw[0] > 0).all()
            assert (day.q_kvar[0] < day.p_kw[0]).all()
