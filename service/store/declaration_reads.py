"""Declarations, as readers ask for them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from service.domain.register import Kind, NewDeclaration, OutageKind, Place, ToldCustomer
from service.store.pool import Connection
from service.store.statements import statement

_DECLARATION: Final = """
    SELECT declaration_id, kind, outage_kind, ticket, author, approver, cause, from_at, to_at, window_from, window_to,
           notice_at, notice_fields, cancelled_at, made_at, withdrawn_at,
           (
               SELECT array_agg(ARRAY[place, code] ORDER BY place, code)
                 FROM declaration_scope AS scope
                WHERE scope.declaration_id = declaration.declaration_id
           ) AS places,
           (
               SELECT array_agg(customer ORDER BY customer)
                 FROM declaration_told AS told
                WHERE told.declaration_id = declaration.declaration_id
           ) AS customers,
           (
               SELECT array_agg(told_at ORDER BY customer)
                 FROM declaration_told AS told
                WHERE told.declaration_id = declaration.declaration_id
           ) AS told_at
      FROM declaration
"""

# What did not take place reaches from edge to edge of its window.
_LIST = statement(
    "declarations_list",
    f"""
    {_DECLARATION}
     WHERE ($1::timestamptz IS NULL OR
            coalesce(to_at, CASE WHEN from_at IS NULL THEN window_to END, 'infinity') > $1)
       AND ($2::timestamptz IS NULL OR coalesce(from_at, window_from) < $2)
       AND ($3::text IS NULL OR kind = $3)
       AND ($4::text IS NULL OR outage_kind = $4)
       AND ($5::text IS NULL OR ticket = $5)
       AND ($6 OR withdrawn_at IS NULL)
       AND ($7::bigint IS NULL OR declaration_id < $7)
     ORDER BY declaration_id DESC
     LIMIT $8
    """,
)

_FIND = statement("declaration_find", f"{_DECLARATION} WHERE declaration_id = $1")

_BY_TICKET = statement(
    "declarations_by_ticket",
    f"{_DECLARATION} WHERE ticket = ANY ($1::text[]) ORDER BY declaration_id",
)

_ALL = statement(
    "declarations_all", f"{_DECLARATION} WHERE withdrawn_at IS NULL ORDER BY declaration_id"
)

_MAY_WRITE = statement(
    "declarations_may_write", "SELECT has_table_privilege('declaration', 'INSERT')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeclaration:
    """What people told, and when."""

    declaration_id: int
    told: NewDeclaration
    made_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationFilter:
    """Which declarations are meant: those that fit in everything that is given."""

    from_at: datetime | None = None  # those that reach into the time from here
    to_at: datetime | None = None  # to here, exclusive
    kind: Kind | None = None
    outage_kind: OutageKind | None = None
    ticket: str | None = None
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
        chosen.outage_kind,
        chosen.ticket,
        chosen.with_withdrawn,
        before,
        limit,
    )
    return [_declaration(row) for row in rows]


async def find_declaration(connection: Connection, declaration_id: int) -> StoredDeclaration | None:
    """Return a declaration, also a withdrawn one; None where there is none of this number."""
    row = await connection.fetchrow(_FIND, declaration_id)
    return None if row is None else _declaration(row)


async def declarations_by_ticket(
    connection: Connection, tickets: Collection[str]
) -> list[StoredDeclaration]:
    """Return all declarations with these tickets, withdrawn ones too, in the order of their numbers."""
    rows = await connection.fetch(_BY_TICKET, list(tickets))
    return [_declaration(row) for row in rows]


async def outage_of_ticket(
    connection: Connection, told: NewDeclaration
) -> StoredDeclaration | None:
    """Return the outage that counts and has the ticket and the kind of ``told``; None where there is none."""
    for one in await declarations_by_ticket(connection, [told.ticket]):
        if one.withdrawn_at is None and one.told.outage_kind == told.outage_kind:
            return one
    return None


async def all_declarations(connection: Connection) -> list[StoredDeclaration]:
    """Return all that are not withdrawn, in the order of their numbers."""
    return [_declaration(row) for row in await connection.fetch(_ALL)]


async def may_declare(connection: Connection) -> bool:
    """Return whether the login of this connection has the right to write declarations."""
    return bool(await connection.fetchval(_MAY_WRITE))


def _declaration(row: Any) -> StoredDeclaration:
    values = dict(row)
    own = {name: values.pop(name) for name in ("declaration_id", "withdrawn_at")}
    customers, told_at = values.pop("customers") or (), values.pop("told_at") or ()
    values["places"] = tuple(Place(place, code) for place, code in values["places"] or ())
    values["notice_fields"] = tuple(values["notice_fields"])
    values["important_told"] = tuple(map(ToldCustomer, customers, told_at))
    return StoredDeclaration(told=NewDeclaration(**values), made_at=values["made_at"], **own)
