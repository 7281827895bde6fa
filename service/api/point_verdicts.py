"""The minutes of one point over a span of time, under the rule set that a request asks for."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kernels.layout import N_VERDICTS
from service.api.context import ServeContext
from service.domain.periods import month_start, next_month
from service.domain.registry import DeclarationKind, Exemption, Point
from service.domain.rules import RuleSet
from service.store.deployment_reads import Snapshot
from service.store.exemption_reads import exempt_months, unexempted
from service.store.judged_reads import judged_pages, phases_of, verdicts_of
from service.store.page_reads import PageVerdicts, read_phases, read_verdicts

_Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointVerdicts:
    """The verdicts of a point's pages, and what else is answered from them."""

    total: PageVerdicts
    phases: NDArray[np.int64]  # (n_phases, 7): minutes due by verdict; those without a page in none
    n_due: int  # minutes of the span in service that the data have reached
    months: list[date]  # in which the point is exempt
    unexempted: PageVerdicts | None  # as if it were not; None without such a month


async def point_verdicts(
    context: ServeContext, snapshot: Snapshot, point: Point, span: _Span, rule_set: RuleSet
) -> PointVerdicts:
    """Return the verdicts of a point under ``rule_set``: stored ones of the set in force, else judged here and now."""
    due = _due(snapshot, point, span)
    n_due = max(0, (due[1] - due[0]) // timedelta(minutes=1))
    months = []
    if rule_set.power_factor is not None:
        months = await exempt_months(snapshot.connection, point.point_id, *span)
    if rule_set.name == context.rule_set.name:
        total = await read_verdicts(snapshot.connection, point.point_id, *span)
        plain = (
            await unexempted(snapshot.connection, point, rule_set, total, span) if months else None
        )
        phases = await read_phases(snapshot.connection, point, *due) if n_due else _nothing(point)
    else:
        exempt = [_exemption(point, month, snapshot) for month in months]
        pages = await judged_pages(snapshot.connection, point, rule_set, span, exempt)
        total, plain = verdicts_of(pages), None
        phases = phases_of(pages, point, *due) if n_due else _nothing(point)
        if months:
            plain = verdicts_of(await judged_pages(snapshot.connection, point, rule_set, span))
    return PointVerdicts(total=total, phases=phases, n_due=n_due, months=months, unexempted=plain)


async def undeclared_verdicts(
    snapshot: Snapshot,
    point: Point,
    span: _Span,
    rule_set: RuleSet,
    without: frozenset[DeclarationKind],
) -> PageVerdicts:
    """Return the verdicts of a point as if nobody had made declarations of some kinds: judged here and now."""
    exempt: list[Exemption] = []
    if rule_set.power_factor is not None:
        months = await exempt_months(snapshot.connection, point.point_id, *span)
        exempt = [_exemption(point, month, snapshot) for month in months]
    pages = await judged_pages(snapshot.connection, point, rule_set, span, exempt, without)
    return verdicts_of(pages)


def _due(snapshot: Snapshot, point: Point, span: _Span) -> _Span:
    """Return the part of a span that is due; it ends before it begins where nothing is."""
    begin = max(span[0], point.valid_from)
    return begin, min(span[1], snapshot.data_through or begin, point.valid_to or span[1])


def _nothing(point: Point) -> NDArray[np.int64]:
    return np.zeros((point.n_phases, N_VERDICTS), np.int64)


def _exemption(point: Point, month: date, snapshot: Snapshot) -> Exemption:
    return Exemption(
        point_id=point.point_id,
        from_at=month_start(month, snapshot.zone),
        to_at=month_start(next_month(month), snapshot.zone),
    )
