"""The minutes of a point to take away, day after day: no answer is ever whole in memory but a Parquet of one period."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from service.console.minute_files import csv_head, csv_lines, parquet_file, parquet_table
from service.console.page import OfCustomers, Page
from service.console.pages.point import known_point, span_of_point, wanted_of
from service.console.span import Span
from service.domain.periods import day_start
from service.errors import NotFoundError
from service.store.deployment_reads import reading
from service.store.explanation_reads import Wanted, read_minutes

router = APIRouter(include_in_schema=False)


@router.get("/minutes/{point:path}.{kind}")
async def minutes_of_point(
    page: OfCustomers,
    point: str,
    kind: Literal["csv", "parquet"],
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    rule_set: str | None = None,
) -> Response:
    """Return the minutes of a period as a file.

    Raises:
        NotFoundError: There is no such point for who asks.
    """
    async with reading(page.context.reader.within(page.access.territory)) as snapshot:
        found = await known_point(snapshot, point)
        if found is None:
            raise NotFoundError(f"the registry has no point {point!r}")
        span = span_of_point(page, snapshot, found, (from_, to))
        wanted = wanted_of(page, found, span, rule_set)
        if kind == "parquet":
            minutes = await read_minutes(snapshot, wanted, wanted.span)
            table = await asyncio.to_thread(parquet_table, minutes, snapshot.zone)
            body = await asyncio.to_thread(parquet_file, table)
            return Response(body, headers=_headers(wanted, span, "parquet"))
    return StreamingResponse(_csv(page, wanted, span), headers=_headers(wanted, span, "csv"))


async def _csv(page: Page, wanted: Wanted, span: Span) -> AsyncIterator[str]:
    """Yield the file a day at a time, from one snapshot."""
    yield csv_head(wanted.point.n_phases)
    async with reading(page.context.reader.within(page.access.territory)) as snapshot:
        day = span.first
        while day < span.end:
            after = day + timedelta(days=1)
            of_day = (day_start(day, span.zone), day_start(after, span.zone))
            minutes = await read_minutes(snapshot, wanted, of_day)
            yield await asyncio.to_thread(csv_lines, minutes, span.zone)
            day = after


def _headers(wanted: Wanted, span: Span, kind: str) -> Mapping[str, str]:
    name = f"{wanted.point.point}_{span.first}_{span.end}.{kind}"
    kinds = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
    return {
        "Content-Type": kinds[kind],
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
