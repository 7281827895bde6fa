"""Why a point's figure is what it is, from one snapshot: minutes, what they come to, and what stands beside them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import numpy as np

from kernels.layout import MINUTES_PER_HOUR, VERDICT_MASK
from service.domain.bands import has_day_spread
from service.domain.explanation.finding import Finding, finding_of, target_of
from service.domain.explanation.minutes import (
    PageMinutes,
    SpanMinutes,
    pages_together,
    span_minutes,
)
from service.domain.pages import PageColumns
from service.domain.periods import month_start, next_month
from service.domain.rates import VerdictCounts
from service.domain.registry import Customer, DeclarationKind, Device, Exemption, Point
from service.domain.rules import RuleSet
from service.domain.spread import PageExtremes, SpreadOfDay, spreads_of_days
from service.store.deployment_reads import Snapshot
from service.store.evidence_reads import FoundInterruption, Grounds, grounds_of
from service.store.explanation_rows import (
    DeclarationOfPoint,
    ExemptMonth,
    declarations_at,
    exemptions_at,
    supplied_at,
)
from service.store.interruption_reads import (
    InterruptionFilter,
    PlaceFilter,
    StoredEvent,
    StoredInterruption,
    list_events,
    list_interruptions,
)
from service.store.judged_reads import judged_pages
from service.store.page_reads import read_evidence
from service.store.point_reads import customers_of, devices_of
from service.store.spread_reads import page_extremes

ROWS_MAX: Final = 200  # events and interruptions of one answer, the newest
GROUNDS_MAX: Final = 10  # interruptions that are shown with every piece of their evidence
CUSTOMERS_MAX: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be explained."""

    point: Point
    span: tuple[datetime, datetime]  # half-open, UTC, whole minutes
    rule_set: RuleSet
    is_statutory: bool  # the rule set whose verdicts are stored
    with_customers: bool  # who asks may read them


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """What the minutes would come to if something had not been said."""

    declarations: VerdictCounts | None  # without any declaration; None: there is none
    exemptions: VerdictCounts | None  # as if no month were exempt; None: none is


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionWithGrounds:
    """An interruption, and what it rests on."""

    interruption: StoredInterruption
    grounds: Grounds | None  # None: one of the older ones; the API has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why the figure of a point is what it is."""

    minutes: SpanMinutes
    finding: Finding
    phases: tuple[VerdictCounts | None, ...]  # None: a phase that may be absent, and is
    without: Without
    spreads: Sequence[SpreadOfDay]  # by day; empty below the level from which it is bounded
    declarations: Sequence[DeclarationOfPoint]
    exempt_months: Sequence[ExemptMonth]
    interruptions: Sequence[InterruptionWithGrounds]  # the newest first, ROWS_MAX at most
    events: Sequence[StoredEvent]  # the same
    devices: Sequence[Device]
    customers: Sequence[Customer] | None  # None: who asks may not read them


async def read_explanation(snapshot: Snapshot, wanted: Wanted) -> Explanation:
    """Return why the figure of a point over a span is what it is, under a rule set."""
    connection, point, span = snapshot.connection, wanted.point, wanted.span
    months = await exemptions_at(connection, point.point_id, span)
    if wanted.rule_set.power_factor is None:
        months = []
    pages = await _pages(snapshot, wanted, months)
    minutes = await asyncio.to_thread(span_minutes, pages, point, span, snapshot.data_through)
    supplied = await supplied_at(connection, point.point_id, span)
    target = target_of(
        wanted.rule_set, point, supplied.area, is_residential=supplied.is_residential
    )
    declarations = await declarations_at(connection, point.point_id, span)
    where = PlaceFilter(point=point.point)
    return Explanation(
        minutes=minutes,
        finding=finding_of(
            minutes.counts(minutes.due), minutes.interval_s, point, wanted.rule_set, target
        ),
        phases=_phases(minutes, point),
        without=await _without(snapshot, wanted, declarations, months),
        spreads=await _spreads(snapshot, wanted, months),
        declarations=declarations,
        exempt_months=months,
        interruptions=await _interruptions(snapshot, point, span),
        events=await list_events(connection, span, where, None, None, ROWS_MAX),
        devices=await devices_of(connection, point.point_id),
        customers=await customers_of(connection, point.point_id, CUSTOMERS_MAX)
        if wanted.with_customers
        else None,
    )


async def read_minutes(
    snapshot: Snapshot, wanted: Wanted, span: tuple[datetime, datetime]
) -> SpanMinutes:
    """Return the minutes of another span alone, as a day is looked at."""
    months = await exemptions_at(snapshot.connection, wanted.point.point_id, span)
    pages = await _pages(snapshot, wanted, months, span)
    return span_minutes(pages, wanted.point, span, snapshot.data_through)


