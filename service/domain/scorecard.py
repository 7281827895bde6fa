"""Scorecards: what a rule set demands, held against what was reached, area by area.

Judged unrounded: a figure that is exactly its target keeps it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from service.domain.means import ShareMean
from service.domain.registry import TargetArea
from service.domain.target_rows import Figure, Population, TargetRow

Verdict = Literal["kept", "broken", "not_enough_data", "no_target"]
MemberArea = Literal[TargetArea, "none"]  # none: a point that supplies no customer

_LEAST_DEFICIT: Final = math.ulp(100.0)  # shown where a float cannot tell a figure from its target


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFigure:
    """What the members of one region and area reached: points, or users. Figures add up."""

    actual: ShareMean = field(default_factory=ShareMean)  # of nothing where no member has a figure
    lower: ShareMean = field(default_factory=ShareMean)  # as if the unknown of them were bad
    upper: ShareMean = field(default_factory=ShareMean)  # as if it were good
    coverage: ShareMean = field(default_factory=ShareMean)  # of nothing where that has no meaning
    n_members: int = 0
    n_known: int = 0  # that take part: monitored points, users in service
    n_sampled: int = 0  # of those: points that give less than a value a minute


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFigure:
    """A figure, and where it was reached."""

    region: str
    area: MemberArea
    figure: MemberFigure


Figures: TypeAlias = Mapping[tuple[Figure, Population], Sequence[PlacedFigure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a figure stands to its target."""

    region: str | None  # None: all regions together
    figure: MemberFigure
    verdict: Verdict
    is_certain: bool  # bounds say the same, with members not known counted as bad, or as good
    margin_points: float | None  # percentage points above the target; its sign is the verdict's


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """One target of a rule set, and whether it is kept."""

    target: TargetRow
    verdict: Verdict
    is_certain: bool
    together: Standing  # all regions of the area
    regions: tuple[Standing, ...]  # in the order of their codes
    undeclared: "Commitment | None" = (
        None  # as if nobody had declared anything; None: not worked out
    )

    @property
    def decisive(self) -> Standing:
        """What the verdict rests on: of ``each`` the lowest region, else all of them together."""
        known = [one for one in self.regions if one.figure.actual.n_values]
        if self.target.reach != "each" or not known:
            return self.together
        return min(known, key=lambda one: (one.verdict != "broken", one.figure.actual.nearest()))


def scorecard(targets: Iterable[TargetRow], figures: Figures) -> list[Commitment]:
    """Return each target with what was reached, in the order of the rule set.

    ``each`` is kept if every region keeps it, broken if one breaks it, and otherwise there is not
    enough data. ``average`` and ``generality`` look at all members together, each of them weighing
    the same: the figure of ``generality`` is the share of members that keep their limits.

    Args:
        targets: Of one rule set.
        figures: By figure and population; what is not in it counts as not known.

    Source: State Grid norm, art. 8(4) and 9(1): "each" region; commitments of 2023: "the average
    reaches".
    """
    return [_commitment(one, figures.get((one.figure, one.population), ())) for one in targets]


def together(figures: Iterable[MemberFigure]) -> MemberFigure:
    """Return one figure of all members; the order does not matter."""
    means = MemberFigure()
    n_members = n_known = n_sampled = 0
    for one in figures:
        means.actual.include(one.actual)
        means.lower.include(one.lower)
        means.upper.include(one.upper)
        means.coverage.include(one.coverage)
        n_members += one.n_members
        n_known += one.n_known
        n_sampled += one.n_sampled
    return MemberFigure(
        actual=means.actual,
        lower=means.lower,
        upper=means.upper,
        coverage=means.coverage,
        n_members=n_members,
        n_known=n_known,
        n_sampled=n_sampled,
    )


def _commitment(target: TargetRow, placed: Sequence[PlacedFigure]) -> Commitment:
    of_region: dict[str, list[MemberFigure]] = {}
    for one in placed:
        if target.area in {"any", one.area}:
            of_region.setdefault(one.region, []).append(one.figure)
    at_least = None if target.at_least is None else Fraction(target.at_least)
    regions = tuple(
        _standing(region, together(figures), at_least)
        for region, figures in sorted(of_region.items())
    )
    whole = _standing(None, together(one.figure for one in regions), at_least)
    verdict, is_certain = whole.verdict, whole.is_certain
    if target.reach == "each":
        verdict, is_certain = _of_each(regions, whole)
    return Commitment(
        target=target, verdict=verdict, is_certain=is_certain, together=whole, regions=regions
    )


def _of_each(regions: Sequence[Standing], whole: Standing) -> tuple[Verdict, bool]:
    if whole.verdict == "no_target":
        return whole.verdict, False
    broken = [one for one in regions if one.verdict == "broken"]
    if broken:
        return "broken", any(one.is_certain for one in broken)
    if regions and all(one.verdict == "kept" for one in regions):
        return "kept", all(one.is_certain for one in regions)
    return "not_enough_data", False


def _standing(region: str | None, figure: MemberFigure, at_least: Fraction | None) -> Standing:
    verdict: Verdict
    is_certain = False
    if at_least is None:
        verdict = "no_target"
    elif not figure.actual.n_values:
        verdict = "not_enough_data"
    elif figure.actual.reaches(at_least):
        verdict, is_certain = "kept", _of_all(figure.lower, figure, 0).reaches(at_least)
    else:
        verdict, is_certain = "broken", not _of_all(figure.upper, figure, 1).reaches(at_least)
    return Standing(
        region=region,
        figure=figure,
        verdict=verdict,
        is_certain=is_certain,
        margin_points=_margin_points(figure.actual, at_least, verdict),
    )


def _of_all(bound: ShareMean, figure: MemberFigure, share: Literal[0, 1]) -> ShareMean:
    """Return a bound over all members: each of which nothing is known, and that it leaves out, has ``share``.

    A mean of fewer values than members that are known, as the composite rate is, moves no further than this.
    """
    n_left_out = figure.n_members - max(figure.n_known, bound.n_values)
    made = ShareMean()
    made.include(bound)
    if n_left_out > 0:
        made.add(share * n_left_out, 1, n_left_out)
    return made


def _margin_points(actual: ShareMean, at_least: Fraction | None, verdict: Verdict) -> float | None:
    """Return how far a figure is above its target; never a zero that the verdict contradicts.

    Of the shortest number that names its float: exactly 94 % is 4 points above 90 %.
    """
    share = actual.nearest()
    if share is None or at_least is None:
        return None
    margin = float(100 * (Fraction(repr(share)) - at_least))
    return max(margin, 0.0) if verdict == "kept" else min(margin, -_LEAST_DEFICIT)
