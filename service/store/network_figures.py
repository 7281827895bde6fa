"""Figures that targets look at beside rates and reliability: the share that keeps week limits, the composite rate."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Final, Literal

from service.domain.composite import composite_rate
from service.domain.means import ShareMean
from service.domain.rule_rows import CompositeRow
from service.domain.rules import RuleSet
from service.domain.scorecard import MemberFigure, PlacedFigure
from service.domain.weeks import week_of
from service.errors import RuleSetNotJudgedError
from service.store.deployment_reads import Snapshot
from service.store.target_reads import class_figures
from service.store.week_reads import RegionCompliance, compliance, is_kept

_WEEK: Final = timedelta(days=7)


async def compliant_shares(
    snapshot: Snapshot, days: tuple[date, date], rule_set: RuleSet
) -> list[PlacedFigure]:
    """Return the share of points that kept the week limits, over the weeks that lie in the days and are over.

    A point counts once for each week. Points below the coverage floor are members that are not known.

    Raises:
        RuleSetNotJudgedError: The weeks of this rule set are not kept.
        RuleSetDiffersError: They were counted under another version of it.
    """
    if not await is_kept(snapshot.connection, rule_set.name):
        raise RuleSetNotJudgedError(
            f"the weeks of {rule_set.name} are not kept: name it in VOLTPASS_RULE_SETS_BESIDE and let `settle` count"
        )
    return [
        PlacedFigure(region=one.region, area="none", figure=_of_region(one))
        for monday in _mondays(snapshot, days)
        for one in await compliance(snapshot.connection, monday, rule_set)
    ]


async def composite_rates(
    snapshot: Snapshot,
    days: tuple[date, date],
    rule_set: RuleSet,
    rule: CompositeRow,
    *,
    beside: bool = False,
) -> list[PlacedFigure]:
    """Return the composite rate of the whole deployment, as one region; not known while a class is missing."""
    classes = await class_figures(snapshot.connection, days, rule_set, beside=beside)

    def composite(bound: Literal["rate", "lower", "upper", "coverage"]) -> ShareMean:
        means = {name: getattr(one, bound).value() for name, one in classes.items()}
        return _alone(composite_rate(means, rule).rate)

    figures = classes.values()
    return [
        PlacedFigure(
            region="",
            area="none",
            figure=MemberFigure(
                actual=composite("rate"),
                lower=composite("lower"),
                upper=composite("upper"),
                coverage=composite("coverage"),
                n_members=sum(one.n_points for one in figures),
                n_known=sum(one.n_monitored for one in figures),
                n_sampled=sum(one.n_sampled for one in figures),
            ),
        )
    ]


def _mondays(snapshot: Snapshot, days: tuple[date, date]) -> Iterator[date]:
    first, end = days
    monday = first + timedelta(days=-first.weekday() % 7)
    while monday + _WEEK <= end:
        week = week_of(monday, snapshot.zone)
        if snapshot.data_through is None or snapshot.data_through < week.complete_at:
            return
        yield monday
        monday += _WEEK


def _of_region(one: RegionCompliance) -> MemberFigure:
    points = one.points
    n_known = points.n_compliant + points.n_not_compliant
    n_all = n_known + points.n_unknown
    figure = MemberFigure(
        n_members=n_all, n_known=n_known, n_sampled=n_known if one.is_sampled else 0
    )
    if n_known:
        figure.actual.add(points.n_compliant, 1, n_known)
    if n_all:
        figure.lower.add(points.n_compliant, 1, n_all)
        figure.upper.add(points.n_compliant + points.n_unknown, 1, n_all)
        figure.coverage.add(n_known, 1, n_all)
    return figure


def _alone(share: Fraction | None) -> ShareMean:
    made = ShareMean()
    if share is not None:
        made.add(share.numerator, share.denominator)
    return made
