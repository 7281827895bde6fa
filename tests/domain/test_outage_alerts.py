"""How alerts of outages stand, look after look."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.standing import (
    AlertState,
    DarkPart,
    KnownAlert,
    Look,
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
PART = DarkPart(
    outage_id=1,
    part="free",
    place="feeder",
    evidence="meter_event",
    n_outage_points=40,
    organisation="O1",
    region="R1",
    feeder="F1",
    feeder_name="城东一线",
    start=NOON,
    newest=NOON,
    first_back=None,
    declaration_id=None,
    n_points=40,
    n_transformers=4,
    n_customers=80,
)


class Watch:
    """Looks again and again, as ``settle`` does, and remembers as the database does."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, str], KnownAlert] = {}
        self.ready: dict[str, list[int]] = {}
        self.n_made = 0

    def look(self, at_s: float, *parts: DarkPart, through_s: float | None = None) -> Standing:
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
        over = set(standing.over)
        self.known = {key: one for key, one in self.known.items() if one.alert_id not in over}
        return standing

    def _note(self, one: AlertState) -> None:
        before = self.known.get(one.part.key)
        if before is None:
            self.n_made += 1
        if one.ready is not None and (before is None or before.ready is None):
            self.ready.setdefault(one.part.organisation, []).append(one.ready)
        self.known[one.part.key] = KnownAlert(
            alert_id=self.n_made if before is None else before.alert_id,
            key=one.part.key,
            noted=one.noted,
            ready=one.ready,
            told=one.told,
            reason=one.reason,
        )


def stands(standing: Standing) -> list[str]:
    """Return told, waits, or the reason, of each alert."""
    return [one.reason or ("waits" if one.told is None else "told") for one in standing.alerts]


def test_an_outage_is_told_when_it_has_lasted_for_the_reclose_wait_and_not_before() -> None:
    watch = Watch()

    assert stands(watch.look(20, PART)) == ["waits"]
    assert stands(watch.look(RULE.reclose_wait_s - 0.001, PART)) == ["waits"]
    assert stands(watch.look(RULE.reclose_wait_s, PART)) == ["told"]
    assert stands(watch.look(9000, PART)) == ["told"]  # its news is old by now: it was told


def test_what_is_back_before_the_wait_is_over_is_never_told() -> None:
    watch = Watch()
    watch.look(20, PART)

    standing = watch.look(60)

    assert (standing.alerts, standing.over) == ((), (1,))


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (replace(PART, part="covered", declaration_id=5), "declared_window"),
        (replace(PART, evidence="declared"), "no_meter_evidence"),
        (replace(PART, evidence="inferred"), "no_meter_evidence"),
        (replace(PART, n_points=2), "below_threshold"),
        (replace(PART, n_points=3), "told"),
    ],
)
def test_it_is_held_back_for_a_reason(part: DarkPart, reason: str) -> None:
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
    outside, inside = replace(PART, n_points=6), replace(PART, part="covered", n_points=34)
    beyond = replace(PART, part="overrun", n_points=34)
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

    assert stands(watch.look(900, replace(PART, n_points=11))) == ["told"]
    assert watch.look(960, replace(PART, n_points=10)).over == (1,)


def test_a_breaker_that_recloses_is_not_told_for_the_meters_that_are_late_in_saying_so() -> None:
    watch = Watch()
    late = replace(PART, n_points=8, first_back=NOON + 3 * S)

    assert stands(watch.look(20, PART)) == ["waits"]
    assert stands(watch.look(200, late)) == ["reclosed"]
    assert stands(watch.look(1500, replace(late, n_points=3))) == ["reclosed"]
    assert watch.look(1800).over == (1,)


def test_while_points_come_back_the_others_get_a_minute_to_say_so() -> None:
    watch = Watch()
    coming = replace(PART, n_points=39, first_back=NOON + 170 * S)

    assert stands(watch.look(200, coming)) == ["waits"]
    assert stands(watch.look(230, replace(coming, n_points=11))) == ["told"]


def test_few_that_are_left_are_told_long_after_the_others_and_until_they_are_too_few() -> None:
    watch = Watch()
    left = replace(PART, n_points=8, first_back=NOON + 100 * S)

    watch.look(200, left)

    assert stands(watch.look(100 + RULE.left_wait_s - 1, left)) == ["reclosed"]
    assert stands(watch.look(100 + RULE.left_wait_s, left)) == ["told"]
    assert stands(watch.look(9000, replace(left, n_points=3))) == ["told"]
    assert watch.look(9600, replace(left, n_points=2)).over == (1,)


def test_a_part_of_a_feeder_is_not_told_beside_the_outage_of_all_of_it() -> None:
    below = replace(PART, outage_id=2, place="transformer", n_points=9, n_outage_points=9)
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
