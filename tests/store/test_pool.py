"""Connections have limits, and what fails in them is ours and says whether to try again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from service.errors import (
    SettingsError,
    StoreConflictError,
    StoreError,
    StoreRefusedError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from service.settings.parts import DatabaseSettings
from service.store.pool import Connection, Pool, connect

pytestmark = pytest.mark.integration


@pytest.fixture
async def pool(database: DatabaseSettings) -> AsyncIterator[Pool]:
    limits = {"writer_lock_timeout_s": 0.2}
    async with Pool(database.model_copy(update=limits), "writer", max_size=3) as opened:
        yield opened


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT 1 / 0", StoreRefusedError),
        ("SELECT * FROM nowhere", StoreRefusedError),
        ("INSERT INTO judgement (singleton) VALUES (false)", StoreRefusedError),
        ("SELECT pg_terminate_backend(pg_backend_pid())", StoreUnavailableError),
        (
            "DO $$ BEGIN RAISE EXCEPTION '' USING ERRCODE = 'deadlock_detected'; END $$",
            StoreConflictError,
        ),
        (
            "DO $$ BEGIN RAISE EXCEPTION '' USING ERRCODE = 'serialization_failure'; END $$",
            StoreConflictError,
        ),
        (
            "DO $$ BEGIN RAISE EXCEPTION '' USING ERRCODE = 'too_many_connections'; END $$",
            StoreUnavailableError,
        ),
        (
            "DO $$ BEGIN RAISE EXCEPTION '' USING ERRCODE = 'disk_full'; END $$",
            StoreUnavailableError,
        ),
        ("SET statement_timeout = '10ms'; SELECT pg_sleep(10)", StoreTimeoutError),
    ],
)
async def test_errors_of_the_database_are_ours(
    pool: Pool, sql: str, error: type[StoreError]
) -> None:
    with pytest.raises(error):
        async with pool.connection() as connection:
            await connection.execute(sql)

    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_mistake_of_ours_stays_what_it_is(pool: Pool) -> None:
    with pytest.raises(ValueError, match="of ours"):
        async with pool.transaction():
            raise ValueError("of ours")


async def test_an_error_rolls_the_transaction_back(pool: Pool) -> None:
    async def work() -> None:
        async with pool.transaction() as connection:
            await connection.execute("UPDATE judgement SET number = 99")
            await connection.execute("SELECT 1 / 0")

    with pytest.raises(StoreRefusedError):
        await work()

    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT number FROM judgement") == 1


async def test_a_writer_does_not_wait_for_a_lock_for_ever(pool: Pool) -> None:
    async with pool.transaction() as holder:
        await holder.execute("SELECT FROM judgement FOR UPDATE")

        with pytest.raises(StoreTimeoutError, match="lock timeout"):
            async with pool.transaction() as connection:
                await connection.execute("SELECT FROM judgement FOR UPDATE")


async def test_a_writer_that_falls_asleep_in_a_transaction_is_cut_off(
    database: DatabaseSettings,
) -> None:
    settings = database.model_copy(update={"writer_idle_timeout_s": 0.1})

    async def fall_asleep(pool: Pool) -> None:
        cut_off = asyncio.Event()
        async with pool.transaction() as sleeper:
            sleeper.add_termination_listener(lambda _: cut_off.set())
            await sleeper.execute("SELECT FROM judgement FOR UPDATE")
            async with asyncio.timeout(10):
                await cut_off.wait()
            await sleeper.execute("SELECT 1")

    async with Pool(settings, "writer", max_size=2) as pool:
        with pytest.raises(StoreUnavailableError):
            await fall_asleep(pool)
        async with pool.transaction() as connection:
            await connection.execute("SELECT FROM judgement FOR UPDATE")


async def test_a_reader_writes_nothing_and_gives_up_in_time(database: DatabaseSettings) -> None:
    settings = database.model_copy(update={"reader_statement_timeout_s": 0.05})
    async with Pool(settings, "reader", max_size=1) as pool:
        with pytest.raises(StoreError, match="read-only"):
            async with pool.transaction() as connection:
                await connection.execute("UPDATE judgement SET number = 99")

        with pytest.raises(StoreTimeoutError):
            async with pool.connection() as connection:
                await connection.execute("SELECT pg_sleep(10)")


async def test_work_is_done_again_after_a_failure_that_may_pass(pool: Pool) -> None:
    n_tries = 0

    async def work(connection: Connection) -> int:
        nonlocal n_tries
        n_tries += 1
        if n_tries < 3:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return n_tries

    assert await pool.run(work, within_s=20) == 3


async def test_work_is_not_done_again_after_a_failure_that_stays(pool: Pool) -> None:
    tries: list[int] = []

    async def work(connection: Connection) -> None:
        tries.append(1)
        await connection.execute("SELECT 1 / 0")

    with pytest.raises(StoreRefusedError):
        await pool.run(work, within_s=20)
    assert len(tries) == 1


async def test_a_server_that_is_away_is_unavailable(database: DatabaseSettings) -> None:
    away = DatabaseSettings(database_dsn="postgresql://voltpass@127.0.0.1:1/voltpass")

    async with Pool(away, "writer", max_size=1) as pool:
        with pytest.raises(StoreUnavailableError):
            async with pool.connection():
                pass
    with pytest.raises(StoreUnavailableError):
        await connect(away, "writer")


async def test_a_database_that_is_not_there_is_refused(database: DatabaseSettings) -> None:
    dsn = database.database_dsn.rsplit("/", 1)[0] + "/nowhere"

    with pytest.raises(StoreRefusedError, match="nowhere"):
        await connect(DatabaseSettings(database_dsn=dsn), "reader")


@pytest.mark.parametrize("value", [None, {"v1": 230.1, "名": [1, None]}, [], "text"])
async def test_json_goes_in_and_out_by_parameter_and_by_copy(pool: Pool, value: Any) -> None:
    async with pool.transaction() as connection:
        assert await connection.fetchval("SELECT $1::jsonb", value) == value

        await connection.execute("CREATE TEMPORARY TABLE letter (reading jsonb) ON COMMIT DROP")
        await connection.copy_records_to_table("letter", records=[(value,)])
        assert await connection.fetchval("SELECT reading FROM letter") == value


async def test_certificates_that_cannot_be_read_are_named(database: DatabaseSettings) -> None:
    settings = DatabaseSettings(
        database_dsn=database.database_dsn,
        database_tls="verify-full",
        database_ca_file=Path("/none.pem"),
    )

    with pytest.raises(SettingsError, match=r"/none\.pem"):
        await connect(settings, "writer")


async def test_a_server_without_tls_is_refused_where_tls_is_asked_for(
    database: DatabaseSettings,
) -> None:
    settings = DatabaseSettings(database_dsn=database.database_dsn, database_tls="verify-full")

    with pytest.raises(StoreUnavailableError):
        await connect(settings, "writer")
