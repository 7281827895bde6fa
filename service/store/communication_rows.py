"""Communications incidents as rows, the points that are silent in them, and the alerts held back for these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from service.domain.communication import Incident
from service.domain.reporting import Place, PlaceKind
from service.store.pool import Connection
from service.store.reporting_rows import SEEN, SILENT_MARKS
from service.store.statements import statement

BreachKind = Literal["under", "over", "high"]

_OPEN = statement(
    "communication_open",
    """
    SELECT place, code, from_at, against, n_due, n_usual, n_silent
      FROM communication_incident
     WHERE to_at IS NULL
    """,
)

_WRITE = statement(
    "communication_write",
    """
    INSERT INTO communication_incident (place, code, from_at, to_at, against, n_due, n_usual, n_silent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (place, code, from_at) DO UPDATE
       SET to_at = EXCLUDED.to_at,
           n_silent = EXCLUDED.n_silent
    """,
)

# Points of the places of open incidents from which nothing came in the slot.
_LIST_SILENT = statement(
    "communication_list_silent",
    f"""
    INSERT INTO communication_incident_point (incident_id, point_id, silent_from, silent_to)
    SELECT incident_id, point_id, slot_at, slot_end
      FROM ({SEEN}) AS seen
     CROSS JOIN LATERAL (
               VALUES ('feeder', seen.feeder), ('transformer', seen.transformer), ('concentrator', seen.concentrator)
           ) AS its (place, code)
      JOIN communication_incident AS incident USING (place, code)
     WHERE incident.to_at IS NULL
       AND NOT seen.is_interrupted
       AND NOT seen.is_reporting
     ORDER BY incident_id, point_id
        ON CONFLICT (incident_id, point_id) DO UPDATE
       SET silent_to = EXCLUDED.silent_to
    """,  # noqa: S608 (SQL of ours)
)

# Those that were silent in the newest slot: a point that has reported since is not in it any more.
_SILENT_NOW = """
      FROM communication_incident AS incident
      JOIN communication_incident_point AS silent USING (incident_id)
     WHERE incident.to_at IS NULL
       AND silent.silent_to > (SELECT max(slot_at) FROM reporting WHERE place = 'deployment' AND code = '')
"""

_EXTENT = statement(
    "communication_extent",
    f"""
    SELECT incident.place, incident.code, incident.from_at, coalesce(listed.n_points, 0) AS n_points
      FROM communication_incident AS incident
      LEFT JOIN (
               SELECT incident_id, count(*)::integer AS n_points
               {_SILENT_NOW}
                GROUP BY incident_id
           ) AS listed USING (incident_id)
     WHERE incident.to_at IS NULL
     ORDER BY place, code
    """,  # noqa: S608 (SQL of ours)
)

_SILENT_POINTS = statement(
    "communication_silent_points",
    f"""
    SELECT DISTINCT point_id, silent_to
    {_SILENT_NOW}
     ORDER BY point_id
    """,
)

_HOLD = statement(
    "communication_hold",
    """
    UPDATE communication_incident_point AS silent
       SET held = troubled.kind
      FROM unnest($1::integer[], $2::text[]) AS troubled (point_id, kind), communication_incident AS incident
     WHERE silent.point_id = troubled.point_id
       AND silent.incident_id = incident.incident_id
       AND incident.to_at IS NULL
       AND silent.held IS NULL
    RETURNING silent.point_id
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    """An incident that lasts, and how many points are silent in it now."""

    place: PlaceKind
    code: str
    from_at: datetime
    n_points: int


async def open_incidents(connection: Connection) -> dict[Place, Incident]:
    """Return the incidents that last, by place."""
    found = {}
    for row in await connection.fetch(_OPEN):
        fields = dict(row)
        place = Place(fields.pop("place"), fields.pop("code"))
        found[place] = Incident(place=place, **fields)
    return found


async def write_incidents(connection: Connection, incidents: Sequence[Incident]) -> None:
    """Store incidents that opened, closed, or grew worse."""
    await connection.executemany(
        _WRITE,
        [
            (
                one.place.kind, one.place.code, one.from_at, one.to_at, one.against,
                one.n_due, one.n_usual, one.n_silent,
            )
            for one in incidents
        ],
    )  # fmt: skip


async def list_silent_points(
    connection: Connection, from_at: datetime, to_at: datetime, slot_s: int, delay_max_s: int
) -> None:
    """Note which points of the open incidents are silent in the slot ``[from_at, to_at)``."""
    await connection.execute(_LIST_SILENT, from_at, to_at, slot_s, delay_max_s, SILENT_MARKS)


async def incident_extents(connection: Connection) -> list[OpenIncident]:
    """Return the incidents that last, by place and code."""
    return [OpenIncident(**row) for row in await connection.fetch(_EXTENT)]


async def silent_points(connection: Connection) -> dict[int, datetime]:
    """Return the points that open incidents make silent, and up to when nothing of them had come."""
    rows = await connection.fetch(_SILENT_POINTS)
    return {row["point_id"]: row["silent_to"] for row in rows}


async def hold_alerts(connection: Connection, breaches: Mapping[int, BreachKind]) -> int:
    """Note that the alerts for these points are held back; return how many were not noted before.

    Args:
        connection: Of a writer.
        breaches: The breach that each point was in when it fell silent, by point id.
    """
    rows = await connection.fetch(_HOLD, list(breaches), list(breaches.values()))
    return len({row["point_id"] for row in rows})
