"""Promises as answers show them, and as the command line does."""

from datetime import date, datetime
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Field

from service.api.columns import ROWS
from service.api.shapes import Basis, Shape
from service.domain.few_members import remainder_tells
from service.domain.promise_rows import AnyPromiseRow, DeadlineRow
from service.domain.promises.figures import PromiseFigure, Unruled
from service.domain.promises.limits import Bound, LimitUnit, limit_of, subject_of
from service.domain.promises.tallies import Judged, PromiseVerdict, Standing
from service.domain.rule_rows import Certainty
from service.domain.target_rows import Reach

_OUTCOME = ("kept", "share_kept", "average_minutes")
_VERDICT = (
    "of each: kept if no case broke it; of average: the mean of `average_minutes`, unrounded; of generality: "
    "the share kept; no_cases: none was judged; no_limit: somebody else sets it"
)


class PromiseRuleShape(Shape):
    """What a rule set promises."""

    promise: str = Field(description="its name", examples=["planned_notice", "crew_arrival"])
    subject: str = Field(
        description="area, level of supply or classes that it is for; empty: all",
        examples=["urban"],
    )
    reach: Reach = Field(
        description="each: every case by itself; average: their mean; generality: a share of them"
    )
    share_min: float | None = Field(description="of generality, 0..1")
    limit: int | None = Field(
        description="exactly at it is kept; null: see `set_by`", examples=[168]
    )
    limit_unit: LimitUnit
    bound: Bound = Field(description="whether the limit is a minimum or a maximum")
    set_by: str = Field(description="who sets the number, where the rule set gives none")
    source: str = Field(description="standard and clause", examples=["Norm art. 9(3)"])
    certainty: Certainty = Field(description="confirm: to be compared with the paper standard")

    @classmethod
    def of(cls, row: AnyPromiseRow | DeadlineRow) -> Self:
        """Return the promise as part of an answer."""
        limit = limit_of(row)
        return cls(
            promise=row.promise,
            subject=subject_of(row),
            reach=row.reach,
            share_min=_number(None if row.share_min is None else Fraction(row.share_min)),
            limit=limit.number,
            limit_unit=limit.unit,
            bound=limit.bound,
            set_by=getattr(row, "set_by", ""),
            source=row.source,
            certainty=row.certainty,
        )


class JudgedShape(Shape):
    """Cases that were judged."""

    judged: int
    kept: int | None = Field(description="null: of too few cases for who may read sums only")
    share_kept: float | None = Field(description="kept / judged, 0..1; null of none")
    average_minutes: float | None = Field(
        description="of crew_arrival and restoration: mean of the calls that are over, and of those past the limit "
        "that are not, or that no crew came to, with the time so far or to restoration; null of none"
    )
    verdict: PromiseVerdict = Field(description=_VERDICT)

    @classmethod
    def of_judged(cls, one: Judged, verdict: PromiseVerdict) -> Self:
        """Return the counts as part of an answer."""
        return cls(
            judged=one.n_judged,
            kept=one.n_kept,
            share_kept=_number(one.share_kept),
            average_minutes=_number(one.average_minutes),
            verdict=verdict,
        )


