"""Routes that answer lists: as JSON, or as a table of the kind that a request asks for; one place for all of them."""

import asyncio
import functools
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Annotated, Final, NamedTuple, Protocol, get_type_hints

from fastapi import Depends, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from service.api.accepting import MEDIA_TYPES, Format, chosen_format
from service.api.columns import rows_field
from service.api.tables import rendered, table_of

OFFERED: Final[tuple[Format, ...]] = ("json", "csv", "arrow", "parquet")
_ENDINGS: Final[dict[Format, str]] = {"csv": "csv", "arrow": "arrows", "parquet": "parquet"}
_CHARSETS: Final[dict[Format, str]] = {"csv": "; charset=utf-8; header=present"}


class Answering(Protocol):
    """What a route calls."""

    def __call__(self, *values: object, **named: object) -> Awaitable[object]:
        """Return the answer."""
        ...


class _Wanted(NamedTuple):
    """What the request of this task wants."""

    format: Format
    request: Request


_wanted: ContextVar[_Wanted] = ContextVar("wanted")


async def _look_at_request(
    request: Request,
    format_: Annotated[
        Format | None,
        Query(
            alias="format",
            description="instead of Accept, for a browser: the list as JSON, or as a table in CSV (RFC 4180, units "
            "above the columns), as an Arrow IPC stream or as Parquet",
            examples=["csv"],
        ),
    ] = None,
) -> None:
    """Find out which format is wanted, before anything is read."""
    accept = request.headers.get("accept", "")
    _wanted.set(_Wanted(format_ or chosen_format(accept, OFFERED), request))


class TableRoute(APIRoute):
    """Answers of a route that are lists are also offered as tables; other routes stay as they are."""

    def __init__(self, path: str, endpoint: Answering, **options: object) -> None:
        answer = get_type_hints(endpoint).get("return")
        if "GET" in (options.get("methods") or ()) and _has_rows(answer):  # type: ignore[operator]
            endpoint = _in_wanted_format(endpoint)
            options["dependencies"] = [
                *(options.get("dependencies") or ()),  # type: ignore[misc]
                Depends(_look_at_request),
            ]
            options["responses"] = {
                **(options.get("responses") or {}),  # type: ignore[dict-item]
                200: {"content": {MEDIA_TYPES[one]: _schema(one) for one in OFFERED[1:]}},
            }
        super().__init__(path, endpoint, **options)  # type: ignore[arg-type]


def link_to_next(request: Request, cursor: str) -> str:
    """Return the header field that names the next page (RFC 8288), relative to this one."""
    url = request.url.include_query_params(cursor=cursor)
    return f'<{url.path}?{url.query}>; rel="next"'


def _has_rows(answer: object) -> bool:
    return (
        isinstance(answer, type)
        and issubclass(answer, BaseModel)
        and rows_field(answer) is not None
    )


def _schema(one: Format) -> dict[str, object]:
    schema = {"type": "string"} if one == "csv" else {"type": "string", "format": "binary"}
    return {"schema": schema}


def _in_wanted_format(endpoint: Answering) -> Answering:
    """Return the endpoint with its answer as the request wants it."""

    @functools.wraps(endpoint)
    async def answered(*values: object, **named: object) -> Response:
        answer = await endpoint(*values, **named)
        assert isinstance(answer, BaseModel)  # noqa: S101 (its annotation says so)
        wanted, request = _wanted.get()
        headers = {}
        cursor = getattr(answer, "next_cursor", None)
        if cursor is not None:
            headers["Link"] = link_to_next(request, cursor)
        if wanted == "json":
            body = answer.model_dump_json(by_alias=True).encode()
        else:
            body = await asyncio.to_thread(_body, answer, wanted)
            name = request.url.path.rstrip("/").rpartition("/")[2]
            headers["Content-Disposition"] = attachment(name, wanted)
        media_type = MEDIA_TYPES[wanted] + _CHARSETS.get(wanted, "")
        return Response(body, headers=headers | {"Content-Type": media_type})

    return answered


def attachment(name: str, wanted: Format) -> str:
    """Return the header field that gives a downloaded table its name; ``name`` is the last word of a path of ours."""
    return f'attachment; filename="{name}.{_ENDINGS[wanted]}"'


def _body(answer: BaseModel, wanted: Format) -> bytes:
    return rendered(table_of(answer), wanted)
