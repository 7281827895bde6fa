"""The SQL of the dashboards, run as a reader: on an empty database, and with a known hour."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from service.domain.clock_findings import judge_clock
from service.settings.parts import DatabaseSettings
from tests.deploy.dashboards import Query, sql_queries
from tests.deploy.expander import ALL, Scene, sql_of

pytestmark = pytest.mark.integration

QUERIES = sql_queries()
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # 20:00 in Shanghai
MIDNIGHT = datetime(2026, 3, 1, 16, tzinfo=UTC)  # in Shanghai
SCENE = Scene(
    from_at=MIDNIGHT,
    to_at=MIDNIGHT + timedelta(days=1, milliseconds=-1),
    n_points_max=1440,  # so that a point of a series is a minute
    choices={
        "organisation": ALL,
        "region": ["R1"],
        "feeder": ["F1", "F.2"],
        "transformer": ALL,
        "point": "P1",
    },
)

# One hour of three points: P1 55 minutes at +4 %, 5 at -12 %; P2 30 at nominal, 30 dark;
# P4 20 at nominal, 40 missing, which is too little to have a part in the means.
SEED = """
INSERT INTO point (point, nominal_mv, wiring, organisation, region, feeder, transformer, class,
    valid_from, valid_to)
SELECT name, 220000, '1p', 'O1', 'R1', feeder, transformer, 'D',
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
INSERT INTO outage (place, code, feeder, earliest_at, start_at, end_at, last_end_at, evidence, n_points, n_nested,
    n_customers)
VALUES ('point', 'P2', 'F.2', '2026-03-02T12:30Z', '2026-03-02T12:30Z', '2026-03-02T13:00Z', '2026-03-02T13:00Z',
    'measured', 1, 0, 2);
INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades, outage_id)
SELECT point_id, '2026-03-02T12:30Z', '2026-03-02T12:30Z', '2026-03-02T13:00Z', '2026-03-02T13:00Z',
       'measured', '{measured}', outage_id
  FROM point CROSS JOIN outage WHERE point = 'P2';
INSERT INTO interruption (point_id, start_at, earliest_at, evidence, grades)
SELECT point_id, '2026-03-02T12:40Z', '2026-03-02T12:40Z', 'declared', '{declared}'
  FROM point WHERE point = 'P4';
INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades)
SELECT point_id, '2026-03-02T12:00Z', '2026-03-02T12:00Z', '2026-03-02T12:01Z', '2026-03-02T12:01Z',
       'inferred', '{inferred}'
  FROM point WHERE point = 'P1';
INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades)
SELECT point_id, '2026-03-02T12:01Z', '2026-03-02T12:01Z', '2026-03-02T12:04Z', '2026-03-02T12:04Z',
       'meter_event', '{meter_event}'
  FROM point WHERE point = 'P1';
INSERT INTO event (point_id, kind, start_at, earliest_at, end_at, latest_at, extreme_ppm, phases, device_id)
SELECT point_id, 'dip', '2026-03-02T12:55Z', '2026-03-02T12:55Z', '2026-03-02T12:59Z', '2026-03-02T13:00Z', 880000, 1, 1
  FROM point WHERE point = 'P1';
INSERT INTO communication_incident (place, code, from_at, against, n_due, n_usual, n_silent)
VALUES ('transformer', 'T1', '2026-03-02T12:20Z', 'usual', 9, 9, 8);
INSERT INTO communication_incident_point
SELECT incident_id, point_id, '2026-03-02T12:20Z', '2026-03-02T13:00Z', 'under'
  FROM communication_incident CROSS JOIN point WHERE point = 'P4';
INSERT INTO device (device, point_id, voltage_ratio, reading_kind, interval_s, stamp_at, zone, delivery_delay_s,
    self_powered, concentrator, valid_from)
SELECT 'M-' || point, point_id, 1, 'mean', 60, 'start', 'UTC', 60, false, '', '2020-01-01Z'
  FROM point;
INSERT INTO device_clock (device_id, day, delay_ms)
SELECT device_id, '2026-03-02', delay_ms
  FROM (VALUES ('M-P1', -28800500), ('M-P2', 45000), ('M-P3', 99999999), ('M-P4', 260000)) AS seen (device, delay_ms)
  JOIN device USING (device);
INSERT INTO dead_letter (topic, partition, kafka_offset, index_in_message, reason, detail, device, record_at)
SELECT 't', 0, n, 0, 'unknown_device', 'device ''d9'' is not registered', 'd9', '2026-03-02T12:00Z'
  FROM generate_series(1, 3) AS n;
INSERT INTO partition_progress (topic, partition, epoch, owner, data_through)
VALUES ('t', 0, 1, 'test', '2026-03-02T13:00Z');
INSERT INTO customer (customer, voltage_level_mv, residential, important, user_class, target_area,
    response_area, valid_from)
