"""Judged minutes of many points at once, as interruptions are made from them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kernels.layout import MINUTES_PER_HOUR, RANK_GOOD, RANK_MASK, RANK_SHIFT, VERDICT_MASK
from service.domain.supply.readings import Ledger
from service.store.interruption_due import Window
from service.store.pool import Connection
from service.store.statements import statement

HOUR: Final = timedelta(hours=1)
_NO_READINGS_S: Final = 60

# Of exempt and invalid minutes the counters do not say whether they were measured: such an hour may turn out to have
# no live minute.
_LIVE: Final = "n_pass + n_over + n_under + n_exempt + n_invalid > 0"
_LIVE_HOURS = statement(
    "live_hours_beside",
    f"""
    SELECT (
               SELECT hour
                 FROM page
                WHERE page.point_id = asked.point_id
                  AND page.hour < asked.from_at
                  AND {_LIVE}
                ORDER BY hour DESC
                LIMIT 1
           ) AS before,
           (
               SELECT hour
                 FROM page
                WHERE page.point_id = asked.point_id
                  AND page.hour > asked.to_at - interval '1 hour'
                  AND {_LIVE}
                ORDER BY hour
                LIMIT 1
           ) AS after
      FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY
           AS asked (point_id, from_at, to_at, place)
     ORDER BY place
    """,  # noqa: S608 (SQL of ours)
)

# The bounds that do not depend on the row let the server leave chunks out.
_LEDGERS = statement(
    "ledgers_of_points",
    """
    SELECT asked.place::integer AS place, (date_part('epoch', page.hour) / 3600)::integer AS hour,
           n_phases, interval_s,
           full_marks(marks, n_phases * 60) AS marks,
           full_marks(coalesce(verdicts, marks), 60) AS verdicts
      FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY
           AS asked (point_id, from_at, to_at, place)
      JOIN page USING (point_id)
     WHERE page.hour > asked.from_at - interval '1 hour'
       AND page.hour < asked.to_at
       AND page.hour >= $4
       AND page.hour < $5
     ORDER BY place, page.hour
    """,
)


@dataclass(frozen=True, slots=True)
class PointLedger:
    """Judged minutes of a point."""

    minutes: Ledger
    interval_s: int  # the longest of its readings


async def live_hours_beside(
    connection: Connection, windows: Sequence[Window]
) -> list[tuple[datetime | None, datetime | None]]:
    """Return, for each window, the nearest hours before its start and after its end that may have a live minute.

    Either may be the hour in which the edge lies. None: there is none.

    Args:
        connection: Of a writer.
        windows: Of any points.
    """
    rows = await connection.fetch(_LIVE_HOURS, *_columns(windows))
    return [(row["before"], row["after"]) for row in rows]


async def read_ledgers(connection: Connection, windows: Sequence[Window]) -> list[PointLedger]:
    """Return the judged minutes of the pages in each window, whole hours."""
    if not windows:
        return []
    first = min(one.from_at for one in windows) - HOUR
    last = max(one.to_at for one in windows)
    rows = await connection.fetch(_LEDGERS, *_columns(windows), first, last)
    return await asyncio.to_thread(_ledgers, rows, len(windows))


def _columns(windows: Sequence[Window]) -> tuple[list[int], list[datetime], list[datetime]]:
    return (
        [one.point_id for one in windows],
        [one.from_at for one in windows],
        [one.to_at for one in windows],
    )


def _ledgers(rows: Sequence[Any], n_windows: int) -> list[PointLedger]:
    place = np.array([row[0] for row in rows], np.int64) - 1
    hour = np.array([row[1] for row in rows], np.int64)
    interval_s = np.array([row[3] for row in rows], np.int64)
    verdict = _bytes([row[5][:MINUTES_PER_HOUR] for row in rows]) & np.uint8(VERDICT_MASK)
    minute = (hour[:, None] * MINUTES_PER_HOUR + np.arange(MINUTES_PER_HOUR)).reshape(-1)
    measured = _measured(rows).reshape(-1)
    edges = np.searchsorted(place, np.arange(n_windows + 1)).tolist()
    found = []
    for first, last in pairwise(edges):
        part = slice(first * MINUTES_PER_HOUR, last * MINUTES_PER_HOUR)
        longest = int(interval_s[first:last].max()) if first < last else _NO_READINGS_S
        found.append(PointLedger(Ledger(minute[part], verdict[part], measured[part]), longest))
    return found


def _measured(rows: Sequence[Any]) -> NDArray[np.bool_]:
    """Return the minutes of which at least one phase has a good cell, ``(n_rows, 60)``."""
    measured = np.zeros((len(rows), MINUTES_PER_HOUR), np.bool_)
    n_phases = np.array([row[2] for row in rows], np.int64)
    for n in np.unique(n_phases).tolist():
        of_kind = np.flatnonzero(n_phases == n)
        marks = _bytes([rows[i][4] for i in of_kind.tolist()])
        is_good = ((marks >> RANK_SHIFT) & RANK_MASK) == RANK_GOOD
        measured[of_kind] = is_good.reshape(-1, n, MINUTES_PER_HOUR).any(axis=1)
    return measured


def _bytes(parts: Sequence[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(parts), np.uint8)
