"""Outages as operators look at them: whom they concern, and how supply comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from service.domain.supply.pieces import Grade
from service.store.outage_reads import OutagePlace
from service.store.pool import Connection
from service.store.statements import statement

# Points and customers are counted here and now, each once: who is limited to a territory counts what lies inside.
_EXTENTS: Final = """
    SELECT outage.outage_id, outage.place, outage.code, outage.feeder, outage.earliest_at, outage.start_at,
           outage.end_at, outage.last_end_at, outage.duration_s, outage.evidence, outage.cause, outage.ticket,
           outage.declaration_id, extent.*, supplied.*
      FROM v_outage AS outage
     CROSS JOIN LATERAL (
               SELECT count(DISTINCT point_id)::integer AS n_points,
                      count(DISTINCT point_id) FILTER (WHERE interruption.end_at IS NULL)::integer AS n_without,
                      count(DISTINCT point_id) FILTER (WHERE is_nested)::integer AS n_nested,
                      count(DISTINCT nullif(transformer, ''))::integer AS n_transformers,
                      max(feeder_name) AS feeder_name,
                      max(transformer_name) AS transformer_name,
                      array_agg(DISTINCT coalesce(nullif(region_name, ''), region)) AS regions
                 FROM interruption
                 JOIN point USING (point_id)
                WHERE interruption.outage_id = outage.outage_id
           ) AS extent
     CROSS JOIN LATERAL (
               SELECT count(DISTINCT customer_id)::integer AS n_customers,
                      count(DISTINCT customer_id) FILTER (WHERE important)::integer AS n_important
                 FROM interruption
                 JOIN customer_point USING (point_id)
                 JOIN customer USING (customer_id)
                WHERE interruption.outage_id = outage.outage_id
           ) AS supplied
     WHERE extent.n_points > 0
"""

_OPEN = statement(
    "outage_extents_open",
    f"""
    {_EXTENTS}
       AND outage.last_end_at IS NULL
     ORDER BY supplied.n_customers DESC, outage.start_at, outage.outage_id
     LIMIT $1
    """,
)

_CLOSED = statement(
    "outage_extents_closed",
    f"""
    {_EXTENTS}
       AND outage.last_end_at > $1      -- timestamptz
       AND outage.start_at < $2         -- timestamptz
     ORDER BY outage.start_at DESC, outage.outage_id DESC
     LIMIT $3
    """,
)

_FIND = statement(
    "outage_extent_find",
    f"""
    {_EXTENTS}
       AND outage.outage_id = $1        -- bigint
    """,
)

_MEMBERS = statement(
    "outage_extent_members",
    """
    SELECT point, transformer, transformer_name, interruption.earliest_at, interruption.start_at, interruption.end_at,
           interruption.latest_at, interruption.evidence, interruption.is_nested,
           (
               SELECT count(*)
                 FROM customer_point
                WHERE customer_point.point_id = interruption.point_id
           )::integer AS n_customers
      FROM interruption
      JOIN point USING (point_id)
     WHERE interruption.outage_id = $1      -- bigint
     ORDER BY is_nested DESC, end_at DESC NULLS FIRST, transformer, point
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageExtent:
    """An outage, and whom it concerns by what the connection may see."""

    outage_id: int
    place: OutagePlace  # the smallest that holds it
    code: str
    feeder: str
    earliest_at: datetime  # supply went in earliest_at .. start_at
    start_at: datetime
    end_at: datetime | None  # when all but the nested points had supply again
    last_end_at: datetime | None  # when the last of them had; None while it lasts
    duration_s: float
    evidence: Grade
    cause: str
    ticket: str | None
    declaration_id: int | None
    n_points: int
    n_without: int  # of these, without supply now
    n_nested: int  # of these, stayed dark after the others
    n_transformers: int
    feeder_name: str
    transformer_name: str
    regions: Sequence[str]  # names
    n_customers: int  # each once
    n_important: int

    @property
    def is_open(self) -> bool:
        """Whether a point is without supply."""
        return self.last_end_at is None

    @property
    def n_back(self) -> int:
        """Points that have supply again."""
        return self.n_points - self.n_without


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkPoint:
    """A point of an outage."""

    point: str
    transformer: str
    transformer_name: str
    earliest_at: datetime
    start_at: datetime
    end_at: datetime | None
    latest_at: datetime | None
    evidence: Grade
    is_nested: bool
    n_customers: int


async def open_outages(connection: Connection, limit: int) -> list[OutageExtent]:
    """Return the outages in which a point is without supply, those of most customers first."""
    rows = await connection.fetch(_OPEN, limit)
    return [OutageExtent(**row) for row in rows]


async def closed_outages(
    connection: Connection, span: tuple[datetime, datetime], limit: int
) -> list[OutageExtent]:
    """Return the outages that are over and reach into a half-open span, the newest first."""
    rows = await connection.fetch(_CLOSED, *span, limit)
    return [OutageExtent(**row) for row in rows]


async def find_extent(connection: Connection, outage_id: int) -> OutageExtent | None:
    """Return an outage; None where there is none of this number."""
    row = await connection.fetchrow(_FIND, outage_id)
    return None if row is None else OutageExtent(**row)


async def dark_points(connection: Connection, outage_id: int) -> list[DarkPoint]:
    """Return the points of an outage, those without supply first, nested ones before the others."""
    rows = await connection.fetch(_MEMBERS, outage_id)
    return [DarkPoint(**row) for row in rows]
