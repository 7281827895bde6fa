"""The tables that voltage events are judged by: IEEE 1159, EN 50160, ITIC, SEMI F47, SARFI.

They are data with sources, as rule sets are, but no part of one: they name what happened, and do
not decide whether the voltage was good. A table under which a voltage and duration would have no
class, or two, does not load.
"""

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple, Self

from pydantic import ValidationError, model_validator

from service.domain.event_rows import (
    BeginRow,
    CategoryRow,
    DecisionRow,
    EventTableRow,
    MatrixDurationRow,
    MatrixVoltageRow,
    SarfiCurveRow,
    SarfiPeriodRow,
    SarfiThresholdRow,
    StepRow,
)
from service.domain.ranges import check_once, probes
from service.domain.rule_rows import Strict
from service.errors import RuleSetError

FREQUENCIES_HZ = (50, 60)  # of the supply; limits in cycles depend on it


class NamedRow(NamedTuple):
    """A row for a list of limits."""

    part: str  # table and part of it, for example "itic.steps"
    row: EventTableRow
    limit: str  # for people


class _Table(Strict):
    """A table: of which standard, and for what equipment or supply."""

    name: str
    applies_to: str
    edges: DecisionRow


class Ieee1159Table(_Table):
    """Categories of RMS voltage variations."""

    regions: tuple[CategoryRow, ...]

    @model_validator(mode="after")
    def _every_event_has_one_category(self) -> Self:
        seconds = [edge for row in self.regions for edge in row.duration_s.edges()]
        cycles = [edge for row in self.regions for edge in row.cycles.edges()]
        for hz in FREQUENCIES_HZ:
            for duration_s in probes([*seconds, *(edge / hz for edge in cycles)]):
                check_once(
                    [row.voltage_pu for row in self.regions if row.lasts(duration_s, hz)],
                    f"at {hz} Hz, of {float(duration_s):g} s, a voltage in pu of",
                )
        return self


class En50160Table(_Table):
    """The matrix of dips and swells."""

    voltages: tuple[MatrixVoltageRow, ...]
    durations: tuple[MatrixDurationRow, ...]

    @model_validator(mode="after")
    def _every_event_has_one_cell(self) -> Self:
        check_once([row.voltage_pu for row in self.voltages], "a voltage in pu of")
        for kind in {row.kind for row in self.voltages} - {"none"}:
            columns = [row.duration_s for row in self.durations if kind in row.kinds]
            check_once(columns, f"of a {kind}, a duration in s of")
        return self


class IticTable(_Table):
    """The ITIC curve: an upper and a lower staircase, both without end."""

    steps: tuple[StepRow, ...]

    @model_validator(mode="after")
    def _is_a_curve(self) -> Self:
        lower, upper = staircase(self.steps, "lower"), staircase(self.steps, "upper")
        for side in (lower, upper):
            if not side or side[-1].up_to_s is not None:
                raise ValueError("each side needs steps, and the last one has no up_to_s")
        if lower[-1].level_pu >= upper[-1].level_pu:
            raise ValueError("the lower side has to end below the upper one")
        return self


class SemiF47Table(_Table):
    """The sags that have to be ridden through."""

    begins: BeginRow
    steps: tuple[StepRow, ...]

    @model_validator(mode="after")
    def _is_a_curve_of_sags(self) -> Self:
        steps = staircase(self.steps, "lower")
        if len(steps) != len(self.steps) or not steps or steps[-1].up_to_s is None:
            raise ValueError("all steps are of the lower side, and the last one has an up_to_s")
        if steps[-1].level_pu > self.begins.sag_below_pu:
            raise ValueError("no step is above sag_below_pu")
        return self


class SarfiTable(_Table):
    """The indices of the SARFI family."""

    thresholds: tuple[SarfiThresholdRow, ...]
    curves: tuple[SarfiCurveRow, ...]
    periods: tuple[SarfiPeriodRow, ...]


class EventTables(Strict):
    """All tables that an event is judged by."""

    ieee_1159: Ieee1159Table
    en_50160: En50160Table
    itic: IticTable
    semi_f47: SemiF47Table
    sarfi: SarfiTable

    def named_rows(self) -> Sequence[NamedRow]:
        """Return every row with the name of its part and its limit for people, in order."""
        found: list[NamedRow] = []
        for table_name, table in self:
            for part, value in table:
                rows = value if isinstance(value, tuple) else (value,)
                found += [
                    NamedRow(f"{table_name}.{part}", row, row.limit())
                    for row in rows
                    if not isinstance(row, str)
                ]
        return found


def staircase(steps: Sequence[StepRow], side: str) -> tuple[StepRow, ...]:
    """Return the steps of one side, in the order of time.

    Raises:
        ValueError: They are not in that order, or the tolerated voltages grow with the duration.
    """
    found = tuple(step for step in steps if step.side == side)
    for step, after in pairwise(found):
        if step.up_to_s is None or (after.up_to_s is not None and after.up_to_s <= step.up_to_s):
            raise ValueError(f"the steps of the {side} side are not in the order of up_to_s")
        is_narrower = (
            after.level_pu >= step.level_pu if side == "lower" else after.level_pu <= step.level_pu
        )
        if not is_narrower:
            raise ValueError(f"the {side} side tolerates more after {step.up_to_s:f} s than before")
    return found


def level_at(steps: Sequence[StepRow], duration_s: Fraction) -> Decimal | None:
    """Return the level that holds for a duration; None beyond the last step."""
    for step in steps:
        if step.up_to_s is None or duration_s <= Fraction(step.up_to_s):
            return step.level_pu
    return None


@cache
def load_event_tables() -> EventTables:
    """Return the packaged tables."""
    return parse_event_tables({name: _packaged_text(name) for name in EventTables.model_fields})


def parse_event_tables(texts: dict[str, str]) -> EventTables:
    """Return the tables written in ``texts`` (TOML), by name.

    Raises:
        RuleSetError: One is no TOML or not such a table; the message names each field and what is
        wrong with it.
    """
    try:
        parts = {name: tomllib.loads(text, parse_float=Decimal) for name, text in texts.items()}
        return EventTables.model_validate(parts)
    except tomllib.TOMLDecodeError as error:
        raise RuleSetError(f"a table of events is no TOML: {error}") from error
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise RuleSetError("a table of events is invalid: " + "; ".join(problems)) from error


def _packaged_text(name: str) -> str:
    folder = files("service.domain") / "event_tables"
    return (folder / f"{name}.toml").read_text(encoding="utf-8")
