"""Marks that are all alike are stored as one byte, and nobody who reads them notices."""

import importlib
import pkgutil
import random
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import service.store
from service.domain.minute_columns import ExportPoint
from service.domain.weeks import week_of
from service.settings import Settings
from service.settings.parts import DatabaseSettings
from service.store.alert_reads import alert_minutes
from service.store.beside_rows import pages_of_days
from service.store.export_reads import export_pages
from service.store.interruption_due import Window
from service.store.judged_reads import judged_pages
from service.store.ledger_reads import read_ledgers
from service.store.migrations import print_sql
from service.store.page_reads import read_evidence, read_phases, read_verdicts
from service.store.partitions import read_pages
from service.store.point_reads import points_of_ids
from service.store.pool import Connection, Pool, connect
from service.store.reporting_rows import count_cells
from service.store.rescoring import BEFORE_ALL, stale_pages
from service.store.rollups import PointDay
from service.store.statements import STATEMENTS
from service.store.week_rows import week_sources
from service.wiring.migrate import run_migrate
from tests.settle.plant import DAY, RULES, ZONE, Consumer, batch_of, consumer, minutes, register

POINTS = "A,220,1p,D,F1,2020-01-01T00:00Z\nB,220,3p4w,D,F1,2020-01-01T00:00Z\n"
DEVICES = "MA,A,60,no,2020-01-01T00:00Z\nMB,B,60,no,2020-01-01T00:00Z\n"
HOUR = timedelta(hours=1)
N_HOURS = 6
CHANGE = 2**40  # a number of the judgement that no page has
# Volts of the three phases in each hour, and of the first one in one minute of it.
HOURS = [
    ((220, 220, 220), 220),
    ((220, 220, 220), 260),
    ((260, 260, 260), 260),
    ((220, 260, 220), 220),  # OVER throughout, by one phase
    ((180, 180, 180), 220),
]
SHORTEN = "UPDATE page SET marks = short_marks(marks), verdicts = short_marks(verdicts)"
LENGTHS = "SELECT n_phases, length(marks), length(verdicts) FROM page ORDER BY point_id, hour"
# A page that was judged and has not been written since.
PAGE = """
    INSERT INTO page (hour, judgement, point_id, nominal_mv, revision, interval_s, n_phases, n_missing, n_pass, n_over,
                      n_under, n_interrupted, n_exempt, n_invalid, cells, marks)
    VALUES ('2026-10-01Z', 1, 1, 220000, 1, 60, 1, 0, 60, 0, 0, 0, 0, 0, decode(repeat('0000', 60), 'hex'),
            decode(repeat('f9', 60), 'hex'))
"""


def fold(one: Consumer, first: int, n_minutes: int, volts: tuple[float, float, float]) -> None:
    """Fold readings of both points."""
    one.fold("MA", minutes(first, n_minutes, volts[0]))
    batch = batch_of("MB", minutes(first, n_minutes, volts[0]), offset=one.next_offset)
    v2, v3 = (np.full(n_minutes, float(volts[phase])) for phase in (1, 2))
    one.engine.fold([replace(batch, v2=v2, v3=v3)])
    one.next_offset += 1


async def store_hours(pool: Pool) -> None:
    """Store hours with marks of all kinds, and the beginning of one more."""
    await register(pool, POINTS, DEVICES)
    one = await consumer(pool)
    for nth, (volts, odd) in enumerate(HOURS):
        fold(one, 60 * nth, 30, volts)
        fold(one, 60 * nth + 30, 1, (odd, *volts[1:]))
        fold(one, 60 * nth + 31, 29, volts)
    fold(one, 60 * len(HOURS), 20, (220, 220, 220))
    await one.checkpoint()


