"""Cases of a promise counted, by region and together: the share kept, the average, the verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from service.domain.promises.cases import Case, minutes_of
from service.domain.target_rows import Reach

PromiseVerdict = Literal["kept", "broken", "no_cases", "no_limit"]


@dataclass(slots=True)
class Judged:
    """How many cases were judged and kept, and how long they took, or have taken past their limit."""

    n_judged: int = 0
    n_kept: int = 0
    n_timed: int = 0
    sum_us: int = 0

    def add(self, is_kept: bool | None, took_us: int | None) -> None:
        """Count a case in; ``took_us``: what it took, or the least that it did."""
        if is_kept is not None:
            self.n_judged += 1
            self.n_kept += is_kept
        if took_us is not None:
            self.n_timed += 1
            self.sum_us += took_us

    @property
    def share_kept(self) -> Fraction | None:
        """Share of the cases judged that were kept; None of none."""
        return Fraction(self.n_kept, self.n_judged) if self.n_judged else None

    @property
    def average_minutes(self) -> Fraction | None:
        """Mean of what cases took, or the least that they did, exact; None of none."""
        return minutes_of(self.sum_us) / self.n_timed if self.n_timed else None


@dataclass(slots=True)
class Tally:
    """Cases of one promise; each of them is judged, exempt, still open, or not judged."""

    n_cases: int = 0
    n_exempt: int = 0  # by what somebody claimed
    n_open: int = 0  # going on and within the limit so far
    n_open_broken: int = 0  # going on and broken already; judged
    n_not_judged: int = 0  # no limit in the rule set, or nobody said whether they came
    n_area_differs: int = 0  # calls whose area is not that of the registry
    counted: Judged = field(default_factory=Judged)
    with_exempt: Judged = field(default_factory=Judged)  # as if nobody had claimed an exemption

    def add(self, case: Case) -> None:
        """Count a case in."""
        self.n_cases += 1
        self.n_area_differs += case.area_differs
        took_us = case.at_least_us if case.took_us is None else case.took_us
        self.with_exempt.add(case.would_be_kept, took_us)
        if case.exemption:
            self.n_exempt += 1
            return
        self.counted.add(case.is_kept, took_us)
        if case.is_kept is None:
            self.n_open += case.is_open
            self.n_not_judged += not case.is_open
        else:
            self.n_open_broken += case.is_open

    def add_untouched(self, n_cases: int) -> None:
        """Count in cases that nothing happened to: they keep their promise."""
        self.n_cases += n_cases
        for judged in (self.counted, self.with_exempt):
            judged.n_judged += n_cases
            judged.n_kept += n_cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What decides about a promise as a whole."""

    reach: Reach
    share_min: Fraction | None = None  # of generality
    average_minutes: int | None = None  # of average, inclusive
    has_limit: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a promise stands in a region, or in all of them."""

    region: str | None  # None: all together
    tally: Tally
    verdict: PromiseVerdict
    verdict_with_exempt: PromiseVerdict  # as if nobody had claimed an exemption


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseStanding:
    """How a promise stands, all together and by region."""

    together: Standing
    regions: tuple[Standing, ...]  # in the order of their codes


def standing_of(
    demand: Demand,
    cases: Iterable[Case],
    untouched: Mapping[str, int] | None = None,
) -> PromiseStanding:
    """Return how a promise stands; a case of several regions counts in each, and once in all together.

    Args:
        demand: What decides.
        cases: In any order.
        untouched: By region, how many more kept the promise because nothing happened to them.
    """
    together, by_region = Tally(), dict[str, Tally]()
    for case in cases:
        together.add(case)
        for region in case.regions:
            by_region.setdefault(region, Tally()).add(case)
    for region, n_cases in (untouched or {}).items():
        together.add_untouched(n_cases)
        by_region.setdefault(region, Tally()).add_untouched(n_cases)
    return PromiseStanding(
        together=_standing(demand, None, together),
        regions=tuple(_standing(demand, name, by_region[name]) for name in sorted(by_region)),
    )


def broken_cases(cases: Iterable[Case]) -> list[Case]:
    """Return the cases that broke a promise and are not exempt, the newest first."""
    found = [case for case in cases if case.is_kept is False and not case.exemption]
    return sorted(found, key=_place, reverse=True)


def _place(case: Case) -> tuple[int, str, int]:
    return case.at, case.subject, case.record_id


def _standing(demand: Demand, region: str | None, tally: Tally) -> Standing:
    return Standing(
        region=region,
        tally=tally,
        verdict=_verdict(demand, tally.counted),
        verdict_with_exempt=_verdict(demand, tally.with_exempt),
    )


def _verdict(demand: Demand, judged: Judged) -> PromiseVerdict:
    if not demand.has_limit:
        return "no_limit"
    if demand.reach == "average":
        average = judged.average_minutes
        if average is None or demand.average_minutes is None:
            return "no_cases"
        return "kept" if average <= demand.average_minutes else "broken"
    share = judged.share_kept
    if share is None:
        return "no_cases"
    return "kept" if share >= (1 if demand.share_min is None else demand.share_min) else "broken"
