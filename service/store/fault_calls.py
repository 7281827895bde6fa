"""Fault calls as rows."""

from collections.abc import Sequence
from typing import Final

from service.domain.register import NewFaultCall
from service.domain.register_checks import Wrong, wrong_with_call
from service.store.declaration_reach import unknown_customers
from service.store.pool import Connection
from service.store.register_entries import EntryTable
from service.store.statements import statement

_ROWS: Final = """
    jsonb_to_recordset($1) AS told (
        nth integer, entry_id bigint, call text, customer text, point text, response_area text, called_at timestamptz,
        arrived_at timestamptz, restored_at timestamptz, severe_weather boolean
    )
"""

_ADD = statement(
    "fault_calls_add",
    f"""
    INSERT INTO fault_call (call, customer, point_id, response_area, called_at, arrived_at, restored_at,
                            severe_weather, author)
    SELECT call, customer, point_id, response_area, called_at, arrived_at, restored_at, severe_weather, $2
      FROM {_ROWS}
      LEFT JOIN point USING (point)
     ORDER BY nth
    RETURNING call_id
    """,  # noqa: S608 (columns of ours)
)

_UPDATE = statement(
    "fault_calls_update",
    f"""
    UPDATE fault_call
       SET customer = told.customer,
           point_id = (SELECT point_id FROM point WHERE point.point = told.point),
           response_area = told.response_area,
           called_at = told.called_at,
           arrived_at = told.arrived_at,
           restored_at = told.restored_at,
           severe_weather = told.severe_weather
      FROM {_ROWS}
     WHERE told.entry_id = fault_call.call_id
    """,  # noqa: S608 (columns of ours)
)

_WITHDRAW = statement(
    "fault_call_withdraw",
    "UPDATE fault_call SET withdrawn_at = now() WHERE call_id = $1 RETURNING withdrawn_at",
)

_CALL: Final = """
    SELECT call_id AS entry_id, call, customer, coalesce(point.point, '') AS point, response_area, called_at,
           arrived_at, restored_at, severe_weather, author, made_at, withdrawn_at
      FROM fault_call
      LEFT JOIN point USING (point_id)
"""

_FIND = statement("fault_call_find", f"{_CALL} WHERE call_id = $1")

_BY_KEY = statement("fault_calls_by_key", f"{_CALL} WHERE call = ANY ($1::text[]) ORDER BY call_id")

_LIST = statement(
    "fault_calls_list",
    f"""
    {_CALL}
     WHERE ($1::timestamptz IS NULL OR called_at >= $1)
       AND ($2::timestamptz IS NULL OR called_at < $2)
       AND (NOT $3 OR restored_at IS NULL)
       AND ($4::text IS NULL OR response_area = $4)
       AND ($5 OR withdrawn_at IS NULL)
       AND ($6::bigint IS NULL OR call_id < $6)
     ORDER BY call_id DESC
     LIMIT $7
    """,
)

_UNKNOWN_POINTS = statement(
    "fault_calls_unknown_points",
    """
    SELECT name
      FROM unnest($1::text[]) AS name
     WHERE NOT EXISTS (SELECT FROM point WHERE point.point = name)
    """,
)


async def _unknown_in(connection: Connection, calls: Sequence[NewFaultCall]) -> list[list[Wrong]]:
    """Return for each call what of it the registry does not have."""
    nobody = await unknown_customers(connection, [one.customer for one in calls if one.customer])
    points = sorted({one.point for one in calls if one.point})
    nowhere = {row["name"] for row in await connection.fetch(_UNKNOWN_POINTS, points)}
    return [
        [Wrong("customer", one.customer, "a customer of the registry, or empty")]
        * (one.customer in nobody)
        + [Wrong("point", one.point, "a point of the registry, or empty")] * (one.point in nowhere)
        for one in calls
    ]


FAULT_CALLS: Final = EntryTable(
    record="fault_call",
    name="fault call",
    key="call",
    make=NewFaultCall,
    wrong_with=wrong_with_call,
    unknown_in=_unknown_in,
    add=_ADD,
    update=_UPDATE,
    withdraw=_WITHDRAW,
    find=_FIND,
    by_key=_BY_KEY,
    list=_LIST,
)
