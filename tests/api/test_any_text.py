"""Whatever stands in a request: the answer is one, or a problem of the client's; never our failure."""

import json
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest

from tests.api.clients import problem_of
from tests.api.seeding import NewPoint, Seeder

pytestmark = [pytest.mark.integration, pytest.mark.slow]

TEXTS = [
    "",
    " ",
    "\0",
    "\x7f\x01",
    "-1",
    "9" * 400,
    "1e309",
    "NaN",
    "null",
    "a" * 5000,
    "'; DROP TABLE point; --",
    "../../etc/passwd",
    "電圧🔌",
    "2024-02-30",
    "2024-W10-1",
    "20240301",
    "２０２４-０３-０１",  # noqa: RUF001
    "0000-00-00",
    "1970-01-01",
    "2199-12-31",
    "2024-03-01T25:00Z",
    "2024-03-01T00:00:00+25:00",
    "1970-01-01T00:00:00+23:59",
    "2199-12-31T23:59:00-23:59",
    "2024-03-01T00:00:00.000001Z",
    "W10",
    "WzFlMzA5XQ",
    "WyJQIiwgMSwgImRpcCJd",
    "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwxXQ",
]
PLACES = [
    ("/v1/points", "region"),
    ("/v1/points", "cursor"),
    ("/v1/points", "limit"),
    ("/v1/points/P/pass-rate", "from"),
    ("/v1/points/P/pass-rate", "to"),
    ("/v1/points/P/pass-rate", "by"),
    ("/v1/points/P/minutes", "from"),
    ("/v1/points/P/minutes", "to"),
    ("/v1/pass-rate?group_by=area", "from"),
    ("/v1/pass-rate?group_by=feeder", "region"),
    ("/v1/pass-rate", "group_by"),
    ("/v1/composite-pass-rate", "from"),
    ("/v1/residential-pass-rate", "to"),
    ("/v1/residential-pass-rate", "area"),
    ("/v1/points/P/weeks?rule_set=en-50160", "from"),
    ("/v1/points/P/weeks", "rule_set"),
    ("/v1/compliance", "rule_set"),
    ("/v1/compliance?rule_set=en-50160", "week"),
    ("/v1/interruptions", "cursor"),
    ("/v1/interruptions", "point"),
    ("/v1/interruptions", "cause"),
    ("/v1/interruptions", "open"),
    ("/v1/outages", "cursor"),
    ("/v1/outages", "region"),
    ("/v1/outages", "open"),
    ("/v1/outages", "from"),
    ("/v1/events", "from"),
    ("/v1/events", "kind"),
    ("/v1/events", "cursor"),
    ("/v1/events", "frequency"),
    ("/v1/sarfi?group_by=area", "x"),
    ("/v1/sarfi?group_by=area", "from"),
    ("/v1/sarfi?group_by=feeder", "region"),
    ("/v1/sarfi", "group_by"),
    ("/v1/declarations", "from"),
    ("/v1/declarations", "withdrawn"),
    ("/v1/declarations", "cursor"),
    ("/v1/declarations", "ticket"),
    ("/v1/declarations/1/changes", "cursor"),
    ("/v1/fault-calls", "from"),
    ("/v1/fault-calls", "response_area"),
    ("/v1/deadlines", "promise"),
    ("/v1/deadlines", "open"),
    ("/v1/deadlines", "cursor"),
    ("/metrics/points", "point"),
    ("/metrics/points", "feeder"),
]

VALUES: list[object] = [
    None,
    "",
    7,
    -1e308,
    True,
    [],
    {},
    [[]],
    [{}],
    "\ud800",
    "\0",
    "9999-12-31T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "x" * 9999,
]


async def seed(seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P"))
    await seeder.minutes("P", datetime(2024, 3, 1, tzinfo=UTC), [[0] * 60])
    await seeder.reach(datetime(2024, 3, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(("path", "name"), PLACES)
async def test_of_a_parameter(reader: httpx.AsyncClient, path: str, name: str) -> None:
    every_third = TEXTS[PLACES.index((path, name)) % 3 :: 3]  # each text comes to twenty places
    for text in every_third:
        answer = await reader.get(httpx.URL(path).copy_merge_params({name: text}))

        assert answer.status_code in {200, 404, 422}, (text, answer.text)
        if answer.status_code != 200:
            problem_of(answer)


@pytest.mark.parametrize("rest", ["", "/pass-rate", "/minutes", "/weeks"])
async def test_of_an_identifier(reader: httpx.AsyncClient, rest: str) -> None:
    for text in [*TEXTS, "%ff%fe", "%00", "a%2Fb", "%e4%b8", "?x", "//"]:
        path = text if "%" in text or "?" in text else quote(text)
        answer = await reader.get(f"/v1/points/{path}{rest}")

        assert answer.status_code in {200, 307, 404, 422}, (text, answer.text)


async def test_of_the_start_of_an_interruption(reader: httpx.AsyncClient) -> None:
    for text in [*TEXTS, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1e18"]:
        path = f"/v1/points/P/interruptions/{quote(text, safe='')}/evidence"
        answer = await reader.get(path)

        assert answer.status_code in {404, 422}, (text, answer.text)
        problem_of(answer)


async def test_of_bytes_that_are_no_utf8(reader: httpx.AsyncClient) -> None:
    paths = ["/v1/points?region=%ff%fe", "/v1/events?cursor=%ff", "/metrics/points?point=%ff,P"]

    statuses = [(await reader.get(path)).status_code for path in paths]

    assert statuses == [200, 422, 404]


OUTAGE_FIELDS = ("outage_kind", "window_from", "notice_at", "notice_fields", "important_told")


@pytest.mark.parametrize(
    "field", ["kind", "places", "ticket", "author", "cause", "from", "to", *OUTAGE_FIELDS]
)
async def test_of_a_declaration(reader: httpx.AsyncClient, field: str) -> None:
    good = {
        "kind": "outage",
        "places": [{"place": "point", "code": "none"}],
        "ticket": "T",
        "author": "a",
        "approver": "b",
        "from": "2024-03-01T00:00:00Z",
    }
    for value in VALUES:
        answer = await reader.post(
            "/v1/declarations",
            content=json.dumps({**good, field: value}),
            headers={"content-type": "application/json"},
        )

        assert problem_of(answer)["status"] == 422


@pytest.mark.parametrize("field", ["call", "customer", "point", "called_at", "restored_at"])
async def test_of_a_fault_call(reader: httpx.AsyncClient, field: str) -> None:
    good = {
        "call": "1",
        "point": "none",
        "response_area": "urban",
        "called_at": "2024-03-01T00:00:00Z",
        "author": "a",
    }
    for value in VALUES:
        answer = await reader.post(
            "/v1/fault-calls",
            content=json.dumps({**good, field: value}),
            headers={"content-type": "application/json"},
        )

        if (field, value) != ("point", None):  # a call of nobody knows where is one
            assert problem_of(answer)["status"] in {409, 422}
