"""Scorecards and budgets as answers show them, and as the command line does."""

import sys
from datetime import date, datetime
from fractions import Fraction
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field

from service.api.few_members import WITHHELD
from service.api.promise_shapes import PromiseBlock
from service.api.shapes import METHOD, Basis, Shape
from service.domain.budget import Exposure, Window
from service.domain.budget_accounts import BudgetTimes, TargetBudget
from service.domain.few_members import fewest_seen, remainder_tells, without_few
from service.domain.rates import Method
from service.domain.registry import TargetArea
from service.domain.rule_rows import Certainty
from service.domain.scorecard import Commitment, Standing, Verdict
from service.domain.target_rows import Figure, Population, Reach, TargetRow

UNKNOWN = "null where nothing is known"


class TargetShape(Shape):
    """What a rule set demands."""

    figure: Figure
    area: TargetArea | Literal["any"] = Field(description="the target area of its members")
    population: Population = Field(
        description="its members; users: of the class that the rule set publishes"
    )
    reach: Reach = Field(
        description="each: every region by itself; average: all regions together; generality: the share of members "
        "that keep their limits"
    )
    target: float | None = Field(
        description="what the figure has to reach, 0..1; null: see `set_by`", examples=[0.95]
    )
    set_by: str = Field(description="who sets the number, where the rule set gives none")
    source: str = Field(description="standard and clause", examples=["Norm art. 8(4)"])
    certainty: Certainty = Field(description="confirm: to be compared with the paper standard")

    @classmethod
    def of(cls, row: TargetRow) -> Self:
        """Return the target as part of an answer."""
        return cls(
            figure=row.figure,
            area=row.area,
            population=row.population,
            reach=row.reach,
            target=None if row.at_least is None else float(row.at_least),
            set_by=row.set_by,
            source=row.source,
            certainty=row.certainty,
        )


class StandingShape(Shape):
    """How a figure stands to its target."""

    region: str | None = Field(description="code of the region; null: all regions together")
    actual: float | None = Field(
        description=f"mean of the members that are known, 0..1; {UNKNOWN}", examples=[0.9712]
    )
    lower: float | None = Field(description="the same, if all unknown time of them were bad")
    upper: float | None = Field(description="the same, if all missing time of them were good")
    coverage: float | None = Field(
        description="mean of their coverages, 0..1; null where nothing is measured by minutes"
    )
    margin_points: float | None = Field(
        description="percentage points above the target, unrounded; below 0 it is broken",
        examples=[2.12],
    )
    verdict: Verdict = Field(
        description="kept: at least the target, unrounded; broken; not_enough_data; no_target"
    )
    certain: bool = Field(
        description="whether both bounds say the same as the verdict does, with members that are not known counted as"
        " bad, or as good"
    )
    method: Method | None = Field(description=METHOD)
    members: int = Field(description="points with minutes due; users in service")
    known: int = Field(description="of those: that take part in the mean")
    not_known: int = Field(description="points that are not monitored")

    @classmethod
    def of(cls, one: Standing) -> Self:
        """Return the standing as part of an answer."""
        figure = one.figure
        method: Method = "sampled" if figure.n_sampled else "continuous"
        return cls(
            region=one.region,
            actual=figure.actual.nearest(),
            lower=figure.lower.nearest(),
            upper=figure.upper.nearest(),
            coverage=figure.coverage.nearest(),
            margin_points=one.margin_points,
            verdict=one.verdict,
            certain=one.is_certain,
            method=method if figure.n_known else None,
            members=figure.n_members,
            known=figure.n_known,
            not_known=figure.n_members - figure.n_known,
        )

    @property
    def seen(self) -> int:
        """Return of how many members the numbers tell."""
        return fewest_seen(self.members, self.known)

    def without_few(self, fewest: int) -> Self:
        """Return it without its numbers where it has fewer members: then they are those of single ones."""
        if self.seen >= fewest:
            return self
        numbers = dict.fromkeys(("actual", "lower", "upper", "coverage", "margin_points"))
        return self.model_copy(update=numbers)


class UndeclaredShape(Shape):
    """The same as if nobody had declared an outage: what only declarations tell of is not known then."""

    verdict: Verdict
    certain: bool = Field(description="whether what is not known could not change the verdict")
    decisive: StandingShape = Field(description="what the verdict rests on")
    together: StandingShape = Field(description="all regions together")
    regions: list[StandingShape] = Field(description="each region, in the order of their codes")

    @classmethod
    def of(cls, one: Commitment) -> Self:
        """Return it as part of an answer."""
        return cls(
            verdict=one.verdict,
            certain=one.is_certain,
            decisive=StandingShape.of(one.decisive),
            together=StandingShape.of(one.together),
            regions=[StandingShape.of(region) for region in one.regions],
        )

    def without_few(self, fewest: int) -> Self:
        """Return it without the numbers of few members."""
        return self.model_copy(update=_shown(self, fewest))


