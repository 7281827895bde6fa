"""The outage register over HTTP: notices, causes, changes with their trail, fault calls, dated promises."""

from typing import Any

import httpx
import pytest

from tests.api.clients import get, problem_of
from tests.api.seeding import NewPoint, Seeder
from tests.api.telling import CALL, DEADLINE, OUTAGE, PLANNED, declare

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(autouse=True)
async def registry(seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P", area="urban"), NewPoint(point="Q", feeder="F2"))


async def patch(client: httpx.AsyncClient, path: str, **body: Any) -> Any:
    answer = await client.patch(path, json={"author": "sun.li", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def enter(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].startswith(f"{path}/")
    found = await get(client, answer.headers["location"])
    assert found == answer.json()
    return found


async def trail(client: httpx.AsyncClient, path: str) -> list[tuple[str, str]]:
    found = await get(client, f"{path}/changes")
    return [(one["action"], one["made_by"]) for one in found["changes"]]


async def test_planned_work_from_its_notice_to_its_end(client: httpx.AsyncClient) -> None:
    made = await declare(client, PLANNED)
    path = f"/v1/declarations/{made['declaration_id']}"

    begun = await patch(client, path, **{"from": "2024-03-10T08:05:00+08:00"})
    ended = await patch(client, path, to="2024-03-10T12:20:30+08:00")

    assert {name: made[name] for name in PLANNED if name != "places"} == {
        name: one for name, one in PLANNED.items() if name != "places"
    }
    assert (made["from"], made["to"], made["cancelled_at"]) == (None, None, None)
    assert (begun["from"], begun["to"]) == ("2024-03-10T08:05:00+08:00", None)
    assert ended["to"] == "2024-03-10T12:20:30+08:00"
    assert await get(client, path) == ended
    assert await trail(client, path) == [
        ("made", "li.na"),
        ("changed", "sun.li"),
        ("changed", "sun.li"),
    ]


async def test_a_change_shows_what_it_was_before(client: httpx.AsyncClient) -> None:
    made = await declare(client, PLANNED)
    path = f"/v1/declarations/{made['declaration_id']}"

    await patch(
        client, path, cause="planned_construction", places=[{"place": "point", "code": "Q"}]
    )

    first = await get(client, f"{path}/changes", limit=1)
    rest = await get(client, f"{path}/changes", cursor=first["next_cursor"])
    (making,), (changing,) = first["changes"], rest["changes"]
    assert (making["action"], making["before"]) == ("made", None)
    assert changing["before"] == making["after"] | {"made_at": changing["before"]["made_at"]}
    differing = {name for name, one in changing["after"].items() if changing["before"][name] != one}
    assert differing == {"cause", "places"}
    assert changing["after"]["places"] == [{"place": "point", "code": "Q"}]
    assert rest["next_cursor"] is None


async def test_planned_work_that_will_not_take_place(client: httpx.AsyncClient) -> None:
    made = await declare(client, PLANNED)
    path = f"/v1/declarations/{made['declaration_id']}"

    cancelled = await patch(client, path, cancelled_at="2024-03-09T18:00:00+08:00")
    refused = problem_of(
        await client.patch(path, json={"from": "2024-03-10T08:00:00+08:00", "author": "sun.li"})
    )
    again = await patch(client, path, cancelled_at=None)

    assert cancelled["cancelled_at"] == "2024-03-09T18:00:00+08:00"
    assert (refused["status"], refused["code"]) == (422, "declaration_invalid")
    assert "cancelled_at" in refused["detail"]
    assert again["cancelled_at"] is None


async def test_blanks_around_words_are_none_of_theirs(client: httpx.AsyncClient) -> None:
    told_at = "2024-03-02T09:00:00+08:00"
    call = CALL | {"call": " 95598-1\t", "customer": " C-P", "point": "P ", "author": " desk "}
    deadline = DEADLINE | {"reference": " YK-1", "promise": "supply_plan ", "subject": " HV "}
    outage = PLANNED | {
        "ticket": "\n2024-0815 ",
        "places": [{"place": "feeder", "code": " F1 "}],
        "important_told": [{"customer": " C-P ", "told_at": told_at}],
    }

    made = await declare(client, outage)
    called = await enter(client, "/v1/fault-calls", call)
    asked = await enter(client, "/v1/deadlines", deadline)
    changed = await patch(client, "/v1/deadlines/1", subject="  high_voltage ")

    assert (made["ticket"], made["places"][0]["code"]) == ("2024-0815", "F1")
    assert made["important_told"] == [{"customer": "C-P", "told_at": told_at}]
    assert {name: called[name] for name in ("call", "customer", "point", "author")} == {
        name: CALL[name] for name in ("call", "customer", "point", "author")
    }
    assert (asked["reference"], asked["promise"]) == ("YK-1", "supply_plan")
    assert (asked["subject"], changed["subject"]) == ("HV", "high_voltage")  # as it is written


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"author": "wang.wei", "cause": "planned_construction"}, "than its approver"),
        ({"author": " Wang.Wei", "cause": "planned_construction"}, "than its approver"),
        ({"author": "sun.li", "approver": "Sun.Li"}, "than its approver"),
        ({"author": "sun.li", "approver": "LI.NA"}, "than the author"),
        ({"author": "sun.li", "from": "2024-06-02T08:00:01+08:00"}, "at most a day after now"),
    ],
)
async def test_what_may_not_become_of_an_outage_is_said(
    client: httpx.AsyncClient, change: dict[str, Any], says: str
) -> None:
    made = await declare(client, PLANNED)
    path = f"/v1/declarations/{made['declaration_id']}"

    found = problem_of(await client.patch(path, json=change))

    assert (found["status"], found["code"]) == (422, "declaration_invalid")
    assert says in found["detail"]
    assert await get(client, path) == made


