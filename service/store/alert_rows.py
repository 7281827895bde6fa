"""Alerts of outages as rows: what lasts now, what was told of it, and what was held back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from service.domain.alerts.standing import (
    AlertKey,
    AlertState,
    KnownAlert,
)
from service.domain.instants import at_us, epoch_us, epoch_us_or_none
from service.store.pool import Connection
from service.store.statements import statement

# Those that are over, too, as long as their outage lasts: nobody is told of it again.
_KNOWN = statement(
    "alerts_known",
    """
    SELECT DISTINCT ON (outage_id, kind)
           alert_id, outage_id, kind, noted_at, ready_at, told_at, reason, n_points,
           over_at IS NOT NULL AS is_over
      FROM outage_alert
     WHERE over_at IS NULL
        OR (told_at IS NOT NULL AND outage_id IN (SELECT outage_id FROM outage WHERE last_end_at IS NULL))
     ORDER BY outage_id, kind, over_at DESC NULLS FIRST, alert_id DESC
    """,
)

_READY = statement(
    "alerts_ready",
    """
    WITH ready AS (
        SELECT alert_id, organisation, ready_at,
               ready_at - lag(ready_at) OVER (PARTITION BY organisation ORDER BY ready_at, alert_id) AS gap
          FROM outage_alert
         WHERE ready_at >= $1            -- timestamptz
           AND kind = 'interruption'
           AND reason IS DISTINCT FROM 'feeder_outage'
    ), run AS (
        SELECT organisation, max(ready_at) AS from_at
          FROM ready
         WHERE gap IS NULL
            OR gap >= $2::interval
         GROUP BY organisation
    )
    SELECT organisation, ready_at
      FROM ready
      JOIN run USING (organisation)
     WHERE ready_at >= from_at
     ORDER BY ready_at, alert_id
    """,
)

# Of what is told the most that were without supply at once since then: by it is known when it is over.
_NOTE = statement(
    "alerts_note",
    """
    INSERT INTO outage_alert (outage_id, kind, organisation, region, feeder, start_at, noted_at, ready_at, told_at,
           reason, declaration_id, n_points, n_customers)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (outage_id, kind) WHERE over_at IS NULL DO UPDATE
       SET start_at = EXCLUDED.start_at,
           ready_at = coalesce(outage_alert.ready_at, EXCLUDED.ready_at),
           told_at = coalesce(outage_alert.told_at, EXCLUDED.told_at),
           reason = CASE WHEN coalesce(outage_alert.told_at, EXCLUDED.told_at) IS NULL THEN EXCLUDED.reason END,
           declaration_id = EXCLUDED.declaration_id,
           n_points = CASE
               WHEN outage_alert.told_at IS NULL AND EXCLUDED.told_at IS NOT NULL THEN EXCLUDED.n_points
               ELSE greatest(outage_alert.n_points, EXCLUDED.n_points)
           END,
           n_customers = CASE
               WHEN outage_alert.told_at IS NULL AND EXCLUDED.told_at IS NOT NULL THEN EXCLUDED.n_customers
               ELSE greatest(outage_alert.n_customers, EXCLUDED.n_customers)
           END
    """,
)

# What was neither told nor held yet had supply again before it would have been told.
_OVER = statement(
    "alerts_over",
    """
    UPDATE outage_alert
       SET over_at = $2,
           reason = CASE WHEN told_at IS NULL THEN coalesce(reason, 'reclosed') END
     WHERE alert_id = ANY ($1::bigint[])
    """,
)


async def read_known_alerts(connection: Connection) -> list[KnownAlert]:
    """Return the alerts that were noted and are not over, and what was told of outages that last."""
    return [
        KnownAlert(
            alert_id=row["alert_id"],
            key=AlertKey(row["outage_id"], row["kind"]),
            noted=epoch_us(row["noted_at"]),
            ready=epoch_us_or_none(row["ready_at"]),
            told=epoch_us_or_none(row["told_at"]),
            reason=row["reason"],
            n_points=row["n_points"],
            is_over=row["is_over"],
        )
        for row in await connection.fetch(_KNOWN)
    ]


async def read_ready_times(
    connection: Connection, since: datetime, gap: timedelta
) -> dict[str, list[int]]:
    """Return when outages were ready to be told, by organisation, in order; microseconds.

    Those after the last time that none was for ``gap``, which ends any storm; none before ``since``.
    """
    found: dict[str, list[int]] = {}
    for row in await connection.fetch(_READY, since, gap):
        found.setdefault(row["organisation"], []).append(epoch_us(row["ready_at"]))
    return found


async def note_alerts(connection: Connection, states: Sequence[AlertState]) -> None:
    """Store how alerts stand that are not over."""
    await connection.executemany(_NOTE, [_row(one) for one in states])


async def end_alerts(connection: Connection, alert_ids: Sequence[int], at: datetime) -> None:
    """Note that alerts are over."""
    if alert_ids:
        await connection.execute(_OVER, list(alert_ids), at)


def _row(one: AlertState) -> tuple[Any, ...]:
    part = one.part
    times = [None if at is None else at_us(at) for at in (one.ready, one.told)]
    return (
        part.outage_id, one.kind, part.organisation, part.region, part.feeder, at_us(part.start),
        at_us(one.noted), *times, one.reason, part.declaration_id, part.n_points, part.n_customers,
    )  # fmt: skip
