"""For those who run the service: is it alive, is it ready, what does it measure."""

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from service.api.context import Context
from service.api.shapes import Shape
from service.errors import SchemaError
from service.metrics import render
from service.store.deployment import check_zone, require_rule_set
from service.store.deployment_reads import reading, schema_revision
from service.store.migrations import head_revision

router = APIRouter(tags=["operations"])


class Health(Shape):
    """The process is alive."""

    status: str = Field(examples=["ok"])


class Readiness(Health):
    """The process can answer: the database does, and its schema is one that this version reads."""

    revision: str = Field(description="of the database's schema", examples=["0005"])
    zone: str = Field(description="IANA zone in which days and months are counted")


@router.get("/healthz", summary="Is the process alive")
async def healthz() -> Health:
    """Answer as long as the process can; the database is not asked."""
    return Health(status="ok")


@router.get("/readyz", summary="Can requests be answered")
async def readyz(context: Context) -> Readiness:
    """Ask the database, and compare its schema, time zone data and rule set with those of this process.

    A newer schema is good, too: a version's migrations keep what the version before it reads.
    """
    found, needed = await schema_revision(context.reader), head_revision()
    if found is None or found < needed:
        raise SchemaError(f"the schema is at {found or 'nothing'}, this version needs {needed}")
    async with reading(context.reader) as snapshot:
        await check_zone(snapshot.connection, snapshot.zone.key, context.now().date())
        await require_rule_set(snapshot.connection, context.rule_set)
    return Readiness(status="ready", revision=found, zone=snapshot.zone.key)


@router.get("/metrics", summary="Metrics of this process", response_class=Response)
async def metrics(context: Context, request: Request) -> Response:
    """Return what Prometheus scrapes: requests, and pass ratio, coverage and interruption minutes by area and class.

    The figures of areas are those of the running day and month. They are made in the background,
    not while this is asked.
    """
    accept = request.headers.get("accept", "")
    body, content_type = await run_in_threadpool(render, context.metrics.registry, accept)
    return Response(body, headers={"Content-Type": content_type})
