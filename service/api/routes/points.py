"""Points of the registry: lists of them, and everything that is known of one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from service.api.context import Context
from service.api.paging import NEXT_CURSOR, Paging, encode_cursor
from service.api.parameters import Text
from service.api.point_shapes import (
    CUSTOMERS_MAX,
    PointDetail,
    PointShape,
    point_detail,
    point_shape,
)
from service.api.shapes import Shape
from service.api.table_routes import TableRoute
from service.domain.registry import Point, PointClass
from service.errors import NotFoundError
from service.store.deployment_reads import Snapshot, reading
from service.store.point_reads import PointFilter, customers_of, devices_of, find_point, list_points

router = APIRouter(tags=["points"], route_class=TableRoute)

PointName = Annotated[
    Text, Path(description="identifier of the point in the registry", examples=["P-0001"])
]


class PointPage(Shape):
    """Points in the order of their identifiers."""

    points: list[PointShape]
    next_cursor: str | None = Field(description=NEXT_CURSOR)


def _chosen(
    region: Annotated[Text | None, Query(description="code of the region")] = None,
    feeder: Annotated[Text | None, Query(description="code of the feeder")] = None,
    transformer: Annotated[Text | None, Query(description="code of the transformer")] = None,
    class_: Annotated[PointClass | None, Query(alias="class", description="GB/T 12325")] = None,
) -> PointFilter:
    return PointFilter(region=region, feeder=feeder, transformer=transformer, point_class=class_)


@router.get("/v1/points", summary="List points")
async def points(
    context: Context, chosen: Annotated[PointFilter, Depends(_chosen)], paging: Paging
) -> PointPage:
    """Return the points of the registry that fit in everything that is given."""
    after = paging.after(str)
    async with reading(context.reader) as snapshot:
        found = await list_points(
            snapshot.connection, chosen, str(after[0]) if after else None, paging.limit + 1
        )
    shown = found[: paging.limit]
    return PointPage(
        points=[point_shape(one, context.rule_set, snapshot.zone) for one in shown],
        next_cursor=encode_cursor(shown[-1].point) if len(found) > paging.limit else None,
    )


# Registered last of all: an identifier may hold slashes.
by_name = APIRouter(tags=["points"], route_class=TableRoute)


@by_name.get("/v1/points/{point:path}", summary="Show one point")
async def one_point(context: Context, point: PointName) -> PointDetail:
    """Return what the registry knows of a point."""
    async with reading(context.reader) as snapshot:
        found = await known_point(snapshot, point)
        devices = await devices_of(snapshot.connection, found.point_id)
        customers = await customers_of(snapshot.connection, found.point_id, CUSTOMERS_MAX)
    return point_detail(found, devices, customers, context.rule_set, snapshot.zone)


async def known_point(snapshot: Snapshot, point: str) -> Point:
    """Return a point by its identifier.

    Raises:
        NotFoundError: The registry does not have it.
    """
    found = await find_point(snapshot.connection, point)
    if found is None:
        raise NotFoundError(f"the registry has no point {point!r}")
    return found
