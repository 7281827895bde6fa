"""What the tables of voltage events are made of: regions of voltage and duration, and steps of curves."""

from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.domain.ranges import Range
from service.domain.rule_rows import Row

Ieee1159 = Literal[
    "none",
    "transient",
    "momentary_interruption",
    "temporary_interruption",
    "instantaneous_sag",
    "momentary_sag",
    "temporary_sag",
    "instantaneous_swell",
    "momentary_swell",
    "temporary_swell",
    "sustained_interruption",
    "undervoltage",
    "overvoltage",
]
Itic = Literal["no_interruption_in_function", "prohibited", "no_damage"]
SemiF47 = Literal["none", "not_specified", "must_ride_through", "may_trip"]
MatrixKind = Literal["none", "dip", "interruption", "swell"]

NonNegative = Annotated[Decimal, Field(ge=0)]
_Edge = NonNegative | None


class DecisionRow(Row):
    """What a table decides where the standard leaves it open."""

    decision: str = Field(min_length=1)

    def limit(self) -> str:
        """Return the decision."""
        return self.decision


class RegionRow(Row):
    """A region of voltage and duration; ``from_`` and ``up_to_`` belong to it, the others do not."""

    from_pu: _Edge = None
    above_pu: _Edge = None
    up_to_pu: _Edge = None
    below_pu: _Edge = None
    from_cycles: _Edge = None
    above_cycles: _Edge = None
    up_to_cycles: _Edge = None
    below_cycles: _Edge = None
    from_s: _Edge = None
    above_s: _Edge = None
    up_to_s: _Edge = None
    below_s: _Edge = None

    @cached_property
    def voltage_pu(self) -> Range:
        """Voltages of the region, per unit of nominal."""
        return _range(self.from_pu, self.above_pu, self.up_to_pu, self.below_pu)

    @cached_property
    def cycles(self) -> Range:
        """Durations of the region, in cycles of the supply."""
        return _range(self.from_cycles, self.above_cycles, self.up_to_cycles, self.below_cycles)

    @cached_property
    def duration_s(self) -> Range:
        """Durations of the region, in seconds."""
        return _range(self.from_s, self.above_s, self.up_to_s, self.below_s)

    def lasts(self, duration_s: Fraction, frequency_hz: int) -> bool:
        """Return whether a duration is one of the region, at that frequency of the supply."""
        return duration_s in self.duration_s and duration_s * frequency_hz in self.cycles

    def region(self) -> str:
        """Return the region for people."""
        parts = (
            self.voltage_pu.shown("u", "pu"),
            self.cycles.shown("t", "cycles"),
            self.duration_s.shown("t", "s"),
        )
        return ", ".join(part for part in parts if part) or "everything"

    @model_validator(mode="after")
    def _has_one_edge_a_side(self) -> Self:
        for unit in ("pu", "cycles", "s"):
            for inside, outside in (("from", "above"), ("up_to", "below")):
                names = f"{inside}_{unit}", f"{outside}_{unit}"
                if all(getattr(self, name) is not None for name in names):
                    raise ValueError(f"give {names[0]} or {names[1]}, not both")
        return self


class CategoryRow(RegionRow):
    """A region of one category of IEEE 1159."""

    category: Ieee1159
    short_duration: bool  # an event in it counts in SARFI

    def limit(self) -> str:
        """Return the category and its region."""
        return f"{self.category}: {self.region()}"


class MatrixVoltageRow(RegionRow):
    """A row of the matrix: its letter, and the kind that says which columns belong to it."""

    name: str
    kind: MatrixKind

    def limit(self) -> str:
        """Return the row and its voltages."""
        return f"row {self.name} ({self.kind}): {self.region()}"


class MatrixDurationRow(RegionRow):
    """A column of the matrix, or by its name what is beyond the matrix."""

    kinds: frozenset[MatrixKind]
    column: int | None = None
    name: str | None = None

    def limit(self) -> str:
        """Return the column and its durations."""
        what = self.name if self.column is None else f"column {self.column}"
        return f"{what} ({', '.join(sorted(self.kinds))}): {self.region()}"

    @model_validator(mode="after")
    def _is_a_column_or_has_a_name(self) -> Self:
        if (self.column is None) == (self.name is None):
            raise ValueError("give column, or the name of what is beyond the matrix, and not both")
        return self


class StepRow(Row):
    """A step of a staircase: the level holds up to and including ``up_to_s``, after the step before."""

    side: Literal["lower", "upper"]
    level_pu: NonNegative
    up_to_s: Decimal | None = Field(default=None, gt=0)  # None: without end

    def limit(self) -> str:
        """Return the level and how long it holds."""
        sign = ">=" if self.side == "lower" else "<="
        end = "without end" if self.up_to_s is None else f"up to {self.up_to_s:f} s"
        return f"u {sign} {self.level_pu:f} pu {end}"


class BeginRow(Row):
    """Where a curve of sags begins."""

    from_s: NonNegative  # inclusive; of what is shorter it says nothing
    sag_below_pu: NonNegative  # a voltage from here on is no sag

    def limit(self) -> str:
        """Return from where on it holds."""
        return f"sags below {self.sag_below_pu:f} pu of {self.from_s:f} s or more"


class SarfiThresholdRow(Row):
    """A threshold of SARFI-X."""

    percent: int = Field(gt=0)  # of nominal; above 100, events above it count

    def limit(self) -> str:
        """Return the index and what it counts."""
        side = "above" if self.percent > 100 else "below"  # noqa: PLR2004 (nominal voltage)
        return f"SARFI-{self.percent}: events {side} {self.percent} %"


class SarfiCurveRow(Row):
    """A curve of SARFI: events with this verdict count."""

    name: Literal["ITIC", "SEMI"]
    verdict: Literal["no_damage", "may_trip"]

    def limit(self) -> str:
        """Return the index and what it counts."""
        return f"SARFI-{self.name}: events with verdict {self.verdict}"


class SarfiPeriodRow(Row):
    """A period to which SARFI is brought."""

    days: int = Field(gt=0)

    def limit(self) -> str:
        """Return the period."""
        return f"events a point in {self.days} days"


EventTableRow = (
    DecisionRow
    | CategoryRow
    | MatrixVoltageRow
    | MatrixDurationRow
    | StepRow
    | BeginRow
    | SarfiThresholdRow
    | SarfiCurveRow
    | SarfiPeriodRow
)


def _range(inside_low: _Edge, low: _Edge, inside_high: _Edge, high: _Edge) -> Range:
    lowest = low if inside_low is None else inside_low
    highest = high if inside_high is None else inside_high
    return Range(
        None if lowest is None else Fraction(lowest),
        inside_low is not None,
        None if highest is None else Fraction(highest),
        inside_high is not None,
    )
