"""Dropping rows that are no longer kept, and room that is no longer needed; on TimescaleDB by chunks."""

from datetime import datetime
from typing import Final

from service.store.pool import Connection
from service.store.statements import statement

_LATE_BEFORE = statement(
    "retention_late_before",
    """
    SELECT least(
               max(data_through) - make_interval(secs => $1),
               (
                   SELECT min(waiting.start_at)
                     FROM partition_progress AS progress
                     LEFT JOIN late_progress AS late USING (topic, partition)
                     JOIN late_reading AS waiting USING (topic, partition)
                    WHERE waiting.kafka_offset >= coalesce(late.next_offset, 0)
               )
           )
      FROM partition_progress
    """,
)

_KEPT_FROM = statement(
    "retention_kept_from",
    """
    SELECT max(data_through) - make_interval(days => $1)
      FROM partition_progress
    """,
)

_METER_EVENTS = statement(
    "retention_meter_events",
    """
    DELETE FROM meter_event
     WHERE until_at < $1
    """,
)

# A day of a million points takes minutes.
_REPACK_WITHIN_S: Final = 1800

_PATIENT = statement("retention_patience", f"SET LOCAL statement_timeout = '{_REPACK_WITHIN_S}s'")

_REPACK = statement(
    "retention_repack",
    """
    SELECT repack_pages(max(data_through) - interval '1 day')
      FROM partition_progress
    """,
)

# What is over was seen before that; what lasts is kept, however old.
_OUTAGE_ALERTS = statement(
    "retention_outage_alerts",
    """
    DELETE FROM outage_alert
     WHERE noted_at < $1
       AND over_at < $1
    """,
)

# As long as its window lasts, a breach is known to be counted by its row.
_DECLARED_BREACHES = statement(
    "retention_declared_breaches",
    """
    DELETE FROM declared_breach
     WHERE held_at < $1
       AND NOT EXISTS (
               SELECT
                 FROM v_declared_window AS declared
                WHERE declared.declaration_id = declared_breach.declaration_id
                  AND declared.to_at >= $1
           )
    """,
)

_DROP = statement("retention_drop", "SELECT drop_rows_before($1, $2)")


async def drop_late_readings(connection: Connection, window_s: int) -> None:
    """Drop late readings that start more than ``window_s`` before the newest data, as far as all are merged."""
    before = await connection.fetchval(_LATE_BEFORE, float(window_s))
    if before is not None:
        await connection.execute(_DROP, "late_reading", before)


async def drop_pages(connection: Connection, days: int) -> None:
    """Drop pages more than ``days`` days older than the newest data; days already counted stay in ``point_day``."""
    kept_from = await connection.fetchval(_KEPT_FROM, days)
    if kept_from is not None:
        await connection.execute(_DROP, "page", kept_from)


async def drop_meter_events(connection: Connection, days: int) -> None:
    """Drop meter events of a time whose pages are dropped."""
    kept_from = await connection.fetchval(_KEPT_FROM, days)
    if kept_from is not None:
        await connection.execute(_METER_EVENTS, kept_from)


async def repack_pages(connection: Connection) -> datetime | None:
    """Rewrite the oldest day of pages that is over for a day, and was not rewritten yet, without room for changes.

    Nobody reads or writes that day until the transaction ends. Without TimescaleDB there are no days to rewrite.

    Returns:
        Its start; None where there was none.
    """
    await connection.execute(_PATIENT)
    found: datetime | None = await connection.fetchval(_REPACK, timeout=_REPACK_WITHIN_S)
    return found


async def drop_alerts(connection: Connection, days: int) -> None:
    """Drop alerts that have been over for more than ``days`` days, told or held, counted back from the newest data."""
    kept_from = await connection.fetchval(_KEPT_FROM, days)
    if kept_from is not None:
        await connection.execute(_OUTAGE_ALERTS, kept_from)
        await connection.execute(_DECLARED_BREACHES, kept_from)
