"""Every promise of a rule set with its cases, and how it stands."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from service.domain.promise_rows import (
    AnyPromiseRow,
    CrewRow,
    DeadlineRow,
    NoticeRow,
    PlannedCountRow,
    PlannedWindowRow,
)
from service.domain.promises.cases import Case
from service.domain.promises.crews import FaultCall, crew_case
from service.domain.promises.deadlines import Deadline, deadline_case, row_of
from service.domain.promises.notice import AnnouncedOutage, notice_case
from service.domain.promises.planned_count import TouchedCustomer, Works, count_case, works_of
from service.domain.promises.planned_window import window_case
from service.domain.promises.tallies import Demand, PromiseStanding, standing_of

T = TypeVar("T")
CustomerCounts: TypeAlias = Mapping[tuple[str, Decimal], int]  # by region and level in kV


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedYear:
    """The planned outages of a calendar year that took place, and whom they touched."""

    year_from: int  # start of the year that the period ends in
    outages: Mapping[int, AnnouncedOutage] = field(default_factory=dict)  # by number
    touched: Sequence[TouchedCustomer] = ()
    n_customers: CustomerCounts = field(default_factory=dict)  # all in service in the year so far


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What the register holds of a period."""

    outages: Sequence[AnnouncedOutage] = ()  # that came in the period, or were to
    year: PlannedYear | None = None
    calls: Sequence[FaultCall] = ()  # made in the period
    deadlines: Sequence[Deadline] = ()  # opened in the period


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseFigure:
    """One promise of a rule set, its cases, and how it stands."""

    row: AnyPromiseRow | DeadlineRow
    cases: tuple[Case, ...]  # of planned_count only customers that something happened to
    standing: PromiseStanding


@dataclass(frozen=True, slots=True, kw_only=True)
class Unruled:
    """Cases that no row of the rule set is about: they are counted, and not judged."""

    promise: str
    subject: str  # area, level or class
    n_cases: int


def promise_figures(
    rows: Sequence[AnyPromiseRow], register: Register, now: int, zone: ZoneInfo
) -> list[PromiseFigure]:
    """Return every promise with how it stands at ``now``, in the order of the rule set."""
    return [_figure(row, register, now, zone) for row in rows]


def deadline_figures(
    rows: Sequence[DeadlineRow], deadlines: Sequence[Deadline], now: int, zone: ZoneInfo
) -> list[PromiseFigure]:
    """Return every deadline row with those opened under it, in the order of the rule set."""
    of_row: dict[int, list[Case]] = {id(row): [] for row in rows}  # rows are the same objects
    for one in deadlines:
        row = row_of(rows, one.promise, one.subject)
        if row is not None:
            of_row[id(row)].append(deadline_case(row, one, now, zone))
    return [
        PromiseFigure(
            row=row,
            cases=tuple(of_row[id(row)]),
            standing=standing_of(demand_of(row), of_row[id(row)]),
        )
        for row in rows
    ]


def unruled(
    rows: Sequence[AnyPromiseRow], deadlines: Sequence[DeadlineRow], register: Register
) -> list[Unruled]:
    """Return what the register holds and no row is about, where the rule set has such promises at all."""
    found = Counter(_unruled_calls(rows, register.calls))
    counts = [row for row in rows if isinstance(row, PlannedCountRow)]
    if counts and register.year is not None:
        for (_, level_kv), n_customers in register.year.n_customers.items():
            if not any(row.covers(level_kv) for row in counts):
                found["planned_count", f"{level_kv.normalize():f} kV"] += n_customers
    for one in register.deadlines if deadlines else ():
        if row_of(deadlines, one.promise, one.subject) is None:
            found[one.promise, one.subject] += 1
    return [
        Unruled(promise=promise, subject=subject, n_cases=n_cases)
        for (promise, subject), n_cases in sorted(found.items())
    ]


def demand_of(row: AnyPromiseRow | DeadlineRow) -> Demand:
    """Return what decides about a promise as a whole."""
    within = row.within_minutes if isinstance(row, CrewRow) else None
    return Demand(
        reach=row.reach,
        share_min=None if row.share_min is None else Fraction(row.share_min),
        average_minutes=within,
        has_limit=not isinstance(row, CrewRow) or within is not None,
    )


def _figure(row: AnyPromiseRow, register: Register, now: int, zone: ZoneInfo) -> PromiseFigure:
    untouched: Mapping[str, int] = {}
    cases: Sequence[Case]
    match row:
        case NoticeRow():
            kind = row.promise.removesuffix("_notice")
            cases = [
                notice_case(row, one, now, zone)
                for one in register.outages
                if one.outage_kind == kind
            ]
        case PlannedWindowRow():
            planned = (one for one in register.outages if one.outage_kind == "planned")
            cases = _present(partial(window_case, row, now=now), planned)
        case CrewRow():
            cases = _present(partial(crew_case, row, now=now), register.calls)
        case PlannedCountRow():
            cases, untouched = _of_customers(row, register.year)
    return PromiseFigure(
        row=row,
        cases=tuple(cases),
        standing=standing_of(demand_of(row), cases, untouched),
    )


def _unruled_calls(
    rows: Sequence[AnyPromiseRow], calls: Sequence[FaultCall]
) -> Iterator[tuple[str, str]]:
    """Yield the promise and area of each call that would be a case if its area had a row."""
    areas: dict[str, set[str]] = {}
    for row in rows:
        if isinstance(row, CrewRow):
            areas.setdefault(row.promise, set()).add(row.area)
    for promise, ruled in areas.items():
        for one in calls:
            is_case = promise == "crew_arrival" or one.arrived_at is not None
            if is_case and one.response_area not in ruled:
                yield promise, one.response_area


def _of_customers(
    row: PlannedCountRow, year: PlannedYear | None
) -> tuple[list[Case], dict[str, int]]:
    """Return the customers of a row's level that something happened to, and how many are left by region."""
    if year is None:
        return [], {}

    @cache
    def works(declaration_ids: frozenset[int]) -> Works:
        return works_of(row, [year.outages[nth] for nth in declaration_ids], year.year_from)

    cases = [
        count_case(row, one, works(one.declaration_ids), year.year_from)
        for one in year.touched
        if row.covers(one.level_kv)
    ]
    left: Counter[str] = Counter()
    for (region, level_kv), n_customers in year.n_customers.items():
        if row.covers(level_kv):
            left[region] += n_customers
    left.subtract(case.regions[0] for case in cases)
    return cases, {region: n for region, n in left.items() if n > 0}


def _present(case_of: Callable[[T], Case | None], records: Iterable[T]) -> list[Case]:
    """Return the cases of the records that are one."""
    return [case for case in map(case_of, records) if case is not None]
