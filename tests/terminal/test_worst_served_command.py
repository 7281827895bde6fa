"""``voltpass worst-served`` lists what the API lists."""

import asyncio
import csv
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from service.__main__ import main
from service.settings import Settings
from tests.api.clients import application, client_of, get
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 2, 29, 16, tzinfo=UTC)
SPAN = ("--from", "2024-03-01", "--to", "2024-04-01")


async def seed(seeder: Seeder) -> None:
    """Put three customers: A was out twice, B once and longer, C as one only told; B has a feeder of its own."""
    feeders = {"B": "F2"}
    regions = {"B": "R2"}
    await seeder.points(
        *(
            NewPoint(
                point=name,
                area="urban",
                feeder=feeders.get(name, "F1"),
                region=regions.get(name, "R1"),
            )
            for name in "ABC"
        )
    )
    await seeder.run(
        """
        INSERT INTO interruption
               (point_id, earliest_at, start_at, end_at, latest_at, evidence, grades, cause)
        VALUES ($1, $2, $2, $3, $3, 'declared', '{declared}', 'fault_internal')
        """,
        seeder.point_ids["C"],
        START,
        START + timedelta(minutes=10),
    )
    for name, first, last in (("A", 0, 60), ("A", 200, 230), ("B", 500, 740)):
        await seeder.run(
            """
            INSERT INTO interruption
                   (point_id, earliest_at, start_at, end_at, latest_at, evidence, grades, cause)
            VALUES ($1, $2, $2, $3, $3, 'measured', '{measured}', 'fault_internal')
            """,
            seeder.point_ids[name],
            START + timedelta(minutes=first),
            START + timedelta(minutes=last),
        )
    await seeder.reach(START + timedelta(days=31))


def run(settings: Settings | None, *arguments: str) -> Result:
    env = {} if settings is None else {"VOLTPASS_DATABASE_DSN": settings.database_dsn}
    return CliRunner(env=env).invoke(main, ["worst-served", *arguments])


@pytest.mark.parametrize(
    ("chosen", "customers"),
    [
        ({}, ["C-A", "C-B", "C-C"]),
        ({"declarations": "without"}, ["C-A", "C-B"]),
        ({"region": "R2"}, ["C-B"]),
        ({"feeder": "F1", "declarations": "without"}, ["C-A"]),
    ],
)
async def test_json_is_what_the_api_answers(
    seeded: Settings, chosen: dict[str, str], customers: list[str]
) -> None:
    async with client_of(application(seeded)) as client:
        expected = await get(
            client, "/v1/worst-served", n=1, **{"from": "2024-03-01", "to": "2024-04-01"}, **chosen
        )

    assert [one["customer"] for one in expected["worst"]] == customers
    options = [word for name, value in chosen.items() for word in (f"--{name}", value)]
    asked = ("--n", "1", *SPAN, *options, "--format", "json")
    found = await asyncio.to_thread(run, seeded, *asked)
    assert json.loads(found.output) == expected


def test_a_csv_has_a_line_of_each_user(seeded: Settings) -> None:
    found = run(seeded, "--total-hours", "1.5", *SPAN, "--format", "csv")

    rows = list(csv.DictReader(found.output.splitlines()))
    assert [(row["customer"], row["interruptions"], row["minutes"]) for row in rows] == [
        ("C-B", "1", "240.0"),
        ("C-A", "2", "90.0"),
    ]


def test_a_table_says_what_is_listed_and_what_is_not_shown(seeded: Settings) -> None:
    text = run(seeded, "--n", "1", *SPAN, "--limit", "1").output

    assert "3 LV users with 1 interruptions or more, 2024-03-01 00:00 to 2024-04-01 00:00" in text
    assert "C-A" in text
    assert "C-B" not in text
    assert "2 more" in text
    assert "causes: all, with declarations" in " ".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give one of --n, --single-hours and --total-hours"),
        (("--n", "1", "--total-hours", "2"), "give one of"),
        (("--single-hours", "0"), "not in the range"),
        (("--n", "1", "--cause", "rats"), "not one of"),
    ],
)
def test_what_cannot_be_listed_is_said(arguments: tuple[str, ...], said: str) -> None:
    found = run(None, *arguments)

    assert found.exit_code == 2
    assert said in found.output
