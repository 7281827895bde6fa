"""Interruptions as rows: what is stored of points, and the difference to what was found."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from service.domain.instants import at_us, epoch_us, epoch_us_or_none
from service.domain.supply.interruptions import Interruption
from service.store.pool import Connection
from service.store.statements import statement

COLUMNS: Final = """interruption.point_id, start_at, earliest_at, end_at, latest_at, grades, cause, declaration_id,
           outage_id, is_nested"""

_IN_STRETCHES = statement(
    "interruptions_in_stretches",
    f"""
    SELECT {COLUMNS}
      FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS asked (point_id, from_at, to_at)
      JOIN interruption USING (point_id)
     WHERE start_at >= asked.from_at
       AND start_at < asked.to_at
    """,  # noqa: S608 (SQL of ours)
)

_OPEN_BEFORE = statement(
    "interruptions_open_before",
    f"""
    SELECT {COLUMNS}
      FROM interruption
     WHERE point_id = ANY ($1::integer[])
       AND start_at < $2                               -- timestamptz
       AND end_at IS NULL
       AND grades <> ARRAY['declared']
     ORDER BY point_id, start_at
    """,  # noqa: S608 (SQL of ours)
)

# Of points that came from another feeder.
_ASTRAY = statement(
    "interruptions_astray",
    f"""
    SELECT {COLUMNS}
      FROM interruption
      JOIN point USING (point_id)
     WHERE point_id = ANY ($1::integer[])
       AND outage_id IN (
               SELECT outage_id
                 FROM outage
                WHERE outage.feeder <> point.feeder
           )
     ORDER BY point_id, start_at
    """,  # noqa: S608 (SQL of ours)
)

_DELETE = statement(
    "interruptions_delete",
    """
    DELETE FROM interruption
     USING unnest($1::integer[], $2::timestamptz[]) AS gone (point_id, start_at)
     WHERE interruption.point_id = gone.point_id
       AND interruption.start_at = gone.start_at
    """,
)

# An array of arrays would be taken apart wholly, so grades come as text.
_UPSERT = statement(
    "interruptions_upsert",
    """
    INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades, cause,
                              declaration_id)
    SELECT point_id, start_at, earliest_at, end_at, latest_at, (string_to_array(grades, ' '))[1],
           string_to_array(grades, ' '), cause, declaration_id
      FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
                  $6::text[], $7::text[], $8::bigint[])
           AS found (point_id, start_at, earliest_at, end_at, latest_at, grades, cause, declaration_id)
     ORDER BY point_id, start_at
        ON CONFLICT (point_id, start_at) DO UPDATE
       SET earliest_at = EXCLUDED.earliest_at,
           end_at = EXCLUDED.end_at,
           latest_at = EXCLUDED.latest_at,
           evidence = EXCLUDED.evidence,
           grades = EXCLUDED.grades,
           cause = EXCLUDED.cause,
           declaration_id = EXCLUDED.declaration_id
    """,
)

_WATERMARK = statement("watermark", "SELECT max(data_through) FROM partition_progress")

# A meter that tells of itself now is not kept waiting for the readings of others, by the longest interval there is:
# where readings are farther behind, what they say of it is wanted. A clock that is ahead reaches no further than to
# when its word came.
_REACHED = statement(
    "supply_reached",
    """
    SELECT greatest(read.through, least(coalesce(told.through, read.through), read.through + interval '1 hour'))
      FROM (SELECT max(data_through) AS through FROM partition_progress) AS read
     CROSS JOIN LATERAL (
               SELECT max(least(until_at + interval '1 us', arrived_at)) AS through
                 FROM meter_event
                WHERE until_at >= coalesce(read.through, '-infinity')
           ) AS told
    """,
)


@dataclass(frozen=True, slots=True)
class StoredInterruption:
    """A stored interruption, and the outage that it is a part of."""

    found: Interruption
    outage_id: int | None
    is_nested: bool

    @property
    def key(self) -> tuple[int, int]:
        """Return point and start."""
        return self.found.point_id, self.found.start


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in stored interruptions."""

    before: tuple[StoredInterruption, ...]  # as they were: gone, or changed
    after: tuple[Interruption, ...]  # as they are: new, or changed


