"""Declared windows, communications incidents and minutes outside the band, for the back-test of alerts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from service.domain.reporting import PlaceKind
from service.store.pool import Connection
from service.store.statements import statement

# Faults are entered by people who know of them by then; what has no kind is announced if it was entered before.
_WINDOWS = statement(
    "alert_windows",
    """
    SELECT declaration_id,
           coalesce(window_from, from_at) AS begins_at,
           CASE WHEN window_from IS NULL THEN to_at ELSE window_to END AS ends_at,
           made_at AS entered_at,
           least(withdrawn_at, cancelled_at) AS withdrawn_at,
           array_agg(DISTINCT point_id) AS point_ids
      FROM declaration
      JOIN declaration_scope USING (declaration_id)
      JOIN v_place_point AS place_point USING (place, code)
     WHERE declaration.kind = 'outage'
       AND coalesce(outage_kind <> 'fault', made_at < from_at)
       AND coalesce(window_from, from_at) < $2      -- timestamptz
       AND coalesce(CASE WHEN window_from IS NULL THEN to_at ELSE window_to END, 'infinity') > $1
       AND point_id = ANY ($3::integer[])
     GROUP BY declaration_id, window_from, from_at, window_to, to_at, made_at, withdrawn_at, cancelled_at
     ORDER BY declaration_id
    """,
)

_INCIDENTS = statement(
    "alert_incidents",
    """
    SELECT incident_id, place, code, from_at, to_at, organisation, feeder, n_points
      FROM communication_incident
      JOIN LATERAL (
               SELECT min(point.organisation) AS organisation,
                      coalesce(min(point.feeder), '') AS feeder,
                      count(*)::integer AS n_points
                 FROM communication_incident_point AS silent
                 JOIN point USING (point_id)
                WHERE silent.incident_id = communication_incident.incident_id
           ) AS silent ON silent.n_points > 0
     WHERE from_at >= $1              -- timestamptz
       AND from_at < $2
       AND ($3::text IS NULL OR organisation = $3)
     ORDER BY from_at, incident_id
    """,
)

# Feeders with points outside their band in any minute of the span. The counters of the pages tell.
_FEEDERS = statement(
    "alert_feeders_outside",
    """
    SELECT organisation, feeder, array_agg(DISTINCT point_id) AS point_ids
      FROM page
      JOIN point USING (point_id)
     WHERE hour >= $1                 -- timestamptz
       AND hour < $2
       AND (n_over + n_under > 0 OR cell_max > $3::integer)
       AND feeder <> ''
       AND ($4::text IS NULL OR organisation = $4)
     GROUP BY organisation, feeder
     ORDER BY organisation, feeder
    """,
)

_SIZES = statement(
    "alert_feeder_sizes",
    """
    SELECT organisation, feeder,
           count(*)::integer AS n_points,
           coalesce(sum(customers.n), 0)::integer AS n_customers,
           coalesce(max(served.delay_s), 0)::integer AS delay_s
      FROM point
      LEFT JOIN LATERAL (
               SELECT count(*) AS n FROM customer_point WHERE customer_point.point_id = point.point_id
           ) AS customers ON true
      LEFT JOIN LATERAL (
               SELECT max(interval_s + delivery_delay_s) AS delay_s
                 FROM device
                WHERE device.point_id = point.point_id
                  AND device.valid_from < $2
                  AND device.valid_to > $1
           ) AS served ON true
     WHERE feeder = ANY ($3::text[])
       AND valid_from < $2            -- timestamptz
       AND valid_to > $1
     GROUP BY organisation, feeder
    """,
)

_MINUTES = statement(
    "alert_minutes",
    """
    SELECT page.point_id, (date_part('epoch', hour) / 3600)::integer AS hour, n_phases, cells,
           full_marks(marks, n_phases * 60) AS marks
      FROM page
     WHERE point_id = ANY ($3::integer[])
       AND hour >= $1                 -- timestamptz
       AND hour < $2
     ORDER BY point_id, hour
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
    """An outage with notice, or one that somebody entered before it began."""

    declaration_id: int
    begins_at: datetime
    ends_at: datetime | None
    entered_at: datetime
    withdrawn_at: datetime | None
    point_ids: list[int]  # of those asked about


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """A communications incident with the extent of all its slots."""

    incident_id: int
    place: PlaceKind
    code: str
    from_at: datetime
    to_at: datetime | None
    organisation: str
    feeder: str
    n_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederRow:
    """A feeder of an organisation, with the points that were outside their band in the span."""

    organisation: str
    feeder: str
    point_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederSize:
    """What a feeder has in service."""

    n_points: int
    n_customers: int
    delay_s: int  # from the begin of its slowest reading until it is here


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasePage:
    """An hour of a point as it is stored."""

    point_id: int
    hour: int  # since the Unix epoch
    n_phases: int
    cells: bytes
    marks: bytes


async def alert_windows(
    connection: Connection, span: tuple[datetime, datetime], point_ids: Collection[int]
) -> list[WindowRow]:
    """Return the declared windows of any of these points that reach into a span, withdrawn ones too."""
    rows = await connection.fetch(_WINDOWS, *span, list(point_ids))
    return [WindowRow(**row) for row in rows]


async def alert_incidents(
    connection: Connection, span: tuple[datetime, datetime], organisation: str | None
) -> list[IncidentRow]:
    """Return the communications incidents that begin in a span, half-open."""
    rows = await connection.fetch(_INCIDENTS, *span, organisation)
    return [IncidentRow(**row) for row in rows]


async def feeders_outside(
    connection: Connection,
    hours: tuple[datetime, datetime],
    above: int,
    organisation: str | None,
) -> list[FeederRow]:
    """Return the feeders with points outside their band, or above a cell, in a span of whole hours."""
    rows = await connection.fetch(_FEEDERS, *hours, above, organisation)
    return [FeederRow(**row) for row in rows]


async def feeder_sizes(
    connection: Connection, span: tuple[datetime, datetime], feeders: Collection[str]
) -> dict[tuple[str, str], FeederSize]:
    """Return what feeders have in service in a span, by organisation and feeder."""
    rows = await connection.fetch(_SIZES, *span, sorted(set(feeders)))
    return {
        (row["organisation"], row["feeder"]): FeederSize(
            n_points=row["n_points"], n_customers=row["n_customers"], delay_s=row["delay_s"]
        )
        for row in rows
    }


async def alert_minutes(
    connection: Connection, hours: tuple[datetime, datetime], point_ids: Collection[int]
) -> list[PhasePage]:
    """Return the pages of points in a span of whole hours, by point and hour."""
    rows = await connection.fetch(_MINUTES, *hours, list(point_ids))
    return [PhasePage(**row) for row in rows]
