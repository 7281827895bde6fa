"""Declarations, as readers ask for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from service.store.declarations import Kind, Place
from service.store.pool import Connection
from service.store.statements import statement

_DECLARATION: Final = """
    SELECT declaration_id, kind, ticket, author, approver, cause, from_at, to_at, made_at, withdrawn_at,
           (
               SELECT array_agg(ARRAY[place, code] ORDER BY place, code)
                 FROM declaration_scope AS scope
                WHERE scope.declaration_id = declaration.declaration_id
           ) AS places
      FROM declaration
"""

_LIST = statement(
    "declarations_list",
    f"""
    {_DECLARATION}
     WHERE ($1::timestamptz IS NULL OR coalesce(to_at, 'infinity') > $1)
       AND ($2::timestamptz IS NULL OR from_at < $2)
       AND ($3::text IS NULL OR kind = $3)
       AND ($4 OR withdrawn_at IS NULL)
       AND ($5::bigint IS NULL OR declaration_id < $5)
     ORDER BY declaration_id DESC
     LIMIT $6
    """,
)

_FIND = statement("declaration_find", f"{_DECLARATION} WHERE declaration_id = $1")

_MAY_WRITE = statement(
    "declarations_may_write", "SELECT has_table_privilege('declaration', 'INSERT')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeclaration:
    """What people told, and when."""

    declaration_id: int
    kind: Kind
    places: tuple[Place, ...]
    ticket: str
    author: str
    approver: str
    cause: str
    from_at: datetime
    to_at: datetime | None
    made_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationFilter:
    """Which declarations are meant: those that fit in everything that is given."""

    from_at: datetime | None = None  # those that reach into the time from here
    to_at: datetime | None = None  # to here, exclusive
    kind: Kind | None = None
    with_withdrawn: bool = False


async def list_declarations(
    connection: Connection, chosen: DeclarationFilter, before: int | None, limit: int
) -> list[StoredDeclaration]:
    """Return the chosen declarations, the newest first, those with a lower number than ``before``."""
    rows = await connection.fetch(
        _LIST,
        chosen.from_at,
        chosen.to_at,
        chosen.kind,
        chosen.with_withdrawn,
        before,
        limit,
    )
    return [_declaration(row) for row in rows]


async def find_declaration(connection: Connection, declaration_id: int) -> StoredDeclaration | None:
    """Return a declaration, also a withdrawn one; None where there is none of this number."""
    row = await connection.fetchrow(_FIND, declaration_id)
    return None if row is None else _declaration(row)


async def may_declare(connection: Connection) -> bool:
    """Return whether the login of this connection has the right to write declarations."""
    return bool(await connection.fetchval(_MAY_WRITE))


def _declaration(row: Any) -> StoredDeclaration:
    places = tuple(Place(place, code) for place, code in row["places"] or ())
    return StoredDeclaration(**{**row, "places": places})
