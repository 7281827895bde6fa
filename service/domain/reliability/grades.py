"""Figures by what they rest on: with and without what people declared, and what is only inferred, apart."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from service.domain.registry import UserClass
from service.domain.reliability.outages import Span
from service.domain.reliability.spells import time_within, without
from service.domain.reliability.user_interruptions import UserInterruption
from service.domain.reliability.users import Network, NetworkPoint, User, users_of
from service.domain.supply.pieces import GRADES, Grade

Declarations = Literal["with", "without"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeTotal:
    """Interruptions of users by the best evidence that they rest on."""

    evidence: Grade
    n_interruptions: int  # that start in the period, short ones too; summed over users
    user_us: int  # time without supply in the period, summed over users


def undeclared(users: Sequence[User], network: Network, user_class: UserClass) -> list[User]:
    """Return the users as if nobody had declared anything.

    Interruptions that nothing but a declaration tells of are none: nobody saw that time. The others
    stay as they are, and have no cause.

    Args:
        users: All of one class, as ``users_of`` gives them for ``network``.
        network: With what was declared.
        user_class: Of ``users``.
    """
    period = network.period
    points = {
        point.point_id: _undeclared(point, period)
        for point in network.points.values()
        if any(one.evidence == "declared" for one in point.outages)
    }
    changed = {user.user: user for user in _changed(network, points, user_class)} if points else {}
    return [_without_causes(changed.get(user.user, user)) for user in users]


def totals_by_grade(
    interruptions: Iterable[UserInterruption], period: Span
) -> Mapping[Grade, GradeTotal]:
    """Return the interruptions in a period by grade; a grade without any is not in it."""
    counts: dict[Grade, list[int]] = defaultdict(lambda: [0, 0])
    for one in interruptions:
        time_us = one.time_in(period)
        if one.evidence is not None and (time_us or one.starts_in(period)):
            counts[one.evidence][0] += one.n_users * one.starts_in(period)
            counts[one.evidence][1] += one.n_users * time_us
    return {
        grade: GradeTotal(evidence=grade, n_interruptions=n, user_us=us)
        for grade in GRADES
        if grade in counts
        for n, us in [counts[grade]]
    }


def inferred_outages(
    users: Sequence[User], network: Network, user_class: UserClass
) -> dict[str, list[Span]]:
    """Return by user what only inferred interruptions of points say, beyond what figures count.

    Args:
        users: All of one class, as ``users_of`` gives them for ``network``.
        network: Of them.
        user_class: Of ``users``.
    """
    points = {
        point.point_id: replace(
            point,
            outages=tuple(
                sorted([*point.outages, *point.inferred], key=lambda one: (one.start, one.end))
            ),
        )
        for point in network.points.values()
        if point.inferred
    }
    if not points:
        return {}
    counted = {user.user: user for user in users}
    found: dict[str, list[Span]] = {}
    for user in _changed(network, points, user_class):
        known = [one.span(network.period.end) for one in counted[user.user].outages]
        spells = [one.span(network.period.end) for one in user.outages]
        if rest := without(spells, known):
            found[user.user] = rest
    return found


def inferred_total(spells: Iterable[Span], period: Span) -> GradeTotal:
    """Return what is only inferred as a total beside those that figures count."""
    every = list(spells)
    return GradeTotal(
        evidence="inferred",
        n_interruptions=sum(period.start <= one.start < period.end for one in every),
        user_us=time_within(every, period),
    )


def _undeclared(point: NetworkPoint, period: Span) -> NetworkPoint:
    alone = [one for one in point.outages if one.evidence == "declared"]
    unseen_us = time_within([Span(one.earliest, one.latest) for one in alone], period)
    return replace(
        point,
        outages=tuple(one for one in point.outages if one.evidence != "declared"),
        unobserved_us=point.unobserved_us + unseen_us,
    )


def _without_causes(user: User) -> User:
    if all(one.cause == "unknown" for one in user.outages):
        return user
    return replace(user, outages=tuple(replace(one, cause="unknown") for one in user.outages))


def _changed(
    network: Network, points: Mapping[int, NetworkPoint], user_class: UserClass
) -> Iterable[User]:
    """Yield the users that have one of the changed points; the others are not looked at again."""
    codes = {point.transformer for point in points.values() if point.transformer}
    own = {one.customer for one in network.customers if not points.keys().isdisjoint(one.point_ids)}
    needed = {point.point_id for point in network.points.values() if point.transformer in codes} | {
        point_id for one in network.customers if one.customer in own for point_id in one.point_ids
    }
    part = replace(
        network,
        points={
            point_id: points.get(point_id, network.points[point_id])
            for point_id in network.points
            if point_id in needed
        },
        customers=[one for one in network.customers if _meets(needed, one.point_ids)],
    )
    names = {f"customer:{customer}" for customer in own} | {f"transformer:{code}" for code in codes}
    return (user for user in users_of(part, user_class) if user.user in names)


def _meets(needed: Collection[int], point_ids: Iterable[int]) -> bool:
    return any(point_id in needed for point_id in point_ids)
