"""What a rule set is made of: one shape for each kind of limit, every row with its source clause."""

from datetime import date, time
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from service.domain.registry import PointClass, UserClass, Wiring

Certainty = Literal["confirmed", "confirm"]
Counting = Literal["excluded", "good", "bad"]


def cells_of(percent: Decimal) -> int:
    """Return a percentage on the grid of 0.01 as a whole number of 0.01 %."""
    cells = percent * 100
    if cells != int(cells):
        raise ValueError(f"{percent} % is not on the grid of 0.01 %")
    return int(cells)


def _on_grid(percent: Decimal) -> Decimal:
    cells_of(percent)
    return percent


Percent = Annotated[Decimal, AfterValidator(_on_grid)]
# From nominal; a voltage is measured from nothing up to four times nominal.
Deviation = Annotated[Decimal, Field(ge=-100, le=300), AfterValidator(_on_grid)]
Volts = Annotated[Decimal, Field(ge=0)]
Kilovolts = Annotated[Decimal, Field(ge=0)]
Share = Annotated[Decimal, Field(ge=0, le=1)]


class Strict(BaseModel):
    """A part of a rule set: read once, never changed, without fields that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(Strict):
    """One limit, and on what it rests."""

    source: str = Field(min_length=1)  # standard and clause
    certainty: Certainty  # "confirm": a default, to be compared with the paper standard
    effective_from: date
    effective_to: date | None = None  # exclusive; None is still in force

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            raise ValueError("effective_to comes after effective_from")
        return self


class PlacedRow(Row):
    """A limit for the points that it names, by wiring, class and level; a list left out names all."""

    wirings: frozenset[Wiring] = Field(default=frozenset({"1p", "3p4w", "3p3w"}), min_length=1)
    classes: frozenset[PointClass] = Field(default=frozenset({"A", "B", "C", "D"}), min_length=1)
    from_kv: Kilovolts | None = None  # level, inclusive
    above_kv: Kilovolts | None = None  # level, exclusive
    below_kv: Kilovolts | None = None  # level, exclusive
    up_to_kv: Kilovolts | None = None  # level, inclusive

    @model_validator(mode="after")
    def _covers_a_level(self) -> Self:
        lows = [edge for edge in (self.from_kv, self.above_kv) if edge is not None]
        highs = [edge for edge in (self.below_kv, self.up_to_kv) if edge is not None]
        if len(lows) > 1 or len(highs) > 1:
            raise ValueError(
                "give from_kv or above_kv, and below_kv or up_to_kv, not both of a side"
            )
        if not lows or not highs:
            return self
        is_point = self.from_kv is not None and self.up_to_kv is not None
        if lows[0] > highs[0] or (lows[0] == highs[0] and not is_point):
            raise ValueError(f"no level lies between {lows[0]} and {highs[0]} kV")
        return self

    def meets(self, other: "PlacedRow") -> bool:
        """Return whether some point may be named by both rows."""
        low, low_open = max(self.lowest_level(), other.lowest_level())
        high, high_closed = min(self.highest_level(), other.highest_level())
        is_level = low < high or (low == high and not low_open and high_closed)
        return bool(self.wirings & other.wirings and self.classes & other.classes and is_level)

    def lowest_level(self) -> tuple[Decimal, bool]:
        """Return the lower end of the levels, and whether it is left out."""
        if self.above_kv is not None:
            return self.above_kv, True
        return self.from_kv or Decimal(0), False

    def highest_level(self) -> tuple[Decimal, bool]:
        """Return the upper end of the levels, and whether it is taken in."""
        if self.below_kv is not None:
            return self.below_kv, False
        return (Decimal("Infinity"), True) if self.up_to_kv is None else (self.up_to_kv, True)

    def covers_level(self, level_kv: Decimal) -> bool:
        """Return whether the row applies at ``level_kv``, kilovolts between phases."""
        return not (
            (self.from_kv is not None and level_kv < self.from_kv)
            or (self.above_kv is not None and level_kv <= self.above_kv)
            or (self.below_kv is not None and level_kv >= self.below_kv)
            or (self.up_to_kv is not None and level_kv > self.up_to_kv)
        )


class BandRow(PlacedRow):
    """A band of permitted voltage, for the points it names; both edges are inside it.

    Edges are percent of nominal from nominal, or volts; those in volts are snapped outward to 0.01
    %.
    """

    lower_percent: Deviation | None = None
    upper_percent: Deviation | None = None
    lower_v: Volts | None = None
    upper_v: Volts | None = None

    @model_validator(mode="after")
    def _has_one_pair_of_edges(self) -> Self:
        percent, volts = (self.lower_percent, self.upper_percent), (self.lower_v, self.upper_v)
        for pair, other in ((percent, volts), (volts, percent)):
            lower, upper = pair
            if other == (None, None) and lower is not None and upper is not None and lower < upper:
                return self
        raise ValueError("give lower_percent < upper_percent, or lower_v < upper_v, and not both")

    def encloses(self, band: "BandRow") -> bool:
        """Return whether ``band`` lies inside; edges in percent and in volts are not compared."""
        for mine, its in (
            ((self.lower_percent, self.upper_percent), (band.lower_percent, band.upper_percent)),
            ((self.lower_v, self.upper_v), (band.lower_v, band.upper_v)),
        ):
            (low, high), (inner_low, inner_high) = mine, its
            if low is None or high is None or inner_low is None or inner_high is None:
                continue
            return low < inner_low and inner_high < high
        return True


class WeekLimitRow(PlacedRow):
    """How large a share of a week's values may lie outside; an edge is inside, as is the share.

    One edge or both, in percent of nominal from nominal, or in volts (snapped outward to 0.01 %).
    """

    value_s: Literal[60, 600]  # of which mean values: minutes, or ten minutes (root mean square)
    lower_percent: Deviation | None = None
    upper_percent: Deviation | None = None
    lower_v: Volts | None = None
    upper_v: Volts | None = None
    outside_share_max: Share

    @model_validator(mode="after")
    def _has_an_edge(self) -> Self:
        percent, volts = (self.lower_percent, self.upper_percent), (self.lower_v, self.upper_v)
        if (percent == (None, None)) == (volts == (None, None)):
            raise ValueError(
                "give edges in percent or in volts, one or both, and not in both units"
            )
        for lower, upper in (percent, volts):
            if lower is not None and upper is not None and lower >= upper:
                raise ValueError("the lower edge has to be below the upper one")
        return self


class WeekRow(Row):
    """How the values of a week are chosen."""

    known_minutes_min: int = Field(ge=1, le=10)  # measured minutes that ten minutes need to count
    leaves_out_flagged: bool  # values with a dip, swell or interruption in them take no part
    flagged_s_max: int = Field(default=60, ge=1)  # a dip or swell that lasts longer is measured


class OperatorBandRow(Row):
    """From this level on a point has a minute rate only by a band of its own, of bounded width."""

    from_kv: Kilovolts
    max_width_percent: Percent


class DaySpreadRow(Row):
    """From this level on the spread of a day's minute values is bounded."""

    from_kv: Kilovolts
    max_percent: Percent


