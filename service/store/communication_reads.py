"""Communications incidents and their points, as readers ask for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from service.domain.reporting import Against, PlaceKind
from service.store.communication_rows import BreachKind
from service.store.pool import Connection
from service.store.statements import statement

_LIST = statement(
    "communication_list",
    """
    SELECT incident_id, place, code, from_at, to_at, duration_s, against, n_due, n_usual, n_silent,
           n_points, n_held, n_interrupted
      FROM v_communication_incident AS incident
     WHERE from_at < $2               -- timestamptz
       AND coalesce(to_at, 'infinity') > $1
       AND ($3::boolean IS NULL OR is_open = $3)
       AND ($4::text IS NULL OR place = $4)
       AND ($5::text IS NULL OR code = $5)
       AND (
               $6::text IS NULL
            OR place = 'feeder' AND code = $6
            OR EXISTS (
                   SELECT
                     FROM communication_incident_point AS silent
                     JOIN point USING (point_id)
                    WHERE silent.incident_id = incident.incident_id
                      AND point.feeder = $6
               )
           )
       AND ($7::timestamptz IS NULL OR (from_at, incident_id) < ($7, $8::bigint))
     ORDER BY from_at DESC, incident_id DESC
     LIMIT $9
    """,
)

_EXISTS = statement(
    "communication_exists",
    """
    SELECT true
      FROM communication_incident
     WHERE incident_id = $1           -- bigint
    """,
)

_POINTS = statement(
    "communication_points",
    """
    SELECT point, region, feeder, transformer, silent_from, silent_to, held,
           EXISTS (
               SELECT
                 FROM interruption
                WHERE interruption.point_id = silent.point_id
                  AND interruption.earliest_at < silent.silent_to
                  AND coalesce(interruption.latest_at, 'infinity') > silent.silent_from
           ) AS is_interrupted
      FROM communication_incident_point AS silent
      JOIN point USING (point_id)
     WHERE incident_id = $1           -- bigint
       AND ($2::text IS NULL OR point > $2)
     ORDER BY point
     LIMIT $3
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents: those that fit in everything that is given."""

    is_open: bool | None = None
    place: PlaceKind | None = None
    code: str | None = None
    feeder: str | None = None  # it is this one, or has silent points of it


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIncident:
    """A communications incident."""

    incident_id: int
    place: PlaceKind
    code: str
    from_at: datetime
    to_at: datetime | None  # None while open
    duration_s: float  # of an open one, to where the data reach
    against: Against
    n_due: int  # points that were to report when it began
    n_usual: int  # of these, would have reported
    n_silent: int  # fewer than that, at the worst slot
    n_points: int  # that were silent in any slot of it
    n_held: int  # of these, with an alert that was held back
    n_interrupted: int  # of these, known by now to have been without supply then


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentPoint:
    """A point of a communications incident."""

    point: str
    region: str
    feeder: str
    transformer: str
    silent_from: datetime  # start of the first slot of the incident without a reading
    silent_to: datetime  # end of the last one
    held: BreachKind | None  # breach whose alert was held back
    is_interrupted: bool  # known by now to have been without supply then


@dataclass(frozen=True, slots=True)
class After:
    """Where the next page begins: behind this incident."""

    from_at: datetime
    incident_id: int


async def list_incidents(
    connection: Connection,
    span: tuple[datetime, datetime],
    wanted: IncidentFilter,
    after: After | None,
    limit: int,
) -> list[StoredIncident]:
    """Return the incidents that reach into a span of time, half-open, the newest first."""
    rows = await connection.fetch(
        _LIST,
        *span,
        wanted.is_open,
        wanted.place,
        wanted.code,
        wanted.feeder,
        None if after is None else after.from_at,
        None if after is None else after.incident_id,
        limit,
    )
    return [StoredIncident(**row) for row in rows]


async def has_incident(connection: Connection, incident_id: int) -> bool:
    """Return whether there is an incident of this number."""
    found: Literal[True] | None = await connection.fetchval(_EXISTS, incident_id)
    return found is True


async def list_silent(
    connection: Connection, incident_id: int, after: str | None, limit: int
) -> list[SilentPoint]:
    """Return points that were silent in an incident, by name, those behind ``after``."""
    rows = await connection.fetch(_POINTS, incident_id, after, limit)
    return [SilentPoint(**row) for row in rows]
