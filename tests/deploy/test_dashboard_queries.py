"""The SQL of the dashboards, run as a reader: on an empty database, and with a known hour."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from service.settings.parts import DatabaseSettings
from tests.deploy.dashboards import Query, sql_queries

pytestmark = pytest.mark.integration

QUERIES = list(sql_queries())
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # 20:00 in Shanghai
VARIABLES = {
    "$__timeFrom()": "'2026-03-01T16:00:00Z'",  # 2 March in Shanghai
    "$__timeTo()": "'2026-03-02T15:59:59.999Z'",
    "$__interval_ms": "60000",
    "${region:regex}": ".*",
    "${feeder:regex}": "F1|F\\.2",
    "${point:sqlstring}": "'P1'",
}

# One hour of three points: P1 55 minutes at +4 %, 5 at -12 %; P2 30 at nominal, 30 dark;
# P4 20 at nominal, 40 missing, which is too little to have a part in the means.
SEED = """
INSERT INTO point (point, nominal_mv, wiring, region, feeder, transformer, class,
    valid_from, valid_to)
SELECT name, 220000, '1p', 'R1', feeder, transformer, 'D',
       timestamptz '2026-03-02T12:00Z', timestamptz '2026-03-02T13:00Z'
  FROM (VALUES ('P1', 'F1', 'T1'), ('P2', 'F.2', 'T2'), ('P3', 'elsewhere', 'T3'), ('P4', 'F1', 'T1'))
       AS places (name, feeder, transformer);
INSERT INTO page (hour, judgement, point_id, nominal_mv, revision, interval_s, n_phases,
    n_missing, n_pass, n_over, n_under, n_interrupted, n_exempt, n_invalid,
    cell_min, cell_max, cells, marks)
SELECT timestamptz '2026-03-02T12:00Z', 1, point_id, 220000, 1, 60, 1, 0, 55, 0, 5, 0, 0, 0, -1200, 400,
       decode(repeat('9001', 55) || repeat('50fb', 5), 'hex'),
       decode(repeat('f9', 55) || repeat('fb', 5), 'hex')
  FROM point WHERE point = 'P1'
 UNION ALL
SELECT timestamptz '2026-03-02T12:00Z', 1, point_id, 220000, 1, 60, 1, 0, 30, 0, 0, 30, 0, 0, 0, 0,
       decode(repeat('0000', 30) || repeat('f0d8', 30), 'hex'),
       decode(repeat('f9', 30) || repeat('fc', 30), 'hex')
  FROM point WHERE point = 'P2'
 UNION ALL
SELECT timestamptz '2026-03-02T12:00Z', 1, point_id, 220000, 1, 60, 1, 40, 20, 0, 0, 0, 0, 0, 0, 0,
       decode(repeat('0000', 20) || repeat('0080', 40), 'hex'),
       decode(repeat('f9', 20) || repeat('00', 40), 'hex')
  FROM point WHERE point = 'P4';
INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades)
SELECT point_id, '2026-03-02T12:30Z', '2026-03-02T12:30Z', '2026-03-02T13:00Z', '2026-03-02T13:00Z',
       'measured', '{measured}'
  FROM point WHERE point = 'P2';
INSERT INTO partition_progress (topic, partition, epoch, owner, data_through)
VALUES ('t', 0, 1, 'test', '2026-03-02T13:00Z');
INSERT INTO customer (customer, voltage_level_mv, residential, important, user_class, target_area,
    response_area, valid_from)
VALUES ('C1', 220000, true, false, 'LV', 'urban', 'urban', '2020-01-01Z');
INSERT INTO customer_point SELECT customer_id, point_id FROM customer, point WHERE point = 'P1';
"""


@pytest.fixture
async def connection(database: DatabaseSettings) -> AsyncIterator[asyncpg.Connection]:
    """A connection whose changes are undone."""
    connection = await asyncpg.connect(database.database_dsn)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SET LOCAL statement_timeout = '10s'")
    yield connection
    await transaction.rollback()
    await connection.close()


def spelled_out(sql: str) -> str:
    """Return the SQL as Grafana sends it."""
    for name, value in VARIABLES.items():
        sql = sql.replace(name, value)
    assert not re.search(r"\$[_{a-z]", sql), f"a variable is left: {sql}"
    return sql


async def rows_of(connection: asyncpg.Connection, place: str) -> list[dict[str, object]]:
    """Return the rows of the query whose place ends like this."""
    (query,) = (query for query in QUERIES if query.place.endswith(f": {place}"))
    return [dict(row) for row in await fetch(connection, query)]


async def fetch(connection: asyncpg.Connection, query: Query) -> list[asyncpg.Record]:
    """Return the rows of a query, with the rights that Grafana has."""
    await connection.execute("SET LOCAL ROLE voltpass_reader")
    return await connection.fetch(spelled_out(query.text))


@pytest.mark.parametrize("query", QUERIES, ids=str)
async def test_query_runs_where_nothing_is_known(
    connection: asyncpg.Connection, query: Query
) -> None:
    await fetch(connection, query)


@pytest.mark.parametrize("query", QUERIES, ids=str)
async def test_query_answers_where_something_is_known(
    connection: asyncpg.Connection, query: Query
) -> None:
    await connection.execute(SEED)

    rows = await fetch(connection, query)

    assert rows
    if "time" in rows[0]:
        assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)


async def test_figures_of_a_known_hour(connection: asyncpg.Connection) -> None:
    await connection.execute(SEED)

    (area,) = await rows_of(connection, "Areas: residential points against the target: A")
    (by_class,) = await rows_of(connection, "Classes of points: A")
    worst, *others = await rows_of(connection, "Worst points: A")
    (day,) = await rows_of(connection, "Days of $point: A")
    (reliability,) = await rows_of(connection, "Supply reliability: A")
    (minutes,) = await rows_of(connection, "Minutes without supply: A")

    assert area | {"area": "urban", "points": 1, "result": "missed", "target": 0.95} == area
    assert area["pass rate"] == pytest.approx(55 / 60)
    assert (by_class["points"], by_class["not monitored"]) == (3, 1)
    assert by_class["pass rate"] == pytest.approx((55 / 60 + 1) / 2)
    assert by_class["pooled rate"] == pytest.approx(105 / 110)
    assert by_class["method"] == "continuous"
    assert (worst["point"], worst["minutes below"], worst["lowest"]) == ("P1", 5, -12.0)
    assert [other["point"] for other in others] == ["P2", "P4"]
    assert (day["day"], day["pass"], day["under"], day["missing"]) == ("2026-03-02", 55, 5, 0)
    assert reliability["figure"] == pytest.approx(150 / 180)
    assert minutes["figure"] == pytest.approx(10)


async def test_minutes_and_interruptions_of_a_known_hour(connection: asyncpg.Connection) -> None:
    await connection.execute(SEED)

    voltages = await rows_of(connection, "Voltage of $point: A")
    verdicts = await rows_of(connection, "Verdicts of $point: A")
    (interruption,) = await rows_of(connection, "Interruptions: A")

    assert len(voltages) == 60
    assert voltages[0]["time"] == NOON
    assert voltages[0]["phase 1"] == pytest.approx(228.8)
    assert voltages[59]["lowest"] == pytest.approx(193.6)
    assert sum(int(str(row["pass"])) for row in verdicts) == 55
    assert interruption | {"point": "P2", "state": "over", "duration": 1800.0} == interruption
