"""What the views say is what the minutes say, in every zone, stored or counted as it is read."""

import json
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.domain.periods import day_start
from service.settings.parts import DatabaseSettings
from service.store.pool import Connection, Pool
from service.store.rollups import PointDay, roll_up
from tests.store.emptying import empty
from tests.store.ledgers import COUNTERS, MINUTE, Ledger, Ordinary, expected_days, utc

pytestmark = pytest.mark.integration

ZONES = [  # years ago: zone data of Python and of the server may differ in what comes
    ("Asia/Shanghai", "2026-03-27T16:00"),
    ("Asia/Kolkata", "2026-03-27T18:00"),
    ("Asia/Kathmandu", "2026-03-27T18:00"),
    ("Europe/Berlin", "2024-03-30T12:00"),  # a day of 1380 minutes
    ("Europe/Berlin", "2024-10-26T12:00"),  # 1500
    ("Australia/Lord_Howe", "2024-04-06T03:00"),  # clocks go back by half an hour
    ("America/Havana", "2024-03-09T12:00"),  # midnight is skipped
    ("America/Havana", "2024-11-02T12:00"),  # midnight comes twice
    ("Pacific/Apia", "2011-12-29T03:00"),  # a day is skipped
]
N_HOURS = 60


@pytest.fixture
async def connection(database: DatabaseSettings) -> AsyncIterator[Connection]:
    async with Pool(database, "migrator", max_size=1) as pool, pool.connection() as lent:
        await empty(lent)
        yield lent


