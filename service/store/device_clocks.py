"""The least delays of devices by day, and what they say of their clocks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import asyncpg

from service.domain.clock_findings import Clock, judge_clock
from service.domain.clock_watch import LeastDelays
from service.store.pool import Connection
from service.store.statements import statement

# Ordered, so that two consumers that see the same device take its rows in the same order.
_KEEP = statement(
    "device_clock_keep",
    """
    INSERT INTO device_clock AS stands (device_id, day, delay_ms)
    SELECT device_id, date '1970-01-01' + day, min(delay_ms)
      FROM unnest($1::integer[], $2::integer[], $3::bigint[]) AS seen (device_id, day, delay_ms)
      JOIN device USING (device_id)
     WHERE date '1970-01-01' + day <= (now() AT TIME ZONE 'UTC')::date + 1  -- else no other day would be the newest
     GROUP BY device_id, day
     ORDER BY device_id, day
        ON CONFLICT (device_id, day) DO UPDATE
       SET delay_ms = EXCLUDED.delay_ms
     WHERE EXCLUDED.delay_ms < stands.delay_ms
    """,
)

_READ = statement(
    "device_clock_read",
    """
    SELECT device_id, device, point, organisation, region, feeder, concentrator, delivery_delay_s, day, delay_ms,
           usual_delay_ms
      FROM v_device_clock
     WHERE $1::text IS NULL OR region = $1
     ORDER BY device COLLATE "C", device_id
    """,
)

_DROP = statement(
    "device_clock_drop",
    """
    DELETE FROM device_clock
     WHERE day < (SELECT max(day) FROM device_clock) - $1::integer
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceClock:
    """The clock of one device, on the newest day on which it was heard."""

    device: str
    point: str
    organisation: str
    region: str
    feeder: str
    concentrator: str
    day: date  # of arrival, UTC
    delay_ms: int  # least of the day; below 0: a reading ended after it arrived
    usual_delay_ms: (
        int | None
    )  # behind the same concentrator; None where fewer than five were heard
    clock: Clock


async def keep_delays(connection: Connection, delays: LeastDelays) -> None:
    """Keep the least delays of devices on days, where they are less than what is kept; others change nothing."""
    await connection.execute(
        _KEEP, delays.device_id.tolist(), delays.day.tolist(), delays.delay_ms.tolist()
    )


async def device_clocks(connection: Connection, region: str | None = None) -> Sequence[DeviceClock]:
    """Return every device that was heard on the newest two days, in the order of their names.

    Args:
        connection: The database.
        region: Only devices of points of this region; None: of all.
    """
    return await asyncio.to_thread(_judged, await connection.fetch(_READ, region))


def _judged(rows: Sequence[asyncpg.Record]) -> list[DeviceClock]:
    return [
        DeviceClock(
            device=row["device"],
            point=row["point"],
            organisation=row["organisation"],
            region=row["region"],
            feeder=row["feeder"],
            concentrator=row["concentrator"],
            day=row["day"],
            delay_ms=row["delay_ms"],
            usual_delay_ms=row["usual_delay_ms"],
            clock=judge_clock(row["delay_ms"], row["usual_delay_ms"], row["delivery_delay_s"]),
        )
        for row in rows
    ]


async def drop_delays(connection: Connection, days: int) -> None:
    """Drop what is more than ``days`` days older than the newest day."""
    await connection.execute(_DROP, days)
