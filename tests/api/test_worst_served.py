"""Lists of customers with many, or long, interruptions: what a recount of the rows says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.clients import get, problem
from tests.api.seeding import NewPoint, Seeder

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight of 1 March in Shanghai
MARCH = {"from": "2024-03-01", "to": "2024-04-01"}
MINUTE = timedelta(minutes=1)
# point, from, to: minutes; cause
OUTAGES = [
    ("A", 100, 160, "fault_internal"),
    ("A", 500, 560, "planned_maintenance"),
    ("A", 900, 901, "fault_internal"),  # momentary
    ("B", 100, 160, "fault_internal"),
    ("B", 700, 760, "fault_internal"),
    ("B", 1500, 1800, "fault_external"),
    ("C", 100, 580, "supply_shortage"),
    ("D", -300, 60, "fault_internal"),  # began in February
    ("D", 100, 103, "fault_internal"),  # exactly three minutes: momentary
    ("M", 100, 700, "fault_internal"),
]
PLACES = {"A": "R1", "B": "R1", "C": "R2", "D": "R2", "E": "R2", "M": "R2"}


async def seed(seeder: Seeder) -> None:
    for name, region in PLACES.items():
        await seeder.points(
            NewPoint(
                point=name,
                area="urban",
                region=region,
                feeder=f"F-{region}",
                transformer=f"T{name}",
            )
        )
    await seeder.run("UPDATE customer SET user_class = 'MV' WHERE customer = 'C-M'")
    for name, first, last, cause in OUTAGES:
        await seeder.run(
            """
            INSERT INTO interruption
                   (point_id, earliest_at, start_at, end_at, latest_at, evidence, grades, cause)
            VALUES ($1, $2, $2, $3, $3, 'measured', '{measured}', $4)
            """,
            seeder.point_ids[name], START + first * MINUTE, START + last * MINUTE, cause,
        )  # fmt: skip
    await seeder.reach(START + 31 * 1440 * MINUTE)


def rows(found: dict[str, Any]) -> list[tuple[str, int, float, float]]:
    return [
        (
            one["customer"] or one["transformer"],
            one["interruptions"],
            one["longest_minutes"],
            one["minutes"],
        )
        for one in found["worst"]
    ]


A, B = ("C-A", 2, 60.0, 120.0), ("C-B", 3, 300.0, 420.0)
C, D = ("C-C", 1, 480.0, 480.0), ("C-D", 0, 0.0, 60.0)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"n": 1}, [B, A, C]),
        ({"n": 2}, [B, A]),
        ({"n": 3}, [B]),
        ({"n": 4}, []),
        ({"single_hours": 5}, [C, B]),  # exactly five hours are five hours or more
        ({"single_hours": 5.001}, [C]),
        ({"total_hours": 1}, [C, B, A, D]),
        ({"total_hours": 7}, [C, B]),
        ({"n": 1, "region": "R2"}, [C]),
        ({"n": 1, "feeder": "F-R1"}, [B, A]),
        ({"n": 1, "cause": "prearranged"}, [C, ("C-A", 1, 60.0, 60.0)]),
        ({"n": 2, "cause": "fault_internal"}, [("C-B", 2, 60.0, 120.0)]),
        (  # the transformers of A to C, each with one meter
            {"n": 1, "users": "MV"},
            [("TB", *B[1:]), ("TA", *A[1:]), ("C-M", 1, 600.0, 600.0), ("TC", *C[1:])],
        ),
    ],
)
async def test_a_list_has_those_whom_the_index_counts_the_worst_first(
    reader: httpx.AsyncClient, asked: dict[str, Any], expected: list[tuple[str, int, float, float]]
) -> None:
    found = await get(reader, "/v1/worst-served", **asked, **MARCH)

    assert rows(found) == expected
    assert (found["found"], found["next_cursor"]) == (len(expected), None)


async def test_a_list_is_as_long_as_the_index_says(reader: httpx.AsyncClient) -> None:
    [group] = (await get(reader, "/v1/reliability", users="LV", **MARCH))["groups"]

    indices = group["ieee_1366"]
    for name, asked in (("cemi", "n"), ("celid_s", "single_hours"), ("celid_t", "total_hours")):
        for number, n_users in indices[f"{name}_users"].items():
            found = await get(reader, "/v1/worst-served", **{asked: number}, **MARCH)
            assert found["found"] == n_users, (name, number)
            assert indices[name][number] == n_users / 5


async def test_pages_together_are_the_list(reader: httpx.AsyncClient) -> None:
    whole = await get(reader, "/v1/worst-served", total_hours=1, **MARCH)

    found: list[tuple[str, int, float, float]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(reader, "/v1/worst-served", total_hours=1, limit=2, **cursor, **MARCH)
        found += rows(page)
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert found == rows(whole)
    assert page["found"] == 4


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "one of n, single_hours and total_hours"),
        ({"n": 2, "total_hours": 3}, "one of n, single_hours and total_hours"),
        ({"n": 0}, "greater than or equal to 1"),
        ({"total_hours": "nan"}, "less than or equal to 9600"),
        ({"n": 1, "cause": "lightning"}, "fault_internal"),
        ({"n": 1, "cursor": "WyJjdXN0b21lcjpYIl0"}, "not in the list any more"),
        ({"n": 1, "cursor": "x"}, "next_cursor"),
    ],
)
async def test_what_cannot_be_listed_is_a_problem(
    reader: httpx.AsyncClient, asked: dict[str, Any], said: str
) -> None:
    found = await problem(reader, "/v1/worst-served", **asked, **MARCH)

    assert (found["status"], found["code"]) == (422, "invalid_request")
    assert said in found["detail"]
