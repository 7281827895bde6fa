"""Users without what was declared: only those are looked at again that it concerns, and nobody notices."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from service.domain.registry import UserClass
from service.domain.reliability.grades import inferred_outages, undeclared
from service.domain.reliability.outages import Span
from service.domain.reliability.users import (
    Network,
    NetworkCustomer,
    NetworkPoint,
    PointOutage,
    users_of,
)
from service.domain.supply.pieces import Grade

N = 40
PERIOD = Span(0, N)
EVER = Span(-N, 2 * N)
CLASSES: tuple[UserClass, ...] = ("LV", "MV")


@st.composite
def outages(draw: st.DrawFn, grades: list[Grade]) -> tuple[PointOutage, ...]:
    edges = sorted(draw(st.sets(st.integers(0, N), max_size=6)))
    return tuple(
        PointOutage(
            earliest=start,
            start=start,
            end=end,
            latest=end,
            cause=draw(st.sampled_from(["fault_internal", "fault_external", "unknown"])),
            evidence=draw(st.sampled_from(grades)),
        )
        for start, end in zip(edges[::2], edges[1::2], strict=False)
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Draw eight points of three transformers, with customers of one point or of two."""
    points = {
        i: NetworkPoint(
            point_id=i,
            nominal_mv=220_000,
            region="R",
            feeder="F",
            transformer=f"T{i % 3}",
            is_terminal=draw(st.booleans()) if i < 3 else False,
            service=EVER,
            outages=draw(outages(["measured", "feeder", "declared"])),
            unobserved_us=draw(st.integers(0, 5)),
        )
        for i in range(8)
    }
    customers = [
        NetworkCustomer(
            customer=f"C{k}",
            user_class="MV" if k == 3 else "LV",
            area="urban" if k % 2 else "rural",
            level_mv=220_000,
            kva=None,
            point_ids=ids,
            service=EVER,
        )
        for k, ids in enumerate([(0,), (1, 5), (2, 3), (4,), (6,), (7, 1)])
    ]
    return Network(points=points, customers=customers, period=PERIOD, share_min=Fraction(4, 5))


@given(networks(), st.sampled_from(CLASSES))
def test_without_declarations_users_are_those_of_a_network_without_them(
    network: Network, user_class: UserClass
) -> None:
    def untold(point: NetworkPoint) -> NetworkPoint:
        kept = [one for one in point.outages if one.evidence != "declared"]
        unseen = sum(one.end - one.start for one in point.outages if one.evidence == "declared")
        return replace(
            point,
            outages=tuple(replace(one, cause="unknown") for one in kept),
            unobserved_us=point.unobserved_us + unseen,
        )

    found = undeclared(users_of(network, user_class), network, user_class)

    points = {i: untold(point) for i, point in network.points.items()}
    assert found == users_of(replace(network, points=points), user_class)


@given(networks(), networks(), st.sampled_from(CLASSES))
def test_what_is_only_inferred_is_what_users_have_beyond_what_is_counted(
    network: Network, other: Network, user_class: UserClass
) -> None:
    def with_inferred(point: NetworkPoint) -> NetworkPoint:
        own = {s for one in point.outages for s in range(one.start, one.end)}
        more = [
            one
            for one in other.points[point.point_id].outages
            if own.isdisjoint(range(one.start, one.end))
        ]
        return replace(point, inferred=tuple(replace(one, evidence="inferred") for one in more))

    points = {i: with_inferred(point) for i, point in network.points.items()}
    told = replace(network, points=points)
    users = users_of(told, user_class)

    found = inferred_outages(users, told, user_class)

    every = {
        i: replace(
            point, outages=tuple(sorted(point.outages + point.inferred, key=lambda one: one.start))
        )
        for i, point in points.items()
    }
    for before, after in zip(users, users_of(replace(told, points=every), user_class), strict=True):
        dark, more = (
            {s for one in user.outages for s in range(*one.span(N))} for user in (before, after)
        )
        spells = found.get(before.user, [])
        assert {s for spell in spells for s in range(*spell)} == more - dark