async def interruptions_in(
    connection: Connection, stretches: Mapping[int, tuple[int, int]]
) -> list[StoredInterruption]:
    """Return the stored interruptions that start in a stretch of their point; microseconds, half-open."""
    rows = await connection.fetch(
        _IN_STRETCHES,
        list(stretches),
        [at_us(from_us) for from_us, _ in stretches.values()],
        [at_us(to_us) for _, to_us in stretches.values()],
    )
    return [stored_interruption(row) for row in rows]


async def open_interruptions_before(
    connection: Connection, point_ids: Sequence[int], before_us: int
) -> list[StoredInterruption]:
    """Return the stored interruptions of points that are open and start before an instant, microseconds.

    Not those that are only declared: the register says when they end.
    """
    rows = await connection.fetch(_OPEN_BEFORE, point_ids, at_us(before_us))
    return [stored_interruption(row) for row in rows]


async def interruptions_astray(
    connection: Connection, point_ids: Collection[int]
) -> list[StoredInterruption]:
    """Return the interruptions of points that belong to an outage of another feeder than theirs."""
    if not point_ids:
        return []
    rows = await connection.fetch(_ASTRAY, list(point_ids))
    return [stored_interruption(row) for row in rows]


async def replace_interruptions(
    connection: Connection,
    stored: Sequence[StoredInterruption],
    found: Sequence[Interruption],
) -> Difference:
    """Bring stored interruptions in line with those that were found; rows that are the same are not touched."""
    before = {one.key: one for one in stored}
    after = {(one.point_id, one.start): one for one in found}
    gone = sorted(before.keys() - after.keys())
    changed = [
        one for key, one in sorted(after.items()) if key not in before or before[key].found != one
    ]
    if gone:
        await connection.execute(
            _DELETE, [point for point, _ in gone], [at_us(start) for _, start in gone]
        )
    if changed:
        await connection.execute(_UPSERT, *_columns(changed))
    touched = {*gone, *((one.point_id, one.start) for one in changed)}
    return Difference(
        before=tuple(one for key, one in sorted(before.items()) if key in touched),
        after=tuple(changed),
    )


def stored_interruption(row: Any) -> StoredInterruption:
    """Return an interruption from a row with ``COLUMNS``."""
    found = Interruption(
        point_id=row["point_id"],
        earliest=epoch_us(row["earliest_at"]),
        start=epoch_us(row["start_at"]),
        end=epoch_us_or_none(row["end_at"]),
        latest=epoch_us_or_none(row["latest_at"]),
        grades=tuple(row["grades"]),
        declaration_id=row["declaration_id"],
        cause=row["cause"],
    )
    return StoredInterruption(found, row["outage_id"], row["is_nested"])


async def watermark(connection: Connection) -> datetime:
    """Return up to where the data reach; the epoch before the first reading."""
    through = await connection.fetchval(_WATERMARK)
    return datetime.fromtimestamp(0, UTC) if through is None else through


async def reached(connection: Connection) -> datetime:
    """Return up to where readings or meter events reach; the epoch before the first of them.

    Never before the ``watermark``, which is that of readings alone and bounds what figures count.
    """
    through = await connection.fetchval(_REACHED)
    return datetime.fromtimestamp(0, UTC) if through is None else through


def _columns(found: Sequence[Interruption]) -> list[list[Any]]:
    return [
        [one.point_id for one in found],
        [at_us(one.start) for one in found],
        [at_us(one.earliest) for one in found],
        [None if one.end is None else at_us(one.end) for one in found],
        [None if one.latest is None else at_us(one.latest) for one in found],
        [" ".join(one.grades) for one in found],
        [one.cause for one in found],
        [one.declaration_id for one in found],
    ]
