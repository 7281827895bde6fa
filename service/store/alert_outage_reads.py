"""Outages with all that was known of their points, and when it came, for the back-test of alerts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from service.domain.supply.meter_events import MeterEventKind
from service.store.pool import Connection
from service.store.statements import statement

# Those that begin in a span; of the first span of a range also those that go on into it.
_OUTAGES = statement(
    "alert_outages",
    """
    SELECT outage_id, place, code, feeder, start_at
      FROM outage
     WHERE start_at < $2              -- timestamptz
       AND (start_at >= $1 OR ($3 AND coalesce(last_end_at, 'infinity') > $1))
       AND ($4::text IS NULL OR EXISTS (
               SELECT
                 FROM interruption
                 JOIN point USING (point_id)
                WHERE interruption.outage_id = outage.outage_id
                  AND point.organisation = $4
           ))
     ORDER BY start_at, outage_id
    """,
)

_MEMBERS = statement(
    "alert_outage_members",
    """
    SELECT interruption.outage_id, interruption.point_id, point.organisation,
           interruption.start_at, interruption.earliest_at, interruption.end_at, interruption.latest_at,
           (SELECT count(*) FROM customer_point WHERE customer_point.point_id = interruption.point_id)::integer
               AS n_customers,
           coalesce(served.interval_s, 900) AS interval_s,
           coalesce(served.delivery_delay_s, 0) AS delivery_delay_s
      FROM interruption
      JOIN point USING (point_id)
      LEFT JOIN LATERAL (
               SELECT interval_s, delivery_delay_s
                 FROM device
                WHERE device.point_id = interruption.point_id
                  AND device.valid_from <= interruption.start_at
                  AND device.valid_to > interruption.start_at
                ORDER BY device.valid_from DESC, device.device_id
                LIMIT 1
           ) AS served ON true
     WHERE interruption.outage_id = ANY ($1::bigint[])
     ORDER BY interruption.outage_id, interruption.point_id, interruption.start_at
    """,
)

_MEASURED = statement(
    "alert_outage_measured",
    """
    SELECT interruption.point_id, interruption.start_at AS of_start, evidence.start_at, evidence.end_at
      FROM interruption
      JOIN evidence USING (point_id)
     WHERE interruption.outage_id = ANY ($1::bigint[])
       AND evidence.grade = 'measured'
       AND evidence.start_at <= coalesce(interruption.end_at, 'infinity')
       AND coalesce(evidence.end_at, 'infinity') >= interruption.start_at
    """,
)

# A meter's clock may be off by a little, and it says that supply is back some time after it is.
_EVENTS = statement(
    "alert_outage_events",
    """
    SELECT interruption.point_id, interruption.start_at AS of_start,
           meter_event.event, meter_event.at, meter_event.until_at, meter_event.arrived_at
      FROM interruption
      JOIN meter_event USING (point_id)
     WHERE interruption.outage_id = ANY ($1::bigint[])
       AND meter_event.at <= coalesce(interruption.latest_at, 'infinity') + interval '10 minutes'
       AND meter_event.until_at >= interruption.earliest_at - interval '10 minutes'
    """,
)

_SILENT = statement(
    "alert_outage_silent",
    """
    SELECT DISTINCT interruption.point_id, interruption.start_at AS of_start, silent_from, silent_to
      FROM interruption
      JOIN communication_incident_point USING (point_id)
     WHERE interruption.outage_id = ANY ($1::bigint[])
       AND silent_from < coalesce(interruption.latest_at, 'infinity')
       AND silent_to > interruption.earliest_at
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRow:
    """An outage, as it is known by now."""

    outage_id: int
    place: Literal["feeder", "transformer", "point"]
    code: str
    feeder: str
    start_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """The interruption of one of its points, and how its readings come."""

    outage_id: int
    point_id: int
    organisation: str
    start_at: datetime
    earliest_at: datetime
    end_at: datetime | None
    latest_at: datetime | None
    n_customers: int
    interval_s: int
    delivery_delay_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """A time that was measured dark, of the interruption of a point that starts at ``of_start``."""

    point_id: int
    of_start: datetime
    start_at: datetime
    end_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """A meter event near an interruption."""

    point_id: int
    of_start: datetime
    event: MeterEventKind
    at: datetime
    until_at: datetime
    arrived_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentRow:
    """When its point was silent in a communications incident."""

    point_id: int
    of_start: datetime
    silent_from: datetime
    silent_to: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOutages:
    """Rows of some outages, those of one outage together."""

    members: list[MemberRow]
    measured: list[MeasuredRow]
    events: list[EventRow]
    silent: list[SilentRow]


async def list_alert_outages(
    connection: Connection,
    span: tuple[datetime, datetime],
    organisation: str | None,
    *,
    is_first: bool,
) -> list[OutageRow]:
    """Return the outages that begin in a span, half-open, by their start.

    Args:
        connection: Of a snapshot.
        span: Where they begin.
        organisation: Only those that concern its points; None: all.
        is_first: Also those that go on into the span.
    """
    rows = await connection.fetch(_OUTAGES, *span, is_first, organisation)
    return [OutageRow(**row) for row in rows]


async def known_of_outages(connection: Connection, outage_ids: list[int]) -> KnownOutages:
    """Return what is stored of the points of some outages; keep them to a hundred."""
    return KnownOutages(
        members=[MemberRow(**row) for row in await connection.fetch(_MEMBERS, outage_ids)],
        measured=[MeasuredRow(**row) for row in await connection.fetch(_MEASURED, outage_ids)],
        events=[EventRow(**row) for row in await connection.fetch(_EVENTS, outage_ids)],
        silent=[SilentRow(**row) for row in await connection.fetch(_SILENT, outage_ids)],
    )
