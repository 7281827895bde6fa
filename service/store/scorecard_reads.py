"""Scorecards of the database: figures of points and users, held against the targets of a rule set."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from service.domain.judging_alike import judge_alike
from service.domain.means import ShareMean
from service.domain.pass_figures import PassFigure
from service.domain.periods import day_start
from service.domain.reliability.figures import bounds_of, service_of
from service.domain.reliability.grades import undeclared as undeclared_users
from service.domain.reliability.outages import Span
from service.domain.reliability.users import User
from service.domain.rules import RuleSet
from service.domain.scorecard import (
    Commitment,
    MemberArea,
    MemberFigure,
    PlacedFigure,
    scorecard,
)
from service.domain.target_rows import Figure, Population
from service.errors import RuleSetNotJudgedError
from service.store.beside_reads import names_beside, require_same_beside
from service.store.deployment_reads import Snapshot
from service.store.network_figures import compliant_shares, composite_rates
from service.store.reliability_reads import KnownNetwork, known_network
from service.store.target_reads import pass_figures

_Placed = dict[tuple[Figure, Population], list[PlacedFigure]]


async def read_scorecard(
    snapshot: Snapshot, days: tuple[date, date], rule_set: RuleSet, statutory: RuleSet
) -> list[Commitment]:
    """Return every target of a rule set with what was reached in some days.

    Args:
        snapshot: Of the database.
        days: Half-open, of the deployment's zone; the last ones count as far as the data reach.
        rule_set: Whose targets.
        statutory: By which the pages are judged. Under a set that judges minutes otherwise and is kept beside it
            those days count in pass rates that are over.

    Raises:
        RuleSetNotJudgedError: It has targets of the pass rate, judges minutes otherwise, and is not kept beside; or
            of week limits, and its weeks are not kept.
        RuleSetDiffersError: Its days were counted under another version of it.
    """
    beside = await counts_beside(snapshot, rule_set, statutory)
    if not beside:
        require_judged(rule_set, statutory)
    placed: _Placed = {}
    undeclared: _Placed = {}
    if populations := populations_of(rule_set):
        found_rates = await pass_figures(
            snapshot.connection, days, rule_set, populations, beside=beside
        )
        for one in found_rates:
            placed.setdefault(("pass_rate", one.population), []).append(
                PlacedFigure(region=one.region, area=one.area, figure=_of_points(one.figure))
            )
    figures = {one.figure for one in rule_set.targets}
    if "composite_pass_rate" in figures and rule_set.composite is not None:
        found = await composite_rates(snapshot, days, rule_set, rule_set.composite, beside=beside)
        placed["composite_pass_rate", "all_points"] = found
    if "compliant_share" in figures:
        found = await compliant_shares(snapshot, days, rule_set)
        placed["compliant_share", "all_points"] = found
    if has_reliability(rule_set):
        span = (day_start(days[0], snapshot.zone), day_start(days[1], snapshot.zone))
        known = await known_network(snapshot, span, rule_set)
        if known is not None:
            told, untold = await asyncio.to_thread(_of_network, known, rule_set)
            placed["supply_reliability", "users"] = told
            undeclared["supply_reliability", "users"] = untold
    return _side_by_side(
        scorecard(rule_set.targets, placed), scorecard(rule_set.targets, undeclared)
    )


async def counts_beside(snapshot: Snapshot, rule_set: RuleSet, statutory: RuleSet) -> bool:
    """Return whether pass rates are made of the days of ``rule_set`` itself: it judges otherwise, and they are kept.

    Raises:
        RuleSetDiffersError: Its days were counted under another version of it.
    """
    if not _rests_on_verdicts(rule_set) or judge_alike(rule_set, statutory):
        return False
    if rule_set.name not in await names_beside(snapshot.connection):
        return False
    await require_same_beside(snapshot.connection, rule_set)
    return True


def require_judged(rule_set: RuleSet, statutory: RuleSet) -> None:
    """Check that stored verdicts give the pass rates that a rule set sets targets for.

    Raises:
        RuleSetNotJudgedError: They do not.
    """
    if _rests_on_verdicts(rule_set) and not judge_alike(rule_set, statutory):
        raise RuleSetNotJudgedError(
            f"{rule_set.name} judges minutes otherwise than {statutory.name}, by which the pages of this deployment "
            "are judged, so there are no pass rates to hold against its targets; a scorecard has them once it is "
            "named in VOLTPASS_RULE_SETS_BESIDE and `settle` was started again"
        )


def populations_of(rule_set: RuleSet) -> list[Population]:
    """Return whose pass rates a rule set sets targets for."""
    return sorted({one.population for one in rule_set.targets if one.figure == "pass_rate"})


def _rests_on_verdicts(rule_set: RuleSet) -> bool:
    return any(one.figure in {"pass_rate", "composite_pass_rate"} for one in rule_set.targets)


def has_reliability(rule_set: RuleSet) -> bool:
    """Return whether a rule set sets targets for supply reliability."""
    return any(one.figure == "supply_reliability" for one in rule_set.targets)


def _of_points(figure: PassFigure) -> MemberFigure:
    return MemberFigure(
        actual=figure.rate,
        lower=figure.lower,
        upper=figure.upper,
        coverage=figure.coverage,
        n_members=figure.n_points,
        n_known=figure.n_monitored,
        n_sampled=figure.n_sampled,
    )


def _side_by_side(told: Sequence[Commitment], untold: Sequence[Commitment]) -> list[Commitment]:
    """Return commitments, those of supply reliability with what they are as if nobody had declared anything."""
    return [
        replace(one, undeclared=other) if one.target.figure == "supply_reliability" else one
        for one, other in zip(told, untold, strict=True)
    ]


def _of_network(
    known: KnownNetwork, rule_set: RuleSet
) -> tuple[list[PlacedFigure], list[PlacedFigure]]:
    """Return RS-1 of each region and area, with what people declared, and without."""
    user_class, network = rule_set.reliability.users, known.network
    users = known.users(user_class)
    return _placed(users, network.period), _placed(
        undeclared_users(users, network, user_class), network.period
    )


def _placed(users: Sequence[User], period: Span) -> list[PlacedFigure]:
    groups: dict[tuple[str, MemberArea], list[User]] = defaultdict(list)
    for user in users:
        groups[user.region, user.area or "none"].append(user)
    return [
        PlacedFigure(region=region, area=area, figure=_of_users(members, period))
        for (region, area), members in groups.items()
    ]


def _of_users(users: Sequence[User], period: Span) -> MemberFigure:
    """Return RS-1 as a mean over user time: so a user weighs by its time in service."""
    bounds, user_us = bounds_of(users, period), service_of(users, period).user_us
    return MemberFigure(
        actual=_of_user_time(bounds.rs_1, user_us),
        lower=_of_user_time(bounds.lower, user_us),
        upper=_of_user_time(bounds.upper, user_us),
        n_members=len(users),
        n_known=len(users),
    )


def _of_user_time(share: Fraction | None, user_us: int) -> ShareMean:
    made = ShareMean()
    if share is not None:
        supplied = share * user_us
        made.add(supplied.numerator, supplied.denominator, user_us)
    return made
