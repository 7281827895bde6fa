"""Alerts of outages as rows: what lasts now, what was told of it, and what was held back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.standing import (
    AlertKey,
    AlertState,
    DarkPart,
    KnownAlert,
)
from service.domain.instants import at_us, epoch_us, epoch_us_or_none
from service.store.pool import Connection
from service.store.statements import statement

# Open outages by how their dark points stand to what was declared before it would have been told.
_DARK = statement(
    "alert_dark_parts",
    """
    WITH member AS MATERIALIZED (
        SELECT interruption.outage_id, interruption.point_id, interruption.start_at
          FROM outage
          JOIN interruption USING (outage_id)
         WHERE outage.last_end_at IS NULL
           AND interruption.end_at IS NULL
    ), declared AS MATERIALIZED (
        SELECT declaration_id, point_id, made_at, from_at - $2::interval AS from_at, to_at + $3::interval AS to_at
          FROM v_declared_window
          JOIN declaration_scope USING (declaration_id)
          JOIN v_place_point USING (place, code)
         WHERE kind = 'outage'
           AND from_at - $2::interval <= $1        -- timestamptz, now
           AND to_at + $3::interval > (SELECT min(start_at) FROM member)
    ), covering AS (
        SELECT DISTINCT ON (member.outage_id, member.point_id, member.start_at)
               member.outage_id, member.point_id, member.start_at, declared.declaration_id, declared.to_at
          FROM member
          JOIN declared ON declared.point_id = member.point_id
                       AND declared.from_at <= member.start_at
                       AND declared.to_at > member.start_at
                       AND declared.made_at <= member.start_at + $4::interval
         ORDER BY member.outage_id, member.point_id, member.start_at, declared.to_at DESC, declared.declaration_id
    ), dark AS (
        SELECT member.outage_id, member.point_id, member.start_at, organisation, region, point.feeder, feeder_name,
               transformer, covering.declaration_id,
               CASE
                   WHEN covering.to_at > $1 THEN 'covered'
                   WHEN covering.to_at IS NOT NULL THEN 'overrun'
                   ELSE 'free'
               END AS part
          FROM member
          JOIN point USING (point_id)
          LEFT JOIN covering USING (outage_id, point_id, start_at)
    )
    SELECT dark.outage_id, part, min(outage.place) AS place, min(outage.evidence) AS evidence,
           min(outage.n_points) AS n_outage_points, min(organisation) AS organisation, min(region) AS region,
           min(dark.feeder) AS feeder, min(feeder_name) AS feeder_name, min(outage.start_at) AS start_at,
           max(dark.start_at) AS newest_at,
           (
               SELECT min(end_at)
                 FROM interruption
                WHERE interruption.outage_id = dark.outage_id
           ) AS first_back_at,
           min(dark.declaration_id) AS declaration_id,
           count(DISTINCT dark.point_id)::integer AS n_points,
           count(DISTINCT nullif(transformer, ''))::integer AS n_transformers,
           count(DISTINCT customer_id)::integer AS n_customers
      FROM dark
      JOIN outage USING (outage_id)
      LEFT JOIN customer_point USING (point_id)
     GROUP BY dark.outage_id, part
     ORDER BY dark.outage_id, part
    """,
)

_KNOWN = statement(
    "alerts_known",
    """
    SELECT alert_id, outage_id, kind, noted_at, ready_at, told_at, reason
      FROM outage_alert
     WHERE over_at IS NULL
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
           n_points = greatest(outage_alert.n_points, EXCLUDED.n_points),
           n_customers = greatest(outage_alert.n_customers, EXCLUDED.n_customers)
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


async def read_dark_parts(connection: Connection, rule: AlertsRow, now: datetime) -> list[DarkPart]:
    """Return what lasts of open outages, by how it stands to what was declared."""
    early, overrun = (
        timedelta(seconds=one) for one in (rule.declared_early_s, rule.overrun_wait_s)
    )
    wait = timedelta(seconds=rule.reclose_wait_s)
    rows = await connection.fetch(_DARK, now, early, overrun, wait)
    return [_part(row) for row in rows]


async def read_known_alerts(connection: Connection) -> list[KnownAlert]:
    """Return the alerts that were noted, and are not over."""
    return [
        KnownAlert(
            alert_id=row["alert_id"],
            key=AlertKey(row["outage_id"], row["kind"]),
            noted=epoch_us(row["noted_at"]),
            ready=epoch_us_or_none(row["ready_at"]),
            told=epoch_us_or_none(row["told_at"]),
            reason=row["reason"],
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


def _part(row: Any) -> DarkPart:
    fields = dict(row)
    return DarkPart(
        start=epoch_us(fields.pop("start_at")),
        newest=epoch_us(fields.pop("newest_at")),
        first_back=epoch_us_or_none(fields.pop("first_back_at")),
        **fields,
    )


def _row(one: AlertState) -> tuple[Any, ...]:
    part = one.part
    times = [None if at is None else at_us(at) for at in (one.ready, one.told)]
    return (
        part.outage_id, one.kind, part.organisation, part.region, part.feeder, at_us(part.start),
        at_us(one.noted), *times, one.reason, part.declaration_id, part.n_points, part.n_customers,
    )  # fmt: skip