class LevelsRow(Row):
    """The standard levels that a rounded phase voltage is taken to mean."""

    standard_kv: tuple[Kilovolts, ...]
    tolerance_percent: Percent = Field(ge=0)


class ThresholdRow(Row):
    """A threshold in percent of nominal."""

    percent: Percent = Field(ge=0, le=400)


class CoverageRow(Row):
    """The coverage below which a point is "not monitored"."""

    floor: Share


class DenominatorRow(Row):
    """What minutes without supply and minutes without a reading count as in the rate."""

    interrupted: Counting
    missing: Counting


class PowerFactorRow(Row):
    """When the power factor counts: who is below its requirement in these hours is exempt.

    Never a residential customer, never an unknown factor: that is no setting.
    """

    peak_windows: tuple[tuple[time, time], ...]  # local, half-open, within one day
    known_share_min: Share  # of the peak time whose power must be known

    @model_validator(mode="after")
    def _windows_run_forward(self) -> Self:
        if not self.peak_windows or any(start >= end for start, end in self.peak_windows):
            raise ValueError("peak_windows needs at least one window, each from earlier to later")
        return self


class CompositeRow(Row):
    """The composite rate of a network: a weight of class A, the rest shared alike by B, C and D."""

    class_a_weight: Share


class ReliabilityRow(Row):
    """What counts as an interruption of a user, and whose figures are published."""

    users: UserClass  # whose RS-1 is held against the targets
    sustained_s: int = Field(ge=0)  # an interruption longer than this is sustained
    sustained_inclusive: bool  # one of exactly that length is, too
    merge_within_s: int = Field(ge=0)  # interruptions of a user this close together count as one
    momentary_event_s: int = Field(ge=0)  # momentary ones within this time are one event (MAIFI_E)
    many_inclusive: bool  # CEMI_n and CELID mean "n or more", not "more than n"
    transformer_share_min: (
        Share  # of its meters that say so: a transformer without a terminal is out
    )


class MajorEventDayRow(Row):
    """When a day is a major event day."""

    beta_factor: Decimal = Field(gt=0)  # T_MED = exp(alpha + factor * beta)
    years: int = Field(ge=1)  # of daily SAIDI before the year in question, at most


class EventRows(Strict):
    """Thresholds of the live watch."""

    dip: ThresholdRow  # a dip begins below
    swell: ThresholdRow  # a swell begins above
    hysteresis: ThresholdRow  # an event ends this far inside its threshold
    high_voltage: ThresholdRow  # above: a breach of its own, dangerous to appliances
    breach_hysteresis: ThresholdRow  # a live breach ends this far inside its band
