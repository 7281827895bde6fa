"""Who is a user, when a user is out, and how bad it may have been at most."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.registry import TargetArea, UserClass
from service.domain.reliability.agreement import Witness, agreed
from service.domain.reliability.causes import CAUSES, Cause
from service.domain.reliability.figures import bounds_of, figures_of, service_of
from service.domain.reliability.interruption_indices import Asked
from service.domain.reliability.outages import Span
from service.domain.reliability.spells import time_within, united, without
from service.domain.reliability.user_time import UserTime
from service.domain.reliability.users import (
    Network,
    NetworkCustomer,
    NetworkPoint,
    PointOutage,
    User,
    users_of,
)
from service.domain.reliability.worst import worst_of_all, worst_of_share
from tests.domain.reliability.outage_records import definition

N = 40  # units of time of the period
PERIOD = Span(0, N)
EVER = Span(-1000, 1000)
SHARE = Fraction(4, 5)


def dark(
    *edges: tuple[int, int], cause: Cause = "unknown", fuzz: int = 0
) -> tuple[PointOutage, ...]:
    return tuple(
        PointOutage(earliest=start - fuzz, start=start, end=end, latest=end + fuzz, cause=cause)
        for start, end in edges
    )


def point(
    point_id: int,
    *outages: PointOutage,
    transformer: str = "T1",
    terminal: bool = False,
    nominal_mv: int = 220_000,
    service: Span = EVER,
    unobserved: int = 0,
) -> NetworkPoint:
    return NetworkPoint(
        point_id=point_id,
        nominal_mv=nominal_mv,
        region="R1",
        feeder="F1",
        transformer=transformer,
        is_terminal=terminal,
        service=service,
        outages=outages,
        unobserved_us=unobserved,
    )


def customer(
    name: str,
    *point_ids: int,
    user_class: UserClass = "LV",
    area: TargetArea = "urban",
    service: Span = EVER,
    kva: int | None = None,
) -> NetworkCustomer:
    return NetworkCustomer(
        customer=name,
        user_class=user_class,
        area=area,
        level_mv=220_000 if user_class == "LV" else 10_000_000,
        kva=None if kva is None else Fraction(kva),
        point_ids=point_ids,
        service=service,
    )


def network(points: list[NetworkPoint], *customers: NetworkCustomer) -> Network:
    return Network(
        points={one.point_id: one for one in points},
        customers=customers,
        period=PERIOD,
        share_min=SHARE,
    )


def spells(user: User) -> list[tuple[int, int | None]]:
    return [(one.start, one.end) for one in user.outages]


# ----------------------------------------------------------------------------------- who is a user


def test_low_and_high_voltage_users_are_customers() -> None:
    of = network(
        [point(1), point(2, transformer="", nominal_mv=110_000_000)],
        customer("A", 1),
        customer("B", 2, user_class="HV"),
        customer("gone", 1, service=Span(-9, 0)),
    )

    assert [user.user for user in users_of(of, "LV")] == ["customer:A"]
    assert [user.user for user in users_of(of, "HV")] == ["customer:B"]


def test_medium_voltage_users_are_customers_and_public_transformers() -> None:
    of = network(
        [
            point(1),
            point(2, transformer="T2"),
            point(3, transformer="T3"),  # the transformer of a factory
            point(4, transformer="T4", nominal_mv=10_000_000),  # no low-voltage point
            point(5, transformer=""),
        ],
        customer("A", 1, area="rural"),
        customer("B", 1, area="urban"),
        customer("M", 3, user_class="MV"),
    )

    users = {user.user: user for user in users_of(of, "MV")}

    assert list(users) == ["customer:M", "transformer:T1", "transformer:T2"]
    assert users["transformer:T1"].area == "urban"  # the strictest
    assert users["transformer:T2"].area is None


# --------------------------------------------------------------------------------- when one is out


def test_a_customer_is_out_while_all_of_its_points_are() -> None:
    of = network(
        [point(1, *dark((0, 10), (20, 30))), point(2, *dark((5, 25)))], customer("A", 1, 2)
    )

    (user,) = users_of(of, "LV")

    assert spells(user) == [(5, 10), (20, 25)]


def test_a_point_that_is_not_in_service_has_no_say() -> None:
    points = [
        point(1, *dark((0, 30))),
        point(2, service=Span(-9, 10)),
        point(3, service=Span(20, 99)),
    ]
    of = network(points, customer("A", 1, 2, 3, service=Span(5, 99)))

    (user,) = users_of(of, "LV")

    assert spells(user) == [(10, 20)]


@pytest.mark.parametrize(("n_dark", "is_out"), [(7, False), (8, True), (10, True)])
def test_a_transformer_without_terminal_is_out_while_enough_of_its_meters_are(
    n_dark: int, is_out: bool
) -> None:
    of = network([point(i, *(dark((3, 9)) if i < n_dark else ())) for i in range(10)])

    (user,) = users_of(of, "MV")

    assert spells(user) == ([(3, 9)] if is_out else [])


def test_a_terminal_speaks_alone_while_it_is_in_service() -> None:
    meters = [point(i, *dark((0, 4), (20, 30))) for i in range(5)]
    terminal = point(9, *dark((8, 12)), terminal=True, service=Span(5, 25))

    (user,) = users_of(network([*meters, terminal]), "MV")

    assert spells(user) == [(0, 4), (8, 12), (25, 30)]


@pytest.mark.parametrize("cause", [cause for cause in CAUSES if cause != "unknown"])
def test_a_user_s_outage_has_the_known_cause_of_most_of_its_points(cause: Cause) -> None:
    points = [
        point(1, *dark((0, 10), cause=cause)),
        point(2, *dark((0, 10), cause=cause)),
        point(3, *dark((0, 11))),
        point(
            4, *dark((0, 9), cause="temporary" if cause != "temporary" else "planned_maintenance")
        ),
    ]

    (user,) = users_of(network(points, customer("A", 1, 2, 3, 4)), "LV")

    assert [one.cause for one in user.outages] == [cause]


# ---------------------------------------------------------------------------------------- figures


def test_users_count_by_their_time_in_service_and_capacity_only_where_it_is_known() -> None:
    points = [point(1, *dark((0, 10)))]
    whole, half = customer("A", 1, kva=100), customer("B", 1, service=Span(20, 99), kva=50)
    users = users_of(network(points, whole, half), "LV")
    unknown = users_of(network(points, whole, customer("C", 1)), "LV")

    service = service_of(users, PERIOD)
    figures = figures_of(users, PERIOD, definition(0), N, Asked())

    assert (service.n_users, service.kva) == (Fraction(3, 2), Fraction(125))
    assert figures.bounds.rs_1 == 1 - Fraction(10, 60)
    assert figures.four.all.rs == figures.bounds.rs_1
    assert figures.indices.asifi == Fraction(100, 125)
    assert service_of(unknown, PERIOD).kva is None


def test_uncertain_edges_and_unobserved_time_widen_the_bounds_and_not_the_figure() -> None:
    points = [point(1, *dark((10, 20), fuzz=2), unobserved=6)]

    bounds = bounds_of(users_of(network(points, customer("A", 1)), "LV"), PERIOD)

    assert bounds.rs_1 == bounds.upper == 1 - Fraction(10, N)
    assert bounds.lower == 1 - Fraction(20, N)


def unended(start: int) -> PointOutage:
    return PointOutage(earliest=start, start=start, end=N, latest=N, cause="unknown", is_open=True)


def test_the_upper_bound_counts_nothing_of_an_outage_without_end() -> None:
    points = [point(1, *dark((0, 5)), unended(10)), point(2, *dark((0, 5), (20, 30)))]
    both, one = customer("A", 1, 2), customer("B", 1)

    of_both, of_one = (bounds_of(users_of(network(points, c), "LV"), PERIOD) for c in (both, one))

    assert (of_one.rs_1, of_one.upper) == (1 - Fraction(35, N), 1 - Fraction(5, N))
    assert (of_both.rs_1, of_both.upper) == (1 - Fraction(15, N), 1 - Fraction(5, N))


def test_the_upper_bound_of_a_transformer_leaves_out_meters_whose_outage_has_no_end() -> None:
    ended = [point(i, *dark((10, 30))) for i in range(4)]
    three_and_open = [*ended[:3], point(3, unended(10)), point(4)]
    four_and_open = [*ended, point(4, unended(10))]

    unsure, sure = (
        bounds_of(users_of(network(points), "MV"), PERIOD)
        for points in (three_and_open, four_and_open)
    )

    assert (unsure.rs_1, unsure.upper) == (1 - Fraction(20, N), Fraction(1))
    assert sure.rs_1 == sure.upper == 1 - Fraction(20, N)


def test_an_outage_of_a_user_has_no_end_while_that_of_its_points_has_none() -> None:
    points = [point(1, unended(30)), point(2, *dark((0, 5)), unended(35)), point(3, *dark((0, 5)))]
    gone = customer("gone", 1, service=Span(0, 38))
    users = users_of(network(points, customer("both", 1, 2), gone, customer("ended", 3)), "LV")

    assert [spells(user) for user in users] == [[(35, None)], [(30, 38)], [(0, 5)]]
    figures = figures_of(users[:1], PERIOD, definition(), N, Asked())
    assert figures.indices.n_customer_interruptions == 1  # 5 us so far, and sustained
    assert figures.bounds.rs_1 == 1 - Fraction(5, N)


def test_nobody_is_dark_for_longer_than_in_service() -> None:
    points = [point(1, *dark((0, 30)), unobserved=1000)]
    users = users_of(network(points, customer("A", 1, service=Span(10, 30))), "LV")

    bounds = bounds_of(users, PERIOD)

    assert [bounds.rs_1, bounds.lower] == [Fraction(0), Fraction(0)]


def test_a_customer_without_any_point_in_service_is_not_seen_at_all() -> None:
    points = [point(1, service=Span(30, 99))]
    users = users_of(network(points, customer("A", 1)), "LV")

    bounds = bounds_of(users, PERIOD)

    assert [bounds.rs_1, bounds.lower] == [Fraction(1), 1 - Fraction(30, N)]


# ------------------------------------------------------------------------- against a plain recount


@given(
    st.lists(st.tuples(st.integers(0, N), st.integers(0, N)).map(lambda two: Span(*sorted(two)))),
    st.integers(0, N),
    st.integers(1, N),
)
def test_users_on_average_are_what_each_instant_says(
    services: list[Span], start: int, length: int
) -> None:
    asked = Span(start, start + length)
    n_there = [sum(one.start <= t < one.end for one in services) for t in range(*asked)]

    assert UserTime(services).n_users(asked) == Fraction(sum(n_there), length)


edges = st.tuples(st.integers(0, N), st.integers(0, N)).map(lambda pair: Span(min(pair), max(pair)))
witnesses = st.builds(Witness, edges, st.lists(edges, max_size=4).map(united))


@given(st.lists(witnesses, max_size=6), st.sampled_from([Fraction(1), SHARE, Fraction(1, 2)]))
def test_agreement_is_what_each_instant_says(found: list[Witness], share: Fraction) -> None:
    instants = set()
    for t in range(N):
        there = [one for one in found if one.service.start <= t < one.service.end]
        n_dark = sum(any(span.start <= t < span.end for span in one.dark) for one in there)
        if n_dark and n_dark >= share * len(there):
            instants.add(t)

    spans = agreed(found, share)

    assert {t for span in spans for t in range(span.start, span.end)} == instants
    assert all(a.end < b.start for a, b in pairwise(spans))


@given(st.lists(edges).map(united), st.lists(edges))
def test_what_is_left_outside_of_holes(given_spells: list[Span], holes: list[Span]) -> None:
    rest = without(given_spells, holes)

    def instants(spans: list[Span]) -> set[int]:
        return {t for span in spans for t in range(span.start, span.end)}

    assert instants(rest) == instants(given_spells) - instants(holes)


@st.composite
def accounts(draw: st.DrawFn) -> tuple[tuple[Witness, int], list[bool]]:
    """Return what is known of a point, and what was true of it: some of that nobody saw."""
    service = draw(edges)
    truth = [draw(st.booleans()) if service.start <= t < service.end else False for t in range(N)]
    is_seen = [draw(st.booleans()) for _ in range(N)]
    seen = [Span(t, t + 1) for t in range(N) if truth[t] and is_seen[t]]
    unseen = sum(not is_seen[t] for t in range(service.start, service.end))
    return (Witness(service, united(seen)), unseen), truth


@given(st.lists(accounts(), max_size=4), edges)
def test_a_customer_was_never_out_for_longer_than_the_bound(
    drawn: list[tuple[tuple[Witness, int], list[bool]]], service: Span
) -> None:
    out = 0
    for t in range(service.start, service.end):
        there = [truth for (one, _), truth in drawn if one.service.start <= t < one.service.end]
        out += all(truth[t] for truth in there)  # without a point it may have been out

    assert out <= worst_of_all(service, [known for known, _ in drawn]) <= service.length_us


@given(
    st.lists(accounts(), min_size=1, max_size=6),
    st.lists(accounts(), max_size=1),
    st.sampled_from([Fraction(1), SHARE, Fraction(1, 2)]),
)
def test_a_transformer_was_never_out_for_longer_than_the_bound(
    meters: list[tuple[tuple[Witness, int], list[bool]]],
    terminals: list[tuple[tuple[Witness, int], list[bool]]],
    share: Fraction,
) -> None:
    service = united(one.service for (one, _), _ in [*meters, *terminals] if one.service.length_us)
    out = 0
    for t in range(N):
        own = [truth for (one, _), truth in terminals if one.service.start <= t < one.service.end]
        there = [truth for (one, _), truth in meters if one.service.start <= t < one.service.end]
        n_dark = sum(truth[t] for truth in there)
        if own:
            out += all(truth[t] for truth in own)
        else:
            out += n_dark > 0 and n_dark >= share * len(there)

    worst = worst_of_share(
        service, [known for known, _ in terminals], [known for known, _ in meters], share
    )

    assert out <= worst <= time_within(service, PERIOD)
