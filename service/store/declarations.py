"""Declarations: what people tell of the grid's state, by place; each raises the judgement number."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from service.errors import DeclarationError, UnknownDeclarationError, UnknownPlaceError
from service.store.interruption_due import mark_interruptions_due
from service.store.judgement import Change, be_only_writer, raise_judgement
from service.store.pool import Connection
from service.store.statements import statement

Kind = Literal["abnormal_state", "outage"]
PlaceKind = Literal["organisation", "region", "substation", "feeder", "transformer", "point"]
_KINDS: Final = get_args(Kind)
_PLACE_KINDS: Final = get_args(PlaceKind)

_UNKNOWN_PLACES = statement(
    "declaration_unknown_places",
    """
    SELECT place, code
      FROM unnest($1::text[], $2::text[]) AS scope (place, code)
     WHERE NOT EXISTS (
               SELECT
                 FROM v_place_point AS known
                WHERE known.place = scope.place
                  AND known.code = scope.code
           )
     ORDER BY place, code
    """,
)

_ADD = statement(
    "declaration_add",
    """
    INSERT INTO declaration (kind, ticket, author, approver, cause, from_at, to_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    RETURNING declaration_id
    """,
)

_ADD_SCOPE = statement(
    "declaration_add_scope",
    """
    INSERT INTO declaration_scope (declaration_id, place, code)
    SELECT $1, place, code
      FROM unnest($2::text[], $3::text[]) AS scope (place, code)
     ORDER BY place, code
    """,
)

_POINTS = statement(
    "declaration_points",
    """
    SELECT DISTINCT point_id
      FROM v_declaration_point
     WHERE declaration_id = $1
     ORDER BY point_id
    """,
)

_LOCK = statement(
    "declaration_lock",
    """
    SELECT from_at, to_at
      FROM declaration
     WHERE declaration_id = $1
       AND withdrawn_at IS NULL
       FOR UPDATE
    """,
)

_END = statement(
    "declaration_end",
    """
    UPDATE declaration
       SET to_at = $2
     WHERE declaration_id = $1
    """,
)

_WITHDRAW = statement(
    "declaration_withdraw",
    """
    UPDATE declaration
       SET withdrawn_at = now()
     WHERE declaration_id = $1
    """,
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A part of the grid; it holds the points that name it."""

    place: PlaceKind
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeclaration:
    """What is told, before it is stored."""

    kind: Kind
    places: Collection[Place]  # where; at least one, and every one known to the registry
    ticket: str
    author: str
    approver: str  # somebody else
    from_at: datetime  # actual start, inclusive, with zone
    to_at: datetime | None  # actual end, exclusive; None while it lasts
    cause: str = ""


async def add_declaration(connection: Connection, told: NewDeclaration) -> int:
    """Store a declaration and return its number; call it last in a transaction.

    Raises:
        UnknownPlaceError: No point of the registry belongs to one of the places.
        DeclarationError: It contradicts itself; the message says all that is wrong with it.
    """
    _check(told)
    await be_only_writer(connection)
    places = sorted(set(told.places))
    scope = [one.place for one in places], [one.code for one in places]
    unknown = await connection.fetch(_UNKNOWN_PLACES, *scope)
    if unknown:
        named = ", ".join(f"{row['place']} {row['code']!r}" for row in unknown)
        raise UnknownPlaceError(f"no point of the registry belongs to {named}")
    declaration_id = int(
        await connection.fetchval(
            _ADD,
            told.kind,
            told.ticket,
            told.author,
            told.approver,
            told.cause,
            told.from_at,
            told.to_at,
        )
    )
    await connection.execute(_ADD_SCOPE, declaration_id, *scope)
    span = (told.from_at, told.to_at)
    await _raise(connection, declaration_id, span, f"declaration {declaration_id} was made")
    return declaration_id


async def end_declaration(connection: Connection, declaration_id: int, to_at: datetime) -> None:
    """Set or correct the actual end of a declaration; call it last in a transaction.

    Raises:
        UnknownDeclarationError: There is none of this number, or it was withdrawn.
        DeclarationError: The end is not after the start.
    """
    await be_only_writer(connection)
    from_at, old_to_at = await _lock(connection, declaration_id)
    if to_at.tzinfo is None or to_at <= from_at:
        raise DeclarationError(f"to_at {to_at.isoformat()} must be after {from_at.isoformat()}")
    if to_at == old_to_at:
        return
    await connection.execute(_END, declaration_id, to_at)
    edges = (to_at, old_to_at) if old_to_at is None or to_at < old_to_at else (old_to_at, to_at)
    await _raise(connection, declaration_id, edges, f"declaration {declaration_id} has a new end")


async def withdraw_declaration(connection: Connection, declaration_id: int) -> None:
    """Let a declaration count no longer; it stays on record. Call it last in a transaction.

    Raises:
        UnknownDeclarationError: There is none of this number, or it was withdrawn before.
    """
    await be_only_writer(connection)
    span = await _lock(connection, declaration_id)
    # Its points are looked up before it is withdrawn: a withdrawn declaration has none.
    await _raise(connection, declaration_id, span, f"declaration {declaration_id} was withdrawn")
    await connection.execute(_WITHDRAW, declaration_id)


async def _lock(connection: Connection, declaration_id: int) -> tuple[datetime, datetime | None]:
    row = await connection.fetchrow(_LOCK, declaration_id)
    if row is None:
        raise UnknownDeclarationError(f"declaration {declaration_id} does not exist any more")
    return row["from_at"], row["to_at"]


async def _raise(
    connection: Connection,
    declaration_id: int,
    span: tuple[datetime, datetime | None],
    reason: str,
) -> None:
    points = await connection.fetch(_POINTS, declaration_id)
    from_at, to_at = span
    changes = [Change(point_id=row["point_id"], from_at=from_at, to_at=to_at) for row in points]
    await mark_interruptions_due(connection, changes)
    await raise_judgement(connection, changes, reason)


def _check(told: NewDeclaration) -> None:
    wrong = [
        f"{name} is empty"
        for name in ("ticket", "author", "approver")
        if not getattr(told, name).strip()
    ]
    if told.author.strip() == told.approver.strip():
        wrong.append(f"approver {told.approver!r} must be somebody else than the author")
    if told.kind not in _KINDS:
        wrong.append(f"kind {told.kind!r} must be one of {', '.join(_KINDS)}")
    if not told.places:
        wrong.append("it names no place")
    wrong += [
        f"place {one.place!r} must be one of {', '.join(_PLACE_KINDS)}"
        for one in told.places
        if one.place not in _PLACE_KINDS
    ]
    if told.from_at.tzinfo is None or (told.to_at is not None and told.to_at.tzinfo is None):
        wrong.append("from_at and to_at need an offset from UTC")
    elif told.to_at is not None and told.to_at <= told.from_at:
        wrong.append(f"to_at {told.to_at.isoformat()} must be after {told.from_at.isoformat()}")
    if wrong:
        raise DeclarationError("; ".join(wrong))
