"""Laws that hold for any outages: nothing is counted twice, nothing depends on their order."""

from fractions import Fraction
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from service.domain.reliability.attribution import CausedSpan, attributed
from service.domain.reliability.causes import CAUSES, CHILDREN, CauseNode, leaves_under
from service.domain.reliability.interruption_indices import (
    Asked,
    InterruptionIndices,
    interruption_indices,
)
from service.domain.reliability.outages import (
    SECOND_US,
    Definition,
    Outage,
    Service,
    Span,
    constant_service,
)
from service.domain.reliability.spells import time_of, time_within, united
from service.domain.reliability.supply_reliability import (
    SupplyReliability,
    four_ways,
    supply_reliability,
)
from service.domain.reliability.user_interruptions import user_interruptions
from tests.domain.reliability.outage_records import definition
from tests.oracle.reliability import Seconds, seconds_of

N_SECONDS = 60
USERS = ("A", "B", "C")

seconds = st.integers(0, N_SECONDS)
spans = st.lists(st.tuples(seconds, seconds).map(lambda pair: Span(min(pair), max(pair))))
definitions = st.builds(
    definition,
    st.integers(0, 10),
    inclusive=st.booleans(),
    merge_within_s=st.integers(0, 5),
    momentary_event_s=st.integers(0, 20),
)


@st.composite
def outages_of_known_users(draw: st.DrawFn, *, with_marks: bool = False) -> Outage:
    start = draw(st.integers(0, N_SECONDS - 1))
    end = draw(st.none() | st.integers(start + 1, N_SECONDS))
    users = tuple(sorted(draw(st.sets(st.sampled_from(USERS), min_size=1))))
    marks = st.sampled_from([None, False] if end is None else [None, False, True])
    return Outage(
        start=start * SECOND_US,
        end=None if end is None else end * SECOND_US,
        n_users=len(users),
        users=users,
        cause=draw(st.sampled_from(CAUSES)),
        event=draw(st.sampled_from(["", "E1", "E2"])) if with_marks else "",
        is_momentary=draw(marks) if with_marks else None,
        kva=draw(st.none() | st.fractions(1, 9, max_denominator=7)) if with_marks else None,
        unserved=draw(st.sampled_from([Fraction(1), Fraction(1, 3)]))
        if with_marks
        else Fraction(1),
    )


plain = st.lists(outages_of_known_users(), max_size=8)
rich = st.lists(outages_of_known_users(with_marks=True), max_size=8)


def of_users(start_s: int, end_s: int, n_users: int = len(USERS)) -> Service:
    return constant_service(Span(start_s * SECOND_US, end_s * SECOND_US), n_users)


# ---------------------------------------------------------------------------------------- spells


@given(spans)
def test_a_union_holds_the_seconds_of_its_spans_each_once(given_spans: list[Span]) -> None:
    spells = united(given_spans)

    seconds_in = {s for span in given_spans for s in range(span.start, span.end)}
    assert {s for spell in spells for s in range(spell.start, spell.end)} == seconds_in
    assert time_of(spells) == len(seconds_in)
    assert all(a.end < b.start for a, b in pairwise(spells))


@given(spans, spans)
def test_a_union_of_unions_is_the_union(first: list[Span], second: list[Span]) -> None:
    assert united([*united(first), *second]) == united([*second, *first])


@given(spans, seconds, seconds, seconds)
def test_time_within_adjacent_periods_adds_up(
    given_spans: list[Span], first: int, second: int, third: int
) -> None:
    a, b, c = sorted((first, second, third))

    spells = united(given_spans)

    whole = time_within(spells, Span(a, c))
    assert time_within(spells, Span(a, b)) + time_within(spells, Span(b, c)) == whole


# --------------------------------------------------------------------------------------- figures


@given(plain, definitions, seconds, seconds)
def test_figures_are_what_the_seconds_say(
    outages: list[Outage], rule: Definition, first: int, second: int
) -> None:
    start, end = sorted((first, second))
    of = of_users(start, end)
    through = N_SECONDS * SECOND_US

    four = supply_reliability(outages, of, rule, through)
    found = interruption_indices(
        user_interruptions(outages, rule, through),
        of,
        rule,
        Asked(),
    )

    twins = [seconds_of(outages, user, rule, (start, end), N_SECONDS) for user in USERS]
    total = Seconds(
        *(sum(getattr(twin, name) for twin in twins) for name in Seconds.__dataclass_fields__)
    )
    assert four.all.outage_us == total.n_dark * SECOND_US
    assert four.without_short.outage_us == total.n_dark_sustained * SECOND_US
    assert found.customer_us == total.n_dark_sustained * SECOND_US
    assert found.n_customer_interruptions == total.n_sustained
    if start == end:
        assert (four.all.rs, four.all.aitc, found.saidi_minutes) == (None, None, None)
        return
    assert four.all.rs == 1 - Fraction(total.n_dark, 3 * (end - start))
    assert four.all.aitc == Fraction(total.n_interruptions, 3)
    assert found.saidi_minutes == Fraction(total.n_dark_sustained, 3 * 60)
    assert found.maifi == Fraction(total.n_interruptions - total.n_sustained, 3)


