"""What explains a point's figure beside its minutes: customers, declarations, exemptions; and the search for points."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from service.domain.register import OutageKind, PlaceKind
from service.domain.registry import DeclarationKind, TargetArea
from service.store.pool import Connection
from service.store.statements import statement

_SUPPLIED = statement(
    "supplied_at_point",
    """
    SELECT coalesce(bool_or(residential), false) AS is_residential,
           (array_agg(target_area ORDER BY array_position(ARRAY['urban', 'rural', 'special_remote'], target_area)))[1]
               AS area
      FROM customer_point
      JOIN customer USING (customer_id)
     WHERE point_id = $1          -- integer
       AND valid_from < $3        -- timestamptz
       AND valid_to > $2          -- timestamptz
    """,
)

_DECLARED = statement(
    "declarations_explaining_point",
    """
    SELECT DISTINCT ON (declaration.declaration_id)
           declaration_id, declaration.kind, outage_kind, ticket, author, approver, cause, declaration.from_at,
           declaration.to_at, made_at, place, code
      FROM declaration
      JOIN declaration_scope USING (declaration_id)
      JOIN v_place_point AS place_point USING (place, code)
     WHERE place_point.point_id = $1                                  -- integer
       AND withdrawn_at IS NULL
       AND declaration.from_at < $3                                   -- timestamptz
       AND coalesce(declaration.to_at, 'infinity') > $2               -- timestamptz
     ORDER BY declaration.declaration_id,
           array_position(ARRAY['point', 'transformer', 'feeder', 'substation', 'region', 'organisation'], place)
    """,
)

_EXEMPT = statement(
    "exemptions_explaining_point",
    """
    SELECT month, power_factor, required
      FROM power_factor_exemption
      JOIN v_exemption USING (point_id, month)
     CROSS JOIN deployment
     WHERE point_id = $1                                    -- integer
       AND day_start(month, zone) < $3                      -- timestamptz
       AND day_start((month + interval '1 month')::date, zone) > $2
     ORDER BY month
    """,
)

# What is typed may be the start of a point's identifier, part of the name of its place, or a customer's account.
_SEARCH = statement(
    "points_search",
    """
    SELECT point, region_name, feeder, feeder_name, transformer, transformer_name,
           (
               SELECT min(customer)
                 FROM customer_point
                 JOIN customer USING (customer_id)
                WHERE customer_point.point_id = point.point_id
                  AND customer = $1
           ) AS customer
      FROM point
     WHERE strpos(lower(point), lower($1)) > 0
        OR lower($1) IN (lower(feeder), lower(transformer), lower(substation))
        OR strpos(transformer_name, $1) > 0
        OR strpos(feeder_name, $1) > 0
        OR point_id IN (
               SELECT point_id
                 FROM customer_point
                 JOIN customer USING (customer_id)
                WHERE customer = $1
           )
     ORDER BY point <> $1, NOT starts_with(lower(point), lower($1)), point
     LIMIT $2
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """Who is supplied at a point, as far as targets ask."""

    is_residential: bool  # one of its customers is
    area: TargetArea | None  # of its customers, the strictest; None: it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationOfPoint:
    """A declaration whose scope a point lies in; of several places of it, the smallest."""

    declaration_id: int
    kind: DeclarationKind
    outage_kind: OutageKind | None
    ticket: str
    author: str
    approver: str
    cause: str
    from_at: datetime
    to_at: datetime | None  # None while it lasts
    made_at: datetime
    place: PlaceKind
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptMonth:
    """A month in which the customer of a point was below its required power factor at peak hours."""

    month: date  # first day
    power_factor: Decimal
    required: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPoint:
    """A point that fits what was typed."""

    point: str
    region_name: str
    feeder: str
    feeder_name: str
    transformer: str
    transformer_name: str
    customer: str | None  # the account, where it is what was typed


async def supplied_at(
    connection: Connection, point_id: int, span: tuple[datetime, datetime]
) -> Supplied:
    """Return who is supplied at a point in a half-open span."""
    row = await connection.fetchrow(_SUPPLIED, point_id, *span)
    return Supplied(**row) if row is not None else Supplied(is_residential=False, area=None)


async def declarations_at(
    connection: Connection, point_id: int, span: tuple[datetime, datetime]
) -> list[DeclarationOfPoint]:
    """Return the declarations with actual times that reach into a half-open span, in the order of their numbers."""
    return [DeclarationOfPoint(**row) for row in await connection.fetch(_DECLARED, point_id, *span)]


async def exemptions_at(
    connection: Connection, point_id: int, span: tuple[datetime, datetime]
) -> list[ExemptMonth]:
    """Return the months that reach into a half-open span and in which a point is exempt."""
    return [ExemptMonth(**row) for row in await connection.fetch(_EXEMPT, point_id, *span)]


async def search_points(connection: Connection, text: str, limit: int) -> list[FoundPoint]:
    """Return points that fit what was typed, the one of that name first, ``limit`` at most.

    Args:
        connection: Of who may read customers.
        text: Part of an identifier, code or part of the name of a place, or the account of a customer.
        limit: So many at most.
    """
    return [FoundPoint(**row) for row in await connection.fetch(_SEARCH, text, limit)]
