"""Grouping, inhibition and storms: each alert is told once or held, and nobody is told too often."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alerts.budget import by_ten_minutes, over_budget, shift_of
from service.domain.alerts.notifying import Told, notify
from service.domain.alerts.words import Alert, Notification
from tests.alerts.builders import FOREVER, MINUTE, ROW, SECOND, alert, us

GROUP_WAIT = 30 * SECOND
BREACH_INTERVAL = ROW.breach_interval_s * SECOND


def times(told: Told) -> list[tuple[float, str, int]]:
    return [(one.at / MINUTE, one.kind, len(one.alerts)) for one in told.notifications]


def test_alerts_of_an_organisation_are_told_together_and_then_each_ten_minutes() -> None:
    alerts = [
        alert(0, 60, code="T1"),
        alert(0.4, 60, code="T2"),
        alert(1, 60, code="T3"),
        alert(9, 60, code="T4"),
        alert(2, 60, organisation="OTHER"),
    ]

    told = notify(alerts, ROW, FOREVER)

    assert times(told) == [(0.5, "alerts", 2), (2.5, "alerts", 1), (10.5, "alerts", 2)]
    assert (told.notifications[0].n_points, told.notifications[0].n_customers) == (20, 18)
    assert not over_budget(told.notifications, ROW)


def test_what_was_over_before_its_turn_is_told_all_the_same() -> None:
    told = notify([alert(0, 60, code="T1"), alert(2, 6, code="T2")], ROW, FOREVER)

    assert times(told) == [(0.5, "alerts", 1), (10.5, "alerts", 1)]


def test_what_was_declared_while_it_waited_is_held() -> None:
    covered = Alert(
        rule="interruption", organisation="ORG", feeder="F2", place="feeder", code="F2",
        starts=us(0), ready=us(2), over=us(90), covered=us(8), n_points=5, n_customers=5,
    )  # fmt: skip

    told = notify([alert(0, 60), covered], ROW, FOREVER)
    alone = notify([covered], ROW, FOREVER)

    assert [(one.alert, one.reason) for one in told.held] == [(covered, "declared_window")]
    assert times(alone) == [(2.5, "alerts", 1)]


def test_a_new_group_keeps_its_distance_from_the_one_before() -> None:
    told = notify([alert(0, 0.2, code="T1"), alert(1, 2, code="T2")], ROW, FOREVER)

    assert times(told) == [(0.5, "alerts", 1), (10.5, "alerts", 1)]


def test_what_goes_on_is_told_again_after_a_day() -> None:
    told = notify([alert(0, 3000)], ROW, FOREVER)

    assert times(told) == [(0.5, "alerts", 1), (1440.5, "repeat", 1), (2880.5, "repeat", 1)]


def test_the_outage_of_a_feeder_speaks_for_all_below_it() -> None:
    feeder = alert(10, 100, place="feeder", code="F1")
    inside = alert(12, 90, code="T1")
    outlasts = alert(9.8, 200, code="T2")
    breach = alert(20, 50, rule="tolerance_breach", place="feeder", code="F1")
    dangerous = alert(30, 50, rule="high_voltage", place="feeder", code="F1")
    elsewhere = alert(12, 90, feeder="F2", code="T9")

    told = notify([inside, feeder, outlasts, breach, dangerous, elsewhere], ROW, FOREVER)

    assert {(one.alert.code, one.alert.rule, one.reason) for one in told.held} == {
        ("T1", "interruption", "feeder_outage"),
        ("F1", "tolerance_breach", "feeder_outage"),
    }
    assert [[one.code for one in each.alerts] for each in told.notifications] == [
        ["F1"],
        ["T9"],
        ["F1"],
        ["T2"],
    ]
    assert told.notifications[-1].at >= us(100)


def breach(ready: float, over: float | None, feeder: str) -> Alert:
    return alert(ready, over, rule="tolerance_breach", place="feeder", code=feeder, feeder=feeder)


def test_breaches_of_a_shift_are_told_once_and_what_still_goes_on_when_it_is_over() -> None:
    first, together = breach(0, 60, "F1"), breach(0.2, 90, "F2")
    short, again = breach(100, 200, "F3"), breach(150, 240, "F1")
    lasting, later = breach(300, 700, "F4"), breach(1000, 1100, "F1")

    told = notify([first, together, short, again, lasting, later], ROW, FOREVER)

    assert [(one.at / MINUTE, one.alerts) for one in told.notifications] == [
        (0.5, (first, together)),
        (480.5, (lasting,)),
        (1000.5, (later,)),
    ]
    assert [(one.alert, one.reason) for one in told.held] == [
        (short, "breach_interval"),
        (again, "breach_interval"),
    ]


def test_outages_and_dangerous_voltage_do_not_wait_for_breaches() -> None:
    waits, goes_on = breach(20, 60, "F2"), breach(0, 900, "F1")
    outage = alert(30, 200, code="T9", feeder="F3")
    dangerous = alert(50, 90, rule="high_voltage", place="feeder", code="F1")

    told = notify([goes_on, waits, outage, dangerous], ROW, FOREVER)

    assert [(one.at / MINUTE, one.alerts) for one in told.notifications] == [
        (0.5, (goes_on,)),
        (30.5, (outage,)),
        (50.5, (dangerous,)),
    ]
    assert [one.alert for one in told.held] == [waits]


def test_a_storm_is_one_notification_and_every_alert_of_it_is_accounted_for() -> None:
    n = ROW.storm_alerts_min
    first = [alert(place, 300, code=f"T{place}", feeder=f"F{place}") for place in range(n)]
    later = [alert(20 + place, 300, code=f"S{place}", feeder=f"G{place}") for place in range(30)]

    told = notify([*first, *later], ROW, FOREVER)

    kinds = Counter(one.kind for one in told.notifications)
    assert kinds == {"alerts": 1, "storm": 1, "storm_over": 1}
    account = told.notifications[-1]
    assert account.at >= us(49 + ROW.storm_over_s / 60)
    assert set(account.alerts) == {one.alert for one in told.held}
    assert {one.reason for one in told.held} == {"storm"}
    n_told = sum(len(one.alerts) for one in told.notifications[:-1])
    assert n_told + len(told.held) == n + 30


def test_fewer_outages_than_a_storm_has_are_told_as_they_come() -> None:
    n = ROW.storm_alerts_min - 1
    alerts = [alert(place * 3, 300, code=f"T{place}", feeder=f"F{place}") for place in range(n)]

    told = notify(alerts, ROW, FOREVER)

    assert {one.kind for one in told.notifications} == {"alerts"}
    assert not told.held


def test_what_comes_after_the_end_is_pending() -> None:
    late = alert(59.9, 300, code="T2")

    told = notify([alert(0, 30), late], ROW, us(60))

    assert told.pending == (late,)


def test_a_broken_budget_is_found_wherever_it_begins() -> None:
    notifications = [
        Notification(organisation="ORG", at=us(at), kind="alerts", alerts=(alert(at),))
        for at in (0, 10, 19.99, 40)
    ]

    broken = over_budget(notifications, ROW)

    assert [(one.first, one.last, one.n_notifications) for one in broken] == [
        (us(10), us(19.99), 2)
    ]
    assert by_ten_minutes(notifications, ROW) == {
        ("ORG", us(0)): 1, ("ORG", us(10)): 2, ("ORG", us(40)): 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("at_h", "shift_h"), [(0, 0), (7.99, 0), (8, 8), (15.99, 8), (16, 16), (23.99, 16)]
)
def test_shifts_begin_at_midnight_and_eight_hours_after_it(at_h: float, shift_h: int) -> None:
    china = 8 * 60 * MINUTE

    assert shift_of(us(at_h * 60) - china, china, ROW) == us(shift_h * 60) - china


ALERTS = st.lists(
    st.builds(
        alert,
        st.integers(0, 600),
        st.none() | st.integers(0, 2000),
        rule=st.sampled_from(["interruption", "tolerance_breach", "high_voltage"]),
        place=st.sampled_from(["feeder", "transformer", "point"]),
        code=st.sampled_from("abcdefghijkl"),
        feeder=st.sampled_from(["F1", "F2", ""]),
        organisation=st.sampled_from(["A", "B"]),
    ).map(
        lambda one: one if one.over is None or one.over > one.ready else alert(one.ready / MINUTE)
    ),
    max_size=40,
)


def same(one: Alert) -> tuple[str, ...]:
    return (
        one.organisation, one.feeder, one.rule, one.place, one.code, str(one.starts), str(one.over),
    )  # fmt: skip


@given(ALERTS, st.randoms(use_true_random=False))
def test_each_alert_is_told_once_or_held_and_the_order_is_no_matter(
    alerts: list[Alert], order: random.Random
) -> None:
    shuffled = alerts[:]
    order.shuffle(shuffled)

    told = notify(alerts, ROW, FOREVER)

    assert notify(shuffled, ROW, FOREVER) == told
    first_told = [
        one
        for each in told.notifications
        if each.kind in ("alerts", "storm")
        for one in each.alerts
    ]
    accounted = Counter(same(one) for one in (*first_told, *(one.alert for one in told.held)))
    assert accounted == Counter(same(one) for one in set(alerts))
    assert not told.pending


@given(ALERTS)
def test_no_organisation_is_told_more_often_than_the_budget_allows(alerts: list[Alert]) -> None:
    assert not over_budget(notify(alerts, ROW, FOREVER).notifications, ROW)


@given(ALERTS)
def test_nothing_is_told_before_it_is_ready_nor_later_than_its_turn(alerts: list[Alert]) -> None:
    told = notify(alerts, ROW, FOREVER)

    for each in told.notifications:
        if each.kind != "alerts":
            continue
        for one in each.alerts:
            waited = each.at - one.ready
            # One turn, or two where a storm was accounted for in between; a breach also its interval.
            between_s = ROW.breach_interval_s if one.rule == "tolerance_breach" else 0
            assert 0 <= waited <= (2 * ROW.group_interval_s + between_s) * SECOND


@given(ALERTS)
def test_breaches_of_an_organisation_are_told_once_in_their_interval(alerts: list[Alert]) -> None:
    told = notify(alerts, ROW, FOREVER)

    for organisation in ("A", "B"):
        naming = [
            one
            for one in told.notifications
            if one.organisation == organisation
            and any(each.rule == "tolerance_breach" for each in one.alerts)
        ]
        for before, after in pairwise(naming):  # the account of a storm has its own time
            assert after.kind == "storm_over" or after.at - before.at >= BREACH_INTERVAL
        for one in told.held:
            if one.reason != "breach_interval" or one.alert.organisation != organisation:
                continue
            assert one.alert.rule == "tolerance_breach"
            over = one.alert.over
            assert over is not None
            assert any(each.at < over < each.at + BREACH_INTERVAL for each in naming)


@given(ALERTS)
def test_every_alert_that_a_storm_holds_is_in_one_account(alerts: list[Alert]) -> None:
    told = notify(alerts, ROW, FOREVER)

    held = Counter(same(one.alert) for one in told.held if one.reason == "storm")
    accounts = [
        one for each in told.notifications if each.kind == "storm_over" for one in each.alerts
    ]
    assert Counter(same(one) for one in accounts) == held
