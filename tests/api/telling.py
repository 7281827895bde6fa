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


async def declare(client: httpx.AsyncClient, body: dict[str, Any]) -> Any:
    answer = await client.post("/v1/declarations", json=body)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert answer.headers["location"] == f"/v1/declarations/{found['declaration_id']}"
    return found
