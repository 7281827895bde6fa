"""The schema comes into being once, however many want it, and can be shown before."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.errors import SchemaError, StoreRefusedError, StoreTimeoutError
from service.settings.parts import DatabaseSettings
from service.store.migrations import current_revision, head_revision, migrate, print_sql
from service.store.pool import Pool, connect
from tests.backends import IS_REAL
from tests.store.schema import schema_text

NewDatabase = Callable[[], DatabaseSettings]

_MIGRATE = """
import asyncio, sys
from service.settings.parts import DatabaseSettings
from service.store.migrations import migrate
sys.stdout.write(asyncio.run(migrate(DatabaseSettings(database_dsn=sys.stdin.read()))))
"""


async def _schema(database: DatabaseSettings) -> str:
    async with Pool(database, "migrator", max_size=1) as pool, pool.connection() as connection:
        return await schema_text(connection)


@pytest.mark.integration
async def test_four_tasks_at_once_migrate_an_empty_database(empty_database: NewDatabase) -> None:
    database = empty_database()

    revisions = await asyncio.gather(*(migrate(database) for _ in range(4)))

    assert revisions == [head_revision()] * 4
    assert await current_revision(database) == head_revision()


@pytest.mark.integration
@pytest.mark.slow
async def test_four_processes_at_once_migrate_an_empty_database(
    empty_database: NewDatabase,
) -> None:
    database = empty_database()

    async def process() -> tuple[int | None, str]:
        started = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _MIGRATE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await started.communicate(database.database_dsn.encode())
        return started.returncode, said.decode()

    outcomes = await asyncio.gather(*(process() for _ in range(4)))

    assert outcomes == [(0, head_revision())] * 4


@pytest.mark.integration
@pytest.mark.slow
async def test_databases_side_by_side_share_the_roles_of_the_server(
    empty_database: NewDatabase,
) -> None:
    databases = [empty_database() for _ in range(3)]

    revisions = await asyncio.gather(*(migrate(database) for database in databases))

    assert revisions == [head_revision()] * 3


@pytest.mark.integration
async def test_a_second_run_changes_nothing(fresh_database: NewDatabase) -> None:
    database = fresh_database()
    before = await _schema(database)

    await migrate(database)

    assert await _schema(database) == before


@pytest.mark.integration
async def test_what_is_printed_for_a_dba_makes_the_same_schema(
    empty_database: NewDatabase, fresh_database: NewDatabase
) -> None:
    by_hand = empty_database()
    connection = await connect(by_hand, "migrator")

    await connection.execute(print_sql())

    await connection.close()
    assert await _schema(by_hand) == await _schema(fresh_database())
    assert await migrate(by_hand) == head_revision()


def test_what_is_printed_can_begin_at_a_revision() -> None:
    printed = print_sql(from_revision="0003")

    assert "CREATE PROCEDURE grant_rights" in printed
    assert "CREATE TABLE page" not in printed


@pytest.mark.integration
async def test_a_database_of_a_newer_version_is_left_alone(fresh_database: NewDatabase) -> None:
    database = fresh_database()
    async with Pool(database, "migrator", max_size=1) as pool, pool.connection() as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaError, match="9999"):
        await migrate(database)


@pytest.mark.integration
async def test_a_migrator_that_hangs_is_not_waited_for_for_ever(
    empty_database: NewDatabase,
) -> None:
    database = empty_database()
    hanging = await connect(database, "migrator")
    await hanging.execute("SELECT pg_advisory_lock(x'766F6C7470617373'::bigint)")

    with pytest.raises(StoreTimeoutError, match="another migrator"):
        await migrate(database, wait_s=0.3)

    await hanging.close()
    assert await migrate(database) == head_revision()


@pytest.mark.integration
async def test_a_migration_that_fails_is_our_error_and_can_be_run_again(
    empty_database: NewDatabase,
) -> None:
    database = empty_database()
    connection = await connect(database, "migrator")
    await connection.execute("CREATE TABLE event (of_somebody_else integer)")

    with pytest.raises(StoreRefusedError, match="event"):
        await migrate(database)

    assert await current_revision(database) == "0001"
    await connection.execute("DROP TABLE event")
    await connection.close()
    assert await migrate(database) == head_revision()


def test_the_schema_is_the_one_that_was_reviewed(fresh_database: NewDatabase) -> None:
    """Not marked integration: the file shows plain PostgreSQL."""
    assert not IS_REAL
    reviewed = Path("tests/data/schema.sql").read_text(encoding="utf-8")

    made = asyncio.run(_schema(fresh_database()))

    assert made == reviewed, "python -m tests.store.schema > tests/data/schema.sql"
