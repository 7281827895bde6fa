"""How alerts of outages stand, look after look."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.standing import (
    AlertState,
    KnownAlert,
    Look,
    OutagePart,
    Standing,
    is_storm,
    standing_of,
)
from service.domain.rules import load_rule_set

S = 1_000_000
NOON = 1_790_000_000 * S


def rule() -> AlertsRow:
    found = load_rule_set("sgcc-2003").alerts
    assert found is not None
    return found


RULE = rule()
PART = OutagePart(
    outage_id=1,
    part="free",
    place="feeder",
    organisation="O1",
    region="R1",
    feeder="F1",
    feeder_name="城东一线",
    start=NOON,
    newest=NOON,
    first_back=None,
    declaration_id=None,
    n_said=40,
    n_went=40,
    n_gone=40,
    n_left=40,
    n_points=40,
    n_transformers=4,
    n_customers=80,
)


def left(n_left: int, whole: OutagePart = PART, **changes: Any) -> OutagePart:
    """Return a part of which so many points are dark still."""
    return replace(whole, n_left=n_left, n_points=n_left, **changes)


def of(n_points: int, **changes: Any) -> OutagePart:
    """Return a part of so many points."""
    return left(n_points, n_said=n_points, n_went=n_points, n_gone=n_points, **changes)


class Watch:
    """Looks again and again, as ``settle`` does, and remembers as the database does."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, str], KnownAlert] = {}
        self.ready: dict[str, list[int]] = {}
        self.n_made = 0

    def look(self, at_s: float, *parts: OutagePart, through_s: float | None = None) -> Standing:
        now = NOON + round(at_s * S)
        through = now if through_s is None else NOON + round(through_s * S)
        look = Look(
            now=now,
            through=through,
            parts=parts,
            known=list(self.known.values()),
            ready={name: sorted(times) for name, times in self.ready.items()},
        )
        standing = standing_of(RULE, look)
        for one in standing.alerts:
            self._note(one)
        for key, known in list(self.known.items()):
            if known.alert_id in standing.over:
                self._end(key, known)
        return standing

    def _end(self, key: tuple[int, str], one: KnownAlert) -> None:
        if one.told is None:
            del self.known[key]
        else:
            self.known[key] = replace(one, is_over=True)

    def _note(self, one: AlertState) -> None:
        before = self.known.get(one.key)
        if before is None:
            self.n_made += 1
        if one.ready is not None and (before is None or before.ready is None):
            self.ready.setdefault(one.part.organisation, []).append(one.ready)
        self.known[one.key] = KnownAlert(
            alert_id=self.n_made if before is None else before.alert_id,
            key=one.key,
            noted=one.noted,
            ready=one.ready,
            told=one.told,
            reason=one.reason,
            n_points=one.part.n_points
            if before is None or before.told is None
            else max(before.n_points, one.part.n_points),
        )


def stands(standing: Standing) -> list[str]:
    """Return told, waits, or the reason, of each alert."""
    return [one.reason or ("waits" if one.told is None else "told") for one in standing.alerts]


def test_an_outage_is_told_when_it_has_lasted_for_the_reclose_wait_and_not_before() -> None:
    watch = Watch()
    young = replace(PART, n_gone=0, n_left=0)

    assert stands(watch.look(20, young)) == ["waits"]
    assert stands(watch.look(RULE.reclose_wait_s - 0.001, young)) == ["waits"]
    assert stands(watch.look(RULE.reclose_wait_s, PART)) == ["told"]
    assert stands(watch.look(9000, PART)) == ["told"]  # its news is old by now: it was told


def test_what_is_back_before_the_wait_is_over_is_never_told() -> None:
    watch = Watch()
    watch.look(20, replace(PART, n_gone=0, n_left=0))

    standing = watch.look(60)

    assert (standing.alerts, standing.over) == ((), (1,))


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (replace(PART, part="covered", declaration_id=5), "declared_window"),
        (replace(PART, n_said=0, n_went=0, n_gone=0, n_left=0), "no_meter_evidence"),
        (of(2), "below_threshold"),
        (of(3), "told"),
    ],
)
def test_it_is_held_back_for_a_reason(part: OutagePart, reason: str) -> None:
    assert stands(Watch().look(200, part)) == [reason]


def test_news_that_is_older_than_half_an_hour_when_it_comes_is_never_told() -> None:
    watch = Watch()

    assert stands(Watch().look(RULE.news_age_max_s, PART)) == ["told"]
    assert stands(watch.look(RULE.news_age_max_s + 1, PART)) == ["stale"]
    assert stands(watch.look(RULE.news_age_max_s + 60, PART)) == ["stale"]


def test_a_backlog_that_is_read_now_tells_nobody() -> None:
    old = replace(PART, part="overrun")

    assert stands(Watch().look(8000, old, through_s=4000)) == ["stale"]
    assert stands(Watch().look(8000, old, through_s=7990)) == ["told"]


def test_points_outside_the_scope_and_what_overruns_it_are_told() -> None:
    outside, inside, beyond = of(6), of(34, part="covered"), of(34, part="overrun")
    watch = Watch()

    first = watch.look(200, inside, outside)
    later = watch.look(9000, outside, beyond)

    assert [(one.kind, one.part.n_points) for one in first.alerts] == [("interruption", 6)]
    assert stands(first) == ["told"]
    assert [one.kind for one in later.alerts] == ["interruption", "overrun"]
    assert stands(later) == ["told", "told"]


