"""The page of outages: where people are without supply now, what is no outage, what is announced."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Response

from service.console.charts import Chart
from service.console.page import OfCustomers
from service.console.span import span_asked
from service.console.texts import Texts
from service.errors import NotFoundError
from service.store.deployment_reads import reading
from service.store.outage_extents import (
    DarkPoint,
    OutageExtent,
    closed_outages,
    dark_points,
    find_extent,
    open_outages,
)
from service.store.silent_places import outages_ahead, silent_places

router = APIRouter(include_in_schema=False)

_ROWS_MAX: Final = 200
_MEMBERS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A minute in which points had supply again."""

    at: datetime
    n_points: int
    n_without: int  # after it


@router.get("/outages")
async def outages(
    page: OfCustomers,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
) -> Response:
    """Return the outages: those that last first, then those of a period."""
    now = page.context.now()
    async with reading(page.context.reader.within(page.access.territory)) as snapshot:
        newest = min(snapshot.data_through or now, now)
        span = span_asked(from_, to, newest, snapshot.zone)
        connection = snapshot.connection
        lasting = await open_outages(connection, _ROWS_MAX)
        closed = await closed_outages(connection, span.instants, _ROWS_MAX)
        silent_now = await silent_places(
            connection, (newest, datetime.max.replace(tzinfo=newest.tzinfo)), _ROWS_MAX
        )
        silent = await silent_places(connection, span.instants, _ROWS_MAX)
        ahead = await outages_ahead(connection, now, _ROWS_MAX)
    return page.show(
        "outages.html",
        snapshot,
        {
            "span": span,
            "lasting": lasting,
            "closed": closed,
            "silent_now": [one for one in silent_now if one.to_at is None],
            "silent": [one for one in silent if one.to_at is not None],
            "ahead": ahead,
            "newest": newest,
            "rows_max": _ROWS_MAX,
            "lasted": _lasted(newest),
        },
    )


@router.get("/outages/{outage_id}")
async def one_outage(
    page: OfCustomers, outage_id: Annotated[int, Path(ge=1, lt=2**63)]
) -> Response:
    """Return one outage with its points, and how supply comes back.

    Raises:
        NotFoundError: There is none of this number for who asks.
    """
    now = page.context.now()
    async with reading(page.context.reader.within(page.access.territory)) as snapshot:
        found = await find_extent(snapshot.connection, outage_id)
        if found is None:
            raise NotFoundError(
                f"there is no outage {outage_id}: numbers change while evidence comes in that parts or joins "
                "outages; look at the list"
            )
        points = await dark_points(snapshot.connection, outage_id)
    newest = min(snapshot.data_through or now, now)
    steps = steps_of(points)
    return page.show(
        "outage.html",
        snapshot,
        {
            "one": found,
            "points": points[:_MEMBERS_MAX],
            "n_more": max(0, len(points) - _MEMBERS_MAX),
            "steps": steps,
            "lasted": _lasted(newest),
        },
        charts=[_restoration(page.texts, found, steps, newest, snapshot.zone)]
        if len(steps) > 1
        else (),
    )


def steps_of(points: Sequence[DarkPoint]) -> list[Step]:
    """Return how supply came back, minute by minute."""
    back = Counter(
        one.end_at.replace(second=0, microsecond=0) for one in points if one.end_at is not None
    )
    n_without = len(points)
    steps = []
    for at, n_points in sorted(back.items()):
        n_without -= n_points
        steps.append(Step(at=at, n_points=n_points, n_without=n_without))
    return steps


def _lasted(newest: datetime) -> Callable[[datetime, datetime | None], timedelta]:
    """Return what says how long something lasted, or has lasted up to ``newest``."""

    def lasted(from_at: datetime, to_at: datetime | None) -> timedelta:
        return max(timedelta(0), (to_at or newest) - from_at)

    return lasted


def _restoration(
    texts: Texts, one: OutageExtent, steps: Sequence[Step], newest: datetime, zone: ZoneInfo
) -> Chart:
    """Return how many points were without supply, over time."""
    at = [one.start_at, *(step.at for step in steps)]
    n_without = [one.n_points, *(step.n_without for step in steps)]
    if one.is_open:
        at.append(max(newest, at[-1]))
        n_without.append(one.n_without)
    return Chart(
        name="restoration",
        says=texts("outages.restoration_says"),
        traces=[
            {
                "type": "scatter",
                "mode": "lines",
                "x": [f"{one.astimezone(zone):%Y-%m-%dT%H:%M:%S}" for one in at],
                "y": n_without,
                "line": {"shape": "hv", "color": "verdict-interrupted", "width": 2},
                "fill": "tozeroy",
                "name": texts("outages.without"),
            }
        ],
        layout={
            "xaxis": {"type": "date"},
            "yaxis": {"title": {"text": texts("outages.without")}, "rangemode": "tozero"},
            "showlegend": False,
        },
        height_px=220,
    )