async def as_read(connection: Connection) -> dict[str, Any]:
    """Return what every reader of marks makes of the pages."""
    span, odd_span = (DAY, DAY + N_HOURS * HOUR), (DAY + HOUR / 4, DAY + 3.5 * HOUR)
    points = await points_of_ids(connection, [1, 2])
    hour = round(DAY.timestamp()) // 3600
    keys = np.repeat(np.array([1, 2], np.int32), N_HOURS)
    hours = np.tile(np.arange(hour, hour + N_HOURS, dtype=np.int32), 2)
    asked = [
        ExportPoint(
            point_id=n,
            point=one.point,
            nominal_mv=one.nominal_mv,
            valid_from=one.valid_from,
            valid_to=None,
        )
        for n, one in points.items()
    ]
    found: dict[str, Any] = {
        "export": await export_pages(connection, asked, span),
        "alerts": await alert_minutes(connection, span, [1, 2]),
        "ledgers": await read_ledgers(connection, [Window(1, *span), Window(2, *odd_span)]),
        "weeks": await week_sources(
            connection, [1, 2], week_of(date(2026, 11, 2), ZoneInfo(ZONE)), 60
        ),
        "beside": await pages_of_days(connection, [PointDay(n, date(2026, 11, 2)) for n in (1, 2)]),
        "restored": await read_pages(connection, keys, hours),
        "stale": await stale_pages(connection, "all_points", CHANGE, BEFORE_ALL, 100),
        "stale by point": await stale_pages(connection, "some_points", CHANGE, BEFORE_ALL, 100),
        "reporting": await count_cells(connection, *span, 900, 3600),
        "minutes": await connection.fetch("SELECT * FROM v_point_minute ORDER BY point, minute"),
        "days": await connection.fetch("SELECT * FROM v_point_day ORDER BY point, day"),
        "minutes of a region": await connection.fetch("SELECT * FROM territory.v_point_minute"),
    }
    for n in (1, 2):
        found |= {
            f"verdicts of {n}": await read_verdicts(connection, n, *odd_span),
            f"evidence of {n}": await read_evidence(connection, n, *odd_span),
            f"phases of {n}": await read_phases(connection, points[n], *odd_span),
            f"judged {n}": await judged_pages(connection, points[n], RULES, odd_span, []),
            f"counts of {n}": await connection.fetch(
                "SELECT * FROM count_minutes($1, $2, $3, $3)", n, *odd_span
            ),
        }
    return {name: plain(value) for name, value in found.items()}