def test_what_was_told_stays_told_until_a_quarter_or_less_is_left() -> None:
    watch = Watch()
    watch.look(200, PART)

    assert stands(watch.look(900, left(11))) == ["told"]
    assert watch.look(960, left(10)).over == (1,)
    assert watch.look(9000, left(10)) == Standing(alerts=(), over=(), storms=frozenset())


def test_a_breaker_that_recloses_is_not_told_for_the_meters_that_are_late_in_saying_so() -> None:
    watch = Watch()
    late = left(8, first_back=NOON + 3 * S)

    assert stands(watch.look(20, replace(PART, n_gone=0, n_left=0))) == ["waits"]
    assert stands(watch.look(200, late)) == ["reclosed"]
    assert stands(watch.look(1500, left(3, late))) == ["reclosed"]
    assert watch.look(1800).over == (1,)


def test_while_points_come_back_the_others_get_a_minute_to_say_so() -> None:
    watch = Watch()
    coming = left(39, first_back=NOON + 170 * S)

    assert stands(watch.look(200, coming)) == ["waits"]
    assert stands(watch.look(230, left(21, coming))) == ["told"]


def test_few_that_are_left_are_told_long_after_the_others_and_until_few_of_them_are() -> None:
    watch = Watch()
    few = left(8, first_back=NOON + 100 * S)

    watch.look(200, few)

    assert stands(watch.look(100 + RULE.left_wait_s - 1, few)) == ["reclosed"]
    assert stands(watch.look(100 + RULE.left_wait_s, few)) == ["told"]
    assert stands(watch.look(9000, left(3, few))) == ["told"]
    assert watch.look(9600, left(2, few)).over == (1,)


def test_what_is_told_long_after_a_first_point_was_back_is_over_when_a_quarter_is_left() -> None:
    watch = Watch()
    beyond = of(40, part="overrun", first_back=NOON)  # one was connected early

    assert stands(watch.look(9000, beyond)) == ["told"]
    assert stands(watch.look(9600, left(11, beyond))) == ["told"]
    assert watch.look(9700, left(10, beyond)).over == (1,)


def test_those_outside_a_window_are_over_when_they_have_supply_whatever_goes_on_inside() -> None:
    watch = Watch()
    outside, inside = of(6), of(34, part="covered")

    watch.look(200, outside, inside)

    assert stands(watch.look(900, left(2, outside), inside)) == ["told"]
    assert watch.look(960, left(1, outside), inside).over == (1,)


def test_few_of_those_inside_a_window_make_no_overrun() -> None:
    watch = Watch()
    inside = of(40, part="covered")
    beyond = left(10, replace(inside, part="overrun", first_back=NOON + 7000 * S))

    assert stands(watch.look(200, inside)) == ["declared_window"]
    late = watch.look(9000, beyond)

    assert [(one.kind, one.reason) for one in late.alerts] == [("interruption", "declared_window")]
    assert [one.kind for one in watch.look(9000, left(11, beyond)).alerts] == ["overrun"]


def test_what_a_window_held_stays_held_by_it_when_most_are_back() -> None:
    watch = Watch()
    inside = of(34, part="covered")
    watch.look(200, inside)

    assert stands(watch.look(9000, left(3, inside, first_back=NOON))) == ["declared_window"]


def test_a_part_of_a_feeder_is_not_told_beside_the_outage_of_all_of_it() -> None:
    below = of(9, outage_id=2, place="transformer")
    elsewhere = replace(below, outage_id=3, feeder="F2")

    assert stands(Watch().look(200, PART, below, elsewhere)) == ["told", "feeder_outage", "told"]


def test_a_storm_holds_what_comes_after_it_began_and_what_came_with_it() -> None:
    watch = Watch()
    early = [replace(PART, outage_id=n, feeder=f"F{n}") for n in range(1, 5)]
    late = [replace(PART, outage_id=n, feeder=f"F{n}", start=NOON + 900 * S, newest=NOON + 900 * S)
            for n in range(5, 12)]  # fmt: skip
    other = replace(PART, outage_id=99, organisation="O2", feeder="X")

    calm = watch.look(200, *early, other)
    storm = watch.look(1100, *early, *late, other)
    after = watch.look(1100 + RULE.storm_over_s + 1, *early, *late, other)

    assert (stands(calm), calm.storms) == (["told"] * 5, frozenset())
    assert stands(storm) == ["told"] * 4 + ["storm"] * 7 + ["told"]
    assert storm.storms == {"O1"}
    assert (set(stands(after)), after.storms) == ({"told"}, frozenset())


@given(st.lists(st.integers(0, 4 * 3600), max_size=40), st.integers(0, 7200))
def test_a_storm_is_what_its_definition_says(seconds: list[int], wait: int) -> None:
    ready = sorted(seconds)
    now = (ready[-1] if ready else 0) + wait

    found = is_storm(RULE, [at * S for at in ready], now * S)

    runs: list[list[int]] = []  # alerts with no more than an hour between them
    for at in ready:
        if not runs or at - runs[-1][-1] > RULE.storm_over_s:
            runs.append([])
        runs[-1].append(at)
    last = runs[-1] if runs else []
    dense = any(
        sum(begin <= at <= begin + RULE.storm_window_s for at in last) >= RULE.storm_alerts_min
        for begin in last
    )
    assert found == (dense and wait <= RULE.storm_over_s)
