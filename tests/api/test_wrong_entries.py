"""Entries of the register that are not taken, and what is said of them."""

from typing import Any

import httpx
import pytest

from tests.api.clients import get, problem_of
from tests.api.seeding import NewPoint, Seeder
from tests.api.telling import CALL, DEADLINE, PLANNED

pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def seed(seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P", area="urban"))


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"cause": "fault_internal"}, "declaration_invalid", "planned_maintenance, planned_constr"),
        ({"outage_kind": "storm"}, "invalid_request", "'planned'"),
        ({"notice_fields": ["town"]}, "invalid_request", "'area'"),
        ({"notice_at": "2024-03-02T08:00:00"}, "invalid_request", "timezone"),
        ({"window_to": "2024-03-10T08:00:00+08:00"}, "declaration_invalid", "window_to"),
        ({"window_from": None, "window_to": None}, "declaration_invalid", "from_at is empty"),
        ({"important_told": [{"customer": "C-9", "told_at": "2024-03-02T09:00:00Z"}]},
         "unknown_customer", "'C-9'"),
        ({"important_told": [{"customer": "C-P;C-Q", "told_at": "2024-03-02T09:00:00Z"}]},
         "declaration_invalid", "without a semicolon"),
        ({"approver": "li.na"}, "declaration_invalid", "somebody else"),
        ({"kind": "abnormal_state"}, "declaration_invalid", "only an outage has one"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_an_outage_is_said(
    reader: httpx.AsyncClient, change: dict[str, Any], code: str, says: str
) -> None:
    found = problem_of(await reader.post("/v1/declarations", json=PLANNED | change))

    assert (found["status"], found["code"]) == (422, code)
    assert says in found["detail"]
    assert (await get(reader, "/v1/declarations"))["declarations"] == []


@pytest.mark.parametrize(
    ("path", "body", "code", "says"),
    [
        ("/v1/fault-calls", CALL | {"customer": "C-9"}, "entry_invalid", "customer 'C-9'"),
        ("/v1/fault-calls", CALL | {"point": "P9"}, "entry_invalid", "point 'P9'"),
        ("/v1/fault-calls", CALL | {"arrived_at": "2024-03-10T08:29:59+08:00"}, "entry_invalid",
         "at or after called_at"),
        ("/v1/fault-calls", CALL | {"called_at": "2024-03-10T08:30:00"}, "invalid_request", "timezone"),
        ("/v1/fault-calls", CALL | {"called_at": "9999-12-31T00:00:00Z"}, "entry_invalid", "2199"),
        ("/v1/fault-calls", CALL | {"response_area": "town"}, "invalid_request", "'urban'"),
        ("/v1/fault-calls", CALL | {"author": ""}, "invalid_request", "body.author"),
        ("/v1/deadlines", DEADLINE | {"answered_at": "2024-03-10T00:00:00Z"}, "entry_invalid",
         "at or after opened_at"),
        ("/v1/deadlines", DEADLINE | {"promise": " "}, "invalid_request", "body.promise"),
        ("/v1/deadlines", DEADLINE | {"due": "x"}, "invalid_request", "body.due"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_an_entry_is_said(
    reader: httpx.AsyncClient, path: str, body: dict[str, Any], code: str, says: str
) -> None:
    found = problem_of(await reader.post(path, json=body))

    assert (found["status"], found["code"]) == (422, code)
    assert says in found["detail"]
