"""The evidence: every minute of a point, with what was measured and how it was judged."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from pydantic import Field

from kernels.layout import (
    CELL_NONE,
    MINUTES_PER_HOUR,
    MISSING,
    RANK_MASK,
    RANK_SHIFT,
    SHARE_SHIFT,
    VERDICT_MASK,
)
from service.api.columns import Spread
from service.api.context import Context
from service.api.minute_words import RANKS, VERDICTS, Rank, Verdict
from service.api.parameters import From, To, check_length, day_span_of
from service.api.routes.points import PointName, known_point
from service.api.shapes import Basis, Shape, basis_of
from service.api.table_routes import TableRoute
from service.store.deployment_reads import reading
from service.store.page_reads import PageEvidence, read_evidence

router = APIRouter(tags=["evidence"], route_class=TableRoute)

LONGEST: Final = timedelta(days=7)
_MINUTE: Final = timedelta(minutes=1)


class PhaseMinute(Shape):
    """One phase in one minute."""

    cell: int | None = Field(
        description="deviation from nominal in 0.01 %, rounded away from nominal; null: no voltage is known",
        examples=[212],
    )
    voltage_v: float | None = Field(
        description="nominal x (1 + cell / 10000), volts", examples=[224.664]
    )
    rank: Rank = Field(description="of its source; the higher one wins, good is the highest")
    share: int = Field(
        description="eighths of the expected readings that came, 7: at least seven", ge=0, le=7
    )
    verdict: Verdict


class MinuteShape(Shape):
    """One minute of the point."""

    minute: datetime = Field(description="its start")
    verdict: Verdict = Field(description="of the point; this one counts")
    phases: Annotated[list[PhaseMinute], Spread("phase", 3)] = Field(
        description="phase 1 first; empty in an hour from which nothing came"
    )


class _Asked(Shape):
    point: str
    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(alias="to", description="exclusive")


class PointMinutes(Basis, _Asked):
    """Every minute of a point that is due, in the order of time."""

    nominal_v: float = Field(description="as the registry has it now")
    interval_s: int | None = Field(
        description="of the slowest readings, seconds; null without data"
    )
    judgement: int | None = Field(
        description="lowest judgement number among the hours shown; null without data"
    )
    minutes: list[MinuteShape]


@router.get("/v1/points/{point:path}/minutes", summary="Minutes of one point: the evidence")
async def point_minutes(
    context: Context, point: PointName, from_: From = None, to: To = None
) -> PointMinutes:
    """Return every minute due of at most seven days, also those of which nothing is known.

    Without `from`: from the start of the day before `to`; without `to`: to the end of the day of
    `from`; without both: the day that the data have reached.
    """
    async with reading(context.reader) as snapshot:
        from_at, to_at = day_span_of(from_, to, snapshot, context.now())
        check_length(from_at, to_at, LONGEST)
        found = await known_point(snapshot, point)
        pages = await read_evidence(snapshot.connection, found.point_id, from_at, to_at)
    begin = max(from_at, found.valid_from)
    end = min(to_at, snapshot.data_through or begin, found.valid_to or to_at)
    return PointMinutes(
        **basis_of(context, snapshot),
        point=found.point,
        nominal_v=found.nominal_mv / 1000,
        from_at=from_at.astimezone(snapshot.zone),
        to_at=to_at.astimezone(snapshot.zone),
        interval_s=max((page.interval_s for page in pages), default=None),
        judgement=min((page.judgement for page in pages), default=None),
        minutes=list(_minutes(pages, begin, end, snapshot.zone)),
    )


def _minutes(
    pages: Sequence[PageEvidence], begin: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[MinuteShape]:
    phases_at = {page.hour: _phases(page) for page in pages}
    verdicts_at = {page.hour: page.verdict.tolist() for page in pages}
    at = begin.astimezone(UTC)
    while at < end:
        hour = at.replace(minute=0)
        verdict = verdicts_at[hour][at.minute] if hour in verdicts_at else MISSING
        yield MinuteShape(
            minute=at.astimezone(zone),
            verdict=VERDICTS[verdict],
            phases=phases_at[hour][at.minute] if hour in phases_at else [],
        )
        at += _MINUTE


def _phases(page: PageEvidence) -> list[list[PhaseMinute]]:
    """Return the phases of each minute of a page; those that are alike are one object."""
    made: dict[tuple[int, int], PhaseMinute] = {}
    minutes: list[list[PhaseMinute]] = [[] for _ in range(MINUTES_PER_HOUR)]
    for cells, marks in zip(page.cell.tolist(), page.mark.tolist(), strict=True):
        for phases, key in zip(minutes, zip(cells, marks, strict=True), strict=True):
            if key not in made:
                made[key] = _phase(page.nominal_mv, *key)
            phases.append(made[key])
    return minutes


def _phase(nominal_mv: int, cell: int, mark: int) -> PhaseMinute:
    is_known = cell != CELL_NONE
    return PhaseMinute(
        cell=cell if is_known else None,
        voltage_v=nominal_mv * (10_000 + cell) / 10_000_000 if is_known else None,
        rank=RANKS[mark >> RANK_SHIFT & RANK_MASK],
        share=mark >> SHARE_SHIFT,
        verdict=VERDICTS[mark & VERDICT_MASK],
    )
