"""Outages of the network as rows, and the interruptions that belong to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.domain.instants import at_us, epoch_us, epoch_us_or_none
from service.store.interruption_rows import COLUMNS, StoredInterruption, stored_interruption
from service.store.pool import Connection
from service.store.statements import statement

_VALUES: Final = """place, code, feeder, earliest_at, start_at, end_at, last_end_at, evidence, cause, declaration_id,
           n_points, n_nested, n_customers"""
_ARRAYS: Final = """$1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
                  $7::timestamptz[], $8::text[], $9::text[], $10::bigint[], $11::integer[], $12::integer[],
                  $13::integer[]"""

# The interruptions of a feeder, or of a point without one, that may have gone together with something that went
# in a span of time; and all of outages that are named.
_TOGETHER = statement(
    "interruptions_together",
    f"""
    WITH asked AS (
        SELECT *
          FROM unnest($1::text[], $2::integer[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY
               AS asked (feeder, alone, from_at, to_at, nth)
    )
    SELECT nth - 1 AS nth, {COLUMNS}
      FROM asked
      JOIN point ON asked.alone IS NULL AND point.feeder = asked.feeder
      JOIN interruption USING (point_id)
     WHERE interruption.start_at >= asked.from_at
       AND interruption.earliest_at <= asked.to_at
     UNION ALL
    SELECT nth - 1, {COLUMNS}
      FROM asked
      JOIN interruption ON interruption.point_id = asked.alone
     WHERE interruption.start_at >= asked.from_at
       AND interruption.earliest_at <= asked.to_at
    """,  # noqa: S608 (SQL of ours)
)

_OF_OUTAGES = statement(
    "interruptions_of_outages",
    f"""
    SELECT {COLUMNS}
      FROM interruption
     WHERE outage_id = ANY ($1::bigint[])
    """,  # noqa: S608 (SQL of ours)
)

_PARTLY_OPEN = statement(
    "outages_partly_open",
    """
    SELECT outage.feeder, CASE WHEN outage.feeder = '' THEN member.point_id END AS alone,
           min(member.earliest_at) AS from_at, max(member.start_at) AS to_at
      FROM outage
      JOIN interruption AS member USING (outage_id)
     WHERE outage.last_end_at IS NULL
       AND NOT member.is_nested
     GROUP BY outage_id, outage.feeder, alone
    HAVING bool_or(member.end_at IS NULL)
       AND bool_or(member.end_at IS NOT NULL)
    """,
)

_STORED = statement(
    "outages_stored",
    f"""
    SELECT outage_id, {_VALUES}
      FROM outage
     WHERE outage_id = ANY ($1::bigint[])
     ORDER BY outage_id
    """,  # noqa: S608 (SQL of ours)
)

_CUSTOMERS = statement(
    "outage_customers",
    """
    SELECT member.place, count(DISTINCT customer_id)::integer AS n_customers
      FROM unnest($1::integer[], $2::integer[]) AS member (place, point_id)
      JOIN customer_point USING (point_id)
     GROUP BY member.place
    """,
)

# Numbers rise in the order of the rows.
_INSERT = statement(
    "outages_insert",
    f"""
    INSERT INTO outage ({_VALUES})
    SELECT {_VALUES}
      FROM unnest({_ARRAYS}) WITH ORDINALITY
           AS found ({_VALUES}, nth)
     ORDER BY nth
    RETURNING outage_id
    """,  # noqa: S608 (SQL of ours)
)

_UPDATE = statement(
    "outages_update",
    f"""
    UPDATE outage
       SET ({_VALUES}) = (
               SELECT found.place, found.code, found.feeder, found.earliest_at, found.start_at, found.end_at,
                      found.last_end_at, found.evidence, found.cause, found.declaration_id, found.n_points,
                      found.n_nested, found.n_customers
           )
      FROM unnest({_ARRAYS}, $14::bigint[])
           AS found ({_VALUES}, outage_id)
     WHERE outage.outage_id = found.outage_id
    """,  # noqa: S608 (SQL of ours)
)

_DELETE = statement(
    "outages_delete",
    """
    DELETE FROM outage
     WHERE outage_id = ANY ($1::bigint[])
    """,
)

_LINK = statement(
    "interruptions_link",
    """
    UPDATE interruption
       SET outage_id = found.outage_id,
           is_nested = found.is_nested
      FROM unnest($1::integer[], $2::timestamptz[], $3::bigint[], $4::boolean[])
           AS found (point_id, start_at, outage_id, is_nested)
     WHERE interruption.point_id = found.point_id
       AND interruption.start_at = found.start_at
    """,
)


_NAMES: Final = (
    "place",
    "code",
    "feeder",
    "earliest",
    "start",
    "end",
    "last_end",
    "evidence",
    "cause",
    "declaration_id",
    "n_points",
    "n_nested",
    "n_customers",
)
_TIMES: Final = range(3, 7)  # those of them that are instants


@dataclass(frozen=True, slots=True)
class Asked:
    """A time of a feeder, or of a point without one; microseconds, both ends inclusive."""

    feeder: str
    alone: int | None
    from_us: int
    to_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRow:
    """What is stored of an outage; microseconds since the Unix epoch."""

    place: str
    code: str
    feeder: str
    earliest: int
    start: int
    end: int | None
    last_end: int | None
    evidence: str
    cause: str
    declaration_id: int | None
    n_points: int
    n_nested: int
    n_customers: int


@dataclass(frozen=True, slots=True)
class Link:
    """Which outage an interruption belongs to."""

    point_id: int
    start: int
    outage_id: int
    is_nested: bool


async def interruptions_near(
    connection: Connection, asked: Sequence[Asked]
) -> list[list[StoredInterruption]]:
    """Return, for each time asked about, the interruptions of its points whose start may lie in it."""
    rows = await connection.fetch(
        _TOGETHER,
        [one.feeder for one in asked],
        [one.alone for one in asked],
        [at_us(one.from_us) for one in asked],
        [at_us(one.to_us) for one in asked],
    )
    found: list[list[StoredInterruption]] = [[] for _ in asked]
    for row in rows:
        found[row["nth"]].append(stored_interruption(row))
    return found


async def interruptions_of_outages(
    connection: Connection, outage_ids: Collection[int]
) -> list[StoredInterruption]:
    """Return the interruptions that belong to outages."""
    rows = await connection.fetch(_OF_OUTAGES, list(outage_ids))
    return [stored_interruption(row) for row in rows]


async def partly_open_outages(connection: Connection) -> list[Asked]:
    """Return where, and when, points went of which some had supply again and others not, none of these nested."""
    return [
        Asked(row["feeder"], row["alone"], epoch_us(row["from_at"]), epoch_us(row["to_at"]))
        for row in await connection.fetch(_PARTLY_OPEN)
    ]


async def stored_outages(
    connection: Connection, outage_ids: Collection[int]
) -> dict[int, OutageRow]:
    """Return stored outages by their number."""
    rows = await connection.fetch(_STORED, list(outage_ids))
    return {row["outage_id"]: _row(row) for row in rows}


async def customers_of_outages(
    connection: Connection, members: Sequence[Collection[int]]
) -> list[int]:
    """Return how many customers the points of each outage supply."""
    pairs = [(place, point) for place, points in enumerate(members) for point in points]
    rows = await connection.fetch(
        _CUSTOMERS, [place for place, _ in pairs], [point for _, point in pairs]
    )
    counted = {row["place"]: row["n_customers"] for row in rows}
    return [counted.get(place, 0) for place in range(len(members))]


async def insert_outages(connection: Connection, rows: Sequence[OutageRow]) -> list[int]:
    """Store new outages and return their numbers."""
    if not rows:
        return []
    inserted = await connection.fetch(_INSERT, *_columns(rows))
    return sorted(row["outage_id"] for row in inserted)


async def update_outages(connection: Connection, rows: Mapping[int, OutageRow]) -> None:
    """Store outages under the numbers that they have."""
    if rows:
        await connection.execute(_UPDATE, *_columns(list(rows.values())), list(rows))


async def delete_outages(connection: Connection, outage_ids: Collection[int]) -> None:
    """Delete outages to which no interruption belongs any more."""
    if outage_ids:
        await connection.execute(_DELETE, list(outage_ids))


async def link_interruptions(connection: Connection, links: Sequence[Link]) -> None:
    """Note which outage interruptions belong to."""
    if links:
        await connection.execute(
            _LINK,
            [one.point_id for one in links],
            [at_us(one.start) for one in links],
            [one.outage_id for one in links],
            [one.is_nested for one in links],
        )


def _columns(rows: Sequence[OutageRow]) -> list[list[Any]]:
    columns: list[list[Any]] = [[getattr(row, name) for row in rows] for name in _NAMES]
    for place in _TIMES:
        columns[place] = [None if one is None else at_us(one) for one in columns[place]]
    return columns


def _row(row: Any) -> OutageRow:
    values: list[Any] = list(row)[1:]
    for place in _TIMES:
        values[place] = epoch_us_or_none(values[place])
    return OutageRow(**dict(zip(_NAMES, values, strict=True)))
