"""Bodies of declarations, good unless asked otherwise."""

from typing import Any

import httpx


def told(**others: Any) -> dict[str, Any]:
    """Return the body of a good request, changed as asked; None leaves a field out."""
    body = {
        "kind": "abnormal_state",
        "places": [{"place": "feeder", "code": "F1"}],
        "ticket": "2024-0815",
        "author": "li.na",
        "approver": "wang.wei",
        "from": "2024-03-01T21:40:00+08:00",
        "to": "2024-03-01T22:20:00+08:00",
        **others,
    }
    return {name: value for name, value in body.items() if value is not None}


OUTAGE = told(
    kind="outage",
    places=[{"place": "point", "code": "P"}],
    cause="tree on the line",
    **{"from": "2024-03-01T23:30:00+08:00", "to": "2024-03-01T23:50:00+08:00"},
)

PLANNED = told(
    kind="outage",
    outage_kind="planned",
    cause="planned_maintenance",
    window_from="2024-03-10T08:00:00+08:00",
    window_to="2024-03-10T12:00:00+08:00",
    notice_at="2024-03-02T08:00:00+08:00",
    notice_fields=["area", "lines", "off", "restore"],
    important_told=[{"customer": "C-P", "told_at": "2024-03-02T09:00:00+08:00"}],
    **{"from": None, "to": None},
)
CALL = {
    "call": "95598-1",
    "customer": "C-P",
    "point": "P",
    "response_area": "urban",
    "called_at": "2024-03-10T08:30:00+08:00",
    "author": "desk",
}
DEADLINE = {
    "reference": "YK-1",
    "promise": "supply_plan",
    "subject": "low_voltage",
    "opened_at": "2024-03-10T08:30:00+08:00",
    "author": "desk",
}


async def declare(client: httpx.AsyncClient, body: dict[str, Any]) -> Any:
    answer = await client.post("/v1/declarations", json=body)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert answer.headers["location"] == f"/v1/declarations/{found['declaration_id']}"
    return found
