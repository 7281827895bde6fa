"""What the register holds of a period, for the promises to be held against."""

from datetime import date
from typing import Any

from service.domain.instants import epoch_us, epoch_us_or_none
from service.domain.periods import day_start
from service.domain.promises.crews import FaultCall
from service.domain.promises.deadlines import Deadline
from service.domain.promises.figures import Register
from service.domain.rules import RuleSet
from service.store.announced_outages import read_outages
from service.store.deployment_reads import Snapshot
from service.store.planned_years import read_planned_year
from service.store.pool import Connection
from service.store.row_batches import rows_of
from service.store.statements import statement

_CALLS = statement(
    "fault_calls_of_period",
    """
    SELECT call_id, call, response_area, called_at, arrived_at, restored_at, severe_weather,
           coalesce(point.region, supplied.region, '') AS region,
           coalesce(supplied.area_differs, at_point.area_differs, false) AS area_differs
      FROM fault_call
      LEFT JOIN point USING (point_id)
      LEFT JOIN LATERAL (
               SELECT min(its.region) AS region,
                      bool_and(customer.response_area <> fault_call.response_area) AS area_differs
                 FROM customer
                 LEFT JOIN customer_point USING (customer_id)
                 LEFT JOIN point AS its ON its.point_id = customer_point.point_id
                WHERE customer.customer = fault_call.customer
           ) AS supplied ON true
      LEFT JOIN LATERAL (
               SELECT bool_and(customer.response_area <> fault_call.response_area) AS area_differs
                 FROM customer_point
                 JOIN customer USING (customer_id)
                WHERE customer_point.point_id = fault_call.point_id
                  AND customer.valid_from <= called_at
                  AND customer.valid_to > called_at
           ) AS at_point ON true
     WHERE called_at >= $1   -- timestamptz
       AND called_at < $2    -- timestamptz
       AND withdrawn_at IS NULL
       AND call_id > $3      -- bigint
     ORDER BY call_id
     LIMIT $4
    """,
)

_DEADLINES = statement(
    "deadlines_of_period",
    """
    SELECT deadline_id, reference, promise, subject, opened_at, answered_at
      FROM deadline
     WHERE opened_at >= $1     -- timestamptz
       AND opened_at < $2      -- timestamptz
       AND withdrawn_at IS NULL
       AND deadline_id > $3    -- bigint
     ORDER BY deadline_id
     LIMIT $4
    """,
)
_OPEN_DEADLINES = statement(
    "deadlines_open",
    """
    SELECT deadline_id, reference, promise, subject, opened_at, answered_at
      FROM deadline
     WHERE answered_at IS NULL
       AND withdrawn_at IS NULL
       AND deadline_id > $1    -- bigint
     ORDER BY deadline_id
     LIMIT $2
    """,
)


async def read_register(snapshot: Snapshot, days: tuple[date, date], rule_set: RuleSet) -> Register:
    """Return what the register holds of half-open days of the deployment's zone, as far as rules ask for it.

    Outages belong to the time at which they came, or were to come; calls to that of the call,
    deadlines to that of their opening. Planned outages are counted in the calendar year that the
    days end in, up to their end.
    """
    connection, zone = snapshot.connection, snapshot.zone
    span = (day_start(days[0], zone), day_start(days[1], zone))
    names = {row.promise for row in rule_set.promises}
    has_outages = names & {"planned_notice", "temporary_notice", "planned_window"}
    has_calls = names & {"crew_arrival", "restoration"}
    return Register(
        outages=await read_outages(connection, span) if has_outages else (),
        year=await read_planned_year(snapshot, days[1], rule_set),
        calls=[_call(row) async for row in rows_of(connection, _CALLS, "call_id", *span)]
        if has_calls
        else (),
        deadlines=[
            _deadline(row) async for row in rows_of(connection, _DEADLINES, "deadline_id", *span)
        ]
        if rule_set.deadlines
        else (),
    )


async def read_open_deadlines(connection: Connection) -> list[Deadline]:
    """Return all deadlines that are not answered."""
    return [_deadline(row) async for row in rows_of(connection, _OPEN_DEADLINES, "deadline_id")]


def _call(row: Any) -> FaultCall:
    return FaultCall(
        call_id=row["call_id"],
        call=row["call"],
        region=row["region"],
        response_area=row["response_area"],
        called_at=epoch_us(row["called_at"]),
        arrived_at=epoch_us_or_none(row["arrived_at"]),
        restored_at=epoch_us_or_none(row["restored_at"]),
        is_severe_weather=row["severe_weather"],
        area_differs=row["area_differs"],
    )


def _deadline(row: Any) -> Deadline:
    times = {
        "opened_at": epoch_us(row["opened_at"]),
        "answered_at": epoch_us_or_none(row["answered_at"]),
    }
    return Deadline(**{**row, **times})
