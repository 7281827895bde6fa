"""Minutes of many points, a few points at a time: each batch is a statement of its own, so that no snapshot lasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kernels.layout import MINUTES_PER_HOUR, VERDICT_MASK
from service.domain.minute_columns import ExportPoint, HourPages
from service.domain.registry import PointClass
from service.store.pool import Connection
from service.store.statements import statement

# A consumer that stored something as recently as this is at work.
_AT_WORK: Final = "interval '2 minutes'"

_POINTS = statement(
    "export_points",
    """
    SELECT point_id, point, nominal_mv, valid_from, nullif(valid_to, 'infinity') AS valid_to
      FROM point
     WHERE point_id > $1                                -- integer, exclusive
       AND valid_from < $3                              -- timestamptz
       AND valid_to > $2                                -- timestamptz
       AND ($4::text[] IS NULL OR point = ANY ($4))
       AND ($5::text IS NULL OR region = $5)
       AND ($6::text IS NULL OR feeder = $6)
       AND ($7::text IS NULL OR transformer = $7)
       AND ($8::text IS NULL OR class = $8)
     ORDER BY point_id
     LIMIT $9
    """,
)

_NAMED = statement("export_named_points", "SELECT point FROM point WHERE point = ANY ($1::text[])")

_PAGES = statement(
    "export_pages",
    """
    SELECT point_id, extract(epoch FROM hour)::bigint / 3600 AS hour, n_phases, judgement, cells,
           full_marks(marks, n_phases * 60) AS marks,
           substring(full_marks(coalesce(verdicts, marks), 60) FOR 60) AS verdicts
      FROM page
     WHERE point_id = ANY ($1::integer[])
       AND hour >= $2             -- timestamptz, inclusive
       AND hour < $3              -- timestamptz, exclusive
     ORDER BY point_id, hour
    """,
)

# Of what is stored now; while it works through what has waited, that is older than usual.
_LAG = statement(
    "ingest_lag",
    f"""
    SELECT coalesce(extract(epoch FROM max(stored_at - data_through)), 0)::double precision
      FROM partition_progress
     WHERE stored_at > now() - {_AT_WORK}
    """,  # noqa: S608 (an interval of ours)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFilter:
    """Which points are meant: those that fit in everything that is given."""

    points: tuple[str, ...] = ()  # by name; none: all
    region: str | None = None
    feeder: str | None = None
    transformer: str | None = None
    point_class: PointClass | None = None


async def export_points(
    connection: Connection,
    chosen: ExportFilter,
    span: tuple[datetime, datetime],
    after: int,
    limit: int,
) -> list[ExportPoint]:
    """Return the chosen points that are in service in a span, by number, those after ``after``."""
    rows = await connection.fetch(
        _POINTS,
        after,
        *span,
        list(chosen.points) or None,
        chosen.region,
        chosen.feeder,
        chosen.transformer,
        chosen.point_class,
        limit,
    )
    return [ExportPoint(**row) for row in rows]


async def unknown_points(connection: Connection, names: Sequence[str]) -> list[str]:
    """Return the names that the registry does not have."""
    known = {row["point"] for row in await connection.fetch(_NAMED, list(names))}
    return [name for name in names if name not in known]


async def export_pages(
    connection: Connection, points: Sequence[ExportPoint], span: tuple[datetime, datetime]
) -> list[HourPages]:
    """Return the pages of a few points that have minutes in a span of whole hours, by number of phases."""
    numbers = [one.point_id for one in points]
    rows = await connection.fetch(_PAGES, numbers, span[0], span[1])
    return [
        _hour_pages([row for row in rows if row["n_phases"] == n_phases], n_phases)
        for n_phases in sorted({row["n_phases"] for row in rows})
    ]


async def ingest_lag_s(connection: Connection) -> float:
    """Return how old what the consumers that are at work store is, the oldest of them; 0 where none are."""
    found: float = await connection.fetchval(_LAG)
    return found


def _hour_pages(rows: Sequence[Any], n_phases: int) -> HourPages:
    def planes(name: str, dtype: str) -> NDArray[Any]:
        joined = np.frombuffer(b"".join([row[name] for row in rows]), dtype)
        return joined.reshape(len(rows), n_phases, MINUTES_PER_HOUR)

    verdict = np.frombuffer(b"".join([row["verdicts"] for row in rows]), np.uint8)
    return HourPages(
        point_id=np.array([row["point_id"] for row in rows], np.int32),
        hour=np.array([row["hour"] for row in rows], np.int64),
        judgement=np.array([row["judgement"] for row in rows], np.int64),
        cell=planes("cells", "<i2"),
        mark=planes("marks", "u1"),
        verdict=verdict.reshape(len(rows), MINUTES_PER_HOUR) & np.uint8(VERDICT_MASK),
    )