VALUES ('C1', 220000, true, false, 'LV', 'urban', 'urban', '2020-01-01Z');
INSERT INTO customer (customer, voltage_level_mv, residential, important, user_class, target_area,
    response_area, valid_from)
SELECT name, 220000, false, false, 'LV', 'urban', 'urban', '2020-01-01Z'
  FROM (VALUES ('C2'), ('C12'), ('C4')) AS names (name);
INSERT INTO customer_point
SELECT customer_id, point_id
  FROM (VALUES ('C1', 'P1'), ('C2', 'P2'), ('C12', 'P1'), ('C12', 'P2'), ('C4', 'P4')) AS supplied (customer, point)
  JOIN customer USING (customer)
  JOIN point USING (point);
INSERT INTO declaration (kind, ticket, author, approver, cause, from_at, to_at, outage_kind, window_from, window_to,
    notice_at, notice_fields)
VALUES ('outage', 'W1', 'a', 'b', 'planned_maintenance', '2026-03-02T12:40Z', '2026-03-02T13:20Z', 'planned',
    '2026-03-02T12:45Z', '2026-03-02T13:00Z', '2026-02-23T12:46Z', '{area,off}'),
    ('outage', 'W2', 'a', 'b', '', NULL, NULL, 'temporary', '2026-03-02T14:00Z', '2026-03-02T15:00Z',
    '2026-03-01T14:00Z', '{}'),
    ('abnormal_state', 'W3', 'a', 'b', '', '2026-03-02T12:00Z', '2026-03-02T12:10Z', NULL, NULL, NULL, NULL, '{}');
INSERT INTO declaration_scope SELECT declaration_id, 'feeder', 'F1' FROM declaration;
INSERT INTO fault_call (call, customer, response_area, called_at, arrived_at, restored_at, severe_weather, author)
VALUES ('H1', 'C1', 'urban', '2026-03-02T12:00Z', '2026-03-02T12:45Z', '2026-03-02T12:50Z', false, 'a'),
    ('H2', 'C1', 'urban', '2026-03-02T12:00Z', NULL, '2026-03-02T12:46Z', false, 'a'),
    ('H3', 'C2', 'urban', '2026-03-02T12:30Z', NULL, NULL, false, 'a'),
    ('H4', 'C2', 'rural', '2026-03-02T12:00Z', '2026-03-02T16:00Z', NULL, true, 'a');
INSERT INTO deadline (reference, promise, subject, opened_at, author)
VALUES ('K1', 'supply_plan', 'low_voltage', '2026-02-20Z', 'a');
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


async def rows_of(connection: asyncpg.Connection, place: str) -> list[dict[str, object]]:
    """Return the rows of the query that stands at a place of the English dashboards."""
    (query,) = (query for query in QUERIES if query.place == f"en/{place}: A")
    return [dict(row) for row in await fetch(connection, query)]


async def fetch(connection: asyncpg.Connection, query: Query) -> list[asyncpg.Record]:
    """Return the rows of a query, with the rights that Grafana has."""
    await connection.execute("SET LOCAL ROLE voltpass_reader")
    return await connection.fetch(sql_of(query.text, SCENE))


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
    assert len(rows) == 1 or not query.is_stat
    assert any(value is not None for row in rows for value in row.values())
    if query.fields:
        assert list(query.fields) == [name for name in dict(rows[0]) if name != "time"]
    if "time" in rows[0]:
        assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)


async def test_rates_of_a_known_hour(connection: asyncpg.Connection) -> None:
    await connection.execute(SEED)

    (area,) = await rows_of(connection, "fleet.json: Areas: residential points against the target")
    (by_class,) = await rows_of(connection, "voltage.json: Classes of points")
    (level,) = await rows_of(connection, "voltage.json: Voltage levels")
    worst, *others = await rows_of(connection, "voltage.json: Worst points")
    (day,) = await rows_of(connection, "point.json: Days of $point")

    assert area | {"area": "urban", "points": 1, "result": "missed", "target": 0.95} == area
    assert area["pass_rate"] == pytest.approx(55 / 60)
    assert (by_class["points"], by_class["not_monitored"]) == (3, 1)
    assert by_class["pass_rate"] == pytest.approx((55 / 60 + 1) / 2)
    assert by_class["pooled_rate"] == pytest.approx(105 / 110)
    assert by_class["method"] == "continuous"
    assert (level["nominal"], level["lowest_voltage"]) == (220.0, pytest.approx(193.6))
    assert (worst["point"], worst["minutes_below"], worst["lowest"]) == ("P1", 5, -12.0)
    assert [other["point"] for other in others] == ["P2", "P4"]
    assert (day["day"], day["pass"], day["under"], day["missing"]) == ("2026-03-02", 55, 5, 0)


