"""The search for a point, and what an unknown one is answered with."""

from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from service.console.page import OfCustomers, Page
from service.store.deployment_reads import Snapshot, reading
from service.store.explanation_rows import FoundPoint, search_points
from service.store.point_reads import PointFilter, list_points

router = APIRouter(include_in_schema=False)

_FOUND_MAX: Final = 50
_SOME: Final = 24  # to begin with
_LONGEST: Final = 200
_SEE_OTHER: Final = 303


@router.get("/points")
async def points(page: OfCustomers, q: str = "") -> Response:
    """Return the points that fit what was typed; the one of that very name is gone to at once."""
    text = _typed(q)
    async with reading(page.context.reader.within(page.access.territory)) as snapshot:
        found = await find(snapshot, text)
        first = [] if text else await _first(snapshot)
    if text and found and (found[0].point == text or len(found) == 1):
        return RedirectResponse(address_of(page, found[0].point), status_code=_SEE_OTHER)
    return page.show(
        "points.html",
        snapshot,
        {"typed": text, "found": found, "first": first, "unknown": None, "many": _FOUND_MAX},
    )


async def unknown_point(snapshot: Snapshot, page: Page, point: str) -> Response:
    """Return the search in place of a point that there is not, or not for who asks."""
    found = await find(snapshot, _typed(point))
    values = {"typed": point, "found": found, "first": [], "unknown": point, "many": _FOUND_MAX}
    return page.show("points.html", snapshot, values, status=404)


async def find(snapshot: Snapshot, text: str) -> list[FoundPoint]:
    """Return points that fit a text; none for no text."""
    if not text:
        return []
    return await search_points(snapshot.connection, text, _FOUND_MAX)


def address_of(page: Page, point: str) -> str:
    """Return where the page of a point is."""
    return f"{page.base}/points/{quote(point, safe='')}"


async def _first(snapshot: Snapshot) -> list[str]:
    """Return some points to begin with."""
    listed = await list_points(snapshot.connection, PointFilter(), None, _SOME)
    return [one.point for one in listed]


def _typed(text: str) -> str:
    return text.replace("\x00", "").strip()[:_LONGEST]
