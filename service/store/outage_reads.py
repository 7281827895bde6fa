"""Outages of the network, the newest first, and the interruptions that one of them is made of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from service.domain.supply.pieces import Grade
from service.store.interruption_reads import PlaceFilter
from service.store.pool import Connection
from service.store.statements import statement

OutagePlace = Literal["feeder", "transformer", "point"]

_COLUMNS = """
    SELECT outage_id, place, code, feeder, earliest_at, start_at, end_at, last_end_at, is_open, duration_s,
           evidence, cause, ticket, n_points, n_nested, n_customers
      FROM v_outage
"""

# Half-open, to when the last of the points had supply again. Pages go by start and number, downwards.
_LIST = statement(
    "outages_list",
    f"""
    {_COLUMNS}
     WHERE start_at < $2              -- timestamptz
       AND coalesce(last_end_at, 'infinity') > $1
       AND ($3::text IS NULL OR feeder = $3)
       AND ($4::text IS NULL OR EXISTS (
               SELECT
                 FROM interruption
                 JOIN point USING (point_id)
                WHERE interruption.outage_id = v_outage.outage_id
                  AND point.region = $4
           ))
       AND ($5::text IS NULL OR EXISTS (
               SELECT
                 FROM interruption
                 JOIN point USING (point_id)
                WHERE interruption.outage_id = v_outage.outage_id
                  AND point.point = $5
           ))
       AND ($6::text IS NULL OR place = $6)
       AND ($7::boolean IS NULL OR (last_end_at IS NULL) = $7)
       AND ($8::timestamptz IS NULL OR (start_at, outage_id) < ($8, $9::bigint))
     ORDER BY start_at DESC, outage_id DESC
     LIMIT $10
    """,  # noqa: S608 (SQL of ours)
)

_FIND = statement("outage_find", f"{_COLUMNS} WHERE outage_id = $1")

_MEMBERS = statement(
    "outage_members",
    """
    SELECT point, earliest_at, start_at, end_at, latest_at, duration_s, evidence, grades, is_nested, n_customers
      FROM v_interruption
     WHERE outage_id = $1
     ORDER BY start_at, point
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOutage:
    """Interruptions of the points of a feeder that went together."""

    outage_id: int
    place: OutagePlace  # the smallest that holds it
    code: str
    feeder: str
    earliest_at: datetime
    start_at: datetime
    end_at: datetime | None  # when all but the nested points had supply again
    last_end_at: datetime | None  # when the last of them had
    is_open: bool
    duration_s: float
    evidence: Grade  # best of its interruptions
    cause: str
    ticket: str | None
    n_points: int
    n_nested: int
    n_customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageMember:
    """The interruption of one point of an outage."""

    point: str
    earliest_at: datetime
    start_at: datetime
    end_at: datetime | None
    latest_at: datetime | None
    duration_s: float
    evidence: Grade
    grades: list[Grade]
    is_nested: bool  # stayed dark after the others
    n_customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageFilter:
    """Which outages are meant: those that fit in everything that is given."""

    where: PlaceFilter
    place: OutagePlace | None = None
    is_open: bool | None = None  # some point is without supply yet


@dataclass(frozen=True, slots=True)
class AfterOutage:
    """Where the next page begins: behind this row."""

    start_at: datetime
    outage_id: int


async def list_outages(
    connection: Connection,
    span: tuple[datetime, datetime],
    chosen: OutageFilter,
    after: AfterOutage | None,
    limit: int,
) -> list[StoredOutage]:
    """Return the outages that reach into a span of time, half-open, the newest first."""
    keys = (None, None) if after is None else (after.start_at, after.outage_id)
    where = (chosen.where.feeder, chosen.where.region, chosen.where.point)
    rows = await connection.fetch(_LIST, *span, *where, chosen.place, chosen.is_open, *keys, limit)
    return [StoredOutage(**row) for row in rows]


async def find_outage(connection: Connection, outage_id: int) -> StoredOutage | None:
    """Return an outage; None where there is none of this number."""
    row = await connection.fetchrow(_FIND, outage_id)
    return None if row is None else StoredOutage(**row)


async def members_of(connection: Connection, outage_id: int) -> list[OutageMember]:
    """Return the interruptions of an outage, by their start."""
    return [OutageMember(**row) for row in await connection.fetch(_MEMBERS, outage_id)]