async def test_the_same_ticket_and_kind_is_one_outage(client: httpx.AsyncClient) -> None:
    made = await declare(client, PLANNED)

    twice = problem_of(await client.post("/v1/declarations", json=PLANNED))
    await declare(client, OUTAGE)
    await declare(client, OUTAGE)  # without a kind a ticket may have several
    path = f"/v1/declarations/{made['declaration_id']}"
    assert (await client.delete(path, params={"author": "sun.li"})).status_code == 200
    anew = await declare(client, PLANNED)

    assert (twice["status"], twice["code"]) == (409, "entry_exists")
    assert f"declaration {made['declaration_id']}" in twice["detail"]
    assert "PATCH" in twice["next"]
    assert anew["declaration_id"] != made["declaration_id"]
    assert await trail(client, path) == [("made", "li.na"), ("withdrawn", "sun.li")]


async def test_outages_are_found_by_their_words_and_windows(client: httpx.AsyncClient) -> None:
    made = await declare(client, PLANNED)
    await declare(client, OUTAGE)

    async def found(**chosen: str) -> list[int]:
        answer = await get(client, "/v1/declarations", **chosen)
        return [one["declaration_id"] for one in answer["declarations"]]

    assert await found(outage_kind="planned") == [made["declaration_id"]]
    assert len(await found(kind="outage", ticket=PLANNED["ticket"])) == 2
    assert await found(ticket="nothing") == []
    assert await found(**{"from": "2024-03-10", "to": "2024-03-11"}) == [made["declaration_id"]]
    assert await found(**{"from": "2024-03-11"}) == []


async def test_a_call_and_what_follows_it(client: httpx.AsyncClient) -> None:
    made = await enter(client, "/v1/fault-calls", CALL)
    path = f"/v1/fault-calls/{made['call_id']}"
    listed = await get(client, "/v1/fault-calls", open=True)

    await patch(client, path, arrived_at="2024-03-10T09:10:00+08:00")
    done = await patch(client, path, restored_at="2024-03-10T10:00:00+08:00", severe_weather=True)

    assert listed == {"fault_calls": [made], "next_cursor": None}
    assert (await get(client, "/v1/fault-calls", open=True))["fault_calls"] == []
    assert done == made | {
        "arrived_at": "2024-03-10T09:10:00+08:00",
        "restored_at": "2024-03-10T10:00:00+08:00",
        "severe_weather": True,
    }
    assert await trail(client, path) == [("made", "desk"), *[("changed", "sun.li")] * 2]