def plain(value: Any) -> Any:
    """Return the same of lists, numbers and texts."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if is_dataclass(value):
        return [plain(getattr(value, one.name)) for one in fields(value)]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


@pytest.fixture
async def connection(fresh_database: Callable[[], DatabaseSettings]) -> AsyncIterator[Connection]:
    database = fresh_database()
    async with Pool(database, "writer", max_size=4) as pool:
        await store_hours(pool)
    async with Pool(database, "migrator", max_size=1) as pool, pool.connection() as lent:
        await lent.execute("SET voltpass.regions = '{\"\"}'")
        await lent.execute(  # so that all pages are stale
            "INSERT INTO judgement_change (number, point_id, from_at, to_at, reason)"
            " SELECT $1, point_id, '-infinity', 'infinity', 'a test' FROM unnest(ARRAY[NULL, 1, 2]) AS point_id",
            CHANGE,
        )
        yield lent


@pytest.mark.integration
async def test_a_checkpoint_stores_marks_that_are_all_alike_as_one_byte(
    connection: Connection,
) -> None:
    rows = await connection.fetch(LENGTHS)

    assert [tuple(row) for row in rows] == [
        *((1, n, None) for n in (1, 60, 1, 1, 60, 60)),
        *((3, *lengths) for lengths in ((1, 1), (180, 60), (1, 1), (180, 1), (180, 1), (180, 60))),
    ]


@pytest.mark.integration
@pytest.mark.slow
async def test_every_reader_finds_the_same_in_short_marks_as_in_full_ones(
    connection: Connection,
) -> None:
    short = await as_read(connection)
    await connection.execute(
        "UPDATE page SET marks = full_marks(marks, n_phases * 60), verdicts = full_marks(verdicts, 60)"
    )

    full = await as_read(connection)

    assert [tuple(row) for row in await connection.fetch(LENGTHS)] == [
        *[(1, 60, None)] * N_HOURS,
        *[(3, 180, 60)] * N_HOURS,
    ]
    assert [name for name in full if short[name] != full[name]] == []
    assert all(full.values())
    assert len(full["minutes"]) == len(full["minutes of a region"]) == 2 * (60 * len(HOURS) + 20)
    await connection.execute(SHORTEN)
    assert await as_read(connection) == short


@pytest.mark.integration
async def test_any_marks_come_back_from_what_is_stored_of_them(database: DatabaseSettings) -> None:
    draw, drawn = random.Random(6), []
    for _ in range(300):
        marks = bytearray([draw.randrange(256)]) * draw.choice((60, 180))
        for _ in range(draw.randrange(3)):
            marks[draw.choice((0, -1, draw.randrange(60)))] = draw.randrange(256)
        drawn.append(bytes(marks))
    connection = await connect(database, "reader")
    rows = await connection.fetch(
        """
        SELECT short_marks(marks) AS short,
               full_marks(short_marks(marks), length(marks)) AS back,
               ARRAY(SELECT mark_at(short_marks(marks), place) FROM generate_series(0, length(marks) - 1) AS place)
                   AS each
          FROM unnest($1::bytea[]) WITH ORDINALITY AS drawn (marks, nth)
         ORDER BY nth
        """,
        drawn,
    )
    await connection.close()

    assert [row["back"] for row in rows] == drawn
    assert [bytes(row["each"]) for row in rows] == drawn
    assert [row["short"] for row in rows] == [
        one[:1] if len(set(one)) == 1 else one for one in drawn
    ]
    assert {len(row["short"]) for row in rows} == {1, 60, 180}


@pytest.mark.integration
@pytest.mark.slow
async def test_processes_of_the_version_before_have_two_days_to_end(
    empty_database: Callable[[], DatabaseSettings],
) -> None:
    settings = empty_database()
    before, after = print_sql().split("-- Running upgrade 0015 -> 0016")
    connection = await connect(settings, "migrator")
    await connection.execute(before.removesuffix("BEGIN;\n\n"))
    await connection.execute(PAGE)

    await connection.execute(f"BEGIN; {after}")

    await run_migrate(Settings(database_dsn=settings.database_dsn))  # adopts the rule set
    (row,) = await connection.fetch("SELECT short_marks_from - now() AS waits FROM deployment")
    async with Pool(settings, "writer", max_size=4) as pool:
        await store_hours(pool)
        lengths = {tuple(row) for row in await connection.fetch(LENGTHS)}
    await connection.close()
    assert timedelta(hours=47) < row["waits"] <= timedelta(days=2)
    assert lengths == {(1, 60, None), (3, 180, 60)}


def test_no_statement_reads_marks_as_they_are_stored() -> None:
    for module in pkgutil.iter_modules(service.store.__path__, "service.store."):
        importlib.import_module(module.name)

    raw = {name: found for name, sql in STATEMENTS.items() if (found := list(raw_marks(sql)))}

    # Those are read by `pages_from_stream`, which knows both lengths.
    assert raw == {
        "pages_stale_of_points": ["marks", "page.marks", "page.marks"],
        "pages_stale_of_all": ["marks"],
        "pages_of_points_and_hours": ["marks"],
    }


def raw_marks(sql: str) -> Iterator[str]:
    """Yield what names marks or verdicts of a page outside of the functions that take them as they are stored."""
    code = re.sub(r"--.*", "", sql)
    code = re.sub(r"(full_marks|mark_at)\((coalesce\([^)]*\)|[^(),]*),", "", code)
    code = re.sub(r"\bAS (marks|verdicts)\b", "", code)
    if re.search(r"\bpage\b", code):
        yield from re.findall(r"(?:\w+\.)?\b(?:marks|verdicts)\b", code)
