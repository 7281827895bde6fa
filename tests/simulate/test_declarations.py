"""What operators declare against what happened: notices kept and broken, times to the minute, two persons."""

from collections import Counter
from dataclasses import dataclass

import pytest

from service.simulate.calls import Call, draw_calls
from service.simulate.declarations import FIELDS, Declaration, draw_declarations
from service.simulate.network_building import build_network
from service.simulate.outages import Outage
from service.simulate.plan import plan_of
from service.simulate.scenario import draw_scenario
from tests.simulate.district import District

MINUTE_MS = 60_000
DUE_MS = {"planned": 7 * 86_400_000, "temporary": 86_400_000}


@dataclass(frozen=True, slots=True)
class Told:
    """A large district's declarations and calls; no readings are made."""

    outages: dict[str, Outage]
    declarations: tuple[Declaration, ...]
    calls: tuple[Call, ...]
    important: frozenset[str]


@pytest.fixture(scope="module")
def told() -> Told:
    plan = plan_of({}, ["operation.temporary=1", "operation.emergency=0.5"])
    network = build_network(plan)
    scenario = draw_scenario(plan, network)
    points = network.points
    return Told(
        outages={outage.code: outage for outage in scenario.outages},
        declarations=draw_declarations(plan, network, scenario),
        calls=draw_calls(plan, network, scenario),
        important=frozenset(
            points.customer[point] for point in points.important.nonzero()[0].tolist()
        ),
    )


def noticed(told: Told, notice: str) -> list[Declaration]:
    found = [one for one in told.declarations if one.notice == notice]
    assert found, notice
    return found


def before_ms(one: Declaration) -> int:
    """Return how long before the announced start the public notice was given."""
    assert one.notice_at_ms is not None
    assert one.window_from_ms is not None
    return one.window_from_ms - one.notice_at_ms


def test_a_kept_notice_is_in_time_and_whole(told: Told) -> None:
    kept = noticed(told, "kept")
    margins = [before_ms(one) - DUE_MS[one.kind] for one in kept]

    assert all(one.notice_fields == FIELDS for one in kept)
    assert min(margins) == 0  # exactly at the limit
    assert max(margins) > 0
    assert all(
        one.important_told_at_ms == one.notice_at_ms for one in kept if one.important_customers
    )


def test_each_broken_notice_is_broken_in_one_way(told: Told) -> None:
    assert all(one.notice_at_ms is None and not one.notice_fields for one in noticed(told, "none"))
    assert all(0 < before_ms(one) < DUE_MS[one.kind] for one in noticed(told, "late"))
    for one in noticed(told, "field_missing"):
        assert len(one.notice_fields) == 3
        assert before_ms(one) >= DUE_MS[one.kind]
    for one in noticed(told, "important_not_told"):
        assert one.important_told_at_ms is None
        assert before_ms(one) >= DUE_MS[one.kind]


def test_important_customers_are_those_of_the_outage(told: Told) -> None:
    named = {account for one in told.declarations for account in one.important_customers}

    assert named
    assert named <= told.important


def test_recorded_times_are_those_of_the_outage_to_some_minutes(told: Told) -> None:
    for one in told.declarations:
        if not one.outage:
            continue
        outage = told.outages[one.outage]
        assert one.off_ms is not None
        assert one.on_ms is not None
        assert one.off_ms % MINUTE_MS == one.on_ms % MINUTE_MS == 0
        assert abs(one.off_ms - outage.start_ms) <= 3 * MINUTE_MS
        assert abs(one.on_ms - outage.end_ms) <= 4 * MINUTE_MS
        assert one.codes == outage.extent.codes


def test_some_windows_are_overrun_and_most_are_kept(told: Told) -> None:
    planned = [one for one in told.declarations if one.window_to_ms and one.on_ms]
    overrun = sum((one.on_ms or 0) > (one.window_to_ms or 0) for one in planned)

    assert len(planned) > 80
    assert 0.05 < overrun / len(planned) < 0.3


def test_what_was_cancelled_never_took_place(told: Told) -> None:
    cancelled = [one for one in told.declarations if one.cancelled_at_ms is not None]

    assert cancelled
    for one in cancelled:
        assert (one.outage, one.off_ms, one.on_ms) == ("", None, None)
        assert (one.cancelled_at_ms or 0) < (one.window_from_ms or 0)


def test_two_persons_stand_behind_each_declaration(told: Told) -> None:
    assert all(one.author != one.approver for one in told.declarations)
    tickets = [one.ticket for one in told.declarations]
    assert len(set(tickets)) == len(tickets)


def test_all_that_the_indices_set_apart_is_declared(told: Told) -> None:
    declared = {one.outage for one in told.declarations}
    for outage in told.outages.values():
        if outage.kind == "reclosed" or not outage.leaves_evidence:
            assert outage.code not in declared
        elif outage.cause in ("fault_external", "supply_shortage", "planned_maintenance"):
            assert outage.code in declared
    causes = {one.outage: one.cause for one in told.declarations if one.outage}
    assert all(told.outages[code].cause == cause for code, cause in causes.items())


def test_faults_are_entered_afterwards_and_plans_before(told: Told) -> None:
    by_kind = Counter(one.kind for one in told.declarations)
    for one in told.declarations:
        if one.kind == "fault":
            assert one.entered_at_ms > (one.on_ms or 0)
        elif one.kind in ("planned", "temporary"):
            assert one.entered_at_ms < (one.window_from_ms or 0)
    assert set(by_kind) == {
        *("fault", "planned", "temporary", "emergency", "customer_request", "rationing"),
        "abnormal_state",
    }


def test_a_crew_comes_after_the_call_and_before_supply_does(told: Told) -> None:
    assert len(told.calls) > 100
    for call in told.calls:
        outage = told.outages[call.outage]
        assert outage.start_ms < call.called_ms <= call.arrived_ms < call.restored_ms
        assert call.restored_ms == outage.end_ms
        assert outage.leaves_evidence
    usual = {"urban": 45, "rural": 90, "remote": 120}
    late = [
        call.arrived_ms - call.called_ms > usual[call.response_area] * MINUTE_MS
        for call in told.calls
        if call.response_area in usual
    ]
    assert 0 < sum(late) < 0.2 * len(late)


def test_the_files_have_what_was_drawn(district: District) -> None:
    rows = district.rows("outages.csv")
    truth = {row["ticket"]: row for row in district.rows("truth/declarations.csv")}

    assert len(rows) == district.made.n_declarations
    assert {row["ticket"] for row in rows} == set(truth)
    assert [row["entered_at"] for row in rows] == sorted(row["entered_at"] for row in rows)
    for row in rows:
        assert row["place"] in ("feeder", "transformer", "point")
        if truth[row["ticket"]]["outage"]:
            assert row["off_at"] < row["on_at"]
    assert len(district.rows("calls.csv")) == district.made.n_calls
