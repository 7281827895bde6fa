"""Rule sets: named and dated limits, thresholds and targets, each with its source clause.

A rule set is one TOML file. Everything in it holds from its ``effective_from`` to its
``effective_to``; a limit that changes makes a new set under a new name, so that a figure's rule set
says which limits it was judged by.
"""

import tomllib
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from service.domain.registry import PointClass, TargetArea, Wiring
from service.errors import RuleSetError, UnknownRuleSetError

Certainty = Literal["confirmed", "confirm"]


def load_rule_set(name: str) -> "RuleSet":
    """Return the packaged rule set ``name``, for example ``sgcc-2003``.

    Raises:
        UnknownRuleSetError: There is none of that name; the message lists those there are.
    """
    names = rule_set_names()
    if name not in names:
        raise UnknownRuleSetError(f"rule set {name!r} is unknown, there are: {', '.join(names)}")
    return _load_packaged(name)


def rule_set_names() -> list[str]:
    """Return the names of the packaged rule sets, sorted."""
    found = (entry.name for entry in _folder().iterdir())
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))


def parse_rule_set(text: str) -> "RuleSet":
    """Return the rule set written in ``text`` (TOML).

    Raises:
        RuleSetError: It is no TOML, or not a rule set; the message names each field and what is
        wrong with it.
    """
    try:
        return RuleSet.model_validate(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        raise RuleSetError(f"rule set is no TOML: {error}") from error
    except ValidationError as error:
        problems = (f"{_path(e['loc'])}: {e['msg']}" for e in error.errors())
        raise RuleSetError("rule set is invalid: " + "; ".join(problems)) from error


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


class BandRow(Row):
    """A band of permitted voltage, for the points it names; both edges are inside it.

    Edges are percent of nominal from nominal, or volts; those in volts are snapped outward to 0.01
    %.
    """

    wirings: frozenset[Wiring] = frozenset({"1p", "3p4w", "3p3w"})
    classes: frozenset[PointClass] = frozenset({"A", "B", "C", "D"})
    from_kv: Kilovolts | None = None  # level, inclusive
    above_kv: Kilovolts | None = None  # level, exclusive
    below_kv: Kilovolts | None = None  # level, exclusive
    up_to_kv: Kilovolts | None = None  # level, inclusive
    lower_percent: Percent | None = None
    upper_percent: Percent | None = None
    lower_v: Decimal | None = None
    upper_v: Decimal | None = None

    @model_validator(mode="after")
    def _has_one_pair_of_edges(self) -> Self:
        percent, volts = (self.lower_percent, self.upper_percent), (self.lower_v, self.upper_v)
        for pair, other in ((percent, volts), (volts, percent)):
            lower, upper = pair
            if other == (None, None) and lower is not None and upper is not None and lower < upper:
                return self
        raise ValueError("give lower_percent < upper_percent, or lower_v < upper_v, and not both")

    def covers_level(self, level_kv: Decimal) -> bool:
        """Return whether the row applies at ``level_kv``, kilovolts between phases."""
        return not (
            (self.from_kv is not None and level_kv < self.from_kv)
            or (self.above_kv is not None and level_kv <= self.above_kv)
            or (self.below_kv is not None and level_kv >= self.below_kv)
            or (self.up_to_kv is not None and level_kv > self.up_to_kv)
        )


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
    tolerance_percent: Percent


class ThresholdRow(Row):
    """A threshold in percent of nominal."""

    percent: Percent = Field(ge=0, le=400)


class CoverageRow(Row):
    """The coverage below which a point is "not monitored"."""

    floor: Share


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


class EventRows(Strict):
    """Thresholds of the live watch."""

    dip: ThresholdRow  # a dip begins below
    swell: ThresholdRow  # a swell begins above
    hysteresis: ThresholdRow  # an event ends this far inside its threshold
    high_voltage: ThresholdRow  # above: a breach of its own, dangerous to appliances
    breach_hysteresis: ThresholdRow  # a live breach ends this far inside its band


class TargetRow(Row):
    """What a figure has to reach."""

    figure: Literal["pass_rate", "supply_reliability"]
    area: TargetArea
    population: Literal["residential_points", "mv_users"]  # whose figures are averaged
    at_least: Share


class RuleSet(Strict):
    """Limits, thresholds and targets that hold together, under one name."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    effective_from: date
    effective_to: date | None = None  # exclusive; None is still in force
    bands: tuple[BandRow, ...]  # normal state; the first that fits holds
    abnormal_bands: tuple[BandRow, ...]  # declared abnormal state; the first that fits holds
    contract_band: Row
    operator_band: OperatorBandRow
    day_spread: DaySpreadRow
    levels: LevelsRow
    interruption: ThresholdRow  # all phases below: an interruption
    coverage: CoverageRow
    power_factor: PowerFactorRow
    events: EventRows
    targets: tuple[TargetRow, ...] = ()

    def rows(self) -> Sequence[Row]:
        """Return every row, for lists of what a figure rests on."""
        single = [value for _, value in self if isinstance(value, Row)]
        events = [value for _, value in self.events if isinstance(value, Row)]
        return [*self.bands, *self.abnormal_bands, *single, *events, *self.targets]

    @model_validator(mode="after")
    def _rows_hold_throughout(self) -> Self:
        for row in self.rows():
            ends_early = row.effective_to is not None and (
                self.effective_to is None or row.effective_to < self.effective_to
            )
            if row.effective_from > self.effective_from or ends_early:
                raise ValueError(f"row {row.source!r} does not hold as long as its rule set does")
        return self


@cache
def _load_packaged(name: str) -> RuleSet:
    rule_set = parse_rule_set((_folder() / f"{name}.toml").read_text(encoding="utf-8"))
    if rule_set.name != name:
        raise RuleSetError(f"rule set file {name}.toml holds the name {rule_set.name!r}")
    return rule_set


def _folder() -> Traversable:
    return files("service.domain") / "rule_sets"


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in location) or "rule set"
