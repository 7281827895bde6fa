"""Rule sets: named and dated limits, thresholds and targets, each with its source clause.

A rule set is one TOML file. Everything in it holds from its ``effective_from`` to its
``effective_to``; a limit that changes makes a new set under a new name, so that a figure's rule set
says which limits it was judged by. A set that only changes some parts of another one names it in
``extends`` and gives those parts.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Self

from pydantic import Field, ValidationError, model_validator

from service.domain.alerts.rows import AlertsRow
from service.domain.communication_rows import CommunicationRow
from service.domain.promise_rows import AnyPromiseRow, DeadlineRow
from service.domain.rule_rows import (
    BandRow,
    CompositeRow,
    CoverageRow,
    DaySpreadRow,
    DenominatorRow,
    EventRows,
    LevelsRow,
    MajorEventDayRow,
    OperatorBandRow,
    PowerFactorRow,
    ReliabilityRow,
    Row,
    Strict,
    ThresholdRow,
    WeekLimitRow,
    WeekRow,
)
from service.domain.supply_rows import EvidenceRow
from service.domain.target_rows import TargetRow
from service.errors import RuleSetError, UnknownRuleSetError

_OWN = frozenset({"name", "title", "extends", "effective_from", "effective_to"})  # never inherited


class RuleSet(Strict):
    """Limits, thresholds and targets that hold together, under one name."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    extends: str | None = None  # the set that gives what this file leaves out
    effective_from: date
    effective_to: date | None = None  # exclusive; None is still in force
    bands: tuple[BandRow, ...]  # normal state; the first that fits holds
    abnormal_bands: tuple[BandRow, ...] = ()  # declared abnormal state; none: the normal ones hold
    assessment_bands: tuple[
        BandRow, ...
    ] = ()  # minutes outside leave the rate; the first that fits
    contract_band: Row | None = None  # a point's own band holds; None: it does not
    operator_band: OperatorBandRow | None = None
    day_spread: DaySpreadRow | None = None
    week: WeekRow | None = None
    week_limits: tuple[WeekLimitRow, ...] = ()  # all that fit hold
    levels: LevelsRow
    interruption: ThresholdRow  # all phases below: an interruption
    coverage: CoverageRow
    denominator: DenominatorRow
    power_factor: PowerFactorRow | None = None  # None: nobody is exempt
    composite: CompositeRow | None = None
    reliability: ReliabilityRow
    major_event_day: MajorEventDayRow
    evidence: EvidenceRow
    events: EventRows
    communication: CommunicationRow | None = None  # None: losses of it are not looked for
    alerts: AlertsRow | None = None  # None: nobody is told
    targets: tuple[TargetRow, ...] = ()
    promises: tuple[AnyPromiseRow, ...] = ()  # to customers; each is judged by itself
    deadlines: tuple[DeadlineRow, ...] = ()

    def rows(self) -> Sequence[Row]:
        """Return every row, for lists of what a figure rests on."""
        return [row for _, row in self.named_rows()]

    def named_rows(self) -> Sequence[tuple[str, Row]]:
        """Return every row with the name of its part, in the order of the fields."""
        found: list[tuple[str, Row]] = []
        for part, value in self:
            if isinstance(value, Row):
                found.append((part, value))
            elif isinstance(value, tuple):
                found += [(part, row) for row in value]
            elif isinstance(value, EventRows):
                found += [(f"{part}.{kind}", row) for kind, row in value]
        return found

    @model_validator(mode="after")
    def _rows_hold_throughout(self) -> Self:
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            raise ValueError("effective_to comes after effective_from")
        for row in self.rows():
            ends_early = row.effective_to is not None and (
                self.effective_to is None or row.effective_to < self.effective_to
            )
            if row.effective_from > self.effective_from or ends_early:
                raise ValueError(f"row {row.source!r} does not hold as long as its rule set does")
        return self

    @model_validator(mode="after")
    def _assessment_bands_enclose_bands(self) -> Self:
        for outer in self.assessment_bands:
            for band in (*self.bands, *self.abnormal_bands):
                if outer.meets(band) and not outer.encloses(band):
                    raise ValueError(
                        f"assessment band {outer.source!r} does not enclose band {band.source!r}: "
                        "minutes outside the band would leave the rate instead of being bad"
                    )
        return self

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.week_limits and self.week is None:
            raise ValueError("week_limits need [week], which says how the values are chosen")
        if self.operator_band is not None and self.contract_band is None:
            raise ValueError(
                "operator_band needs [contract_band]: it bounds the bands that points have of their own"
            )
        if self.interruption.percent >= self.events.dip.percent:
            raise ValueError(
                "interruption.percent lies below events.dip.percent: it is the deeper one"
            )
        for part, figure in (
            ("week_limits", "compliant_share"),
            ("composite", "composite_pass_rate"),
        ):
            if not getattr(self, part) and any(target.figure == figure for target in self.targets):
                raise ValueError(f"a target for {figure} needs {part}")
        return self


def load_rule_set(name: str) -> RuleSet:
    """Return the packaged rule set ``name``, for example ``sgcc-2003``.

    Raises:
        UnknownRuleSetError: There is none of that name; the message lists those there are.
    """
    return _load_packaged(name)


def rule_set_names() -> list[str]:
    """Return the names of the packaged rule sets, sorted."""
    found = (entry.name for entry in _folder().iterdir())
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))


def packaged_text(name: str) -> str:
    """Return the file of the packaged rule set ``name``.

    Raises:
        UnknownRuleSetError: There is none of that name; the message lists those there are.
    """
    if name not in rule_set_names():
        raise UnknownRuleSetError(
            f"rule set {name!r} is unknown, there are: {', '.join(rule_set_names())}"
        )
    return (_folder() / f"{name}.toml").read_text(encoding="utf-8")


def parse_rule_set(text: str, text_of: Callable[[str], str] | None = None) -> RuleSet:
    """Return the rule set written in ``text`` (TOML).

    Args:
        text: The file.
        text_of: Gives the file of a set that is extended, by its name; default: the packaged one.

    Raises:
        RuleSetError: It is no TOML, or not a rule set; the message names each field and what is
        wrong with it.
        UnknownRuleSetError: It extends a set that there is not.
    """
    try:
        return RuleSet.model_validate(_resolved(text, text_of or packaged_text, ()))
    except ValidationError as error:
        problems = [
            f"{_path(e['loc'])}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
        ]
        raise RuleSetError("rule set is invalid: " + "; ".join(problems), *problems) from error


def _resolved(
    text: str, text_of: Callable[[str], str], above: tuple[str, ...]
) -> Mapping[str, object]:
    """Return the parts of a set, those that it inherits among them."""
    try:
        parts = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise RuleSetError(f"rule set is no TOML: {error}") from error
    extended = parts.get("extends")
    if not isinstance(extended, str):
        return parts
    if extended in above:
        raise RuleSetError(
            f"rule sets extend each other in a circle: {', '.join([*above, extended])}"
        )
    inherited = _resolved(text_of(extended), text_of, (*above, extended))
    return {k: v for k, v in inherited.items() if k not in _OWN} | parts


@cache
def _load_packaged(name: str) -> RuleSet:
    rule_set = parse_rule_set(packaged_text(name))
    if rule_set.name != name:
        raise RuleSetError(f"rule set file {name}.toml holds the name {rule_set.name!r}")
    return rule_set


def _folder() -> Traversable:
    return files("service.domain") / "rule_sets"


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in location) or "rule set"