class PromiseStandingShape(JudgedShape):
    """How a promise stands in one region, or in all of them; cases = judged + exempt + open + not_judged."""

    region: str | None = Field(
        description="code of the region; null: all together. A case of several regions counts in each of them"
    )
    cases: int = Field(
        description="outages, customers, calls or files that the promise was given for"
    )
    exempt: int = Field(description="taken out by what somebody claimed: weather, cancellation")
    open: int = Field(description="going on, and kept so far")
    open_broken: int | None = Field(
        description="of the judged ones: going on, and broken already; null as in `kept`"
    )
    not_judged: int = Field(
        description="without a limit; of planned_window: the window passed, and nobody said whether the outage came, "
        "nor did a meter see it"
    )
    area_differs: int = Field(
        description="of the cases: calls judged by their own response area, where the customer, or all customers of "
        "the point, are registered in another one"
    )
    with_exempt: JudgedShape = Field(description="as if nobody had claimed an exemption")

    @classmethod
    def of(cls, one: Standing) -> Self:
        """Return the standing as part of an answer."""
        tally = one.tally
        return cls(
            **dict(JudgedShape.of_judged(tally.counted, one.verdict)),
            region=one.region,
            cases=tally.n_cases,
            exempt=tally.n_exempt,
            open=tally.n_open,
            open_broken=tally.n_open_broken,
            not_judged=tally.n_not_judged,
            area_differs=tally.n_area_differs,
            with_exempt=JudgedShape.of_judged(tally.with_exempt, one.verdict_with_exempt),
        )

    def is_of_few(self, fewest: int) -> bool:
        """Return whether it has cases, and fewer than that."""
        return 0 < self.cases < fewest

    def without_numbers(self) -> Self:
        """Return it without what became of its cases."""
        with_exempt = self.with_exempt.model_copy(update=dict.fromkeys(_OUTCOME))
        unknown: dict[str, object] = {**dict.fromkeys(_OUTCOME), "open_broken": None}
        return self.model_copy(update={**unknown, "with_exempt": with_exempt})


class PromiseShape(PromiseRuleShape):
    """A promise, and whether it is kept."""

    verdict: PromiseVerdict = Field(description=_VERDICT)
    together: PromiseStandingShape = Field(description="all regions together")
    regions: list[PromiseStandingShape] = Field(
        description="each region that has cases, in the order of their codes; the deadlines of files have none"
    )

    @classmethod
    def of_figure(cls, one: PromiseFigure) -> Self:
        """Return the promise as part of an answer."""
        return cls(
            **dict(PromiseRuleShape.of(one.row)),
            verdict=one.standing.together.verdict,
            together=PromiseStandingShape.of(one.standing.together),
            regions=[PromiseStandingShape.of(its) for its in one.standing.regions],
        )

    def without_few(self, fewest: int) -> Self:
        """Return it without what became of few cases; which verdict they have stays."""
        few = [one.cases for one in self.regions if one.is_of_few(fewest)]
        hides = self.together.is_of_few(fewest) or remainder_tells(few, fewest)
        regions = [one.without_numbers() if one.is_of_few(fewest) else one for one in self.regions]
        together = self.together.without_numbers() if hides else self.together
        return self.model_copy(update={"together": together, "regions": regions})


class UnruledShape(Shape):
    """Cases that no row of the rule set is about."""

    promise: str
    subject: str = Field(description="area, level or class", examples=["0.22 kV"])
    cases: int

    @classmethod
    def of(cls, one: Unruled) -> Self:
        """Return them as part of an answer."""
        return cls(promise=one.promise, subject=one.subject, cases=one.n_cases)


class PromiseBlock(Shape):
    """The promises of a rule set, and how they stand."""

    promises: Annotated[list[PromiseShape], ROWS] = Field(
        description="in the order of the rule set"
    )
    deadlines: list[PromiseShape] = Field(
        description="dated promises, of what was opened in the period; in the order of the rule set"
    )
    not_ruled: list[UnruledShape] = Field(
        description="what is in the register and no row is about: listed, not judged"
    )

    def without_few(self, fewest: int) -> Self:
        """Return them without what became of few cases."""
        update = {
            "promises": [one.without_few(fewest) for one in self.promises],
            "deadlines": [one.without_few(fewest) for one in self.deadlines],
        }
        return self.model_copy(update=update)

    def of_region(self, region: str | None) -> Self:
        """Return them with one of their regions only, if one is given; the total stays that of all."""
        if region is None:
            return self
        promises = [
            one.model_copy(update={"regions": [its for its in one.regions if its.region == region]})
            for one in self.promises
        ]
        return self.model_copy(update={"promises": promises})


class Promises(Basis, PromiseBlock):
    """The promises of a rule set in a period."""

    title: str = Field(description="of the rule set")
    from_day: date = Field(alias="from", description="first day, inclusive")
    to_day: date = Field(alias="to", description="last day, exclusive")
    as_of: datetime = Field(description="what goes on is judged as it stands at this instant")


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
