"""The export of many points has exactly the minutes of each, and holds nothing while a client takes its time."""

import csv
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.api.export_encoding import MinuteEncoder
from service.api.export_pace import ExportPace, PaceState
from service.api.exporting import Export, ExportDesk
from service.api.refusals import BusyError
from service.clock import monotonic_s
from service.domain.access import Territory
from service.settings import Settings
from service.store.export_reads import ExportFilter, ingest_lag_s
from service.store.pool import Pool
from tests.api.clients import get, problem_of
from tests.api.key_holders import keyed_client, new_key
from tests.api.seeding import NewPoint, Seeder

START = datetime(2024, 3, 1, 16, tzinfo=UTC)  # midnight in Shanghai
END = START + timedelta(hours=30)
DAYS = {"from": "2024-03-01", "to": "2024-03-05"}
SHANGHAI = ZoneInfo("Asia/Shanghai")


async def seed(seeder: Seeder) -> None:
    await seeder.points(
        NewPoint(point="ONE"),
        NewPoint(point="THREE", wiring="3p4w", feeder="F2"),
        NewPoint(point="SILENT", region="R2"),
        NewPoint(
            point="SHORT",
            valid_from=START + timedelta(minutes=90),
            valid_to=START + timedelta(minutes=200),
        ),
        NewPoint(point="LATER", valid_from=END + timedelta(days=9)),
        NewPoint(point="MV", nominal_v=10_000, wiring="3p3w"),
    )
    await seeder.minutes("ONE", START, [[n % 1500 - 700 for n in range(1790)]])
    await seeder.minutes("THREE", START + timedelta(minutes=7), [[100], [200], [900]])
    await seeder.minutes("SHORT", START + timedelta(minutes=60), [[5] * 240])
    await seeder.minutes("MV", START, [[10] * 60, [-32768] * 60, [20] * 60])
    await seeder.reach(END)
    await seeder.run("UPDATE partition_progress SET stored_at = data_through")  # nobody is at work