async def test_customers_without_supply_in_a_known_hour(connection: asyncpg.Connection) -> None:
    """C1 3 minutes, C2 30, C4 20 so far; C12 is never dark: its points were in turn."""
    await connection.execute(SEED)
    hours_of_day = 21  # up to where the data reach

    (reliability,) = await rows_of(connection, "fleet.json: Supply reliability of customers")
    (hours,) = await rows_of(connection, "fleet.json: Hours per customer")
    (number,) = await rows_of(connection, "fleet.json: Interruptions per customer")
    (interrupted,) = await rows_of(connection, "fleet.json: Customers interrupted")
    (day,) = await rows_of(connection, "fleet.json: Minutes per customer by day")
    feeders = await rows_of(connection, "fleet.json: Feeders by minutes per customer")
    causes = await rows_of(connection, "supply.json: Customer hours by cause and evidence")

    assert reliability["supply_reliability"] == pytest.approx(1 - 53 / (4 * hours_of_day * 60))
    assert hours["hours_per_customer"] == pytest.approx(53 / 60 / 4)
    assert number["interruptions_per_customer"] == pytest.approx(3 / 4)
    assert interrupted["customers_interrupted"] == 3
    assert day == {"time": MIDNIGHT, "minutes_per_customer": pytest.approx(53 / 4)}
    assert [(row["feeder"], row["minutes_per_customer"]) for row in feeders] == [
        ("F.2", pytest.approx(30)),
        ("F1", pytest.approx(23 / 3)),
    ]
    assert {row["evidence"]: row["customer_hours"] for row in causes} == {
        "measured": pytest.approx(2 * 0.5),
        "declared": pytest.approx(20 / 60),
        "meter_event": pytest.approx(2 * 3 / 60),
    }


async def test_minutes_and_interruptions_of_a_known_hour(connection: asyncpg.Connection) -> None:
    await connection.execute(SEED)

    voltages = await rows_of(connection, "point.json: Voltage of $point")
    verdicts = await rows_of(connection, "point.json: Verdicts of $point")
    interruptions = await rows_of(connection, "supply.json: Interruptions of points")
    (outage,) = await rows_of(connection, "supply.json: Outages of the network")

    assert len(voltages) == 60
    assert voltages[0]["time"] == NOON
    assert voltages[0]["phase_1"] == pytest.approx(228.8)
    assert voltages[59]["lowest"] == pytest.approx(193.6)
    assert sum(int(str(row["pass"])) for row in verdicts) == 55
    assert [(row["point"], row["state"], row["duration"]) for row in interruptions] == [
        ("P4", "open", 1200.0),
        ("P2", "over", 1800.0),
        ("P1", "over", 180.0),
        ("P1", "over", 60.0),
    ]
    assert (outage["code"], outage["customers"], outage["duration"]) == ("P2", 2, 1800.0)


async def test_clocks_that_are_furthest_off_come_first(connection: asyncpg.Connection) -> None:
    """M-P1 is in another zone; M-P4 is 200 s later than the registry expects; M-P3 is not of a chosen feeder."""
    await connection.execute(SEED)

    found = await rows_of(connection, "pipeline.json: Clocks furthest off")

    assert [(one["device"], one["clock_error"]) for one in found] == [
        ("M-P1", -28800.5),
        ("M-P4", 200.0),
        ("M-P2", 0.0),
    ]
    assert found[0]["least_delay"] == -28800.5
    for one in found:
        judged = judge_clock(round(float(str(one["least_delay"])) * 1000), None, 60)
        assert judged.error_s == one["clock_error"]


async def test_promises_of_a_known_hour(connection: asyncpg.Connection) -> None:
    """Norm art. 20(3): 45 minutes in cities, 9(3): 168 hours for planned outages, 24 for temporary ones."""
    await connection.execute(SEED)

    (share,) = await rows_of(connection, "promises.json: Crews in time")
    (waiting,) = await rows_of(connection, "promises.json: Calls without a crew")
    late = await rows_of(connection, "promises.json: Calls beyond their limit, and waiting")
    temporary, planned = await rows_of(connection, "promises.json: Public notices")
    (window,) = await rows_of(connection, "promises.json: Announced windows")

    assert share["share"] == pytest.approx(1 / 2)
    assert waiting["calls"] == 1
    assert [(row["call"], row["state"], row["beyond"]) for row in late] == [
        ("H2", "late", pytest.approx(1)),
        ("H3", "waiting", pytest.approx(-15)),
    ]
    assert (planned["ticket"], planned["public_notice"]) == ("W1", "broken")
    assert planned["notice_ahead"] == pytest.approx(168 - 1 / 60)
    assert (temporary["ticket"], temporary["public_notice"]) == ("W2", "kept")
    assert (window["early"], window["late_by"], window["kept_window"]) == (5, 20, "broken")
