"""The voltage pass rate of one point, period by period."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import Field

from service.api.context import Context
from service.api.parameters import From, To, check_length, span_of
from service.api.period_counts import PeriodCounts, period_counts, sum_of
from service.api.routes.points import PointName, known_point
from service.api.shapes import Basis, PointRates, Shape, basis_of, point_rates
from service.domain.periods import By, periods
from service.store.deployment_reads import reading
from service.store.page_reads import read_verdicts

router = APIRouter(tags=["pass rates"])

LONGEST: Final[dict[By, timedelta]] = {
    "hour": timedelta(days=31),
    "day": timedelta(days=400),
    "month": timedelta(days=1830),
}


class _Period(Shape):
    period: str = Field(
        description="local name: 2024-03-01T08:00+08:00, 2024-03-01 or 2024-03",
        examples=["2024-03-01"],
    )
    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(alias="to", description="exclusive")


class PeriodRates(PointRates, _Period):
    """The rate of one hour, day or month, or of the part of it that was asked for."""


class _Asked(Shape):
    point: str
    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(alias="to", description="exclusive")
    by: By


class PointPassRate(Basis, _Asked):
    """The pass rate of one point, in total and period by period."""

    total: PointRates
    periods: list[PeriodRates]


@router.get("/v1/points/{point:path}/pass-rate", summary="Pass rate of one point")
async def point_pass_rate(
    context: Context,
    point: PointName,
    from_: From = None,
    to: To = None,
    by: Annotated[
        By, Query(description="an hour at most over 31 days, a day over 400, a month over 1830")
    ] = "day",
) -> PointPassRate:
    """Return the share of time in which the voltage of a point was good, from its minutes.

    Days and months are those of the deployment's zone: a day has 1380, 1440 or 1500 minutes.
    Estimated minutes count as missing. Hours without data count as missing while the point is in
    service.
    """
    async with reading(context.reader) as snapshot:
        span = span_of(from_, to, snapshot, context.now())
        check_length(*span, LONGEST[by])
        found = await known_point(snapshot, point)
        pages = await read_verdicts(snapshot.connection, found.point_id, *span)
    parts = list(
        period_counts(pages, list(periods(*span, by, snapshot.zone)), found, snapshot.data_through)
    )
    floor = Fraction(context.rule_set.coverage.floor)
    from_at, to_at = (at.astimezone(snapshot.zone) for at in span)
    return PointPassRate(
        **basis_of(context, snapshot),
        point=found.point,
        from_at=from_at,
        to_at=to_at,
        by=by,
        periods=[_period(part, floor, snapshot.zone) for part in parts],
        total=point_rates(*sum_of(parts), floor),
    )


def _period(part: PeriodCounts, floor: Fraction, zone: ZoneInfo) -> PeriodRates:
    return PeriodRates(
        **dict(point_rates(part.counts, part.interval_s, floor)),
        period=part.period.label,
        from_at=part.period.from_at.astimezone(zone),
        to_at=part.period.to_at.astimezone(zone),
    )