class CommitmentShape(TargetShape):
    """A target, and whether it is kept."""

    verdict: Verdict = Field(
        description="of `each`: kept if every region keeps it, broken if one breaks it"
    )
    certain: bool = Field(description="whether what is not known could not change the verdict")
    decisive: StandingShape = Field(
        description="what the verdict rests on: of `each` the lowest region, else all together"
    )
    together: StandingShape = Field(description="all regions together")
    regions: list[StandingShape] = Field(description="each region, in the order of their codes")
    without_declarations: UndeclaredShape | None = Field(
        description="of supply reliability; null: declarations are not told apart in this figure"
    )

    @classmethod
    def of_commitment(cls, one: Commitment) -> Self:
        """Return the commitment as part of an answer."""
        return cls(
            **dict(TargetShape.of(one.target)),
            verdict=one.verdict,
            certain=one.is_certain,
            decisive=StandingShape.of(one.decisive),
            together=StandingShape.of(one.together),
            regions=[StandingShape.of(region) for region in one.regions],
            without_declarations=(
                None if one.undeclared is None else UndeclaredShape.of(one.undeclared)
            ),
        )

    def without_few(self, fewest: int) -> Self:
        """Return it without the numbers of few members; which verdict they have stays."""
        undeclared = self.without_declarations
        shown = None if undeclared is None else undeclared.without_few(fewest)
        return self.model_copy(update=_shown(self, fewest) | {"without_declarations": shown})


class Scorecard(Basis):
    """The targets of a rule set, held against what was reached."""

    title: str = Field(description="of the rule set")
    judged_by: str = Field(description="the rule set whose verdicts the pass rates are made of")
    from_day: date = Field(alias="from", description="first day, inclusive")
    to_day: date = Field(alias="to", description="last day, exclusive")
    commitments: list[CommitmentShape] = Field(description="in the order of the rule set")
    promises: PromiseBlock = Field(
        description="promises to customers in the same days, as /v1/promises has them now"
    )


class BurnShape(Shape):
    """How fast the budget is used in a window."""

    window: Window
    from_at: datetime = Field(
        alias="from", description="start: of the hour (UTC), or of the day, that it reaches back to"
    )
    bad_minutes: float = Field(description="outside the band, or without supply; of all members")
    known_minutes: float = Field(description="judged, or in service; of all members")
    burn_rate: float | None = Field(
        description="share of bad minutes over the share that is allowed: 1 is exactly on budget; "
        + UNKNOWN,
        examples=[0.42],
    )


class BudgetShape(TargetShape):
    """What a target allows in a year, and how much of it is used; of all regions together."""

    members: int = Field(description="points, or users, in service in the year so far")
    allowed_minutes: float = Field(
        description="(1 - target) of the minutes that they are in service in the year"
    )
    used_minutes: float = Field(description="bad minutes so far; of all members")
    used_ratio: float | None = Field(description="of what is allowed; 1 is all of it; " + UNKNOWN)
    projected_minutes: float | None = Field(
        description="bad minutes at the end of the year, if it goes on at this year's rate"
    )
    projected_ratio: float | None = Field(description="of what is allowed; above 1 it is broken")
    burn_rates: list[BurnShape] = Field(description="the shortest window first")

    @classmethod
    def of_budget(cls, one: TargetBudget, times: BudgetTimes, zone: ZoneInfo) -> Self:
        """Return the budget as part of an answer, with instants on the clocks of ``zone``."""
        budget = one.budget

        def burn(window: Window, exposure: Exposure) -> BurnShape:
            return BurnShape(
                window=window,
                from_at=times.window_starts[window].astimezone(zone),
                bad_minutes=float(exposure.bad_minutes),
                known_minutes=float(exposure.known_minutes),
                burn_rate=_number(budget.burn_rates[window]),
            )

        return cls(
            **dict(TargetShape.of(one.target)),
            members=one.service.n_members,
            allowed_minutes=float(budget.allowed_minutes),
            used_minutes=float(budget.used_minutes),
            used_ratio=_number(budget.used_ratio),
            projected_minutes=_number(budget.projected_minutes),
            projected_ratio=_number(budget.projected_ratio),
            burn_rates=[burn(window, exposure) for window, exposure in one.windows.items()],
        )


class YearBudget(Basis):
    """The budgets that the targets of a rule set give for a year."""

    title: str = Field(description="of the rule set")
    judged_by: str = Field(description="the rule set whose verdicts the minutes are made of")
    year: int | None = Field(
        description="that the data have reached; null before the first reading"
    )
    through: datetime | None = Field(description="up to where everything is counted")
    year_to: datetime | None = Field(description="end of the year, exclusive")
    budgets: list[BudgetShape] = Field(
        description="of each target that is a number, in the order of the rule set"
    )
    withheld_groups: int = Field(default=0, description=WITHHELD)

    def without_few(self, fewest: int) -> Self:
        """Return it without the budgets of few members."""
        shown, n_withheld = without_few(self.budgets, lambda one: one.members, fewest)
        return self.model_copy(update={"budgets": shown, "withheld_groups": n_withheld})


def _shown(one: UndeclaredShape | CommitmentShape, fewest: int) -> dict[str, object]:
    few = [region.seen for region in one.regions if region.seen < fewest]
    fewest_together = sys.maxsize if remainder_tells(few, fewest) else fewest
    fewest_decisive = fewest_together if one.decisive.region is None else fewest
    return {
        "decisive": one.decisive.without_few(fewest_decisive),
        "together": one.together.without_few(fewest_together),
        "regions": [region.without_few(fewest) for region in one.regions],
    }


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)
