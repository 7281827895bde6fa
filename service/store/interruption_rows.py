"""Interruptions as rows, and what they are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from kernels.layout import MINUTES_PER_HOUR
from service.domain.evidence import Ledger, MeasuredEvent, ledger_of
from service.domain.interruptions import Interruption
from service.store.pool import Connection
from service.store.rollups import PointDay
from service.store.statements import statement

HOUR = timedelta(hours=1)

_CONCERNED = statement(
    "interruptions_concerned",
    """
    SELECT days.point_id, min(day_start(days.day, zone)) AS from_at, max(day_start(days.day + 1, zone)) AS to_at
      FROM unnest($1::integer[], $2::date[]) AS days (point_id, day)
     CROSS JOIN deployment
     WHERE EXISTS (
               SELECT
                 FROM point_day
                WHERE point_day.point_id = days.point_id
                  AND point_day.day = days.day
                  AND n_interrupted > 0
           )
        OR EXISTS (
               SELECT
                 FROM interruption
                WHERE interruption.point_id = days.point_id
                  AND interruption.earliest_at < day_start(days.day + 1, zone)
                  AND coalesce(interruption.latest_at, 'infinity') >= day_start(days.day, zone)
           )
        OR EXISTS (
               SELECT
                 FROM event
                WHERE event.point_id = days.point_id
                  AND event.kind = 'interruption'
                  AND event.earliest_at < day_start(days.day + 1, zone)
                  AND coalesce(event.latest_at, 'infinity') >= day_start(days.day, zone)
           )
     GROUP BY days.point_id
    """,
)

_LEDGER = statement(
    "ledger_of_point",
    """
    SELECT hour, n_phases, interval_s, marks, coalesce(verdicts, marks) AS verdicts
      FROM page
     WHERE point_id = $1
       AND hour >= $2
       AND hour < $3
     ORDER BY hour
    """,
)

_EVENTS = statement(
    "interruption_events_of_point",
    """
    SELECT earliest_at, start_at, end_at, latest_at
      FROM event
     WHERE point_id = $1
       AND kind = 'interruption'
       AND start_at >= $2
       AND start_at < $3
    """,
)

_DELETE = statement(
    "interruptions_delete",
    """
    DELETE FROM interruption
     WHERE point_id = $1
       AND start_at >= $2
       AND start_at < $3
    """,
)

_INSERT = statement(
    "interruptions_insert",
    """
    INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, cause, declaration_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (point_id, start_at) DO UPDATE
       SET earliest_at = EXCLUDED.earliest_at,
           end_at = EXCLUDED.end_at,
           latest_at = EXCLUDED.latest_at,
           evidence = EXCLUDED.evidence,
           cause = EXCLUDED.cause,
           declaration_id = EXCLUDED.declaration_id
    """,
)

_WATERMARK = statement("watermark", "SELECT max(data_through) FROM partition_progress")


@dataclass(frozen=True, slots=True)
class Window:
    """A time of one point, half-open."""

    point_id: int
    from_at: datetime
    to_at: datetime


async def windows_concerned(connection: Connection, days: Sequence[PointDay]) -> list[Window]:
    """Return the points, among ``days``, that were interrupted there or were thought to be, and their days as one."""
    rows = await connection.fetch(
        _CONCERNED, [one.point_id for one in days], [one.day for one in days]
    )
    return [Window(row["point_id"], row["from_at"], row["to_at"]) for row in rows]


async def read_ledger(connection: Connection, window: Window) -> tuple[Ledger, int]:
    """Return the judged minutes of the pages in a window, and the longest interval of their readings, seconds."""
    rows = await connection.fetch(_LEDGER, window.point_id, window.from_at - HOUR, window.to_at)
    if not rows:
        none = np.zeros(0, np.uint8)
        return Ledger(none.astype(np.int64), none, none.astype(np.bool_)), 60
    n_phases = min(row["n_phases"] for row in rows)
    marks = [
        np.frombuffer(row["marks"], np.uint8).reshape(-1, MINUTES_PER_HOUR)[:n_phases]
        for row in rows
    ]
    verdicts = [np.frombuffer(row["verdicts"], np.uint8)[:MINUTES_PER_HOUR] & 7 for row in rows]
    hours = np.array([int(row["hour"].timestamp()) // 3600 for row in rows], np.int32)
    return ledger_of(hours, np.stack(verdicts), np.stack(marks)), max(
        row["interval_s"] for row in rows
    )


async def read_events(connection: Connection, window: Window) -> list[MeasuredEvent]:
    """Return the events of kind interruption that start in a window."""
    rows = await connection.fetch(_EVENTS, window.point_id, window.from_at, window.to_at)
    return [MeasuredEvent(**row) for row in rows]


async def replace_interruptions(
    connection: Connection, window: Window, interruptions: Sequence[Interruption]
) -> None:
    """Put ``interruptions`` in the place of the stored ones that start in a window."""
    await connection.execute(_DELETE, window.point_id, window.from_at, window.to_at)
    await connection.executemany(
        _INSERT,
        [
            (
                window.point_id, one.start_at, one.earliest_at, one.end_at, one.latest_at, one.evidence, one.cause,
                one.declaration_id,
            )
            for one in interruptions
            if window.from_at <= one.start_at < window.to_at
        ],
    )  # fmt: skip


async def watermark(connection: Connection) -> datetime:
    """Return up to where the data reach; the epoch before the first reading."""
    through = await connection.fetchval(_WATERMARK)
    return datetime.fromtimestamp(0, UTC) if through is None else through