def rows_of(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the rows of an export of whatever kind; instants as texts of the zone."""
    assert answer.status_code == 200, answer.text
    kind = answer.headers["content-type"]
    if kind.startswith("text/csv"):
        rows = []
        for row in csv.DictReader(StringIO(answer.text, newline="")):
            named = {name.partition(" [")[0]: value or None for name, value in row.items()}
            for name, value in named.items():
                if value is not None and (name.startswith("voltage") or name == "judgement"):
                    named[name] = float(value)
            rows.append(named)
        return rows
    if "parquet" in kind:
        table = pq.read_table(BytesIO(answer.content))
    else:
        table = pa.ipc.open_stream(BytesIO(answer.content)).read_all()
    return [{**row, "minute": row["minute"].isoformat()} for row in table.to_pylist()]


@pytest.mark.integration
@pytest.mark.parametrize("wanted", ["csv", "arrow", "parquet"])
async def test_an_export_has_the_minutes_of_every_point(
    reader: httpx.AsyncClient, wanted: str
) -> None:
    found = rows_of(await reader.get("/v1/minutes", params={**DAYS, "format": wanted}))

    told: dict[tuple[str, str], dict[str, Any]] = {}
    for row in found:
        assert (row["point"], row["minute"]) not in told
        told[row["point"], row["minute"]] = row
    n_checked = 0
    for point in ("ONE", "THREE", "SILENT", "SHORT", "MV"):
        minutes = (await get(reader, f"/v1/points/{point}/minutes", **DAYS))["minutes"]
        for one in minutes:
            row = told[point, one["minute"]]
            phases = one["phases"] + [None] * (3 - len(one["phases"]))
            assert row["verdict"] == one["verdict"]
            for n, phase in enumerate(phases, 1):
                volts = None if phase is None else phase["voltage_v"]
                assert row[f"voltage_{n}_v"] == (None if volts is None else pytest.approx(volts))
                assert row[f"rank_{n}"] == ("missing" if phase is None else phase["rank"])
            n_checked += 1
    assert n_checked == len(found) > 4 * 2880
    assert {point for point, _ in told} == {"ONE", "THREE", "SILENT", "SHORT", "MV"}


@pytest.mark.integration
async def test_an_export_is_of_the_points_that_are_asked_for(reader: httpx.AsyncClient) -> None:
    async def points(**asked: Any) -> set[str]:
        answer = await reader.get("/v1/minutes", params={**DAYS, **asked})
        return {row["point"] for row in rows_of(answer)}

    assert await points(feeder="F2") == {"THREE"}
    assert await points(region="R2") == {"SILENT"}
    assert await points(point=["ONE", "MV"]) == {"ONE", "MV"}
    assert await points(region="none") == set()


@pytest.mark.integration
async def test_an_export_says_what_it_rests_on(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/v1/minutes", params={**DAYS, "format": "arrow", "point": "ONE"})

    schema = pa.ipc.open_stream(BytesIO(answer.content)).schema
    basis = {"rule_set": "sgcc-2003", "zone": "Asia/Shanghai"}
    assert {name.decode(): value.decode() for name, value in schema.metadata.items()} == {
        **basis,
        "data_through": END.astimezone(SHANGHAI).isoformat(),
    }
    assert answer.headers["voltpass-rule-set"] == "sgcc-2003"
    assert answer.headers["content-disposition"] == 'attachment; filename="minutes.arrows"'
    assert (schema.field("voltage_1_v").metadata or {})[b"unit"] == b"V"
    assert "etag" not in answer.headers


@pytest.mark.integration
@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"point": "NONE"}, 404, "the registry has no point 'NONE'"),
        ({"from": "2024-01-01", "to": "2024-03-01"}, 422, "at most 31 are answered at once"),
        ({"format": "json"}, 406, "offered are: text/csv"),
    ],
)
async def test_what_cannot_be_exported_is_a_problem(
    reader: httpx.AsyncClient, asked: dict[str, str], status: int, said: str
) -> None:
    found = problem_of(await reader.get("/v1/minutes", params={**DAYS, **asked}))

    assert found["status"] == status
    assert said in found["detail"]


@pytest.mark.integration
async def test_a_key_of_one_region_exports_no_minute_of_another(seeded: Settings) -> None:
    key = await new_key(seeded, "read:customer", regions=["R2"])
    async with keyed_client(seeded, key) as client:
        everything = rows_of(await client.get("/v1/minutes", params=DAYS))
        of_another = rows_of(await client.get("/v1/minutes", params={**DAYS, "region": "R1"}))
        named = await client.get("/v1/minutes", params={**DAYS, "point": ["SILENT", "ONE"]})

    assert {row["point"] for row in everything} == {"SILENT"}
    assert of_another == []
    assert (named.status_code, problem_of(named)["code"]) == (404, "not_found")
    assert "no point 'ONE'" in named.text


def export(pool: Pool, desk: ExportDesk) -> Export:
    return Export(pool=pool, desk=desk, chosen=ExportFilter(), from_at=START, to_at=END)


def parts_of(one: Export) -> AsyncIterator[bytes]:
    return one.parts(MinuteEncoder("csv", SHANGHAI, {}))


@pytest.mark.integration
async def test_nothing_is_held_while_a_client_takes_its_time(
    seeded: Settings, stored: Seeder
) -> None:
    async with Pool(seeded, "reader", max_size=1) as pool:
        parts = parts_of(export(pool, ExportDesk(n_max=1)))
        assert await anext(parts)

        states = await stored.rows(
            "SELECT state, backend_xmin FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'voltpass-reader'"
        )
        async with pool.connection() as connection:  # its only one
            assert await connection.fetchval("SELECT 1") == 1

    assert states == [{"state": "idle", "backend_xmin": None}]


@pytest.mark.integration
async def test_an_export_within_a_territory_gives_way_to_ingestion_too(
    settings: Settings, seeder: Seeder
) -> None:
    await seeder.reach(START)
    await seeder.run("UPDATE partition_progress SET stored_at = now()")  # of what is old
    desk = ExportDesk(n_max=1, pace=ExportPace(level_share=1.0, behind_share=0.0001))
    async with Pool(settings, "reader", max_size=1) as pool:
        one = export(pool.within(Territory.of(["R2"])), desk)
        [part async for part in parts_of(replace(one, to_at=START + timedelta(hours=1)))]

    assert desk.rests_until_s > monotonic_s()


@pytest.mark.integration
async def test_a_client_of_parquet_hears_something_after_every_long_rest(seeded: Settings) -> None:
    pace = ExportPace(level_share=0.001, behind_share=0.001, points_max=1, silence_s=0.2)
    async with Pool(seeded, "reader", max_size=1) as pool:
        one = export(pool, ExportDesk(n_max=1, pace=pace, state=PaceState(n_points=1)))
        parts = [part async for part in one.parts(MinuteEncoder("parquet", SHANGHAI, {}))]

    whole = pq.ParquetFile(BytesIO(b"".join(parts)))
    n_batches = (
        whole.num_row_groups
    )  # each point and day that has minutes, but for what came before a rest
    assert len(parts) >= n_batches > 6


@pytest.mark.integration
async def test_points_come_a_few_at_a_time(seeded: Settings) -> None:
    async with Pool(seeded, "reader", max_size=1) as pool:
        one = export(pool, ExportDesk(n_max=1))
        whole = b"".join([part async for part in parts_of(one)])
        few = ExportDesk(n_max=1, pace=ExportPace(points_max=2), state=PaceState(n_points=1))
        parts = [part async for part in parts_of(replace(one, desk=few))]

    assert len(parts) > 5
    assert b"".join(parts) == whole


def test_no_more_exports_than_may_be_at_once() -> None:
    desk = ExportDesk(n_max=2)

    with desk.open(), desk.open(), pytest.raises(BusyError, match="VOLTPASS_EXPORTS_MAX"):
        desk.open().__enter__()
    with desk.open(), desk.open():
        pass


@pytest.mark.integration
@pytest.mark.parametrize(
    ("stored_ago", "late", "expected"),
    [("0 s", "1 hour", 3600), ("0 s", "1 minute", 60), ("1 hour", "1 hour", 0)],
)
async def test_ingestion_lags_while_it_stores_what_is_old(
    settings: Settings, seeder: Seeder, stored_ago: str, late: str, expected: float
) -> None:
    await seeder.run(
        f"""
        INSERT INTO partition_progress (topic, partition, epoch, owner, stored_at, data_through)
        VALUES ('readings', 0, 1, 'test', now() - interval '{stored_ago}',
                now() - interval '{stored_ago}' - interval '{late}'),
               ('readings', 1, 1, 'test', now() - interval '{stored_ago}', now())
        """  # noqa: S608 (of this table)
    )

    async with seeder.pool.connection() as connection:
        assert await ingest_lag_s(connection) == pytest.approx(expected)
