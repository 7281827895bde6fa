"""Rows of ``meter_event``: each event once, and what it makes due."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from service.domain.event_checkpoint import Copies
from service.domain.meter_events import Assignment, PlacedEvent
from service.store.pool import Connection
from service.store.statements import statement

# How long before the event supply may have gone (hold-off of a last gasp, clocks), and how long
# after it the interruption may end that it tells of.
MARGIN: Final = timedelta(hours=1)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_ASSIGNMENTS = statement(
    "meter_event_assignments",
    """
    SELECT device.device,
           device.device_id,
           device.point_id,
           device.zone,
           device.self_powered,
           greatest(device.valid_from, point.valid_from) AS from_at,
           least(device.valid_to, point.valid_to) AS to_at
      FROM device
      JOIN point USING (point_id)
     WHERE device.device = ANY($1::text[])
     ORDER BY device.device, device.valid_from
    """,
)

_REGISTRY_NUMBER = statement(
    "meter_event_registry_number",
    """
    SELECT registry_number
      FROM judgement
    """,
)

_REGISTRY_FOR_SHARE = statement(
    "meter_event_registry_for_share",
    """
    SELECT registry_number
      FROM judgement
       FOR SHARE
    """,
)

_COPIES = statement(
    "meter_event_copies",
    """
    UPDATE partition_progress AS stands
       SET folded = stands.folded - copied.n_copies,
           duplicate = stands.duplicate + copied.n_copies
      FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS copied (topic, partition, n_copies)
     WHERE stands.topic = copied.topic
       AND stands.partition = copied.partition
    """,
)

_PREPARE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS voltpass_next_meter_event (
        LIKE meter_event, number integer NOT NULL
    ) ON COMMIT DELETE ROWS;
"""

_COLUMNS = (
    "number", "point_id", "device_id", "event", "at", "until_at", "arrived_at", "n_copies",
)  # fmt: skip

# A row whose copies are all of this checkpoint was not there before.
_STORE = """
    WITH stored AS (
        INSERT INTO meter_event AS stands (point_id, device_id, event, at, until_at, arrived_at, n_copies)
        SELECT point_id, device_id, event, at, until_at, arrived_at, n_copies
          FROM voltpass_next_meter_event
         ORDER BY point_id, at, event, until_at, device_id
            ON CONFLICT (point_id, at, event, until_at, device_id) DO UPDATE
           SET n_copies = stands.n_copies + EXCLUDED.n_copies,
               arrived_at = least(stands.arrived_at, EXCLUDED.arrived_at)
        RETURNING point_id, at, event, until_at, device_id, n_copies
    ), fresh AS (
        SELECT next.number, next.event, next.point_id, next.at, next.until_at
          FROM voltpass_next_meter_event AS next
          JOIN stored USING (point_id, at, event, until_at, device_id)
         WHERE stored.n_copies = next.n_copies
    ), due AS (
        INSERT INTO interruption_due (point_id, from_at, to_at)
        SELECT DISTINCT point_id, at - $1::interval, until_at + $1::interval
          FROM fresh
         ORDER BY 1, 2, 3
    )
    SELECT number, event, count(*)
      FROM fresh
     GROUP BY number, event
"""


async def registry_number(connection: Connection) -> int:
    """Return the judgement number under which points or devices changed last."""
    return int(await connection.fetchval(_REGISTRY_NUMBER))


async def registry_number_for_share(connection: Connection) -> int:
    """Return the same, and keep it from rising until the transaction ends."""
    return int(await connection.fetchval(_REGISTRY_FOR_SHARE))


async def assignments_of(
    connection: Connection, devices: Iterable[str]
) -> Mapping[str, Sequence[Assignment]]:
    """Return the assignments of devices by their names, in order of time; the unknown are left out."""
    found: dict[str, list[Assignment]] = {}
    for row in await connection.fetch(_ASSIGNMENTS, list(devices)):
        found.setdefault(row["device"], []).append(
            Assignment(
                device_id=row["device_id"],
                point_id=row["point_id"],
                zone=row["zone"],
                self_powered=row["self_powered"],
                from_ms=_epoch_ms(row["from_at"]),
                to_ms=_epoch_ms(row["to_at"]),
            )
        )
    return found


async def prepare(connection: Connection) -> None:
    """Make a connection ready for ``copy_events``; call it outside a transaction."""
    await connection.execute(_PREPARE)


async def copy_events(connection: Connection, events: Mapping[PlacedEvent, Copies]) -> None:
    """Copy events into the connection's temporary rows; nothing shared is locked."""
    if events:
        await connection.copy_records_to_table(
            "voltpass_next_meter_event",
            columns=_COLUMNS,
            records=(
                (
                    copies.partition, event.point_id, event.device_id, event.event, _time(event.at_ms),
                    _time(event.until_ms), _time(copies.record_ms), copies.n_copies,
                )
                for event, copies in events.items()
            ),
        )  # fmt: skip


async def take_over_events(connection: Connection) -> Counter[tuple[int, str]]:
    """Store the copied events, and mark interruptions due where one is new.

    Returns:
        How many were not there before, by ``Copies.partition`` and event.
    """
    rows = await connection.fetch(_STORE, MARGIN)
    return Counter({(row["number"], row["event"]): row["count"] for row in rows})


async def count_copies(connection: Connection, copied: Sequence[tuple[str, int, int]]) -> None:
    """Move so many events of each topic and partition from ``folded`` to ``duplicate``."""
    if copied:
        topics, numbers, n_copies = zip(*copied, strict=True)
        await connection.execute(_COPIES, list(topics), list(numbers), list(n_copies))


def _epoch_ms(at: datetime) -> int:
    """Return milliseconds since the Unix epoch; infinity is a year beyond every stamp."""
    # The driver gives infinity as the last moment that it knows, without zone.
    return (at.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def _time(epoch_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=epoch_ms)
