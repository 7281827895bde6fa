"""Planned outages whose actual times nobody entered: what meters saw of them stands in, and silence hides none."""

from typing import Any

import httpx
import pytest

from tests.api.clients import get
from tests.api.registering import Registrar, at
from tests.api.seeding import NewPoint, Seeder
from tests.api.test_promises import YEAR, counts, named

pytestmark = pytest.mark.integration

LEVEL = "from 10 kV up to 10 kV"


async def seed(seeder: Seeder) -> None:
    """A feeder with planned outages that have a window and nothing else; the clock stands at 1 June 2024."""
    register = Registrar(seeder)
    for name in ("A", "B"):
        await seeder.points(NewPoint(point=name, region="R1", feeder="F1"))
    await register.customer("MV-1", ["A"], 10_000)
    numbers = {}
    for nth, day in enumerate(("01-10", "02-10", "03-10", "04-10", "04-20", "05-10", "05-20")):
        others: dict[str, Any] = {} if nth == 5 else {"notice_at": "2024-01-01T08:00"}
        if nth == 6:
            others["cancelled_at"] = "2024-05-19T08:00"
        window = (f"2024-{day}T08:00", f"2024-{day}T12:00")
        numbers[nth] = await register.outage(f"S-{nth}", "F1", window=window, **others)
    seen = [
        (0, "A", "2024-01-10T08:10", "2024-01-10T11:50", "measured"),
        (1, "A", "2024-02-10T08:00", "2024-02-10T12:00", "feeder"),
        (2, "A", "2024-03-10T07:45", "2024-03-10T09:00", "meter_event"),  # went early
        (2, "B", "2024-03-10T08:00", "2024-03-10T12:30", "measured"),  # the last that was back
        (3, "A", "2024-04-10T08:00", "2024-04-10T11:00", "measured"),
        (3, "B", "2024-04-10T08:00", None, "measured"),  # goes on
        (4, "A", "2024-04-20T08:00", "2024-04-20T11:00", "inferred"),  # nobody saw it
        (6, "A", "2024-05-20T08:00", "2024-05-20T11:00", "measured"),  # of one that was cancelled
    ]
    for nth, point, start, end, grade in seen:
        await seeder.run(
            "INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades, cause,"
            " declaration_id) VALUES ($1, $2, $2, $3, $3, $4, ARRAY[$4], 'planned_maintenance', $5)",
            seeder.point_ids[point], at(start), None if end is None else at(end), grade, numbers[nth],
        )  # fmt: skip


async def test_an_outage_without_a_word_is_a_case_and_its_notice_is_judged(
    reader: httpx.AsyncClient,
) -> None:
    answer = await get(reader, "/v1/promises", **YEAR)

    # S-0 .. S-3 were seen; of S-4 and S-5 nobody knows; S-6 was cancelled
    assert counts(named(answer, "planned_window")["together"]) == (6, 4, 2, 0, 0, 1, 2)
    # S-5 had no notice
    assert counts(named(answer, "planned_notice")["together"]) == (7, 6, 5, 1, 0, 0, 0)


async def test_what_meters_saw_stands_in_for_the_times_of_the_register(
    reader: httpx.AsyncClient,
) -> None:
    count = await get(reader, "/v1/promises/planned_count/breaches", **YEAR)
    window = await get(reader, "/v1/promises/planned_window/breaches", **YEAR)

    assert [(one["subject"], one["at"], one["breaches"][0]["by"]) for one in count["breaches"]] == [
        ("MV-1", "2024-04-10T08:00:00+08:00", 1.0)
    ]
    found = [
        (one["subject"], one["open"], [(its["what"], its["by"]) for its in one["breaches"]])
        for one in window["breaches"]
    ]
    since = (at("2024-06-01T08:00") - at("2024-04-10T12:00")).total_seconds() / 60
    assert found == [
        ("S-3", True, [("restored_late", since)]),
        ("S-2", False, [("off_early", 15.0), ("restored_late", 30.0)]),
    ]


async def test_a_day_has_the_outages_that_were_seen_on_it(reader: httpx.AsyncClient) -> None:
    january = await get(reader, "/v1/promises", **{"from": "2024-01-10", "to": "2024-01-11"})

    assert counts(named(january, "planned_window")["together"]) == (1, 1, 1, 0, 0, 0, 0)
    assert named(january, "planned_count", LEVEL)["verdict"] == "kept"
