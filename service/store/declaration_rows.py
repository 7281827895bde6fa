"""Declarations as JSON: how they are written, many at once, and what the trail keeps of them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Final

from service.domain.register import NOTICE_FIELDS, NewDeclaration
from service.store.pool import Connection
from service.store.statements import statement

Content = dict[str, object]

_FIELDS: Final = """
    kind text, outage_kind text, ticket text, author text, approver text, cause text, from_at timestamptz,
    to_at timestamptz, window_from timestamptz, window_to timestamptz, notice_at timestamptz, notice_fields text[],
    cancelled_at timestamptz, made_at timestamptz
"""

_ADD = statement(
    "declarations_add",
    f"""
    INSERT INTO declaration (kind, outage_kind, ticket, author, approver, cause, from_at, to_at, window_from,
                             window_to, notice_at, notice_fields, cancelled_at, made_at)
    SELECT kind, outage_kind, ticket, author, approver, cause, from_at, to_at, window_from, window_to, notice_at,
           notice_fields, cancelled_at, coalesce(made_at, now())
      FROM jsonb_to_recordset($1) AS told (nth integer, {_FIELDS})
     ORDER BY nth
    RETURNING declaration_id
    """,  # noqa: S608 (columns of ours)
)

_UPDATE = statement(
    "declarations_update",
    f"""
    UPDATE declaration
       SET kind = told.kind,
           outage_kind = told.outage_kind,
           ticket = told.ticket,
           author = told.author,
           approver = told.approver,
           cause = told.cause,
           from_at = told.from_at,
           to_at = told.to_at,
           window_from = told.window_from,
           window_to = told.window_to,
           notice_at = told.notice_at,
           notice_fields = told.notice_fields,
           cancelled_at = told.cancelled_at,
           made_at = coalesce(told.made_at, declaration.made_at)
      FROM jsonb_to_recordset($1) AS told (declaration_id bigint, {_FIELDS})
     WHERE told.declaration_id = declaration.declaration_id
    """,  # noqa: S608 (columns of ours)
)

_CLEAR_SCOPE = statement(
    "declarations_clear_scope",
    """
    DELETE FROM declaration_scope
     WHERE declaration_id = ANY ($1::bigint[])
    """,
)

_CLEAR_TOLD = statement(
    "declarations_clear_told",
    """
    DELETE FROM declaration_told
     WHERE declaration_id = ANY ($1::bigint[])
    """,
)

_ADD_SCOPE = statement(
    "declarations_add_scope",
    """
    INSERT INTO declaration_scope (declaration_id, place, code)
    SELECT declaration_id, place, code
      FROM jsonb_to_recordset($1) AS told (declaration_id bigint, places jsonb)
     CROSS JOIN jsonb_to_recordset(places) AS scope (place text, code text)
     ORDER BY declaration_id, place, code
    """,
)

_ADD_TOLD = statement(
    "declarations_add_told",
    """
    INSERT INTO declaration_told (declaration_id, customer, told_at)
    SELECT declaration_id, customer, told_at
      FROM jsonb_to_recordset($1) AS told (declaration_id bigint, important_told jsonb)
     CROSS JOIN jsonb_to_recordset(important_told) AS important (customer text, told_at timestamptz)
     ORDER BY declaration_id, customer
    """,
)


def content_of(told: NewDeclaration) -> Content:
    """Return a declaration as JSON; the same one always gives the same."""
    content: Content = {one.name: plain(getattr(told, one.name)) for one in fields(told)}
    content["places"] = [{"place": one.place, "code": one.code} for one in sorted(set(told.places))]
    content["important_told"] = [
        {"customer": one.customer, "told_at": plain(one.told_at)}
        for one in sorted(told.important_told)
    ]
    content["notice_fields"] = [one for one in NOTICE_FIELDS if one in told.notice_fields]
    return content


def plain(value: object) -> object:
    """Return a value as JSON has it; an instant in UTC."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


async def add_rows(connection: Connection, contents: Sequence[Mapping[str, object]]) -> list[int]:
    """Store new declarations and return their numbers, in the order of ``contents``."""
    rows = [{**content, "nth": nth} for nth, content in enumerate(contents)]
    numbers = sorted(row["declaration_id"] for row in await connection.fetch(_ADD, rows))
    await _add_parts(
        connection,
        [
            {**content, "declaration_id": number}
            for number, content in zip(numbers, contents, strict=True)
        ],
    )
    return numbers


async def update_rows(connection: Connection, contents: Mapping[int, Mapping[str, object]]) -> None:
    """Store what declarations are now, by their numbers."""
    rows = [{**content, "declaration_id": number} for number, content in contents.items()]
    await connection.execute(_UPDATE, rows)
    await connection.execute(_CLEAR_SCOPE, list(contents))
    await connection.execute(_CLEAR_TOLD, list(contents))
    await _add_parts(connection, rows)


async def _add_parts(connection: Connection, rows: Sequence[Content]) -> None:
    await connection.execute(_ADD_SCOPE, rows)
    await connection.execute(_ADD_TOLD, rows)
