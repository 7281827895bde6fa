"""Communications incidents as operators look at them, and outages that are announced ahead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain.register import OutageKind, Place
from service.domain.reporting import PlaceKind
from service.store.pool import Connection
from service.store.statements import statement

_INCIDENTS = statement(
    "silent_places",
    """
    SELECT incident.incident_id, incident.place, incident.code, incident.from_at, incident.to_at,
           extent.n_points, extent.n_interrupted, extent.n_held, extent.feeders
      FROM communication_incident AS incident
     CROSS JOIN LATERAL (
               SELECT count(*)::integer AS n_points,
                      count(silent.held)::integer AS n_held,
                      count(*) FILTER (WHERE EXISTS (
                          SELECT
                            FROM interruption
                           WHERE interruption.point_id = silent.point_id
                             AND interruption.earliest_at < silent.silent_to
                             AND coalesce(interruption.latest_at, 'infinity') > silent.silent_from
                      ))::integer AS n_interrupted,
                      coalesce(array_agg(DISTINCT coalesce(nullif(feeder_name, ''), feeder))
                          FILTER (WHERE feeder <> ''), '{}') AS feeders
                 FROM communication_incident_point AS silent
                 JOIN point USING (point_id)
                WHERE silent.incident_id = incident.incident_id
           ) AS extent
     WHERE from_at < $2                               -- timestamptz
       AND coalesce(to_at, 'infinity') > $1           -- timestamptz
     ORDER BY to_at IS NOT NULL, from_at DESC, incident_id DESC
     LIMIT $3
    """,
)

# Outages whose window is still ahead or runs, and that nobody cancelled.
_AHEAD = statement(
    "outages_announced_ahead",
    """
    SELECT declaration_id, outage_kind, ticket, cause, window_from, window_to, from_at, to_at, notice_at,
           concerned.n_points, concerned.n_customers, concerned.n_important, concerned.places
      FROM declaration
     CROSS JOIN LATERAL (
               SELECT count(DISTINCT point_id)::integer AS n_points,
                      count(DISTINCT customer_id)::integer AS n_customers,
                      count(DISTINCT customer_id) FILTER (WHERE important)::integer AS n_important,
                      array_agg(DISTINCT ARRAY[place, code]) AS places
                 FROM declaration_scope AS scope
                 JOIN v_place_point USING (place, code)
                 LEFT JOIN customer_point USING (point_id)
                 LEFT JOIN customer USING (customer_id)
                WHERE scope.declaration_id = declaration.declaration_id
           ) AS concerned
     WHERE kind = 'outage'
       AND withdrawn_at IS NULL
       AND cancelled_at IS NULL
       AND window_to > $1                             -- timestamptz
       AND to_at IS NULL
       AND concerned.n_points > 0
     ORDER BY window_from, declaration_id
     LIMIT $2
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentPlace:
    """A communications incident: meters of a place fell silent together. That is no outage."""

    incident_id: int
    place: PlaceKind
    code: str
    from_at: datetime
    to_at: datetime | None  # None while open
    n_points: int  # that were silent
    n_interrupted: int  # of these, known by now to have been without supply then
    n_held: int  # of these, with an alert that was held back
    feeders: Sequence[str]  # names, of those points


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageAhead:
    """An outage that is announced, and not over."""

    declaration_id: int
    outage_kind: OutageKind | None
    ticket: str
    cause: str
    window_from: datetime
    window_to: datetime
    from_at: datetime | None  # it has come
    to_at: datetime | None
    notice_at: datetime | None  # of the public notice; None: there was none
    n_points: int
    n_customers: int
    n_important: int
    places: Sequence[Place]


async def silent_places(
    connection: Connection, span: tuple[datetime, datetime], limit: int
) -> list[SilentPlace]:
    """Return the incidents that reach into a half-open span: those that last first, then the newest."""
    rows = await connection.fetch(_INCIDENTS, *span, limit)
    return [SilentPlace(**row) for row in rows]


async def outages_ahead(connection: Connection, now: datetime, limit: int) -> list[OutageAhead]:
    """Return the announced outages whose window is not over at ``now``, the next first."""
    rows = await connection.fetch(_AHEAD, now, limit)
    return [_ahead(row) for row in rows]


def _ahead(row: Any) -> OutageAhead:
    fields = dict(row)
    fields["places"] = [Place(*one) for one in fields["places"]]
    return OutageAhead(**fields)
