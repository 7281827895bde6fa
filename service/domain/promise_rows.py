"""Promises to customers: what a grid company has to do by when, how often, how soon."""

from decimal import Decimal
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from service.domain.registry import ResponseArea
from service.domain.rule_rows import Kilovolts, Row, Share
from service.domain.target_rows import Reach

PromiseName = Literal[
    "planned_notice",
    "temporary_notice",
    "planned_count",
    "planned_window",
    "crew_arrival",
    "restoration",
]
NoticeField = Literal["area", "lines", "off", "restore"]
LeadUnit = Literal["hours", "calendar_days"]  # days: of the deployment's zone, by their dates
DeadlineUnit = Literal["hours", "calendar_days", "working_days", "months"]
WorkingCalendar = Literal["china", "monday_to_friday"]


class PromiseRow(Row):
    """What every promise says of itself.

    ``each``: every case by itself. ``average``: the mean of the cases. ``generality``: a share of
    them, ``share_min``.
    """

    reach: Reach
    share_min: Share | None = None  # of generality

    @model_validator(mode="after")
    def _generality_has_a_share(self) -> Self:
        if (self.reach == "generality") != (self.share_min is not None):
            raise ValueError("give share_min with reach = 'generality', and only there")
        if self.reach == "average" and not isinstance(self, CrewRow):
            raise ValueError(
                "reach = 'average' is for crew_arrival and restoration: they have times"
            )
        return self


class NoticeRow(PromiseRow):
    """How long before a planned or temporary outage people have to be told, and who.

    Counted to the announced off time. A lead in hours is time that passed; in calendar days it is
    the difference of two dates in the zone of the deployment. Exactly that much is enough.
    """

    promise: Literal["planned_notice", "temporary_notice"]
    lead: int = Field(ge=1)
    lead_unit: LeadUnit
    demands: Literal["public_and_told", "public_or_told", "public"]
    public_fields: frozenset[NoticeField]  # what a public notice has to name
    told_lead: int | None = Field(default=None, ge=0)  # of telling important customers, same unit

    @model_validator(mode="after")
    def _telling_has_a_lead(self) -> Self:
        if (self.told_lead is None) != (self.demands == "public"):
            raise ValueError("give told_lead where important customers are told, and only there")
        return self


class PlannedCountRow(PromiseRow):
    """How often a customer may be without supply for planned maintenance, in a calendar year.

    By the level that the customer is supplied at; customers that no row names are not judged.
    """

    promise: Literal["planned_count"]
    from_kv: Kilovolts | None = None  # inclusive
    up_to_kv: Kilovolts | None = None  # inclusive
    at_most: int = Field(ge=0)
    leaves_out_causes: frozenset[str] = frozenset()  # planned outages that are no maintenance

    @model_validator(mode="after")
    def _covers_a_level(self) -> Self:
        if self.from_kv is not None and self.up_to_kv is not None and self.from_kv > self.up_to_kv:
            raise ValueError(f"no level lies between {self.from_kv} and {self.up_to_kv} kV")
        return self

    def covers(self, level_kv: Decimal) -> bool:
        """Return whether customers supplied at ``level_kv`` are judged by this row."""
        return (self.from_kv is None or level_kv >= self.from_kv) and (
            self.up_to_kv is None or level_kv <= self.up_to_kv
        )


class PlannedWindowRow(PromiseRow):
    """How far the actual times of a planned outage may lie outside the announced ones, each side."""

    promise: Literal["planned_window"]
    at_most_minutes: int = Field(ge=0)


class CrewRow(PromiseRow):
    """How soon after a call a crew is there, or how soon after that supply is back."""

    promise: Literal["crew_arrival", "restoration"]
    area: ResponseArea
    within_minutes: int | None = Field(default=None, ge=1)  # inclusive; None: see set_by
    set_by: str = ""  # who sets it, where the rule set gives no number
    exempts_severe_weather: bool

    @model_validator(mode="after")
    def _has_a_number_or_says_whose(self) -> Self:
        if (self.within_minutes is None) == (self.set_by == ""):
            raise ValueError("give within_minutes, or say in set_by who sets it, and not both")
        return self


class DeadlineRow(PromiseRow):
    """By when something that was asked for is answered, or before when nothing may happen.

    The day after opening is day one, and the last day counts whole. A month ends on the day of the
    same number, or the last one of its month. ``at_least`` is a time that has to pass before.
    """

    promise: str = Field(pattern=r"^[a-z][a-z_]*$")
    subjects: frozenset[str] = frozenset()  # which class or area; none: all that no other row names
    n_units: int = Field(ge=1)
    unit: DeadlineUnit
    bound: Literal["at_most", "at_least"] = "at_most"
    calendar: WorkingCalendar = "china"  # of working days

    @model_validator(mode="after")
    def _hours_and_minima_fit(self) -> Self:
        if self.bound == "at_least" and self.unit not in {"hours", "calendar_days"}:
            raise ValueError("bound = 'at_least' goes with hours or calendar_days")
        return self


AnyPromiseRow: TypeAlias = Annotated[
    NoticeRow | PlannedCountRow | PlannedWindowRow | CrewRow, Field(discriminator="promise")
]