async def test_a_dated_promise_is_answered(client: httpx.AsyncClient) -> None:
    made = await enter(client, "/v1/deadlines", DEADLINE)
    path = f"/v1/deadlines/{made['deadline_id']}"
    listed = await get(client, "/v1/deadlines", open=True, promise="supply_plan")

    done = await patch(client, path, answered_at="2024-03-12T08:30:00+08:00")
    open_again = await patch(client, path, answered_at=None, subject=None)

    assert listed["deadlines"] == [made]
    assert done["answered_at"] == "2024-03-12T08:30:00+08:00"
    assert (open_again["answered_at"], open_again["subject"]) == (None, "")
    assert (await get(client, "/v1/deadlines", promise="complaint"))["deadlines"] == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [("/v1/fault-calls", CALL, "fault_calls"), ("/v1/deadlines", DEADLINE, "deadlines")],
)
async def test_an_entry_stands_once_and_may_be_taken_back(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], field: str
) -> None:
    await enter(client, path, body)
    twice = problem_of(await client.post(path, json=body))

    gone = await client.delete(f"{path}/1", params={"author": "sun.li"})
    late = problem_of(await client.delete(f"{path}/1", params={"author": "sun.li"}))
    await enter(client, path, body)

    assert (twice["status"], twice["code"]) == (409, "entry_exists")
    assert gone.json()["withdrawn_at"] is not None
    assert (late["status"], late["code"]) == (404, "unknown_entry")
    assert len((await get(client, path))[field]) == 1
    assert len((await get(client, path, withdrawn=True))[field]) == 2
    assert await trail(client, f"{path}/1") == [("made", "desk"), ("withdrawn", "sun.li")]
    assert problem_of(await client.get(f"{path}/9/changes"))["status"] == 404


async def put(client: httpx.AsyncClient, status: int, **changed: Any) -> Any:
    answer = await client.put("/v1/declarations", json={**PLANNED, **changed})
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_an_outage_is_put_by_its_ticket_rescheduled_and_cancelled(
    client: httpx.AsyncClient,
) -> None:
    made = await put(client, 201)
    path = f"/v1/declarations/{made['declaration_id']}"

    same = await put(client, 200)
    moved = await put(
        client,
        200,
        author="sun.li",
        window_from="2024-03-11T08:00:00+08:00",
        window_to="2024-03-11T12:00:00+08:00",
    )
    cancelled = await put(client, 200, author="sun.li", cancelled_at="2024-03-09T08:00:00+08:00")

    assert same == made
    assert (moved["declaration_id"], moved["author"]) == (made["declaration_id"], made["author"])
    assert moved["window_from"] == "2024-03-11T08:00:00+08:00"
    assert cancelled["cancelled_at"] == "2024-03-09T08:00:00+08:00"
    assert await get(client, path) == cancelled
    assert await trail(client, path) == [
        ("made", "li.na"),
        ("changed", "sun.li"),
        ("changed", "sun.li"),
    ]


async def test_a_ticket_without_a_kind_of_outage_cannot_be_put(client: httpx.AsyncClient) -> None:
    answer = await client.put("/v1/declarations", json={**PLANNED, "outage_kind": None})

    assert answer.status_code == 422


async def test_a_withdrawn_ticket_is_made_anew(client: httpx.AsyncClient) -> None:
    made = await put(client, 201)
    await client.delete(f"/v1/declarations/{made['declaration_id']}", params={"author": "sun.li"})

    again = await put(client, 201)

    assert again["declaration_id"] != made["declaration_id"]
