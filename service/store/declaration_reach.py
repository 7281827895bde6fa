"""Which points and times a change of declarations concerns, as the database resolves their places."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from service.domain.register import Place, PlaceKind
from service.domain.register_reach import Reach
from service.store.judgement import Change
from service.store.pool import Connection
from service.store.statements import statement

_SPANS: Final = """
    unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS span (declaration_id, from_at, to_at)
      JOIN declaration_scope USING (declaration_id)
      JOIN v_place_point USING (place, code)
"""

_JUDGED = statement(
    "declarations_judged_again",
    f"""
    SELECT DISTINCT point_id, from_at, to_at
      FROM {_SPANS}
     ORDER BY point_id, from_at
    """,  # noqa: S608 (a join of ours)
)

_DUE = statement(
    "declarations_interruptions_due",
    f"""
    INSERT INTO interruption_due (point_id, from_at, to_at)
    SELECT DISTINCT point_id, from_at, coalesce(to_at, 'infinity')
      FROM {_SPANS}
     ORDER BY point_id, from_at
    """,  # noqa: S608 (a join of ours)
)

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
    """,
)

_UNKNOWN_CUSTOMERS = statement(
    "declaration_unknown_customers",
    """
    SELECT name
      FROM unnest($1::text[]) AS name
     WHERE NOT EXISTS (SELECT FROM customer WHERE customer.customer = name)
    """,
)


class Span(NamedTuple):
    """A period of a declaration's places, as they are stored when it is looked up."""

    declaration_id: int
    reach: Reach


async def points_judged_again(connection: Connection, spans: Sequence[Span]) -> list[Change]:
    """Return what is to be judged again."""
    if not spans:
        return []
    rows = await connection.fetch(_JUDGED, *_columns(spans))
    return [Change(point_id=row[0], from_at=row[1], to_at=row[2]) for row in rows]


async def mark_interruptions(connection: Connection, spans: Sequence[Span]) -> None:
    """Mark the interruptions of these times as older than what they are made from."""
    if spans:
        await connection.execute(_DUE, *_columns(spans))


async def unknown_places(connection: Connection, places: Iterable[Place]) -> set[Place]:
    """Return those that no point of the registry belongs to."""
    asked = sorted(set(places))
    rows = await connection.fetch(
        _UNKNOWN_PLACES, [one.place for one in asked], [one.code for one in asked]
    )
    found: list[tuple[PlaceKind, str]] = [(row["place"], row["code"]) for row in rows]
    return {Place(place, code) for place, code in found}


async def unknown_customers(connection: Connection, customers: Iterable[str]) -> set[str]:
    """Return those accounts that the registry does not have."""
    rows = await connection.fetch(_UNKNOWN_CUSTOMERS, sorted(set(customers)))
    return {row["name"] for row in rows}


def _columns(spans: Sequence[Span]) -> tuple[list[int], list[object], list[object]]:
    return (
        [one.declaration_id for one in spans],
        [one.reach.from_at for one in spans],
        [one.reach.to_at for one in spans],
    )
