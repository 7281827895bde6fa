"""Registry files into the database: all or nothing, and only what differs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from service.domain.registry import Registry
from service.domain.registry_files import KINDS, Kind
from service.domain.table_files import TableForm, content_of
from service.errors import RegistryFileError, ZoneDataError
from service.settings.parts import DatabaseSettings
from service.store.deployment import adopt_zone, check_zone
from service.store.judgement import CHANNEL, be_only_writer, judgement_number
from service.store.pool import Pool
from service.store.registry_exports import export_file, export_registry
from service.store.registry_imports import ImportReport, import_file, import_registry
from service.store.registry_store import load_registry
from tests.store.emptying import empty

pytestmark = pytest.mark.integration

POINTS = """\
point,nominal_v,wiring,class,region,feeder,feeder_name,band_percent,valid_from,valid_to
P1,220,1p,D,R1,F1,城东一线,,2026-01-01,
P2,220,1p,D,R1,F1,城东一线,,2026-01-01,2026-07-01
P3,10000,3p3w,A,R2,F2,,0..7,2026-02-01,
"""
DEVICES = """\
device,point,interval_s,self_powered,valid_from,valid_to
D1,P1,60,yes,2026-01-01,2026-03-01
D1,P2,60,yes,2026-03-01,
D2,P1,1,no,2026-03-01,
"""
CUSTOMERS = """\
customer,points,voltage_level_v,residential,user_class,required_power_factor,target_area,valid_from
C1,P1,220,yes,LV,,urban,2026-01-01
C2,P2;P3,10000,no,MV,0.9,rural,2026-01-01
"""
FORMS = (
    TableForm(),
    TableForm(encoding="utf-8-bom", language="zh"),
    TableForm(encoding="gbk", language="zh"),
    TableForm(is_workbook=True),
    TableForm(is_workbook=True, language="zh"),
)


@pytest.fixture
async def pool(database: DatabaseSettings) -> AsyncIterator[Pool]:
    async with Pool(database, "migrator", max_size=4) as opened:
        async with opened.connection() as connection:
            await empty(connection)
        yield opened


@pytest.fixture
async def filled(pool: Pool) -> Pool:
    for kind, text in zip(KINDS, (POINTS, DEVICES, CUSTOMERS), strict=True):
        report = await import_text(pool, kind, text)
        assert not report.is_refused, str(report)
    return pool


async def import_text(pool: Pool, kind: Kind, text: str) -> ImportReport:
    return await import_registry(pool, kind, text.encode())


async def load(pool: Pool, previous: Registry | None = None) -> Registry:
    async with pool.transaction() as connection:
        return await load_registry(connection, "Asia/Shanghai", previous)


async def changes_since(pool: Pool, number: int) -> list[tuple[str, str, str]]:
    """Return point, from and to of what is to be judged again, in UTC."""
    async with pool.connection() as connection:
        rows = await connection.fetch(
            "SELECT coalesce(point, 'all') AS point, from_at::text AS from_at, to_at::text AS to_at"
            "  FROM judgement_change LEFT JOIN point USING (point_id)"
            " WHERE number > $1 ORDER BY 1, 2",
            number,
        )
    return [(row["point"], row["from_at"][:16], row["to_at"][:16]) for row in rows]


async def add_page(pool: Pool, point: str) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO page (hour, judgement, point_id, nominal_mv, revision, interval_s, n_phases, n_missing,"
            "                  n_pass, n_over, n_under, n_interrupted, n_exempt, n_invalid, cells, marks)"
            " SELECT '2026-03-01', 1, point_id, nominal_mv, 1, 60, 1, 60, 0, 0, 0, 0, 0, 0, '', ''"
            "   FROM point WHERE point = $1",
            point,
        )


async def test_a_file_that_was_imported_is_loaded(filled: Pool) -> None:
    registry = await load(filled)

    assert [point.point for point in registry.points] == ["P1", "P2", "P3"]
    assert registry.points[1].valid_from == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert registry.points[1].valid_to == datetime(2026, 6, 30, 16, tzinfo=UTC)
    assert registry.points[0].feeder_name == "城东一线"
    assert (registry.points[2].band_lower, registry.points[2].band_upper) == (0, 700)
    id_of = {point.point: point.point_id for point in registry.points}
    assert [(one.device, one.point_id, one.zone) for one in registry.devices] == [
        ("D1", id_of["P1"], "Asia/Shanghai"),
        ("D1", id_of["P2"], "Asia/Shanghai"),
        ("D2", id_of["P1"], "Asia/Shanghai"),
    ]
    assert registry.residential_point_ids == {id_of["P1"]}
    assert registry.power_factor_point_ids == {id_of["P2"], id_of["P3"]}
    assert registry.judgement == 4


async def test_the_same_files_again_change_nothing(filled: Pool) -> None:
    before = await load(filled)

    reports = [
        await import_text(filled, kind, text)
        for kind, text in zip(KINDS, (POINTS, DEVICES, CUSTOMERS), strict=True)
    ]

    assert [(one.n_new, one.n_changed, one.judgement) for one in reports] == [(0, 0, None)] * 3
    assert await load(filled) == before


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_exported_is_imported_without_a_change(
    filled: Pool, kind: Kind, form: TableForm
) -> None:
    text, n_rows = await export_registry(filled, kind)

    report = await import_registry(filled, kind, content_of(text, form, kind))

    assert not report.is_refused, str(report)
    assert (report.n_rows, report.n_new, report.n_changed) == (n_rows, 0, 0)
    assert await export_registry(filled, kind) == (text, n_rows)


async def test_files_are_read_and_written_by_their_paths(
    pool: Pool, database: DatabaseSettings, tmp_path: Path
) -> None:
    file = tmp_path / "points.csv"
    file.write_text(POINTS, encoding="gbk")

    report = await import_file(database, "points", file)

    assert str(report) == "points: 3 rows, 3 new, 0 changed, 0 as before; judgement 2"
    assert await export_file(database, "points", file, TableForm()) == 3
    assert "城东一线" in file.read_text(encoding="utf-8")
    with pytest.raises(RegistryFileError, match="nowhere"):
        await import_file(database, "points", tmp_path / "nowhere.csv")


async def test_one_bad_row_and_nothing_is_stored(pool: Pool) -> None:
    report = await import_text(pool, "points", POINTS.replace("3p3w", "2p"))

    assert str(report) == (
        "points: nothing was stored, 1 fields are wrong\n"
        "line 4, wiring: '2p' is not allowed; allowed: 1p, 3p4w, 3p3w"
    )
    assert (await load(pool)).points == []
    async with pool.connection() as connection:
        assert await judgement_number(connection) == 1


async def test_rows_that_a_file_does_not_have_stay(filled: Pool) -> None:
    await import_text(filled, "points", "".join(POINTS.splitlines(keepends=True)[:2]))

    assert len((await load(filled)).points) == 3


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("P1,220,1p,D", "P1,220,1p,C", [("P1", "2025-12-31 16:00", "infinity")]),
        ("P3,10000,3p3w,A,R2", "P3,10000,3p3w,A,R1", [("P3", "2026-01-31 16:00", "infinity")]),
        (",0..7,", ",-7..7,", [("P3", "2026-01-31 16:00", "infinity")]),
        (",2026-07-01", ",2026-08-01", [("P2", "2026-06-30 16:00", "2026-07-31 16:00")]),
        (",2026-07-01", ",", [("P2", "2026-06-30 16:00", "infinity")]),
        ("2026-02-01,", "2026-03-01,", [("P3", "2026-01-31 16:00", "2026-02-28 16:00")]),
        ("城东一线,,2026-01-01,\n", "城东线,,2026-01-01,\n", []),
    ],
)
async def test_a_change_concerns_its_point_and_no_other(
    filled: Pool, old: str, new: str, expected: list[tuple[str, str, str]]
) -> None:
    before = await load(filled)
    assert POINTS.count(old) == 1

    report = await import_text(filled, "points", POINTS.replace(old, new))

    assert (report.n_new, report.n_changed, report.judgement) == (0, 1, before.judgement + 1)
    assert await changes_since(filled, before.judgement) == expected


async def test_whose_outages_a_point_shows_and_what_is_connected_concern_no_minute(
    filled: Pool,
) -> None:
    before = await load(filled)
    header, first, *rest = POINTS.splitlines()
    points = "\n".join([f"{header},terminal", f"{first},yes", *(f"{row},no" for row in rest)])
    header, first, *rest = CUSTOMERS.splitlines()
    customers = "\n".join(
        [f"{header},capacity_kva", f"{first},", *(f"{row},630.5" for row in rest)]
    )

    reports = [
        await import_text(filled, "points", points),
        await import_text(filled, "customers", customers),
    ]

    assert [(one.n_new, one.n_changed) for one in reports] == [(0, 1), (0, 1)]
    assert await changes_since(filled, before.judgement) == []
    async with filled.connection() as connection:
        terminals = await connection.fetch("SELECT point FROM point WHERE is_terminal")
        connected = await connection.fetch("SELECT customer, capacity_kva FROM customer ORDER BY 1")
    assert [row[0] for row in terminals] == ["P1"]
    assert [tuple(row) for row in connected] == [("C1", None), ("C2", Decimal("630.5"))]
    again = await import_text(filled, "customers", (await export_registry(filled, "customers"))[0])
    assert (again.n_changed, again.is_refused) == (0, False)


async def test_heads_concentrators_and_what_no_voltage_means_go_in_and_out(filled: Pool) -> None:
    before = await load(filled)
    header, *rows = POINTS.splitlines()
    points = "\n".join(
        [f"{header},feeder_head", *(f"{row},no" for row in rows[:2]), f"{rows[2]},yes"]
    )
    header, *rows = DEVICES.splitlines()
    said = (",", "asleep,C1", "no_input,C1")
    told = [f"{row},{each}" for row, each in zip(rows, said, strict=True)]
    devices = "\n".join([f"{header},zero_means,concentrator", *told])

    reports = [
        await import_text(filled, "points", points),
        await import_text(filled, "devices", devices),
    ]

    after = await load(filled)
    assert [(one.n_new, one.n_changed) for one in reports] == [(0, 1), (0, 2)]
    assert await changes_since(filled, before.judgement) == []
    assert [point.is_feeder_head for point in after.points] == [False, False, True]
    assert [(one.zero_means, one.concentrator) for one in after.devices] == [
        ("no_supply", ""), ("asleep", "C1"), ("no_input", "C1"),
    ]  # fmt: skip
    for kind in KINDS:
        again = await import_text(filled, kind, (await export_registry(filled, kind))[0])
        assert (again.n_changed, again.is_refused) == (0, False)
    back = await import_text(filled, "devices", DEVICES)
    assert back.n_changed == 2  # a column that a file lacks stands for its default
    assert [one.zero_means for one in (await load(filled)).devices] == ["no_supply"] * 3


async def test_a_new_point_needs_no_judging(filled: Pool) -> None:
    before = await load(filled)

    report = await import_text(filled, "points", POINTS + "P4,220,1p,D,,,,,2026-01-01,\n")

    assert (report.n_new, report.n_changed) == (1, 0)
    assert await changes_since(filled, before.judgement) == []


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [("P1,220", "P1,230", "nominal_v"), ("P1,220,1p", "P1,220,3p4w", "wiring")],
)
async def test_what_cells_are_relative_to_stays_once_there_are_cells(
    filled: Pool, old: str, new: str, column: str
) -> None:
    await import_text(filled, "points", POINTS.replace(old, new))
    await import_text(filled, "points", POINTS)
    await add_page(filled, "P1")

    report = await import_text(filled, "points", POINTS.replace(old, new))

    assert [(bad.line, bad.column) for bad in report.bad_rows] == [(2, column)]
    assert (await load(filled)).points[0].nominal_mv == 220_000


async def test_devices_at_points_that_nobody_knows_are_refused(filled: Pool) -> None:
    report = await import_text(filled, "devices", DEVICES.replace("P2", "P9"))

    assert [(bad.line, bad.column, bad.value) for bad in report.bad_rows] == [(3, "point", "P9")]


async def test_a_device_may_move_on_when_its_old_row_ends(filled: Pool) -> None:
    moved = DEVICES.replace("D2,P1,1,no,2026-03-01,", "D2,P1,1,no,2026-03-01,2026-05-01")

    report = await import_text(filled, "devices", moved + "D2,P3,1,no,2026-05-01,\n")

    assert (report.n_new, report.n_changed) == (1, 1)
    assert [(one.point_id, one.valid_to is None) for one in (await load(filled)).devices[2:]] == [
        (1, False),
        (3, True),
    ]


async def test_a_device_cannot_serve_two_points_at_once(filled: Pool) -> None:
    header = DEVICES.splitlines()[0]

    report = await import_text(filled, "devices", f"{header}\nD2,P3,1,no,2026-05-01,\n")

    ((line, column, allowed),) = [(bad.line, bad.column, bad.allowed) for bad in report.bad_rows]
    assert (line, column) == (2, "valid_from")
    assert "point P1, 2026-02-28T16:00Z to open" in allowed


async def test_the_start_of_a_device_can_be_corrected(filled: Pool) -> None:
    before = await load(filled)

    report = await import_text(
        filled, "devices", DEVICES.replace("D2,P1,1,no,2026-03-01", "D2,P1,1,no,2026-03-02")
    )

    after = await load(filled)
    assert (report.n_new, report.n_changed) == (0, 1)
    assert after.devices[2].device_id == before.devices[2].device_id
    assert after.devices[2].valid_from == datetime(2026, 3, 1, 16, tzinfo=UTC)


async def test_customers_at_points_that_nobody_knows_are_refused(filled: Pool) -> None:
    report = await import_text(filled, "customers", CUSTOMERS.replace("P2;P3", "P2;P8;P9"))

    assert [(bad.line, bad.value) for bad in report.bad_rows] == [(3, "P8"), (3, "P9")]


async def test_a_customer_changes_with_its_points(filled: Pool) -> None:
    report = await import_text(filled, "customers", CUSTOMERS.replace("P2;P3", "P1;P3"))

    assert (report.n_new, report.n_changed) == (0, 1)
    assert (await load(filled)).power_factor_point_ids == {1, 3}
    assert "C2,P1;P3," in (await export_registry(filled, "customers"))[0]


async def test_exempt_points_are_judged_again_when_they_become_residential(filled: Pool) -> None:
    async with filled.transaction() as connection:
        await connection.execute(
            "INSERT INTO power_factor_exemption VALUES (2, '2026-05-01', 0.85, 0.9)"
        )
    before = await load(filled)
    assert [(one.point_id, one.from_at, one.to_at) for one in before.exemptions] == [
        (2, datetime(2026, 4, 30, 16, tzinfo=UTC), datetime(2026, 5, 31, 16, tzinfo=UTC))
    ]

    await import_text(filled, "customers", CUSTOMERS.replace("10000,no", "10000,yes"))

    after = await load(filled)
    assert after.exemptions == []
    assert await changes_since(filled, before.judgement) == [
        ("P2", "2025-12-31 16:00", "2026-06-30 16:00")
    ]


async def test_points_that_did_not_change_are_not_loaded_again(filled: Pool) -> None:
    first = await load(filled)

    again = await load(filled, first)
    await import_text(filled, "points", POINTS + "P4,220,1p,D,,,,,2026-01-01,\n")
    later = await load(filled, again)

    assert again.points is first.points
    assert [point.point for point in later.points] == ["P1", "P2", "P3", "P4"]


async def test_who_listens_hears_of_a_new_number(pool: Pool) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with pool.connection() as connection:
        await connection.add_listener(CHANNEL, lambda *said: heard.put_nowait(str(said[-1])))

        report = await import_text(pool, "points", POINTS)

        async with asyncio.timeout(10):
            assert await heard.get() == str(report.judgement)
        await connection.reset()


async def test_imports_take_turns(pool: Pool) -> None:
    reports = await asyncio.gather(*(import_text(pool, "points", POINTS) for _ in range(3)))

    assert sorted(one.n_new for one in reports) == [0, 0, 3]


async def test_a_checkpoint_does_not_wait_for_an_import_before_its_end(pool: Pool) -> None:
    async with pool.transaction() as importing:
        await be_only_writer(importing)

        async with asyncio.timeout(5), pool.transaction() as checkpoint:
            await checkpoint.fetch("SELECT number FROM judgement FOR SHARE")


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kolkata", "UTC"])
async def test_zone_data_are_compared_with_those_of_the_server(pool: Pool, zone: str) -> None:
    async with pool.connection() as connection:
        await check_zone(connection, zone, date(2024, 7, 1))


async def test_zone_data_that_differ_are_an_error(pool: Pool) -> None:
    async with pool.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "CREATE OR REPLACE FUNCTION day_start(day date, zone text) RETURNS timestamptz LANGUAGE sql"
            " RETURN (day::timestamp AT TIME ZONE zone) + CASE WHEN day = '2024-11-03' THEN interval '1 h' ELSE '0' END"
        )

        with pytest.raises(ZoneDataError, match="2024-11-03"):
            await check_zone(connection, "Asia/Shanghai", date(2024, 7, 1))
        await transaction.rollback()


async def test_a_new_zone_forgets_the_days_of_the_old_one(filled: Pool) -> None:
    await add_page(filled, "P1")
    async with filled.transaction() as connection:
        await connection.execute(
            "INSERT INTO point_day VALUES (1, '2026-03-01', 1, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 60)"
        )

        assert not await adopt_zone(connection, "Asia/Shanghai")
        assert await adopt_zone(connection, "Asia/Kolkata")

        assert await connection.fetchval("SELECT count(*) FROM point_day") == 0
        days = await connection.fetch("SELECT point_id, day::text FROM dirty_day")
        assert [tuple(row) for row in days] == [(1, "2026-03-01")]
        assert await judgement_number(connection) == 5
