"""The pass rate of many points as a part of answers: the mean of points first, the pooled rate beside it."""

from decimal import Decimal
from fractions import Fraction

from pydantic import Field

from service.api.shapes import METHOD, Minutes, Rates, Shape, rates
from service.domain.pass_figures import PassFigure
from service.domain.rates import Method


class LowestPoint(Shape):
    """The monitored point with the lowest rate."""

    point: str | None = Field(
        description="null to those who may not read single customers", examples=["P-0001"]
    )
    rate: float = Field(description="0..1", examples=[0.9123])


class FigureShape(Shape):
    """The unweighted mean of the rates of monitored points, and what stands beside it."""

    rate: float | None = Field(
        description="unweighted mean of the rates of the monitored points, 0..1; null without one",
        examples=[0.9871],
    )
    lower: float | None = Field(description="unweighted mean of their lower bounds")
    upper: float | None = Field(description="unweighted mean of their upper bounds")
    coverage: float | None = Field(description="unweighted mean of their coverages")
    method: Method | None = Field(
        description=METHOD + "; of a group: sampled, if any monitored point is"
    )
    points: int = Field(description="points with minutes due")
    monitored: int = Field(description="points that have a rate and reach the coverage floor")
    not_monitored: int = Field(description="the others; they are in `pooled` only")
    exempt: int = Field(
        description="points with a month below the required power factor: its minutes are in no rate"
    )
    lowest: LowestPoint | None = Field(description="null without a monitored point")
    pooled: Rates = Field(description="all minutes of all points together, monitored or not")
    minutes: Minutes = Field(description="the same minutes, by verdict")


class TargetFigureShape(FigureShape):
    """The same with a target beside it."""

    at_least: float | None = Field(
        description="target of the rule set, 0..1; null: it has none", examples=[0.95]
    )
    reached: bool | None = Field(
        description="whether the mean reaches the target, judged exactly; null without one of the two"
    )
    below: int | None = Field(
        description="monitored points whose own rate is below the target; null without a target"
    )


def figure_shape(figure: PassFigure, *, with_point: bool) -> FigureShape:
    """Return a figure as part of an answer; ``with_point`` names the lowest one."""
    lowest = figure.lowest
    return FigureShape(
        rate=figure.rate.nearest(),
        lower=figure.lower.nearest(),
        upper=figure.upper.nearest(),
        coverage=figure.coverage.nearest(),
        method=figure.method,
        points=figure.n_points,
        monitored=figure.n_monitored,
        not_monitored=figure.n_not_monitored,
        exempt=figure.n_exempt,
        lowest=None
        if lowest is None
        else LowestPoint(point=lowest.point if with_point else None, rate=float(lowest.rate)),
        pooled=rates(figure.counts),
        minutes=Minutes.of(figure.counts),
    )


def target_figure_shape(
    figure: PassFigure, at_least: Decimal | None, *, with_point: bool
) -> TargetFigureShape:
    """Return a figure as part of an answer, held against a target that it was counted with."""
    reached = None
    if at_least is not None and figure.n_monitored:
        reached = figure.rate.reaches(Fraction(at_least))
    return TargetFigureShape(
        **dict(figure_shape(figure, with_point=with_point)),
        at_least=None if at_least is None else float(at_least),
        reached=reached,
        below=None if at_least is None else figure.n_below,
    )
