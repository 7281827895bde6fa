"""What an outage leaves of readings, interval by interval: four kinds of meters, and clocks that are off."""

import math

import numpy as np
import pytest

from service.simulate.darkness import DarkSpans, MeterColumns, dark_spans, darken
from service.simulate.instants import DAY_MS, day_start_ms
from service.simulate.network_building import build_network
from service.simulate.outages import point_outages
from service.simulate.plan import plan_of
from service.simulate.scenario import draw_scenario

DAY = day_start_ms("2026-03-02")
MINUTE_MS = 60_000
LIVE_V = 200.0
NOTHING = None


def seen(
    span_minutes: tuple[float, float], *, self_powered: bool, is_instant: bool, phase: int = 0
) -> list[tuple[float, ...] | None]:
    """Return what a meter gives of the first four quarters of a day, from 230 V; None is no reading."""
    from_minute, to_minute = span_minutes
    spans = DarkSpans(
        place=np.array([0]),
        from_ms=np.array([DAY + round(from_minute * MINUTE_MS)]),
        to_ms=np.array([DAY + round(to_minute * MINUTE_MS)]),
        phase=np.array([phase]),
    )
    meters = MeterColumns(self_powered=np.array([self_powered]), is_instant=np.array([is_instant]))
    volts = np.full((1, 96, 3), LIVE_V, np.float32)

    has_reading = darken(volts, DAY, spans, meters)

    assert has_reading[0, 4:].all()
    assert (volts[0, 4:] == LIVE_V).all()
    return [
        tuple(volts[0, place].tolist()) if has_reading[0, place] else NOTHING for place in range(4)
    ]


def all_phases(*volts: float | None) -> list[tuple[float, ...] | None]:
    return [NOTHING if one is NOTHING else (one, one, one) for one in volts]


FIVE_MINUTES_V = round(LIVE_V * math.sqrt(5 / 15), 1)
TEN_MINUTES_V = round(LIVE_V * math.sqrt(10 / 15), 1)


@pytest.mark.parametrize(
    ("span", "volts"),
    [
        ((20, 40), (LIVE_V, FIVE_MINUTES_V, FIVE_MINUTES_V, LIVE_V)),
        ((15, 45), (LIVE_V, 0, 0, LIVE_V)),
        ((20, 25), (LIVE_V, TEN_MINUTES_V, LIVE_V, LIVE_V)),
        ((-90, 30), (0, 0, LIVE_V, LIVE_V)),
    ],
)
def test_a_mean_of_a_meter_with_its_own_supply_falls_with_the_root_of_its_share(
    span: tuple[float, float], volts: tuple[float, ...]
) -> None:
    found = seen(span, self_powered=False, is_instant=False)

    for reading, expected in zip(found, volts, strict=True):
        assert reading == pytest.approx((expected,) * 3, abs=0.051)


@pytest.mark.parametrize(
    ("span", "volts"),
    [
        ((20, 40), (LIVE_V, LIVE_V, 0, LIVE_V)),
        ((15, 30), (LIVE_V, 0, LIVE_V, LIVE_V)),  # begins at the instant, ends at the next
        ((16, 29), (LIVE_V, LIVE_V, LIVE_V, LIVE_V)),  # between two instants: nobody saw it
    ],
)
def test_an_instant_is_the_voltage_or_nothing(
    span: tuple[float, float], volts: tuple[float, ...]
) -> None:
    silent = tuple(one or NOTHING for one in volts)

    assert seen(span, self_powered=False, is_instant=True) == all_phases(*volts)
    assert seen(span, self_powered=True, is_instant=True) == all_phases(*silent)


@pytest.mark.parametrize(
    ("span", "volts"),
    [
        ((20, 40), (LIVE_V, NOTHING, NOTHING, LIVE_V)),  # dark at the end; dark for ten minutes
        ((20, 35), (LIVE_V, NOTHING, LIVE_V, LIVE_V)),  # back after five minutes
        ((29, 31), (LIVE_V, NOTHING, LIVE_V, LIVE_V)),
        ((15, 45), (LIVE_V, NOTHING, NOTHING, LIVE_V)),
        ((20, 25), (LIVE_V, LIVE_V, LIVE_V, LIVE_V)),  # it lived at the end, and most of the time
        ((20, 28), (LIVE_V, NOTHING, LIVE_V, LIVE_V)),  # dark for more than half
    ],
)
def test_a_meter_that_lives_on_its_circuit_gives_what_it_saw_while_it_lived(
    span: tuple[float, float], volts: tuple[float | None, ...]
) -> None:
    assert seen(span, self_powered=True, is_instant=False) == all_phases(*volts)


@pytest.mark.parametrize("self_powered", [False, True])
def test_a_lost_phase_leaves_the_others(self_powered: bool) -> None:
    found = seen((15, 30), self_powered=self_powered, is_instant=False, phase=2)

    assert found[1] == (LIVE_V, 0, LIVE_V)


def test_outages_are_seen_on_the_meters_own_clock() -> None:
    plan = plan_of({"meters": 400, "feeders": 4, "days": 3}, ["grid.clock_offset_share=1"])
    network = build_network(plan)
    scenario = draw_scenario(plan, network)
    offset_ms = network.points.clock_offset_ms
    true = {
        (point, start + offset, end + offset)
        for rows in [point_outages(scenario.outages)]
        for point, start, end, offset in zip(
            rows.point.tolist(),
            rows.start_ms.tolist(),
            rows.end_ms.tolist(),
            offset_ms[rows.point].tolist(),
            strict=True,
        )
    }

    found = set()
    for feeder in network.feeders:
        spans = dark_spans(network, feeder, scenario.outages)
        places = (spans.place + feeder.first_point).tolist()
        found |= {
            span[:3]
            for span in zip(
                places,
                spans.from_ms.tolist(),
                spans.to_ms.tolist(),
                spans.phase.tolist(),
                strict=True,
            )
            if not span[3]
        }

    assert found == true
    assert np.abs(offset_ms[offset_ms != 0]).min() >= 20_000
    assert np.abs(offset_ms).max() <= 240_000
    assert (offset_ms > 0).any()
    assert (offset_ms < 0).any()
    assert scenario.to_ms - scenario.from_ms == 3 * DAY_MS
