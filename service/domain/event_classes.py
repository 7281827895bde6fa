"""What a voltage event is called: its category, its cell, and what equipment would have made of it.

An event is a voltage (the residual one, of a swell the highest) and a duration; both exact. Every
voltage from 0 on with every duration from 0 on has exactly one class of each kind.
"""

from bisect import bisect_left
from dataclasses import dataclass, fields
from fractions import Fraction

from service.domain.event_rows import CategoryRow, Ieee1159, Itic, SemiF47
from service.domain.event_tables import (
    En50160Table,
    EventTables,
    Ieee1159Table,
    IticTable,
    SemiF47Table,
    level_at,
    staircase,
)

CLASS_NAMES = ("ieee_1159", "en_50160_cell", "itic", "semi_f47")


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageEvent:
    """A change of the RMS voltage that comes and goes."""

    voltage_pu: Fraction  # residual, or of a swell the highest voltage; per unit of nominal, from 0
    duration_s: Fraction  # from 0

    def __post_init__(self) -> None:
        """Refuse what is no event."""
        for field in fields(self):
            if (value := getattr(self, field.name)) < 0:
                raise ValueError(f"{field.name} is {value}, it has to be 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventClasses:
    """The classes of one event; None where its duration is not known well enough."""

    ieee_1159: Ieee1159 | None
    en_50160_cell: str | None  # "A1" to "X5" and "S1" to "T3", "none", or what is beyond the matrix
    itic: Itic | None
    semi_f47: SemiF47 | None

    @property
    def is_uncertain(self) -> bool:
        """Whether one of them is not known."""
        return any(getattr(self, field.name) is None for field in fields(self))


def classify(event: VoltageEvent, tables: EventTables, frequency_hz: int) -> EventClasses:
    """Return the classes of an event; none of them is None.

    Args:
        event: What happened.
        tables: What it is judged by.
        frequency_hz: Of the supply, for limits in cycles: 50 or 60.
    """
    return EventClasses(
        ieee_1159=category_row(event, tables.ieee_1159, frequency_hz).category,
        en_50160_cell=en_50160_cell(event, tables.en_50160),
        itic=itic_verdict(event, tables.itic),
        semi_f47=semi_f47_verdict(event, tables.semi_f47),
    )


def category_row(event: VoltageEvent, table: Ieee1159Table, frequency_hz: int) -> CategoryRow:
    """Return the row of IEEE 1159 that an event lies in."""
    return next(
        row
        for row in table.regions
        if event.voltage_pu in row.voltage_pu and row.lasts(event.duration_s, frequency_hz)
    )


def en_50160_cell(event: VoltageEvent, table: En50160Table) -> str:
    """Return the cell of an event, such as ``A1``, or the name of what is beyond the matrix."""
    row = next(one for one in table.voltages if event.voltage_pu in one.voltage_pu)
    if row.kind == "none":
        return row.name
    column = next(
        one
        for one in table.durations
        if row.kind in one.kinds and event.duration_s in one.duration_s
    )
    return column.name or f"{row.name}{column.column}"


def itic_verdict(event: VoltageEvent, table: IticTable) -> Itic:
    """Return the region of the ITIC curve that an event lies in; the curve is its inner region's."""
    upper = level_at(staircase(table.steps, "upper"), event.duration_s)
    lower = level_at(staircase(table.steps, "lower"), event.duration_s)
    if upper is not None and event.voltage_pu > Fraction(upper):
        return "prohibited"
    if lower is not None and event.voltage_pu < Fraction(lower):
        return "no_damage"
    return "no_interruption_in_function"


def semi_f47_verdict(event: VoltageEvent, table: SemiF47Table) -> SemiF47:
    """Return whether an event has to be ridden through.

    ``none``: no sag. ``not_specified``: shorter than what the standard speaks of. A sag that is
    deeper than the curve, or lasts longer than it goes, ``may_trip`` the equipment.
    """
    if event.voltage_pu >= Fraction(table.begins.sag_below_pu):
        return "none"
    if event.duration_s < Fraction(table.begins.from_s):
        return "not_specified"
    level = level_at(table.steps, event.duration_s)
    if level is None or event.voltage_pu < Fraction(level):
        return "may_trip"
    return "must_ride_through"


class EventClassifier:
    """Gives what ``classify`` gives, faster.

    Between two edges of the tables all voltages are alike, and all durations: each pair of places
    between edges is classified once.
    """

    def __init__(self, tables: EventTables, frequency_hz: int) -> None:
        self._tables = tables
        self._frequency_hz = frequency_hz
        self._voltages_pu = voltage_edges(tables)
        self._durations_s = duration_edges(tables, frequency_hz)
        self._known: dict[tuple[int, int], EventClasses] = {}

    def classify(self, event: VoltageEvent) -> EventClasses:
        """Return the classes of an event; none of them is None."""
        place = (
            _place(self._voltages_pu, event.voltage_pu),
            _place(self._durations_s, event.duration_s),
        )
        if place not in self._known:
            self._known[place] = classify(event, self._tables, self._frequency_hz)
        return self._known[place]

    def classify_between(
        self, voltage_pu: Fraction, durations_s: tuple[Fraction, Fraction]
    ) -> EventClasses:
        """Return the classes that the shortest and the longest duration both give, None for others.

        At one voltage the durations of a class have no gap, so what both ends give, all between
        them give, too.
        """
        shortest, longest = (
            self.classify(VoltageEvent(voltage_pu=voltage_pu, duration_s=each))
            for each in durations_s
        )
        return EventClasses(
            ieee_1159=shortest.ieee_1159 if shortest.ieee_1159 == longest.ieee_1159 else None,
            en_50160_cell=(
                shortest.en_50160_cell if shortest.en_50160_cell == longest.en_50160_cell else None
            ),
            itic=shortest.itic if shortest.itic == longest.itic else None,
            semi_f47=shortest.semi_f47 if shortest.semi_f47 == longest.semi_f47 else None,
        )


def voltage_edges(tables: EventTables) -> list[Fraction]:
    """Return every voltage at which some class changes, per unit, ascending."""
    regions = (*tables.ieee_1159.regions, *tables.en_50160.voltages)
    edges = {edge for row in regions for edge in row.voltage_pu.edges()}
    edges |= {Fraction(step.level_pu) for step in (*tables.itic.steps, *tables.semi_f47.steps)}
    return sorted(edges | {Fraction(tables.semi_f47.begins.sag_below_pu)})


def duration_edges(tables: EventTables, frequency_hz: int) -> list[Fraction]:
    """Return every duration at which some class changes, seconds, ascending."""
    regions = (*tables.ieee_1159.regions, *tables.en_50160.durations)
    edges = {edge for row in regions for edge in row.duration_s.edges()}
    edges |= {edge / frequency_hz for row in regions for edge in row.cycles.edges()}
    steps = (*tables.itic.steps, *tables.semi_f47.steps)
    edges |= {Fraction(step.up_to_s) for step in steps if step.up_to_s is not None}
    return sorted(edges | {Fraction(tables.semi_f47.begins.from_s)})


def _place(edges: list[Fraction], number: Fraction) -> int:
    """Return 2i for what lies below edge i and above the one before, 2i + 1 for edge i itself."""
    i = bisect_left(edges, number)
    return 2 * i + (i < len(edges) and edges[i] == number)