@given(rich, definitions, st.randoms(use_true_random=False))
def test_the_order_of_outages_is_irrelevant(
    outages: list[Outage], rule: Definition, random: Random
) -> None:
    of, through = of_users(0, N_SECONDS), N_SECONDS * SECOND_US
    shuffled = list(outages)
    random.shuffle(shuffled)

    both = [
        (
            supply_reliability(each, of, rule, through),
            interruption_indices(
                user_interruptions(each, rule, through),
                of,
                rule,
                Asked(many=(1, 2), total_hours=(Fraction(1, 600),)),
            ),
        )
        for each in (outages, shuffled)
    ]

    assert both[0] == both[1]


@given(rich, definitions, st.integers(1, N_SECONDS - 1))
def test_splitting_a_period_at_any_instant_adds_up(
    outages: list[Outage], rule: Definition, cut: int
) -> None:
    through = N_SECONDS * SECOND_US
    parts = [of_users(0, N_SECONDS), of_users(0, cut), of_users(cut, N_SECONDS)]

    four = [supply_reliability(outages, of, rule, through) for of in parts]
    found = [
        interruption_indices(
            user_interruptions(outages, rule, through),
            of,
            rule,
            Asked(),
        )
        for of in parts
    ]

    for whole, first, second in zip(*(each.in_order() for each in four), strict=True):
        assert whole.outage_us == first.outage_us + second.outage_us
        assert whole.aitc == (first.aitc or 0) + (second.aitc or 0)
    for name in ("saidi_minutes", "saifi", "maifi", "maifi_e", "customer_us"):
        whole, *rest = (getattr(each, name) for each in found)
        assert whole == sum(rest), name


@given(rich, definitions)
def test_leaving_causes_out_never_makes_supply_less_reliable(
    outages: list[Outage], rule: Definition
) -> None:
    of = of_users(0, N_SECONDS)

    first, *others = supply_reliability(
        outages,
        of,
        rule,
        of.span.end,
    ).in_order()

    assert all(0 <= other.outage_us <= first.outage_us for other in others)
    assert first.outage_us <= of.user_us


# ---------------------------------------------------------------------------------------- causes

ADDITIVE = ("saidi_minutes", "saifi", "maifi", "maifi_e", "customer_us", "n_customer_interruptions")


@given(rich, definitions, st.integers(0, N_SECONDS - 1), st.integers(1, N_SECONDS))
def test_figures_of_the_leaves_add_up_to_those_of_every_node(
    outages: list[Outage], rule: Definition, start: int, length: int
) -> None:
    through = N_SECONDS * SECOND_US
    of = of_users(start, min(N_SECONDS, start + length))
    ways = four_ways(outages, rule, through)
    interruptions = user_interruptions(outages, rule, through)

    def found(node: CauseNode) -> tuple[list[SupplyReliability], InterruptionIndices]:
        four = ways.of_node(of, node).in_order()
        return list(four), interruption_indices(interruptions, of, rule, Asked(), node)

    by_leaf = {cause: found(cause) for cause in CAUSES}
    for node in CHILDREN:
        four, indices = found(node)
        below = [by_leaf[leaf] for leaf in leaves_under(node)]
        for number in range(4):
            parts = [each[number] for each, _ in below]
            assert four[number].outage_us == sum(part.outage_us for part in parts)
            assert four[number].aitc == sum(part.aitc or 0 for part in parts)
        for name in ADDITIVE:
            assert getattr(indices, name) == sum(getattr(each, name) for _, each in below), name


@given(plain)
def test_each_second_belongs_to_one_of_the_causes_that_it_has(outages: list[Outage]) -> None:
    caused = [
        CausedSpan(outage.span(N_SECONDS * SECOND_US), outage.cause)
        for outage in outages
        if "A" in outage.users  # type: ignore[operator]
    ]

    found = attributed(caused, united(one.span for one in caused))

    for second in range(N_SECONDS):
        at = second * SECOND_US
        there = {one.cause for one in caused if one.span.start <= at < one.span.end}
        mine = [one.cause for one in found if one.span.start <= at < one.span.end]
        assert len(mine) == bool(there)
        assert set(mine) <= there
        if there - {"fault_external", "supply_shortage"}:
            assert mine[0] not in {"fault_external", "supply_shortage"}


@given(plain, definitions)
def test_an_index_without_a_cause_lacks_just_the_time_of_that_cause(
    outages: list[Outage], rule: Definition
) -> None:
    both = {"fault_external", "supply_shortage"}
    alone = [one for one in outages if one.cause not in both or one.cause == "fault_external"]
    of = of_users(0, N_SECONDS)
    ways = four_ways(alone, rule, of.span.end)

    whole, external = ways.of_node(of), ways.of_node(of, "fault_external")

    assert whole.without_external.outage_us == whole.all.outage_us - external.all.outage_us
    assert external.without_external.outage_us == 0


@given(rich, definitions)
def test_leaving_a_cause_out_is_working_out_the_rest_alone(
    outages: list[Outage], rule: Definition
) -> None:
    of = of_users(0, N_SECONDS)
    rest = [one for one in outages if one.cause != "fault_external"]

    four = supply_reliability(outages, of, rule, of.span.end)

    assert four.without_external == supply_reliability(rest, of, rule, of.span.end).all
