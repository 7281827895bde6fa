"""Rates: what share of the time was good, how much of it is known, and between which bounds.

Everything here is exact, in whole minutes and fractions; a float is made where a figure is printed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Literal, Self

from service.domain.means import ShareMean
from service.domain.rule_rows import DenominatorRow

Method = Literal["continuous", "sampled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCounts:
    """Minutes of a period by verdict, in the order of the verdicts' codes."""

    n_missing: int = 0
    n_pass: int = 0
    n_over: int = 0
    n_under: int = 0
    n_interrupted: int = 0
    n_exempt: int = 0
    n_invalid: int = 0

    @classmethod
    def of(cls, minutes: Iterable[int]) -> Self:
        """Return the counts in a row of a page's counters: minutes by verdict, seven of them."""
        names = (field.name for field in fields(cls))
        return cls(**{name: int(n) for name, n in zip(names, minutes, strict=True)})

    @classmethod
    def of_due(cls, n_due: int, minutes: Iterable[int]) -> Self:
        """Return the counts of a period with ``n_due`` minutes due; MISSING is the rest of them.

        The MISSING of ``minutes`` is not looked at: hours without a page have minutes due, too.

        Raises:
            ValueError: The other verdicts sum to more than ``n_due``.
        """
        _, *others = (int(n) for n in minutes)
        n_known = sum(others)
        if n_known > n_due:
            raise ValueError(f"{n_known} minutes have a verdict, {n_due} are due")
        return cls.of([n_due - n_known, *others])

    @property
    def n_judged(self) -> int:
        """Minutes whose voltage was held against a band."""
        return self.n_pass + self.n_over + self.n_under

    @property
    def n_to_judge(self) -> int:
        """Minutes that would have been judged, had all been measured."""
        return self.n_judged + self.n_missing + self.n_invalid

    @property
    def n_due(self) -> int:
        """All minutes."""
        return self.n_to_judge + self.n_interrupted + self.n_exempt

    def by_verdict(self) -> dict[str, int]:
        """Return the minutes by the verdict's word, in the order in which they are shown."""
        return {
            "pass": self.n_pass,
            "over": self.n_over,
            "under": self.n_under,
            "interrupted": self.n_interrupted,
            "exempt": self.n_exempt,
            "invalid": self.n_invalid,
            "missing": self.n_missing,
        }

    def __add__(self, other: "VerdictCounts") -> "VerdictCounts":
        return VerdictCounts(
            n_missing=self.n_missing + other.n_missing,
            n_pass=self.n_pass + other.n_pass,
            n_over=self.n_over + other.n_over,
            n_under=self.n_under + other.n_under,
            n_interrupted=self.n_interrupted + other.n_interrupted,
            n_exempt=self.n_exempt + other.n_exempt,
            n_invalid=self.n_invalid + other.n_invalid,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A pass rate, 0..1, with what it rests on; None where there is no denominator.

    ``lower <= rate`` and ``lower <= upper``; ``rate <= upper`` as long as nothing is INVALID.
    """

    rate: Fraction | None  # pass / judged
    lower: Fraction | None  # pass / to judge: as if all missing and invalid minutes were bad
    upper: Fraction | None  # (pass + missing) / to judge: as if all missing ones were good
    coverage: Fraction | None  # judged / to judge


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRate:
    """The rate of several points: the unweighted mean of those that are monitored."""

    mean: Fraction | None  # of the points' rates
    lower: Fraction | None  # mean of the points' lower bounds
    upper: Fraction | None
    pooled: Rate  # all minutes of all points, monitored or not
    n_monitored: int  # points that have a rate and reach the coverage floor
    n_not_monitored: int

    @property
    def n_points(self) -> int:
        """All points of the group."""
        return self.n_monitored + self.n_not_monitored


def rate_of(counts: VerdictCounts) -> Rate:
    """Return the rate of one point over one period.

    INTERRUPTED belongs to reliability and EXEMPT to nobody: neither is in any denominator. INVALID
    is in those of bounds and coverage, and never counts as possibly good.

    Source: design, section 2; GB/T 12325.
    """
    n_to_judge = counts.n_to_judge
    return Rate(
        rate=_share(counts.n_pass, counts.n_judged),
        lower=_share(counts.n_pass, n_to_judge),
        upper=_share(counts.n_pass + counts.n_missing, n_to_judge),
        coverage=_share(counts.n_judged, n_to_judge),
    )


def rate_by(counts: VerdictCounts, denominator: DenominatorRow) -> Fraction | None:
    """Return the rate of one point as another rule counts the minutes that were not judged.

    ``excluded`` minutes are in no part of it, ``good`` ones are counted like PASS, ``bad`` ones like
    OVER. INVALID is a minute without a voltage, too, but never counts as good: it stands in the
    denominator wherever MISSING does. So missing minutes ``excluded``, ``bad`` and ``good`` give
    rate, lower and upper bound of ``rate_of``, as long as interrupted ones are excluded. EXEMPT is in
    no denominator. None where there is none.

    Source: domain practice (DL/T 645 and 698.45 meters, concentrators); no clause sets it.
    """
    n_good, n_all = counts.n_pass, counts.n_judged
    for counting, n_good_at_best, n_minutes in (
        (denominator.interrupted, counts.n_interrupted, counts.n_interrupted),
        (denominator.missing, counts.n_missing, counts.n_missing + counts.n_invalid),
    ):
        n_good += n_good_at_best if counting == "good" else 0
        n_all += 0 if counting == "excluded" else n_minutes
    return _share(n_good, n_all)


def is_monitored(counts: VerdictCounts, coverage_floor: Fraction) -> bool:
    """Return whether a point has a rate and its coverage reaches the floor, 0..1."""
    floor, scale = coverage_floor.numerator, coverage_floor.denominator
    return counts.n_judged > 0 and counts.n_judged * scale >= floor * counts.n_to_judge


def group_rate(point_counts: Iterable[VerdictCounts], coverage_floor: Fraction) -> GroupRate:
    """Return the rate of a group of points over one period, one entry of ``point_counts`` each.

    A point below the coverage floor is "not monitored": it takes no part in the mean.

    Source: design, section 2; domain reference, 2.1 and 2.6 (the norm's network rate is the
    unweighted mean of point rates; the pooled one stands beside it).
    """
    mean, lower, upper = ShareMean(), ShareMean(), ShareMean()
    pooled, n_not_monitored = VerdictCounts(), 0
    for counts in point_counts:
        pooled = pooled + counts
        if not is_monitored(counts, coverage_floor):
            n_not_monitored += 1
            continue
        mean.add(counts.n_pass, counts.n_judged)
        lower.add(counts.n_pass, counts.n_to_judge)
        upper.add(counts.n_pass + counts.n_missing, counts.n_to_judge)
    return GroupRate(
        mean=mean.value(),
        lower=lower.value(),
        upper=upper.value(),
        pooled=rate_of(pooled),
        n_monitored=mean.n_values,
        n_not_monitored=n_not_monitored,
    )


def method_of(interval_s: int) -> Method:
    """Return how voltage was measured: with at least one value a minute, or by slower samples.

    Source: DL/T 500, one minute is the unit of statistics; a sampled rate is not statutory.
    """
    return "continuous" if interval_s <= 60 else "sampled"  # noqa: PLR2004 (one minute)


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None
