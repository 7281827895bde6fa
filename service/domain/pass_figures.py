"""The pass rate of many points as a figure to hold against a target: exact, and figures add up."""

from dataclasses import dataclass, field
from fractions import Fraction

from service.domain.means import ShareMean
from service.domain.rates import Method, Rate, VerdictCounts, is_monitored, rate_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRate:
    """A point, and its rate as whole minutes."""

    point: str
    n_pass: int
    n_judged: int  # not 0

    @property
    def rate(self) -> Fraction:
        """The rate, 0..1, exact."""
        return Fraction(self.n_pass, self.n_judged)


@dataclass(slots=True, kw_only=True)
class PassFigure:
    """The unweighted mean of the rates of monitored points, and what stands beside it.

    Source: State Grid norm, art. 8(4), as the unweighted mean of points; domain reference, 2.6 and 8a.
    """

    rate: ShareMean = field(default_factory=ShareMean)  # of the monitored points; so the next three
    lower: ShareMean = field(default_factory=ShareMean)
    upper: ShareMean = field(default_factory=ShareMean)
    coverage: ShareMean = field(default_factory=ShareMean)
    counts: VerdictCounts = field(default_factory=VerdictCounts)  # of all points, monitored or not
    n_points: int = 0  # with minutes due
    n_monitored: int = 0  # that have a rate and reach the coverage floor
    n_sampled: int = 0  # monitored ones that give less than a value a minute
    n_below: int = 0  # monitored ones whose own rate is below the target; 0 where there is none
    n_exempt: int = (
        0  # points of customers below their power factor in a month that the period touches
    )
    lowest: PointRate | None = None  # of the monitored points

    @property
    def n_not_monitored(self) -> int:
        """Points that have no rate, or too little coverage for one."""
        return self.n_points - self.n_monitored

    @property
    def pooled(self) -> Rate:
        """The rate of all minutes of all points together."""
        return rate_of(self.counts)

    @property
    def method(self) -> Method | None:
        """How voltage was measured: sampled, if any monitored point is; None without one."""
        if not self.n_monitored:
            return None
        return "sampled" if self.n_sampled else "continuous"

    def include(self, other: "PassFigure") -> None:
        """Take in the points of another figure: of another region, for one."""
        for name in ("rate", "lower", "upper", "coverage"):
            getattr(self, name).include(getattr(other, name))
        self.counts = self.counts + other.counts
        self.n_points += other.n_points
        self.n_monitored += other.n_monitored
        self.n_sampled += other.n_sampled
        self.n_below += other.n_below
        self.n_exempt += other.n_exempt
        both = [one for one in (self.lowest, other.lowest) if one is not None]
        self.lowest = min(both, key=lambda one: (one.rate, one.point), default=None)


def figure_of_point(
    point: str,
    counts: VerdictCounts,
    coverage_floor: Fraction,
    *,
    at_least: Fraction | None = None,
    is_sampled: bool = False,
) -> PassFigure:
    """Return the figure of one point alone.

    Args:
        point: Its identifier.
        counts: Its minutes, some of them due.
        coverage_floor: Below it, 0..1, the point is not monitored.
        at_least: What its own rate has to reach to be not ``n_below``.
        is_sampled: It gives less than a value a minute.
    """
    figure = PassFigure(counts=counts, n_points=1)
    if is_monitored(counts, coverage_floor):
        figure.rate.add(counts.n_pass, counts.n_judged)
        figure.lower.add(counts.n_pass, counts.n_to_judge)
        figure.upper.add(counts.n_pass + counts.n_missing, counts.n_to_judge)
        figure.coverage.add(counts.n_judged, counts.n_to_judge)
        figure.n_monitored, figure.n_sampled = 1, int(is_sampled)
        figure.lowest = PointRate(point=point, n_pass=counts.n_pass, n_judged=counts.n_judged)
        figure.n_below = int(at_least is not None and figure.lowest.rate < at_least)
    return figure
