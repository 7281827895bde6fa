"""Register files into the database: all or nothing, once, and every change with its row of the trail."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result

from service.__main__ import main
from service.domain.register_files import KINDS, Kind
from service.errors import RegistryFileError
from service.settings.parts import DatabaseSettings
from service.simulate.calls import draw_calls
from service.simulate.declarations import draw_declarations
from service.simulate.network_building import build_network
from service.simulate.plan import plan_of
from service.simulate.registry_rows import write_registry
from service.simulate.scenario import draw_scenario
from service.simulate.told_files import write_calls, write_declarations
from service.store.declaration_reads import declarations_by_ticket
from service.store.declarations import add_declaration, withdraw_declaration
from service.store.judgement import judgement_number
from service.store.pool import Pool
from service.store.register_exports import export_register
from service.store.register_imports import import_register, import_register_file
from service.store.registry_imports import ImportReport, import_file
from service.store.registry_store import load_registry
from tests.domain.register_entries import abnormal, planned
from tests.store.emptying import empty
from tests.store.registered import due, fill, rows, trail

pytestmark = pytest.mark.integration

OUTAGES = """\
ticket,kind,cause,place,codes,off_at,on_at,author,approver,entered_at
F-1,fault,fault_internal,feeder,F1,2026-03-10T12:00+08:00,2026-03-10T13:00+08:00,li.na,sun.li,2026-03-11T09:00+08:00
A-1,abnormal_state,转供电方式运行,transformer,T2;T3,2026-03-10T12:00+08:00,,li.na,sun.li,
"""
CALLS = """\
call,customer,point,response_area,called_at,arrived_at,restored_at,severe_weather
95598-1,C1,P1,urban,2026-03-10T12:00+08:00,2026-03-10T12:45+08:00,,no
95598-2,,,rural,2026-03-10T12:00+08:00,,,yes
"""
DEADLINES = """\
reference,promise,subject,opened_at,answered_at
YK-1,supply_plan,low_voltage,2026-03-10T12:00+08:00,
YK-2,complaint,,2026-03-10T12:00+08:00,2026-03-11T12:00+08:00
"""
TEXTS: dict[Kind, str] = {"outages": OUTAGES, "calls": CALLS, "deadlines": DEADLINES}


@pytest.fixture
async def pool(database: DatabaseSettings) -> AsyncIterator[Pool]:
    async with Pool(database, "migrator", max_size=2) as opened:
        async with opened.connection() as connection:
            await empty(connection)
            await fill(connection)
        yield opened


async def take(pool: Pool, kind: Kind, text: str, author: str = "clerk") -> ImportReport:
    return await import_register(pool, kind, text.encode(), author)


async def query(pool: Pool, sql: str) -> list[tuple[Any, ...]]:
    async with pool.connection() as connection:
        return await rows(connection, sql)


async def test_outages_of_a_file_count(pool: Pool) -> None:
    report = await take(pool, "outages", OUTAGES)

    assert str(report) == "outages: 2 rows, 2 new, 0 changed, 0 as before; judgement 2"
    async with pool.transaction() as connection:
        fault, state = (await load_registry(connection, "Asia/Shanghai")).declarations
        assert (fault.kind, fault.cause, fault.point_ids) == (
            "outage",
            "fault_internal",
            frozenset({2, 3}),
        )
        assert (state.kind, state.point_ids, state.to_at) == (
            "abnormal_state",
            frozenset({2, 3}),
            None,
        )
        assert {one[0] for one in await due(connection)} == {2, 3}
        assert await trail(connection) == [
            ("declaration", 1, "made", "clerk"),
            ("declaration", 2, "made", "clerk"),
        ]
    entered = await query(pool, "SELECT made_at < now() - interval '1 hour' FROM register_change")
    assert entered == [(False,), (False,)]  # the trail has the time of the import
    ((made_at, author),) = await query(
        pool, "SELECT made_at::text, author FROM declaration WHERE ticket = 'F-1'"
    )
    assert made_at.startswith("2026-03-11 01:00")
    assert author == "li.na"


@pytest.mark.parametrize("kind", KINDS)
async def test_the_same_file_again_changes_nothing(pool: Pool, kind: Kind) -> None:
    await take(pool, kind, TEXTS[kind])
    async with pool.connection() as connection:
        before = (await judgement_number(connection), await trail(connection))
        await due(connection)

    report = await take(pool, kind, TEXTS[kind], "another")

    assert (report.n_rows, report.n_new, report.n_changed, report.judgement) == (2, 0, 0, None)
    async with pool.connection() as connection:
        assert (await judgement_number(connection), await trail(connection)) == before
        assert await due(connection) == set()


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_exported_is_imported_without_a_change(pool: Pool, kind: Kind) -> None:
    await take(pool, kind, TEXTS[kind])
    if kind == "outages":
        async with pool.transaction() as connection:
            told = planned(outage_kind=None, cause='tree,\n"on" the line', window_from=None,
                           window_to=None, notice_at=None, notice_fields=(), important_told=())  # fmt: skip
            await add_declaration(connection, told)

    text, n_rows = await export_register(pool, kind)
    report = await take(pool, kind, text)

    assert not report.is_refused, str(report)
    assert (report.n_rows, report.n_new, report.n_changed) == (n_rows, 0, 0)
    assert await export_register(pool, kind) == (text, n_rows)


@pytest.mark.parametrize(
    ("kind", "change", "column"),
    [
        ("outages", ("fault_internal", "fault_external"), "cause"),
        ("outages", ("2026-03-10T13:00", "2026-03-10T13:05"), "to_at"),
        ("calls", ("rural,2026-03-10T12:00+08:00,", "rural,2026-03-10T12:00+08:00,2026-03-10T13:00"),
         "arrived_at"),
        ("deadlines", ("2026-03-11T12:00", "2026-03-12T12:00"), "answered_at"),
    ],
)  # fmt: skip
async def test_a_row_that_differs_is_a_change_with_its_trail(
    pool: Pool, kind: Kind, change: tuple[str, str], column: str
) -> None:
    await take(pool, kind, TEXTS[kind])

    report = await take(pool, kind, TEXTS[kind].replace(*change), "sun.li")

    assert (report.n_new, report.n_changed) == (0, 1)
    ((made_by, before, after),) = await query(
        pool, "SELECT made_by, before, after FROM register_change WHERE action = 'changed'"
    )
    assert made_by == "sun.li"
    assert {name for name in after if before[name] != after[name]} == {column}


async def test_what_was_withdrawn_stays_so_unless_the_file_says_otherwise(pool: Pool) -> None:
    await take(pool, "outages", OUTAGES)
    async with pool.transaction() as connection:
        await withdraw_declaration(connection, 1, "sun.li")

    same = await take(pool, "outages", OUTAGES)
    other = await take(pool, "outages", OUTAGES.replace("fault_internal", "fault_external"))

    assert str(same).endswith("0 changed, 1 as before, 1 withdrawn before and left so")
    assert (other.n_new, other.n_changed, other.n_withdrawn) == (1, 0, 0)


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("outages", ("T2;T3", "T2;T9"), "line 3, codes: 'T9'"),
        ("outages", (",F1,", ",F1;F9,"), "line 2, codes: 'F9'"),
        ("outages", ("fault_internal", "storm"), "line 2, cause: 'storm'"),
        ("calls", ("C1,P1", "C9,P9"), "line 2, customer: 'C9'"),
        ("calls", ("rural", "town"), "line 3, response_area: 'town'"),
        ("deadlines", ("YK-2", "YK-1"), "line 3, reference: 'YK-1'"),
        ("deadlines", ("promise", "what"), "line 1, what"),
    ],
)
async def test_one_wrong_row_and_nothing_is_stored(
    pool: Pool, kind: Kind, change: tuple[str, str], said: str
) -> None:
    report = await take(pool, kind, TEXTS[kind].replace(*change))

    assert report.is_refused
    assert said in str(report)
    async with pool.connection() as connection:
        assert await trail(connection) == []
        assert await judgement_number(connection) == 1


async def test_important_customers_of_a_file_are_those_of_the_registry(pool: Pool) -> None:
    text = OUTAGES.replace("entered_at\n", "entered_at,important_customers,important_told_at\n")
    text = text.replace("T09:00+08:00\n", "T09:00+08:00,C2;C9,2026-03-01\n").replace(
        "sun.li,\n", "sun.li,,,\n"
    )

    report = await take(pool, "outages", text)

    assert [(bad.column, bad.value) for bad in report.bad_rows] == [("important_customers", "C9")]


async def test_a_ticket_of_several_abnormal_states_is_not_guessed_at(pool: Pool) -> None:
    async with pool.transaction() as connection:
        for _ in range(2):
            await add_declaration(connection, abnormal())

    report = await take(pool, "outages", OUTAGES)

    (bad,) = report.bad_rows
    assert (bad.line, bad.column, bad.value) == (3, "ticket", "A-1")
    assert "1, 2 have it" in bad.allowed


async def test_files_of_other_programs_are_read(
    pool: Pool, tmp_path: Path, database: DatabaseSettings
) -> None:
    file = tmp_path / "outages.csv"
    file.write_bytes(OUTAGES.replace("\n", "\r\n").encode("gbk"))
    marked = tmp_path / "calls.csv"
    marked.write_bytes(b"\xef\xbb\xbf" + CALLS.encode())

    outages = await import_register_file(database, "outages", file, "clerk")
    calls = await import_register_file(database, "calls", marked, "clerk")

    assert (outages.n_new, calls.n_new) == (2, 2)
    async with pool.connection() as connection:
        (state,) = await declarations_by_ticket(connection, ["A-1"])
    assert state.told.cause == "转供电方式运行"
    with pytest.raises(RegistryFileError, match="cannot be read"):
        await import_register_file(database, "outages", tmp_path / "none.csv", "clerk")


async def test_all_that_a_simulated_district_declares_goes_in(
    pool: Pool, tmp_path: Path, database: DatabaseSettings
) -> None:
    async with pool.connection() as connection:
        await empty(connection)
    plan = plan_of({"seed": 7, "meters": 400, "feeders": 4, "days": 3}, ())
    network = build_network(plan)
    scenario = draw_scenario(plan, network)
    write_registry(tmp_path, plan, network)
    declarations = draw_declarations(plan, network, scenario)
    n_outages = write_declarations(tmp_path / "outages.csv", declarations)
    n_calls = write_calls(tmp_path / "calls.csv", draw_calls(plan, network, scenario))
    for registry_kind in ("points", "devices", "customers"):
        done = await import_file(database, registry_kind, tmp_path / f"{registry_kind}.csv")
        assert not done.is_refused, str(done)

    outages = await import_register_file(database, "outages", tmp_path / "outages.csv", "clerk")
    calls = await import_register_file(database, "calls", tmp_path / "calls.csv", "clerk")

    assert (outages.n_new, outages.bad_rows) == (n_outages, ())
    assert (calls.n_new, calls.bad_rows) == (n_calls, ())
    assert n_outages > 10
    assert n_calls > 0
    kinds = await query(pool, "SELECT DISTINCT coalesce(outage_kind, kind) FROM declaration")
    assert {one for (one,) in kinds} == {one.kind for one in declarations}
    again = await import_register_file(database, "outages", tmp_path / "outages.csv", "clerk")
    assert (again.n_new, again.n_changed) == (0, 0)


async def test_a_thousand_declarations_go_in_within_seconds_under_one_number(pool: Pool) -> None:
    header, fault, _ = OUTAGES.splitlines()
    lines = [header, *(fault.replace("F-1", f"F-{nth}") for nth in range(1000))]

    started_s = time.monotonic()
    report = await take(pool, "outages", "\n".join(lines))
    took_s = time.monotonic() - started_s

    assert (report.n_new, report.judgement) == (1000, 2)
    assert took_s < 10


def run(database: DatabaseSettings, *arguments: str) -> Result:
    env = {"VOLTPASS_DATABASE_DSN": database.database_dsn}
    return CliRunner(env=env).invoke(main, arguments)


def test_the_command_line_imports_and_exports(fresh_database: Any, tmp_path: Path) -> None:
    database = fresh_database()
    file, out = tmp_path / "deadlines.csv", tmp_path / "out.csv"
    file.write_text(DEADLINES, encoding="utf-8")

    nobody = run(database, "import", "deadlines", str(file))
    registry = run(database, "import", "points", str(file), "--author", "clerk")
    done = run(database, "import", "deadlines", str(file), "--author", "clerk")
    exported = run(database, "export", "deadlines", str(out))

    assert nobody.exit_code == 2
    assert "--author NAME" in nobody.output
    assert registry.exit_code == 2
    assert done.output == "deadlines: 2 rows, 2 new, 0 changed, 0 as before\n"
    assert exported.output == f"deadlines: 2 rows written to {out}\n"
    assert out.read_text(encoding="utf-8") == DEADLINES
    assert set(get_args(Kind)) == set(KINDS)
