"""Minutes of many points, as one long table that is streamed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from service.api.accepting import MEDIA_TYPES, Format, chosen_format
from service.api.context import Context
from service.api.export_encoding import MinuteEncoder
from service.api.exporting import Export, ExportDesk
from service.api.lasting_access import LastingAccess
from service.api.parameters import From, Text, To, check_length, day_span_of
from service.api.shapes import local
from service.api.table_routes import attachment
from service.domain.registry import PointClass
from service.errors import NotFoundError
from service.logs import logger
from service.store.deployment_reads import reading
from service.store.export_reads import ExportFilter, unknown_points

router = APIRouter(tags=["evidence"])
log = logger(__name__)

LONGEST: Final = timedelta(days=31)
OFFERED: Final[tuple[Format, ...]] = ("csv", "arrow", "parquet")
POINTS_MAX: Final = 1000
_STALLED_S: Final = 60.0  # a client that takes nothing for so long is given up
_PART_BYTES: Final = 1 << 18
_NAMED_MAX: Final = 10


def _chosen(
    point: Annotated[
        list[Text] | None,
        Query(
            max_length=POINTS_MAX,
            description="identifiers of points, given once for each",
            examples=[["P-0001"]],
        ),
    ] = None,
    region: Annotated[Text | None, Query(description="code of the region")] = None,
    feeder: Annotated[Text | None, Query(description="code of the feeder")] = None,
    transformer: Annotated[Text | None, Query(description="code of the transformer")] = None,
    class_: Annotated[PointClass | None, Query(alias="class", description="GB/T 12325")] = None,
) -> ExportFilter:
    return ExportFilter(
        points=tuple(dict.fromkeys(point or ())),
        region=region,
        feeder=feeder,
        transformer=transformer,
        point_class=class_,
    )


def _wanted(
    request: Request,
    format_: Annotated[
        Format | None,
        Query(
            alias="format",
            description="instead of Accept: csv (without either), arrow or parquet; there is no JSON of so many rows",
            examples=["parquet"],
        ),
    ] = None,
) -> Format:
    accept = request.headers.get("accept", "") if format_ is None else MEDIA_TYPES[format_]
    return chosen_format(accept, OFFERED)


@router.get(
    "/v1/minutes",
    summary="Export the minutes of many points",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A table, one row a minute",
            "content": {
                MEDIA_TYPES[one]: {
                    "schema": {"type": "string"}
                    if one == "csv"
                    else {"type": "string", "format": "binary"}
                }
                for one in OFFERED
            },
        }
    },
)
async def minutes(
    request: Request,
    context: Context,
    chosen: Annotated[ExportFilter, Depends(_chosen)],
    wanted: Annotated[Format, Depends(_wanted)],
    from_: From = None,
    to: To = None,
) -> StreamingResponse:
    """Return every minute due of the chosen points, at most 31 days, as a stream: day by day, in each point by point.

    Voltages are volts, null where none is known; days of the stream end at midnight UTC. The stream yields to what
    comes in, so a month of many points takes its time; while ingestion is behind, it is slower still, but something
    comes every 20 s. It is no snapshot: `judgement` says under which number an hour was judged. A stream that ends
    early ends without its last chunk (Parquet: without its footer); ask then for the days that are missing. Whether
    the key or token is still good is looked at every 30 s: where it is not, the last row of CSV (`# ended early`), or
    the metadata `ended_early` of the last batch of Arrow, says why. A client that takes nothing for a minute is given
    up. Without `from`: from the start of the day before `to`; without `to`: to the end of the day of
    `from`; without both: the day that the data have reached.
    """
    async with reading(context.reader) as snapshot:
        span = day_span_of(from_, to, snapshot, context.now())
        check_length(*span, LONGEST)
        unknown = await unknown_points(snapshot.connection, chosen.points)
    if unknown:
        named = ", ".join(map(repr, unknown[:_NAMED_MAX]))
        raise NotFoundError(f"the registry has no point {named}")
    through, zone = snapshot.data_through, snapshot.zone
    reached = local(through, zone)
    basis = {
        "rule_set": context.rule_set.name,
        "zone": zone.key,
        "data_through": "" if reached is None else reached.isoformat(),
    }
    export = Export(
        pool=context.reader,
        desk=context.exports,
        chosen=chosen,
        from_at=span[0],
        to_at=min(span[1], through or span[0]),
        confirm=LastingAccess(request, context.exports.ask_again_s).confirm,
    )
    headers = {f"Voltpass-{name.replace('_', '-').title()}": value for name, value in basis.items()}
    charset = "; charset=utf-8; header=present" if wanted == "csv" else ""
    return _Stream(
        export.parts(MinuteEncoder(wanted, zone, basis)),
        desk=context.exports,
        headers=headers | {"Content-Disposition": attachment("minutes", wanted)},
        media_type=MEDIA_TYPES[wanted] + charset,
    )


class _Stream(StreamingResponse):
    """Parts as they come; one of the exports that are under way, from its first to its last."""

    def __init__(
        self,
        parts: AsyncIterator[bytes],
        *,
        desk: ExportDesk,
        headers: dict[str, str],
        media_type: str,
    ) -> None:
        super().__init__(_pieces(parts), headers=headers, media_type=media_type)
        self._desk = desk

    async def stream_response(self, send: Send) -> None:
        """Send the parts, and give up a client that takes none."""

        async def within(message: Message) -> None:
            async with asyncio.timeout(_STALLED_S):
                await send(message)

        with self._desk.open():
            await super().stream_response(within)


async def _pieces(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the parts in pieces that a slow line can take within the time it has."""
    async for part in parts:
        for start in range(0, len(part), _PART_BYTES):
            yield part[start : start + _PART_BYTES]
