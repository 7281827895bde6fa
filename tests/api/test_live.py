"""Points in breach: who speaks for a point, what changed, and how it is told to who listens."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest

from kernels.layout import EVENT_STATE, INTERRUPTION, LANE_WORDS, NO_TIME
from service.api.app import create_app
from service.api.live_desk import LiveDesk
from service.domain.access import EVERYWHERE, Access
from service.domain.lane_book import LAYOUT_VERSION
from service.domain.live_breaches import (
    BreachPlace,
    SeenLanes,
    changes_between,
    live_breaches,
)
from service.settings import Settings
from tests.api.clients import NOW, application, client_of, problem_of
from tests.api.key_holders import keyed_application, new_key
from tests.api.seeding import NewPoint, Seeder

THROUGH = datetime(2024, 3, 1, 12, tzinfo=UTC)
STATES = {"fine": (0, 0), "under": (1, 0), "over": (2, 0), "high": (3, 0)} | {
    "interrupted": (1, 1 << INTERRUPTION)
}


def place(point: str, region: str = "R1") -> BreachPlace:
    return BreachPlace(
        point=point,
        region=region,
        region_name="",
        feeder="F1",
        feeder_name="",
        transformer="T1",
        transformer_name="",
    )


def seen(*lanes: tuple[str, int, int, bool]) -> SeenLanes:
    return SeenLanes(
        places=[place(point) for point, *_ in lanes],
        last_ms=[last for _, last, *_ in lanes],
        breach=[breach for _, _, breach, _ in lanes],
        is_dark=[dark for *_, dark in lanes],
        is_edge=[False for _ in lanes],
        n_left_out={},
    )


def test_the_newest_lane_of_a_point_speaks_and_a_dark_one_is_dark() -> None:
    found = live_breaches(
        seen(
            ("A", 1, 2, False),
            ("A", 5, 0, False),
            ("B", 5, 3, False),
            ("B", 4, 0, False),
            ("C", 1, 1, True),
            ("D", 1, 1, False),
        )
    )

    assert {point: one.kind for point, one in found.items()} == {
        "B": "high",
        "C": "interrupted",
        "D": "under",
    }


def test_a_reading_in_which_supply_went_or_came_back_is_no_breach_below_the_band() -> None:
    lanes = seen(("A", 5, 1, False), ("B", 5, 2, False), ("C", 5, 3, False), ("D", 5, 1, True))

    found = live_breaches(replace(lanes, is_edge=[True] * 4))

    assert {point: one.kind for point, one in found.items()} == {
        "B": "over",
        "C": "high",
        "D": "interrupted",
    }


def test_a_change_is_told_once() -> None:
    before = live_breaches(seen(("A", 1, 1, False), ("B", 1, 2, False), ("C", 1, 2, False)))
    after = live_breaches(seen(("B", 9, 3, False), ("C", 9, 2, False), ("D", 9, 1, True)))

    found = [(one.change, one.breach.place.point) for one in changes_between(before, after)]

    assert found == [("ended", "A"), ("changed", "B"), ("began", "D")]
    assert changes_between(after, after) == []


async def see(seeder: Seeder, states: dict[str, str], ages_s: dict[str, int] | None = None) -> None:
    """Let the lane of each point see something, as a checkpoint stores it."""
    events = np.zeros(len(states), EVENT_STATE)
    device_ids = []
    for i, (point, state) in enumerate(states.items()):
        at = THROUGH - timedelta(seconds=(ages_s or {}).get(point, 60))
        events["last_ms"][i] = int(at.timestamp() * 1000)
        events["breach"][i], events["open_kinds"][i] = STATES[state]
        device_ids.append(
            await seeder.run(
                "SELECT device_id FROM device WHERE point_id = $1", seeder.point_ids[point]
            )
        )
    words = np.full((len(states), LANE_WORDS), NO_TIME, np.int64)
    await seeder.run(
        """
        INSERT INTO lane_block (topic, partition, block, layout_version, device_ids, states)
        VALUES ('readings', 0, 0, $1, $2, $3)
            ON CONFLICT (topic, partition, block) DO UPDATE
           SET device_ids = EXCLUDED.device_ids, states = EXCLUDED.states
        """,
        LAYOUT_VERSION,
        np.array(device_ids, np.int32).tobytes(),
        words.tobytes() + events.tobytes(),
    )


async def network(seeder: Seeder) -> None:
    for point, region in (("A", "R1"), ("B", "R1"), ("C", "R2"), ("OLD", "R1")):
        await seeder.points(NewPoint(point=point, region=region))
        await seeder.device(point, f"M-{point}")
    await seeder.reach(THROUGH)


def events_in(answer: httpx.Response) -> list[tuple[str, str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for part in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in part.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], lines["id"], json.loads(lines["data"])))
    return found


@pytest.mark.integration
@pytest.mark.slow
async def test_a_listener_gets_everything_then_what_changed(
    settings: Settings, seeder: Seeder
) -> None:
    await network(seeder)
    states = {"A": "high", "B": "fine", "C": "interrupted", "OLD": "over"}
    await see(seeder, states, {"OLD": 7200})

    app = application(settings)
    async with client_of(app) as client:
        desk: LiveDesk = app.state.context.live
        desk.look_every_s, desk.pause_per_work = 0.05, 0.0
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(client.get("/v1/breaches/live?seconds=8"))
            with desk.listening():
                await desk.after(None, 30)
            await see(seeder, {"A": "fine", "B": "under", "C": "interrupted"})
        number = events_in(listening.result())[0][1]
        missed = await client.get("/v1/breaches/live?seconds=1", headers={"Last-Event-ID": number})
        unknown = await client.get("/v1/breaches/live?seconds=1", headers={"Last-Event-ID": "x-7"})

    (first, _, everything), *changes = events_in(listening.result())
    assert first == "snapshot"
    assert [(one["point"], one["kind"]) for one in everything["breaches"]] == [
        ("A", "high"),
        ("C", "interrupted"),
    ]
    assert everything["breaches"][0]["seen_at"] == "2024-03-01T19:59:00+08:00"
    assert [(name, one["point"], one["kind"]) for name, _, one in changes] == [
        ("ended", "A", "high"),
        ("began", "B", "under"),
    ]
    assert changes[0][1] != number
    assert [name for name, *_ in events_in(missed)] == ["ended", "began"]
    assert [name for name, *_ in events_in(unknown)] == ["snapshot"]


@pytest.mark.integration
async def test_a_listener_hears_of_the_part_it_asks_for_only(
    seeder: Seeder, client: httpx.AsyncClient
) -> None:
    await network(seeder)
    await see(seeder, {"A": "over", "C": "over"})

    answer = await client.get("/v1/breaches/live?seconds=2&region=R2")

    [(_, _, everything)] = events_in(answer)
    assert [one["point"] for one in everything["breaches"]] == ["C"]


@pytest.mark.integration
@pytest.mark.slow
async def test_a_listener_of_one_region_hears_of_no_breach_of_another(
    settings: Settings, seeder: Seeder
) -> None:
    await network(seeder)
    await see(seeder, {"A": "high", "B": "fine", "C": "interrupted"})
    key = await new_key(settings, "read:customer", regions=["R2"])
    path = "/v1/breaches/live?seconds=2"

    async with keyed_application(settings) as app, client_of(app) as client:
        app.state.context.live.look_every_s = 0.05
        client.headers["Authorization"] = f"Bearer {key}"
        before = await client.get(path)
        asked_for_another = await client.get(f"{path}&region=R1")
        ((_, number, everything),) = events_in(before)
        await see(seeder, {"A": "fine", "B": "under", "C": "high"})
        after = await client.get(path, headers={"Last-Event-ID": number})

    assert [(one["point"], one["kind"]) for one in everything["breaches"]] == [("C", "interrupted")]
    assert [one["breaches"] for *_, one in events_in(asked_for_another)] == [[]]
    assert [(name, one["point"], one["kind"]) for name, _, one in events_in(after)] == [
        ("changed", "C", "high")
    ]


@pytest.mark.integration
@pytest.mark.slow
async def test_a_listener_is_told_how_many_are_left_out_of_the_part_it_hears(
    settings: Settings, seeder: Seeder
) -> None:
    await network(seeder)
    await seeder.points(NewPoint(point="D", region="R2", feeder="F2"))
    await seeder.device("D", "M-D")
    await see(seeder, {"A": "over", "B": "over", "C": "over", "D": "over"})
    keys = {
        "R1": await new_key(settings, "read:customer", regions=["R1"]),
        "R2": await new_key(settings, "read:customer", regions=["R2"]),
        "everywhere": await new_key(settings, "read:customer"),
    }
    told = {}

    async with keyed_application(settings) as app, client_of(app) as client:
        app.state.context.live.breaches_max = 1
        for name, key in keys.items():
            client.headers["Authorization"] = f"Bearer {key}"
            for place in ("", "&feeder=F2"):
                answer = await client.get(f"/v1/breaches/live?seconds=1{place}")
                [(_, _, everything)] = events_in(answer)
                told[name, place] = everything["left_out"]

    assert told == {
        ("R1", ""): 1,  # the other one is shown
        ("R1", "&feeder=F2"): 0,
        ("R2", ""): 2,
        ("R2", "&feeder=F2"): 1,
        ("everywhere", ""): 3,
        ("everywhere", "&feeder=F2"): 1,
    }


@pytest.mark.integration
@pytest.mark.slow
async def test_listeners_are_bounded_and_leave_their_places(settings: Settings) -> None:
    app = application(settings.model_copy(update={"listeners_max": 1}))
    async with client_of(app) as client:
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(client.get("/v1/breaches/live?seconds=4"))
            await asyncio.sleep(1.5)
            refused = problem_of(await client.get("/v1/breaches/live?seconds=1"))
        again = await client.get("/v1/breaches/live?seconds=1")

    assert (refused["status"], refused["code"]) == (503, "busy")
    assert "VOLTPASS_LISTENERS_MAX" in refused["detail"]
    assert (first.result().status_code, again.status_code) == (200, 200)


@pytest.mark.integration
async def test_who_may_read_sums_only_hears_nothing(settings: Settings) -> None:
    async def access_of(request: Any) -> Access:
        return Access(principal="key 7", scopes=frozenset({"read:aggregate"}), territory=EVERYWHERE)

    async with client_of(create_app(settings, now=lambda: NOW, access_of=access_of)) as client:
        answer = await client.get("/v1/breaches/live?seconds=1")

    assert problem_of(answer)["code"] == "scope_missing"
