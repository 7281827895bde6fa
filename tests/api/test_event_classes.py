"""Events over HTTP have the classes that their readings know, and null where these leave it open."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.clients import get
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 3, 1, tzinfo=UTC)
SPAN = {"from": "2024-03-01", "to": "2024-03-02"}
TOLERATED = "no_interruption_in_function"

# Point, kind, minute of its start, seconds it lasts, slack of its edges, ppm.
EVENTS: list[tuple[str, str, int, float | None, float, int]] = [
    ("S", "dip", 0, 15, 0, 850_000),
    ("S", "dip", 10, 1, 0, 600_000),
    ("S", "interruption", 20, 30, 0, 20_000),
    ("S", "interruption", 30, 300, 0, 20_000),
    ("S", "swell", 50, 4, 0, 1_150_000),
    ("S", "dip", 60, 15, 100, 850_000),
    ("S", "phase_loss", 70, None, 0, 20_000),
    ("M", "dip", 0, 60, 0, 850_000),
    ("M", "dip", 10, 300, 0, 850_000),
]


async def seed(seeder: Seeder) -> None:
    """Put events of a device that reads every second, and of one that reads every minute."""
    await seeder.points(NewPoint(point="S"), NewPoint(point="M"))
    await seeder.device("S", "seconds", interval_s=1)
    await seeder.device("M", "minutes", interval_s=60)
    for point, kind, minute, lasts_s, slack_s, ppm in EVENTS:
        start = START + timedelta(minutes=minute)
        end = None if lasts_s is None else start + timedelta(seconds=lasts_s)
        slack = timedelta(seconds=slack_s)
        await seeder.run(
            "INSERT INTO event (point_id, kind, start_at, earliest_at, end_at, latest_at, extreme_ppm, phases,"
            " device_id) SELECT $1, $2, $3, $4, $5, $6, $7, 1, device_id FROM device WHERE point_id = $1",
            seeder.point_ids[point], kind, start, start - slack, end,
            None if end is None else end + slack, ppm,
        )  # fmt: skip
    await seeder.reach(START + timedelta(minutes=72))


async def found(reader: httpx.AsyncClient, point: str, minute: int, hz: int = 50) -> dict[str, Any]:
    page = await get(reader, "/v1/events", point=point, frequency=hz, **SPAN)
    at = START + timedelta(minutes=minute)
    [one] = [each for each in page["events"] if datetime.fromisoformat(each["start_at"]) == at]
    return dict(one)


@pytest.mark.parametrize(
    ("point", "minute", "bounds_s", "classes"),
    [
        ("S", 0, (13, 17), ("temporary_sag", "A5", "no_damage", "may_trip")),
        # One reading of a second: of the curves only SEMI F47 would be left, and it is open, too.
        ("S", 10, (0.01, 3), (None, None, None, None)),
        ("S", 20, (28, 32), ("temporary_interruption", "X5", "no_damage", "may_trip")),
        ("S", 30, (298, 302), ("sustained_interruption", "interruption_over_3_min", "no_damage", "may_trip")),
        ("S", 50, (2, 6), (None, None, "prohibited", "none")),
        ("S", 60, (13, 217), (None, None, "no_damage", "may_trip")),  # readings were missing
        ("S", 70, (118, 122), ("sustained_interruption", "interruption_up_to_3_min", "no_damage", "may_trip")),
        # Readings of a minute say nothing of shorter events, and enough of longer ones.
        ("M", 0, (0.01, 180), (None, None, None, None)),
        ("M", 10, (180, 420), ("undervoltage", "dip_over_60_s", "no_damage", "may_trip")),
    ],
)  # fmt: skip
async def test_an_event_has_the_classes_that_its_readings_know(
    reader: httpx.AsyncClient,
    point: str,
    minute: int,
    bounds_s: tuple[float, float],
    classes: tuple[str | None, ...],
) -> None:
    one = await found(reader, point, minute)

    assert (one["shortest_s"], one["longest_s"]) == bounds_s
    named = tuple(one[name] for name in ("ieee_1159", "en_50160_cell", "itic", "semi_f47"))
    assert named == classes
    assert one["class_uncertain"] == (None in classes)
    assert one["interval_s"] == (1 if point == "S" else 60)


async def test_half_a_cycle_goes_by_the_frequency(reader: httpx.AsyncClient) -> None:
    one = await found(reader, "S", 10, hz=60)

    assert one["shortest_s"] == pytest.approx(1 / 120)


async def test_an_event_whose_device_is_not_known_any_more_has_no_class(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"))
    await seeder.run(
        "INSERT INTO event (point_id, kind, start_at, earliest_at, end_at, latest_at, extreme_ppm, phases, device_id)"
        " VALUES ($1, 'dip', $2, $2, $3, $3, 850000, 1, 999)",
        seeder.point_ids["P"], START, START + timedelta(minutes=10),
    )  # fmt: skip

    one = await found(client, "P", 0)

    names = ("interval_s", "shortest_s", "longest_s", "ieee_1159", "en_50160_cell", "itic", "semi_f47")  # fmt: skip
    assert [one[name] for name in names] == [None] * 7
    assert one["class_uncertain"] is True
    assert one["extreme_percent"] == 85.0