async def _pages(
    snapshot: Snapshot,
    wanted: Wanted,
    months: Sequence[ExemptMonth],
    span: tuple[datetime, datetime] | None = None,
) -> PageMinutes:
    """Return the pages of a span, by default the whole: stored verdicts of the statutory set, else judged now."""
    span = span or wanted.span
    if not wanted.is_statutory:
        exempt = _exemptions(snapshot, wanted, [one.month for one in months])
        return _of_columns(await _judged(snapshot, wanted, exempt, span=span), wanted.point)
    stored = await read_evidence(snapshot.connection, wanted.point.point_id, *span)
    return pages_together(
        [(int(one.hour.timestamp()) // 3600, one.nominal_mv, one.interval_s) for one in stored],
        [one.verdict for one in stored],
        [one.cell for one in stored],
        [one.mark for one in stored],
        wanted.point.n_phases,
    )


async def _without(
    snapshot: Snapshot,
    wanted: Wanted,
    declarations: Sequence[DeclarationOfPoint],
    months: Sequence[ExemptMonth],
) -> Without:
    undeclared = unexempted = None
    exempt = _exemptions(snapshot, wanted, [one.month for one in months])
    if declarations:
        every = frozenset[DeclarationKind](("abnormal_state", "outage"))
        undeclared = await _judged(snapshot, wanted, exempt, every)
    if months:
        unexempted = await _judged(snapshot, wanted, ())
    return Without(
        declarations=_counts(snapshot, wanted, undeclared),
        exemptions=_counts(snapshot, wanted, unexempted),
    )


async def _judged(
    snapshot: Snapshot,
    wanted: Wanted,
    exempt: Sequence[Exemption],
    without: frozenset[DeclarationKind] = frozenset(),
    *,
    span: tuple[datetime, datetime] | None = None,
) -> PageColumns:
    return await judged_pages(
        snapshot.connection, wanted.point, wanted.rule_set, span or wanted.span, exempt, without
    )


async def _spreads(
    snapshot: Snapshot, wanted: Wanted, months: Sequence[ExemptMonth]
) -> Sequence[SpreadOfDay]:
    """Return the spread of each day: of stored extremes under the statutory set, else judged now."""
    point, rule_set = wanted.point, wanted.rule_set
    if not has_day_spread(rule_set, point):
        return ()
    if wanted.is_statutory:
        found = await page_extremes(snapshot.connection, point.point_id, wanted.span)
    else:
        exempt = _exemptions(snapshot, wanted, [one.month for one in months])
        pages = await _judged(snapshot, wanted, exempt)
        order = np.argsort(pages.hour)
        scores = pages.scores
        found = PageExtremes(
            pages.hour[order].astype(np.int64), scores.spread_min[order], scores.spread_max[order]
        )
    return await asyncio.to_thread(spreads_of_days, found, rule_set, snapshot.zone)


def _counts(snapshot: Snapshot, wanted: Wanted, pages: PageColumns | None) -> VerdictCounts | None:
    if pages is None:
        return None
    columns = _of_columns(pages, wanted.point)
    minutes = span_minutes(columns, wanted.point, wanted.span, snapshot.data_through)
    return minutes.counts(minutes.due)


def _of_columns(pages: PageColumns, point: Point) -> PageMinutes:
    """Return judged pages of one point; they are held against its nominal as it is now."""
    shape = (pages.n_pages, point.n_phases, MINUTES_PER_HOUR)
    return PageMinutes(
        hour=pages.hour.astype(np.int64),
        nominal_mv=np.full(pages.n_pages, point.nominal_mv, np.int64),
        interval_s=pages.interval_s.astype(np.int64),
        verdict=pages.scores.verdict & np.uint8(VERDICT_MASK),
        cell=pages.planes.cell.reshape(shape),
        mark=pages.planes.mark.reshape(shape),
    )


def _exemptions(snapshot: Snapshot, wanted: Wanted, months: Sequence[date]) -> list[Exemption]:
    return [
        Exemption(
            point_id=wanted.point.point_id,
            from_at=month_start(month, snapshot.zone),
            to_at=month_start(next_month(month), snapshot.zone),
        )
        for month in months
    ]


def _phases(minutes: SpanMinutes, point: Point) -> tuple[VerdictCounts | None, ...]:
    found: list[VerdictCounts | None] = []
    for phase in range(point.n_phases):
        counts = minutes.counts_of_phase(phase, minutes.due)
        is_absent = point.wiring == "3p3w" and phase == 1 and counts.n_missing == counts.n_due
        found.append(None if is_absent else counts)
    return tuple(found)


async def _interruptions(
    snapshot: Snapshot, point: Point, span: tuple[datetime, datetime]
) -> list[InterruptionWithGrounds]:
    chosen = InterruptionFilter(where=PlaceFilter(point=point.point))
    rows = await list_interruptions(snapshot.connection, span, chosen, None, ROWS_MAX)
    found = []
    for nth, row in enumerate(rows):
        grounds = None
        if nth < GROUNDS_MAX:
            grounds = await _grounds(snapshot, point, row)
        found.append(InterruptionWithGrounds(interruption=row, grounds=grounds))
    return found


async def _grounds(snapshot: Snapshot, point: Point, row: StoredInterruption) -> Grounds:
    one = FoundInterruption(
        start_at=row.start_at,
        earliest_at=row.earliest_at,
        end_at=row.end_at,
        latest_at=row.latest_at,
        grades=row.grades,
        outage_id=row.outage_id,
        cause=row.cause,
        declaration_id=None,
    )
    through = snapshot.data_through or row.start_at
    return await grounds_of(snapshot.connection, point.point_id, one, through)
