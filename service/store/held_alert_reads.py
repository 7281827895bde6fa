"""Alerts that notified nobody, the newest first: why, and until when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from service.domain.alerts.words import OutageReason
from service.store.pool import Connection
from service.store.statements import statement

HeldRule = Literal["interruption", "tolerance_breach", "high_voltage"]

_LIST = statement(
    "held_alerts_list",
    """
    SELECT held_alert, rule, is_overrun, organisation, region, feeder, point, reason, held_from, held_to, start_at,
           outage_id, declaration_id, incident_id, n_points, n_customers
      FROM v_held_alert
     WHERE held_from < $2               -- timestamptz
       AND coalesce(held_to, 'infinity') > $1
       AND ($3::text IS NULL OR reason = $3)
       AND ($4::boolean IS NULL OR (held_to IS NULL) = $4)
       AND ($5::text IS NULL OR feeder = $5)
       AND ($6::timestamptz IS NULL OR (held_from, held_alert) < ($6, $7::text))
     ORDER BY held_from DESC, held_alert DESC
     LIMIT $8
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAlert:
    """An alert that was held back."""

    held_alert: str  # its name, for good
    rule: HeldRule
    is_overrun: bool  # of a declared window
    organisation: str
    region: str
    feeder: str
    point: str | None  # of a single point's breach
    reason: OutageReason
    held_from: datetime
    held_to: datetime | None  # None while it is held
    start_at: datetime  # of what it is about
    outage_id: int | None
    declaration_id: int | None
    incident_id: int | None
    n_points: int
    n_customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFilter:
    """Which of them: those that fit in everything that is given."""

    reason: OutageReason | None = None
    is_open: bool | None = None  # held now
    feeder: str | None = None


@dataclass(frozen=True, slots=True)
class AfterHeld:
    """Where the next page begins: behind this alert."""

    held_from: datetime
    held_alert: str


async def list_held_alerts(
    connection: Connection,
    span: tuple[datetime, datetime],
    wanted: HeldFilter,
    after: AfterHeld | None,
    limit: int,
) -> list[HeldAlert]:
    """Return the alerts held back in a span of time, half-open, the newest first."""
    keys = (None, None) if after is None else (after.held_from, after.held_alert)
    rows = await connection.fetch(
        _LIST, *span, wanted.reason, wanted.is_open, wanted.feeder, *keys, limit
    )
    return [HeldAlert(**row) for row in rows]