async def insert(connection: Connection, table: str, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    await connection.copy_records_to_table(
        table, columns=names, records=[[row[name] for name in names] for row in rows]
    )


async def store(
    connection: Connection, ledgers: list[Ledger], ordinary: Ordinary, data_through: datetime
) -> None:
    await connection.execute("UPDATE deployment SET zone = $1", ordinary.zone.key)
    await connection.execute(
        "INSERT INTO partition_progress (topic, partition, epoch, owner, data_through) VALUES ('t', 0, 1, 'c', $1)",
        data_through,
    )
    for ledger in ledgers:
        await connection.execute(
            "INSERT INTO point (point, nominal_mv, wiring, class, feeder, valid_from, valid_to)"
            " VALUES ('P' || $1::integer, 220000, CASE WHEN $2 = 1 THEN '1p' ELSE '3p4w' END, 'D', 'F1', $3, $4)",
            ledger.point_id,
            ledger.n_phases,
            ledger.valid_from,
            ledger.valid_to,
        )
        ordinary.settle(ledger)
        await insert(connection, "page", ledger.pages)
    await connection.execute(
        "INSERT INTO declaration (kind, ticket, author, approver, from_at, to_at)"
        " VALUES ('abnormal_state', 'T1', 'a', 'b', $1, $2)",
        *ordinary.abnormal,
    )
    await connection.execute(
        "INSERT INTO declaration_scope VALUES (1, 'feeder', 'F1'), (1, 'point', 'P1')"
    )
    await connection.executemany(
        "INSERT INTO power_factor_exemption VALUES ($1, $2, 0.85, 0.9)",
        list(ordinary.exempt_months),
    )


async def days(connection: Connection) -> dict[tuple[int, date], dict[str, int | None]]:
    rows = await connection.fetch(
        "SELECT *, round(100 * deviation_min_percent)::integer AS cell_min,"
        "          round(100 * deviation_max_percent)::integer AS cell_max,"
        "          round(100 * spread_min_percent)::integer AS spread_min,"
        "          round(100 * spread_max_percent)::integer AS spread_max"
        "  FROM v_point_day"
    )
    names = ("n_due", *COUNTERS, "cell_min", "cell_max", "spread_min", "spread_max")
    assert len({(row["point_id"], row["day"]) for row in rows}) == len(rows)
    return {(row["point_id"], row["day"]): {name: row[name] for name in names} for row in rows}


def case(zone: str, start: str) -> tuple[list[Ledger], Ordinary, datetime]:
    """Two points from ``start`` on; the second begins in mid-hour, and ends in one; data end in mid-minute."""
    from_at = utc(start)
    end = from_at + timedelta(hours=N_HOURS)
    validities = [(from_at, end + timedelta(days=9)), (from_at + 95 * MINUTE, end - 195 * MINUTE)]
    ledgers = [
        Ledger(
            point_id=nth + 1,
            n_phases=(1, 3)[nth],
            from_at=from_at,
            n_hours=N_HOURS,
            valid_from=valid_from,
            valid_to=valid_to,
            seed=nth,
        )
        for nth, (valid_from, valid_to) in enumerate(validities)
    ]
    month = (from_at + timedelta(days=1)).astimezone(ZoneInfo(zone)).date().replace(day=1)
    ordinary = Ordinary(
        abnormal=(
            from_at + timedelta(hours=7, seconds=29),
            from_at + timedelta(hours=31, seconds=30),
        ),
        exempt_months=frozenset({(2, month)}),
        zone=ZoneInfo(zone),
    )
    return ledgers, ordinary, end - timedelta(minutes=25, seconds=1)


def cut(ledgers: list[Ledger], data_through: datetime) -> None:
    """What has not come yet is missing, but for interruptions and exemptions, which are known ahead."""
    for ledger in ledgers:
        for page in ledger.pages:
            assert isinstance(page["hour"], datetime)
            if page["hour"] + timedelta(hours=1) > data_through:
                ledger.pages.remove(page)
                for m in range(60):
                    ledger.verdict.pop(page["hour"] + m * MINUTE)
                    ledger.cells.pop(page["hour"] + m * MINUTE)


@pytest.mark.parametrize(("zone", "start"), ZONES)
async def test_days_are_what_their_minutes_say(
    connection: Connection, zone: str, start: str
) -> None:
    ledgers, ordinary, data_through = case(zone, start)
    cut(ledgers, data_through)
    await store(connection, ledgers, ordinary, data_through)
    expected = {
        (ledger.point_id, day): counted
        for ledger in ledgers
        for day, counted in expected_days(ledger, ordinary, data_through).items()
    }

    assert await days(connection) == expected

    await roll_up(connection, [PointDay(point_id, day) for point_id, day in expected])
    assert await connection.fetchval("SELECT count(*) FROM point_day") >= len(expected) - 2
    assert await days(connection) == expected

    await connection.execute(
        "UPDATE point_day SET n_pass = 0;"
        " INSERT INTO dirty_day SELECT point_id, day, 1 FROM point_day"
    )
    assert await days(connection) == expected


@pytest.mark.parametrize(("zone", "start"), ZONES[:2])
async def test_minutes_and_months_say_the_same_as_days(
    connection: Connection, zone: str, start: str
) -> None:
    ledgers, ordinary, data_through = case(zone, start)
    cut(ledgers, data_through)
    await store(connection, ledgers, ordinary, data_through)

    minutes = await connection.fetch(
        "SELECT point_id, (minute AT TIME ZONE $1)::date AS day, verdict, count(*) AS n FROM v_point_minute"
        " WHERE verdict <> 'missing' GROUP BY 1, 2, 3",
        zone,
    )
    months = await connection.fetch(
        "SELECT point, sum(n_due) AS n_due, sum(n_pass) AS n_pass"
        "  FROM v_point_month GROUP BY 1 ORDER BY 1"
    )

    by_day = await days(connection)
    for row in minutes:
        assert by_day[row["point_id"], row["day"]].pop(f"n_{row['verdict']}") == row["n"]
    by_day = await days(connection)
    for point_id, row in enumerate(months, start=1):
        for name in ("n_due", "n_pass"):
            of_point = [
                counted[name] or 0 for (one, _), counted in by_day.items() if one == point_id
            ]
            assert row[name] == sum(of_point)


async def test_what_is_known_ahead_does_not_count_before_it_is_due(connection: Connection) -> None:
    ledgers, ordinary, data_through = case("Asia/Shanghai", "2026-03-27T16:00")
    ledger = ledgers[0]
    last = data_through.replace(minute=0, second=0)
    await store(connection, ledgers, ordinary, data_through)
    await connection.execute(
        "UPDATE page SET n_interrupted = 60, n_missing = 0, n_pass = 0, n_over = 0, n_under = 0, n_exempt = 0,"
        " n_invalid = 0, cell_min = NULL, cell_max = NULL, spread_min = NULL, spread_max = NULL,"
        " marks = decode(repeat('04', 60), 'hex') WHERE hour = $1 AND point_id = 1",
        last,
    )
    had_page = any(page["hour"] == last for page in ledger.pages)

    row = await connection.fetchrow(
        "SELECT n_due, n_missing, n_interrupted FROM v_point_day WHERE day = $1 AND point_id = 1",
        data_through.astimezone(ordinary.zone).date(),
    )
    minutes = await connection.fetchval(
        "SELECT count(*) FROM v_point_minute WHERE hour = $1 AND point_id = 1", last
    )

    assert had_page
    assert row is not None
    midnight = day_start(data_through.astimezone(ordinary.zone).date(), ordinary.zone)
    assert row["n_due"] == -((midnight - data_through) // MINUTE)
    before = [
        ledger.verdict.get(last - nth * MINUTE) for nth in range(1, (last - midnight) // MINUTE + 1)
    ]
    assert row["n_interrupted"] == before.count(4) + 35
    assert minutes == 35


@pytest.mark.parametrize("zone", [*sorted({zone for zone, _ in ZONES}), "America/Sao_Paulo", "UTC"])
async def test_a_day_begins_when_python_says(connection: Connection, zone: str) -> None:
    rows = await connection.fetch(
        "SELECT day::date, day_start(day::date, $1) AS at"
        "  FROM generate_series('2008-01-01'::timestamp, '2025-01-01', interval '1 day') AS day",
        zone,
    )

    wrong = [row["day"] for row in rows if row["at"] != day_start(row["day"], ZoneInfo(zone))]

    assert wrong == []


async def test_the_rates_of_a_day_are_those_of_the_reference(connection: Connection) -> None:
    """domain reference 2.3: 1350 good, 60 bad, 20 dark, 10 missing."""
    await connection.execute(
        "INSERT INTO partition_progress (topic, partition, epoch, owner, data_through)"
        " VALUES ('t', 0, 1, 'c', '2026-03-02 16:00Z');"
        " INSERT INTO point (point, nominal_mv, wiring, class, valid_from)"
        " VALUES ('P1', 220000, '1p', 'D', '2026-02-28 16:00Z');"
        " INSERT INTO point_day VALUES (1, '2026-03-01', 1350, 36, 24, 20, 0, 0, -900, 800, NULL, NULL, 900)"
    )

    row, silent = await connection.fetch("SELECT * FROM v_point_day ORDER BY day")

    assert row["n_missing"] == 10
    assert row["rate"] == 1350 / 1410
    assert (row["lower"], row["upper"], row["coverage"]) == (1350 / 1420, 1360 / 1420, 1410 / 1420)
    assert (row["deviation_min_percent"], row["method"]) == (-9.0, "sampled")
    assert (silent["n_missing"], silent["rate"], silent["lower"], silent["upper"]) == (
        1440,
        None,
        0,
        1,
    )
    assert (silent["coverage"], silent["method"]) == (0, None)


async def test_a_minute_shows_its_evidence(connection: Connection) -> None:
    ledgers, ordinary, data_through = case("Asia/Shanghai", "2026-03-27T16:00")
    cut(ledgers, data_through)
    await store(connection, ledgers, ordinary, data_through)
    ledger = ledgers[1]

    rows = await connection.fetch(
        "SELECT * FROM point_minutes('P2', $1, $2) ORDER BY minute",
        ledger.valid_from + 30 * MINUTE,
        ledger.valid_from + 200 * MINUTE,
    )

    assert rows
    for row in rows:
        page = next(page for page in ledger.pages if page["hour"] == row["hour"])
        m = (row["minute"] - row["hour"]) // MINUTE
        cells, marks = page["cells"], page["marks"]
        assert isinstance(cells, bytes)
        assert isinstance(marks, bytes)
        for phase in range(3):
            place = 60 * phase + m
            cell = int.from_bytes(cells[2 * place : 2 * place + 2], "little", signed=True)
            deviation = None if cell == -32768 else cell / 100
            assert row[f"deviation_{phase + 1}_percent"] == deviation
            if deviation is not None:
                assert row[f"voltage_{phase + 1}_v"] == pytest.approx(220 * (1 + deviation / 100))
            assert row[f"share_{phase + 1}_eighths"] == marks[place] >> 5
            sources = ("missing", "invalid", "estimated", "good")
            assert row[f"source_{phase + 1}"] == sources[marks[place] >> 3 & 3]
        assert row["verdict"] == COUNTERS[ledger.verdict[row["minute"]]].removeprefix("n_")


async def test_a_filter_on_point_and_days_reads_few_pages(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO partition_progress (topic, partition, epoch, owner, data_through)"
        " VALUES ('t', 0, 1, 'c', '2026-03-11 00:00Z');"
        " INSERT INTO point (point, nominal_mv, wiring, class, valid_from)"
        " SELECT 'P' || n, 220000, '1p', 'D', '2026-03-01 00:00Z' FROM generate_series(1, 200) AS n;"
        " INSERT INTO page (hour, judgement, point_id, nominal_mv, revision, interval_s, n_phases, n_missing, n_pass,"
        " n_over, n_under, n_interrupted, n_exempt, n_invalid, cells, marks)"
        " SELECT '2026-03-01Z'::timestamptz + h * interval '1 hour', 1, p, 220000, 1, 60, 1, 0, 60, 0, 0, 0, 0, 0,"
        " decode(repeat('0000', 60), 'hex'), decode(repeat('f9', 60), 'hex')"
        " FROM generate_series(0, 239) AS h, generate_series(1, 200) AS p;"
        " ANALYZE"
    )

    for sql, most in [
        ("SELECT * FROM v_point_day WHERE point = 'P7' AND day = '2026-03-05'", 24),
        (
            "SELECT * FROM v_point_day WHERE point = 'P7' AND day BETWEEN '2026-03-05' AND '2026-03-06'",
            48,
        ),
        ("SELECT * FROM v_point_month WHERE point = 'P7' AND month = '2026-03-01'", 240),
        ("SELECT * FROM point_minutes('P7', '2026-03-05 00:00Z', '2026-03-05 02:00Z')", 2),
        ("SELECT * FROM v_point_day WHERE day = '2026-03-05'", 200 * 24),
    ]:
        plan = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        assert pages_read(plan) <= most, sql


def pages_read(plan: str) -> int:
    """Return how many rows of pages a plan has read, also those that a filter threw away."""
    todo, n_rows = [one["Plan"] for one in json.loads(plan)], 0.0
    while todo:
        node = todo.pop()
        todo += node.get("Plans", [])
        name = node.get("Relation Name", "")
        is_leaf = "Plans" not in node
        if is_leaf and (name == "page" or "_hyper_" in name):
            read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            n_rows += read * node["Actual Loops"]
    return round(n_rows)
