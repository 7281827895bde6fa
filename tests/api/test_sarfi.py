"""SARFI over HTTP: what counts, over which points, and what the readings leave open; equal to a plain recount."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import httpx
import pytest

from service.domain.event_classes import VoltageEvent
from service.domain.event_tables import load_event_tables
from service.domain.sarfi import sarfi_index, sarfi_names
from tests.api.clients import get, problem
from tests.api.seeding import NewPoint, Seeder

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight in Shanghai
DAY = timedelta(days=1)
MARCH = {"from": "2024-03-01", "to": "2024-04-01"}
TABLES = load_event_tables()
DAYS = 3


@dataclass(frozen=True)
class Seen:
    """An event as a device wrote it: seconds after midnight."""

    point: str
    kind: str
    at_s: float
    lasts_s: float | None
    ppm: int
    slack_s: float = 0  # how far the edges are not known, on both sides


# Parts of one event stand together; each inner list is one event.
EVENTS = [
    [Seen("A1", "dip", 100, 10, 850_000)],
    [Seen("A1", "dip", 200, 1, 600_000)],  # one reading: a cycle, or three seconds
    # It goes down, is away, comes back: one event of 12 s down to 2 %.
    [
        Seen("A1", "dip", 300, 5, 400_000),
        Seen("A1", "interruption", 305, 4, 20_000),
        Seen("A1", "dip", 309, 3, 700_000),
    ],
    # One phase is lost for longer; the dips of others meanwhile are no events of their own.
    [Seen("A1", "phase_loss", 400, 300, 10_000), Seen("A1", "dip", 450, 5, 800_000)],
    [Seen("A1", "dip", 5000, 60, 890_000)],  # 58 to 62 s
    [Seen("A1", "dip", 6000, 62, 890_000)],  # 60 to 64 s
    [Seen("A1", "dip", 7000, 63, 890_000)],  # longer than a minute, certainly
    [Seen("A1", "swell", 8000, 10, 1_150_000)],
    [Seen("A1", "swell", 9000, 10, 1_450_000), Seen("A1", "swell", 9010, 2, 1_200_000)],
    [Seen("A1", "dip", 8000, 10, 899_999)],  # beside the swell
    [Seen("A1", "dip", 10_000, 20, 850_000, slack_s=100)],  # readings were missing around it
    [Seen("A2", "dip", 100, 10, 750_000)],
    [Seen("A2", "dip", 3 * 86_400 - 20, None, 750_000)],  # lasts: 20 s so far
    [Seen("B1", "dip", 100, 60, 850_000)],  # of one-minute readings: nothing is certain
    [Seen("B1", "dip", 1000, 600, 850_000)],
    [Seen("B2", "dip", 100, 10, 100_000)],  # not monitored
]
INTERVALS_S = {"A1": 1, "A2": 1, "A3": 1, "B1": 60, "B2": 1}
MONITORED = {"R1": ["A1", "A2", "A3"], "R2": ["B1"]}


async def seed(seeder: Seeder) -> None:
    """Put three points into a region and two into another, one of which is silent most of the time."""
    for name, interval_s in INTERVALS_S.items():
        area = None if name == "A3" else "urban" if name[0] == "A" else "rural"
        await seeder.points(
            NewPoint(point=name, region=f"R{'AB'.index(name[0]) + 1}", feeder=name, area=area)
        )
        await seeder.device(name, f"M-{name}", interval_s=interval_s)
        n_minutes = 1440 * DAYS if name != "B2" else 1000
        # A3 is dark for a day: known, and not silent.
        cells = [-10_000 if name == "A3" and i < 1440 else 0 for i in range(n_minutes)]
        await seeder.minutes(name, START, [cells], interval_s=interval_s)
    for one in [part for parts in EVENTS for part in parts]:
        await add(seeder, one)
    before = Seen("A2", "dip", -5, 5, 300_000)  # and goes on within the days: it began before them
    await add(seeder, before)
    await add(seeder, Seen("A2", "interruption", 0, 5, 20_000))
    await seeder.reach(START + DAYS * DAY)


async def add(seeder: Seeder, one: Seen) -> None:
    start = START + timedelta(seconds=one.at_s)
    slack = timedelta(seconds=one.slack_s)
    end = None if one.lasts_s is None else start + timedelta(seconds=one.lasts_s)
    await seeder.run(
        "INSERT INTO event (point_id, kind, start_at, earliest_at, end_at, latest_at, extreme_ppm, phases, device_id)"
        " SELECT $1, $2, $3, $4, $5, $6, $7, 1, device_id FROM device WHERE point_id = $1",
        seeder.point_ids[one.point], one.kind, start, start - slack, end,
        None if end is None else end + slack, one.ppm,
    )  # fmt: skip


def recount(region: str, name: str, hz: int) -> tuple[int, int, int]:
    """Return the events of a region that an index counts: certain, as seen, possible."""
    index = sarfi_index(name, TABLES, hz)
    n_certain, n_seen, n_possible = 0, 0, 0
    for parts in EVENTS:
        if parts[0].point not in MONITORED[region]:
            continue
        if (parts[0].kind == "swell") != index.is_above:
            continue
        first = min(part.at_s for part in parts)
        last = max(
            DAYS * 86_400 if part.lasts_s is None else part.at_s + part.lasts_s for part in parts
        )
        slack, interval_s = 2 * parts[0].slack_s, INTERVALS_S[parts[0].point]
        pick = max if index.is_above else min
        voltage_pu = Fraction(pick(part.ppm for part in parts), 1_000_000)
        shortest = max(Fraction(1, 2 * hz), Fraction(last - first) - 2 * interval_s)
        longest = Fraction(last - first + slack) + 2 * interval_s
        # All durations there are, on a grid of 20 ms and at both ends.
        grid = [Fraction(i, 50) for i in range(int(shortest * 50) + 1, int(longest * 50))]
        counted = [
            index.counts(VoltageEvent(voltage_pu=voltage_pu, duration_s=each))
            for each in [shortest, *grid, longest]
        ]
        seen = VoltageEvent(voltage_pu=voltage_pu, duration_s=Fraction(last - first))
        n_certain += all(counted)
        n_seen += index.counts(seen)
        n_possible += any(counted)
    return n_certain, n_seen, n_possible


@pytest.mark.parametrize("hz", [50, 60])
@pytest.mark.parametrize("name", sarfi_names(TABLES))
async def test_every_index_is_a_plain_recount(
    reader: httpx.AsyncClient, name: str, hz: int
) -> None:
    answer = await get(reader, "/v1/sarfi", group_by="region", x=name, frequency=hz, **MARCH)

    assert answer["index"] == f"SARFI-{name}"
    assert [one["group"] for one in answer["groups"]] == ["R1", "R2"]
    for one in answer["groups"]:
        n_certain, n_seen, n_possible = recount(one["group"], name, hz)
        found = (one["events_certain"], one["events"], one["events_possible"])
        assert found == (n_certain, n_seen, n_possible)
        n_points = len(MONITORED[one["group"]])
        assert one["monitored"] == n_points
        assert one["sarfi"] == pytest.approx(n_seen / n_points)
        assert one["lower"] == pytest.approx(n_certain / n_points)
        assert one["upper"] == pytest.approx(n_possible / n_points)
        assert one["per_30_days"] == pytest.approx(n_seen * 30 / (n_points * DAYS))
        assert one["per_365_days"] == pytest.approx(n_seen * 365 / (n_points * DAYS))


async def test_the_numbers_of_sarfi_90(reader: httpx.AsyncClient) -> None:
    answer = await get(reader, "/v1/sarfi", group_by="region", **MARCH)

    first, second = answer["groups"]
    assert (first["points"], first["monitored"], first["events"]) == (3, 3, 8)
    assert (first["events_certain"], first["events_possible"]) == (6, 9)
    assert (first["method"], first["interval_s"]) == ("continuous", 1)
    assert (second["points"], second["monitored"]) == (2, 1)  # one is silent most of the time
    assert (second["events_certain"], second["events"], second["events_possible"]) == (0, 1, 1)
    assert "lowest (x above 100: highest) RMS of a reading" in answer["single_event_method"]


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        ("region", {"R1": 3, "R2": 1}),
        ("feeder", {"A1": 1, "A2": 1, "A3": 1, "B1": 1, "B2": 0}),
        ("area", {"none": 1, "rural": 1, "urban": 2}),
    ],
)
async def test_groups_of_points(
    reader: httpx.AsyncClient, group_by: str, groups: dict[str, int]
) -> None:
    answer = await get(reader, "/v1/sarfi", group_by=group_by, **MARCH)

    assert {one["group"]: one["monitored"] for one in answer["groups"]} == groups
    totals = sum(one["events"] for one in answer["groups"])
    assert totals == 9


async def test_a_group_without_a_monitored_point_has_no_index(reader: httpx.AsyncClient) -> None:
    answer = await get(reader, "/v1/sarfi", group_by="feeder", region="R2", **MARCH)

    found = {one["group"]: one for one in answer["groups"]}
    assert set(found) == {"B1", "B2"}
    names = ("sarfi", "lower", "upper", "per_30_days", "per_365_days", "method", "interval_s")
    assert [found["B2"][name] for name in names] == [None] * len(names)


async def test_only_events_that_begin_within_the_days_count(reader: httpx.AsyncClient) -> None:
    second_day = {"from": "2024-03-02", "to": "2024-03-03"}
    answer = await get(reader, "/v1/sarfi", group_by="feeder", **second_day)
    down_to_dark = await get(reader, "/v1/sarfi", group_by="feeder", x="10", **MARCH)

    assert [one["events"] for one in answer["groups"]] == [0, 0, 0, 0, 0]
    # Of A2 an interruption begins with the days, but goes on from a dip of the day before.
    counted = {one["group"]: one["events"] for one in down_to_dark["groups"]}
    assert counted == {"A1": 1, "A2": 0, "A3": 0, "B1": 0, "B2": 0}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"group_by": "region", "x": "85"}, "x must be one of 140, 120, 110, 90, 80"),
        ({"group_by": "region", "frequency": "55"}, "'50' or '60'"),
        ({"group_by": "class"}, "'region', 'feeder' or 'area'"),
        ({"x": "90"}, "group_by: Field required"),
        ({"group_by": "area", "from": "2020-01-01", "to": "2024-01-01"}, "at most 400"),
        ({"group_by": "area", "from": "2024-03-01T00:30:00+08:00"}, "from must be a day"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    reader: httpx.AsyncClient, params: dict[str, Any], message: str
) -> None:
    found = await problem(reader, "/v1/sarfi", **params)

    assert found["status"] == 422
    assert message in found["detail"]
