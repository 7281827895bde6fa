"""Pass rates that targets are about: the composite rate of the network, and that of residential points."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field

from service.api.access import Asking
from service.api.columns import ROWS
from service.api.context import Context
from service.api.few_members import WITHHELD, Fewest
from service.api.figure_shapes import (
    FigureShape,
    TargetFigureShape,
    figure_shape,
    target_figure_shape,
)
from service.api.parameters import From, To, check_length, days_of
from service.api.shapes import Basis, Shape, basis_of
from service.api.table_routes import TableRoute
from service.domain.composite import CLASSES, composite_rate
from service.domain.few_members import fewest_seen, remainder_tells, without_few
from service.domain.means import ShareMean
from service.domain.pass_figures import PassFigure
from service.domain.periods import day_start
from service.domain.registry import PointClass, TargetArea
from service.domain.rule_rows import CompositeRow
from service.errors import RequestError
from service.metrics.words import Area
from service.store.deployment_reads import Snapshot, reading
from service.store.target_reads import AreaFigure, class_figures, pass_figures, targets_of

router = APIRouter(tags=["pass rates"], route_class=TableRoute)

LONGEST: Final = timedelta(days=400)


class ClassShape(FigureShape):
    """The rate of the points of one class."""

    class_: PointClass = Field(alias="class", description="GB/T 12325")


class CompositeShape(Shape):
    """A composite rate: ``w A + (1 - w) (B + C + D) / 3``."""

    rate: float | None = Field(
        description="of the means of points, 0..1; null as long as a class is missing",
        examples=[0.99],
    )
    lower: float | None = Field(description="the same of the lower bounds")
    upper: float | None = Field(description="the same of the upper bounds")
    coverage: float | None = Field(description="the same of the coverages")
    pooled_rate: float | None = Field(description="the same of the pooled rates of the classes")
    class_a_weight: float = Field(description="w, of the rule set", examples=[0.5])
    missing: list[PointClass] = Field(
        description="classes without a monitored point: they are neither taken for 0 nor left out",
        examples=[[]],
    )


class _Days(Shape):
    from_day: date = Field(alias="from", description="first day, inclusive")
    to_day: date = Field(alias="to", description="last day, exclusive")
    coverage_floor: float = Field(
        description="below this coverage a point is not monitored, of the rule set"
    )


class CompositePassRate(Basis, _Days):
    """The rates of the classes of points, and the composite rate that they make."""

    composite: CompositeShape
    classes: list[ClassShape] = Field(description="those that have points with minutes due")
    withheld_groups: int = Field(description=WITHHELD + "; then there is no composite rate either")


class AreaShape(TargetFigureShape):
    """The residential points of a target area in the whole deployment."""

    area: Area = Field(description="none: the point supplies no customer")


class RegionShape(AreaShape):
    """The residential points of a target area in one region."""

    region: str = Field(description="code of the region")


class ResidentialPassRate(Basis, _Days):
    """The pass rate at residential customers, by target area."""

    areas: list[AreaShape] = Field(description="all regions together")
    regions: Annotated[list[RegionShape], ROWS] = Field(description="in the order of their codes")
    withheld_groups: int = Field(description=WITHHELD)


@router.get("/v1/composite-pass-rate", summary="Class rates A, B, C, D and the composite rate")
async def composite_pass_rate(
    context: Context, asking: Asking, fewest: Fewest, from_: From = None, to: To = None
) -> CompositePassRate:
    """Return the rate of each class of points, mean of points and pooled, and their composite.

    Days are those of the deployment's zone, at most 400. Where a class has no monitored point the
    composite is null and `missing` names the class.
    """
    rule_set, with_point = context.rule_set, asking.may("read:customer")
    if rule_set.composite is None:
        raise RequestError(
            f"the rule set {rule_set.name} has no composite rate; /v1/rule-sets shows which have one",
            "query",
        )
    async with reading(context.reader) as snapshot:
        days = _days(from_, to, snapshot, context)
        figures = await class_figures(snapshot.connection, days, rule_set)
    shown, n_withheld = without_few(figures, lambda name: _seen(figures[name]), fewest)
    return CompositePassRate(
        **basis_of(context, snapshot),
        from_day=days[0],
        to_day=days[1],
        coverage_floor=float(rule_set.coverage.floor),
        composite=_composite({} if n_withheld else figures, rule_set.composite),
        classes=[
            ClassShape(class_=name, **dict(figure_shape(figures[name], with_point=with_point)))
            for name in CLASSES
            if name in shown
        ],
        withheld_groups=n_withheld,
    )


@router.get(
    "/v1/residential-pass-rate", summary="Pass rate at residential customers, by target area"
)
async def residential_pass_rate(
    context: Context,
    asking: Asking,
    fewest: Fewest,
    from_: From = None,
    to: To = None,
    area: Annotated[TargetArea | None, Query(description="only this target area")] = None,
) -> ResidentialPassRate:
    """Return the unweighted mean of the residential points of each target area, with its target.

    This is the figure of article 8(4) of the service norm: not the composite rate, nor class D.
    Beside the mean stand the lowest point, the points below the target, those not monitored, and
    the pooled rate. Days are those of the deployment's zone, at most 400.
    """
    rule_set, population = context.rule_set, "residential_points"
    with_point = asking.may("read:customer")
    async with reading(context.reader) as snapshot:
        days = _days(from_, to, snapshot, context)
        found = await pass_figures(snapshot.connection, days, rule_set, ("residential_points",))
    chosen = [one for one in found if area in (None, one.area)]
    by_area: dict[Area, PassFigure] = {}
    shown, n_withheld = without_few(chosen, lambda one: _seen(one.figure), fewest)
    for one in chosen:
        by_area.setdefault(one.area, PassFigure()).include(one.figure)
    targets = {
        area: share for (who, area), share in targets_of(rule_set).items() if who == population
    }
    return ResidentialPassRate(
        **basis_of(context, snapshot),
        from_day=days[0],
        to_day=days[1],
        coverage_floor=float(rule_set.coverage.floor),
        areas=[
            AreaShape(
                area=name,
                **dict(target_figure_shape(figure, targets.get(name), with_point=with_point)),
            )
            for name, figure in sorted(by_area.items())
            if name not in _areas_told(by_area, chosen, fewest)
        ],
        regions=[
            RegionShape(
                region=one.region,
                area=one.area,
                **dict(
                    target_figure_shape(one.figure, targets.get(one.area), with_point=with_point)
                ),
            )
            for one in shown
        ],
        withheld_groups=n_withheld + len(_areas_told(by_area, chosen, fewest)),
    )


def _seen(figure: PassFigure) -> int:
    return fewest_seen(figure.n_points, figure.n_monitored)


def _areas_told(
    by_area: Mapping[Area, PassFigure], regions: Sequence[AreaFigure], fewest: int
) -> set[Area]:
    """Return the areas of few points, and those that tell of a region of few by what is left beside the others."""
    few = {area for area, figure in by_area.items() if _seen(figure) < fewest}
    left: dict[Area, list[int]] = defaultdict(list)
    for one in regions:
        if _seen(one.figure) < fewest:
            left[one.area].append(_seen(one.figure))
    return few | {area for area, members in left.items() if remainder_tells(members, fewest)}


def _days(
    from_: str | None, to: str | None, snapshot: Snapshot, context: Context
) -> tuple[date, date]:
    days = days_of(from_, to, snapshot, context.now())
    first, last = (day_start(day, snapshot.zone) for day in days)
    check_length(first, last, LONGEST)
    return days


def _composite(figures: Mapping[PointClass, PassFigure], rule: CompositeRow) -> CompositeShape:
    def of_means(name: str) -> Fraction | None:
        means: dict[PointClass, ShareMean] = {
            one: getattr(figure, name) for one, figure in figures.items()
        }
        return composite_rate({one: mean.value() for one, mean in means.items()}, rule).rate

    monitored = {one: figure for one, figure in figures.items() if figure.n_monitored}
    pooled = {one: figure.pooled.rate for one, figure in monitored.items()}
    return CompositeShape(
        rate=_number(of_means("rate")),
        lower=_number(of_means("lower")),
        upper=_number(of_means("upper")),
        coverage=_number(of_means("coverage")),
        pooled_rate=_number(composite_rate(pooled, rule).rate),
        class_a_weight=float(rule.class_a_weight),
        missing=[one for one in CLASSES if one not in monitored],
    )


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)
