"""Pages of one point, as readers ask for them: verdicts alone, or the whole evidence."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kernels.layout import MINUTES_PER_HOUR, N_VERDICTS, VERDICT_MASK
from service.domain.registry import Point
from service.store.pool import Connection
from service.store.statements import statement

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)

_VERDICTS = statement(
    "page_verdicts_of_point",
    """
    SELECT extract(epoch FROM hour)::bigint / 3600 AS hour, interval_s,
           substring(full_marks(coalesce(verdicts, marks), 60) FOR 60) AS verdicts
      FROM page
     WHERE point_id = $1          -- integer
       AND hour > $2              -- timestamptz, exclusive
       AND hour < $3              -- timestamptz, exclusive
     ORDER BY hour
    """,
)

_EVIDENCE = statement(
    "page_evidence_of_point",
    """
    SELECT hour, nominal_mv, interval_s, n_phases, judgement, cells,
           full_marks(marks, n_phases * 60) AS marks,
           full_marks(coalesce(verdicts, marks), 60) AS verdicts
      FROM page
     WHERE point_id = $1          -- integer
       AND hour > $2              -- timestamptz, exclusive
       AND hour < $3              -- timestamptz, exclusive
     ORDER BY hour
    """,
)


# A page that lies inside counts by its counters, one at an edge by its marks.
_PHASES = statement(
    "page_phases_of_point",
    """
    SELECT hour, interval_s, phase_counts,
           CASE
               WHEN phase_counts IS NULL OR hour < $2 OR hour + interval '1 hour' > $3
               THEN full_marks(marks, n_phases * 60)
           END AS marks
      FROM page
     WHERE point_id = $1                      -- integer
       AND hour > $2 - interval '1 hour'      -- timestamptz
       AND hour < $3                          -- timestamptz, exclusive
    """,
)


@dataclass(frozen=True, slots=True)
class PageVerdicts:
    """Verdicts of a point's pages, one entry a page, in the order of time."""

    hour: NDArray[np.int64]  # hours since the Unix epoch, each once
    interval_s: NDArray[np.int64]  # of the readings
    verdict: NDArray[np.uint8]  # (n_pages, 60), of the point


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEvidence:
    """One page of a point, as it is stored."""

    hour: datetime  # its start
    nominal_mv: int
    interval_s: int
    judgement: int
    cell: NDArray[np.int16]  # (n_phases, 60), 0.01 % from nominal; CELL_NONE where none is known
    mark: NDArray[np.uint8]  # (n_phases, 60)
    verdict: NDArray[np.uint8]  # (60,), of the point


async def read_verdicts(
    connection: Connection, point_id: int, from_at: datetime, to_at: datetime
) -> PageVerdicts:
    """Return the verdicts of the pages that have minutes in ``[from_at, to_at)``."""
    rows = await connection.fetch(_VERDICTS, point_id, from_at - _HOUR, to_at)
    verdict = np.frombuffer(b"".join(row["verdicts"] for row in rows), np.uint8)
    return PageVerdicts(
        hour=np.array([row["hour"] for row in rows], np.int64),
        interval_s=np.array([row["interval_s"] for row in rows], np.int64),
        verdict=verdict.reshape(-1, MINUTES_PER_HOUR) & np.uint8(VERDICT_MASK),
    )


async def read_phases(
    connection: Connection, point: Point, from_at: datetime, to_at: datetime
) -> NDArray[np.int64]:
    """Return the minutes by verdict of each phase in ``[from_at, to_at)``, whole minutes, ``(n_phases, 7)``.

    The span lies in the service of the point and is reached by the data. Minutes without a page are in no column.
    """
    counts = np.zeros((point.n_phases, N_VERDICTS), np.int64)
    for row in await connection.fetch(_PHASES, point.point_id, from_at, to_at):
        if row["marks"] is None:
            counted = np.frombuffer(row["phase_counts"], np.uint8)
            counts += counted.reshape(point.n_phases, N_VERDICTS)
            continue
        marks = np.frombuffer(row["marks"], np.uint8).reshape(point.n_phases, MINUTES_PER_HOUR)
        first, last = ((at - row["hour"]) // _MINUTE for at in (from_at, to_at))
        for phase in range(point.n_phases):
            verdicts = marks[phase, max(0, first) : max(0, last)] & np.uint8(VERDICT_MASK)
            counts[phase] += np.bincount(verdicts, minlength=N_VERDICTS)
    return counts


async def read_evidence(
    connection: Connection, point_id: int, from_at: datetime, to_at: datetime
) -> list[PageEvidence]:
    """Return the pages that have minutes in ``[from_at, to_at)``, in the order of time."""
    rows = await connection.fetch(_EVIDENCE, point_id, from_at - _HOUR, to_at)
    return [
        PageEvidence(
            hour=row["hour"].astimezone(UTC),
            nominal_mv=row["nominal_mv"],
            interval_s=row["interval_s"],
            judgement=row["judgement"],
            cell=np.frombuffer(row["cells"], "<i2").reshape(row["n_phases"], MINUTES_PER_HOUR),
            mark=np.frombuffer(row["marks"], np.uint8).reshape(row["n_phases"], MINUTES_PER_HOUR),
            verdict=np.frombuffer(row["verdicts"], np.uint8)[:MINUTES_PER_HOUR]
            & np.uint8(VERDICT_MASK),
        )
        for row in rows
    ]
