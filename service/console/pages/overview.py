"""The first page: how the figures stand, and what is wrong now."""

from fastapi import APIRouter, Response

from service.console.page import OfAggregates
from service.store.deployment_reads import reading

router = APIRouter(include_in_schema=False)


@router.get("/")
async def overview(page: OfAggregates) -> Response:
    """Return the overview."""
    async with reading(page.context.reader) as snapshot:
        pass
    return page.show("overview.html", snapshot, {})
