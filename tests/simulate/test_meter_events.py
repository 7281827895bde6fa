"""What meters say of outages: losses, delays, hold-off and missing partners are those of the plan."""

import json
from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from service.simulate.meter_events import EVENTS, NO_TIME, MeterEvents, draw_events
from service.simulate.network import Network, Role
from service.simulate.network_building import build_network
from service.simulate.outages import PointOutages, point_outages
from service.simulate.plan import SimulationPlan, plan_of
from service.simulate.scenario import Scenario, draw_scenario
from tests.simulate.district import District, ms

SECOND_MS = 1000
DAY_S = 86_400


class Told:
    """The events of a large district, beside what they tell of; no readings are made."""

    def __init__(self, *settings: str, seed: int = 3) -> None:
        self.plan: SimulationPlan = plan_of({"meters": 6000, "feeders": 20, "seed": seed}, settings)
        self.network: Network = build_network(self.plan)
        self.scenario: Scenario = draw_scenario(self.plan, self.network)
        self.rows: PointOutages = point_outages(self.scenario.outages)
        self.events: MeterEvents = draw_events(self.plan, self.network, self.scenario)

    def of(self, event: str) -> NDArray[np.int64]:
        """Return the places of events that tell of an outage."""
        is_kind = self.events.event == EVENTS.index(event)
        return np.flatnonzero(is_kind & (self.events.row != NO_TIME))

    def true_at(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when events were by true time, within a second."""
        offset = self.network.points.clock_offset_ms[self.events.point[chosen]]
        return self.events.at_ms[chosen] - offset

    @property
    def leaves_evidence(self) -> NDArray[np.bool_]:
        leaves = np.array([outage.leaves_evidence for outage in self.scenario.outages])
        found: NDArray[np.bool_] = leaves[self.rows.outage]
        return found

    @property
    def lengths_ms(self) -> NDArray[np.int64]:
        return self.rows.end_ms - self.rows.start_ms


@pytest.fixture(scope="module")
def told() -> Told:
    return Told("delivery.long_losses=0", "delivery.short_losses=0")


def within_luck(n: int, of_n: int, share: float) -> bool:
    """Return whether a count is within five standard deviations of what is expected."""
    return bool(abs(n - share * of_n) <= 5 * np.sqrt(of_n * share * (1 - share)) + 1)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.9, 1.0])
def test_as_many_last_gasps_are_lost_as_planned(share: float) -> None:
    told = Told(f"events.last_gasp_lost_share={share}", "events.hold_off_max_s=45")
    can = told.network.points.gasps[told.rows.point] & told.leaves_evidence
    due = np.flatnonzero(can & (told.lengths_ms > 45 * SECOND_MS))

    heard = np.isin(due, told.events.row[told.of("last_gasp")]).sum()

    assert due.size > 4000
    assert within_luck(int(heard), due.size, 1 - share)


def test_a_last_gasp_waits_for_its_hold_off_and_comes_up_to_three_times(told: Told) -> None:
    gasps = told.of("last_gasp")
    row = told.events.row[gasps]

    waited_ms = told.true_at(gasps) - told.rows.start_ms[row]
    copies = Counter(Counter(row.tolist()).values())

    assert waited_ms.min() > 29 * SECOND_MS
    assert waited_ms.max() <= 45 * SECOND_MS
    assert set(copies) == {1, 2, 3}
    assert all(within_luck(n, sum(copies.values()), 1 / 3) for n in copies.values())
    assert (told.lengths_ms[row] > 30 * SECOND_MS).all()


def test_some_events_are_delayed_up_to_two_days_and_so_out_of_order(told: Told) -> None:
    gasps = told.of("last_gasp")
    late_s = (told.events.arrives_ms[gasps] - told.true_at(gasps)) / SECOND_MS

    delayed = int((late_s > 600).sum())
    latest: dict[int, int] = {}
    n_out_of_order = 0
    for point, at_ms in zip(told.events.point.tolist(), told.events.at_ms.tolist(), strict=True):
        n_out_of_order += at_ms < latest.get(point, 0)
        latest[point] = max(at_ms, latest.get(point, 0))

    assert within_luck(delayed, gasps.size, 0.05 * (1 - 600 / (2 * DAY_S)))
    assert DAY_S < late_s.max() < 2 * DAY_S + 200
    assert late_s.min() >= 0
    assert n_out_of_order > 100
    assert (np.diff(told.events.arrives_ms) >= 0).all()


def test_some_partners_are_missing_but_never_those_of_a_feeders_head(told: Told) -> None:
    is_head = told.network.points.role[told.rows.point] == Role.HEAD
    watches = ~told.network.points.self_powered[told.rows.point] & told.leaves_evidence
    watches &= told.network.points.role[told.rows.point] != Role.RESERVE
    for event, true_ms in (("power_off", told.rows.start_ms), ("power_on", told.rows.end_ms)):
        chosen = told.of(event)
        row = told.events.row[chosen]
        due = np.flatnonzero(watches & ~is_head)

        assert within_luck(int(np.isin(due, row).sum()), due.size, 0.85)
        assert np.isin(np.flatnonzero(is_head), row).all()
        assert np.array_equal(told.true_at(chosen), true_ms[row] // SECOND_MS * SECOND_MS)


def test_a_meter_tells_that_supply_is_back_when_it_has_booted(told: Told) -> None:
    chosen = told.of("restored")
    boot_ms = told.true_at(chosen) - told.rows.end_ms[told.events.row[chosen]]

    assert chosen.size > 1000
    assert boot_ms.min() > 4 * SECOND_MS
    assert boot_ms.max() <= 60 * SECOND_MS


def test_the_power_failure_log_of_every_outage_arrives_in_the_end(told: Told) -> None:
    logs = told.of("power_failure_log")
    row = told.events.row[logs]
    role = told.network.points.role[told.rows.point]
    has_log = ~np.isin(role, (Role.HEAD, Role.RESERVE))
    due = told.leaves_evidence & has_log & (told.lengths_ms >= 60 * SECOND_MS)

    offset_ms = told.network.points.clock_offset_ms[told.events.point[logs]]

    assert set(row.tolist()) == set(np.flatnonzero(due).tolist())
    assert row.size > due.sum()  # some come twice
    assert np.array_equal(told.true_at(logs), told.rows.start_ms[row] // SECOND_MS * SECOND_MS)
    until_ms = told.events.until_ms[logs] - offset_ms
    assert np.array_equal(until_ms, told.rows.end_ms[row] // SECOND_MS * SECOND_MS)
    assert (told.events.arrives_ms[logs] > told.rows.end_ms[row]).all()


def test_an_outage_without_evidence_has_none(told: Told) -> None:
    silent = np.flatnonzero(~told.leaves_evidence)

    assert silent.size > 0
    assert not np.isin(told.events.row, silent).any()
    assert told.network.points.self_powered[told.rows.point[silent]].all()


def test_a_false_gasp_is_of_a_meter_that_has_supply(told: Told) -> None:
    false = np.flatnonzero(told.events.row == NO_TIME)

    assert false.size == 10
    for place in false.tolist():
        mine = told.rows.point == told.events.point[place]
        at_ms = told.events.at_ms[place]
        assert not (mine & (told.rows.start_ms <= at_ms) & (at_ms < told.rows.end_ms)).any()


def test_no_event_arrives_through_a_lost_communication() -> None:
    told = Told("delivery.short_losses=20", "delivery.short_loss_max_s=40000")
    held = 0
    for loss in told.scenario.losses:
        mine = (told.events.point >= loss.first_point) & (told.events.point < loss.stop_point)
        arrives_ms = told.events.arrives_ms[mine]
        held += int(((arrives_ms > loss.to_ms) & (arrives_ms < loss.to_ms + 1_200_000)).sum())
    # Of losses that overlap, the later one holds again what the earlier one let go.
    for loss in told.scenario.losses:
        mine = (told.events.point >= loss.first_point) & (told.events.point < loss.stop_point)
        during = (told.events.arrives_ms >= loss.from_ms) & (told.events.arrives_ms < loss.to_ms)
        assert not (mine & during).any()
    assert held > 100


def test_the_file_says_what_was_drawn(district: District) -> None:
    lines = (district.out / "meter_events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]

    assert len(events) == district.made.n_events
    assert {event["event"] for event in events} == set(EVENTS)
    arrivals = [ms(event["arrives_at"]) for event in events]
    assert arrivals == sorted(arrivals)
    for event in events:
        assert event["device"] in district.registered
        assert ("until" in event) == (event["event"] == "power_failure_log")
        assert list(event) == [
            *("device", "event", "at"),
            *(["until"] if "until" in event else []),
            "arrives_at",
        ]
