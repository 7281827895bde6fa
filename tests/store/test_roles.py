"""Who may do what, and what becomes of it on each kind of server."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from service.errors import StoreError
from service.settings.parts import DatabaseSettings
from service.store.migrations import head_revision, migrate
from service.store.pool import Connection, connect
from tests.backends import IS_REAL

pytestmark = pytest.mark.integration


@asynccontextmanager
async def _as(database: DatabaseSettings, role: str) -> AsyncIterator[Connection]:
    connection = await connect(database, "migrator")
    try:
        await connection.execute(f"SET ROLE {role}")
        yield connection
    finally:
        await connection.close()


async def test_a_reader_reads_everything_and_writes_nothing(database: DatabaseSettings) -> None:
    async with _as(database, "voltpass_reader") as connection:
        for view in ("v_point_minute", "v_point_day", "v_point_month", "v_interruption", "v_event"):
            assert await connection.fetch(f"TABLE {view}") == []
        assert await connection.fetchval("SELECT version_num FROM alembic_version")

        for sql in (
            "UPDATE judgement SET number = 2",
            "DELETE FROM page",
            "SELECT drop_rows_before('page', now())",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)


async def test_a_writer_writes_rows_but_does_not_change_tables(database: DatabaseSettings) -> None:
    async with _as(database, "voltpass_writer") as connection:
        await connection.execute("UPDATE judgement SET number = number")
        await connection.execute("CREATE TEMPORARY TABLE next_page (LIKE page)")
        await connection.execute("INSERT INTO dirty_day VALUES (1, '2026-01-01', 1)")
        await connection.execute("SELECT drop_rows_before('late_reading', now())")

        for sql in (
            "ALTER TABLE page ADD n integer",
            "UPDATE alembic_version SET version_num = ''",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)


async def test_a_migrator_changes_tables(database: DatabaseSettings) -> None:
    async with _as(database, "voltpass_migrator") as connection:
        await connection.execute("ALTER TABLE page ADD n integer")
        await connection.execute("ALTER TABLE page DROP n")
        await connection.execute("CREATE TABLE later (n integer)")

        await connection.execute(
            "RESET ROLE; SET ROLE voltpass_writer; INSERT INTO later VALUES (1)"
        )
        await connection.execute("RESET ROLE; DROP TABLE later")


async def test_a_login_without_rights_over_roles_can_migrate(
    empty_database: Callable[[], DatabaseSettings],
) -> None:
    database = empty_database()
    name = database.database_dsn.rsplit("/", 1)[1]
    connection = await connect(database, "migrator")
    await connection.execute(f"CREATE ROLE owner_{name} LOGIN PASSWORD 'plain'")
    await connection.execute(f"ALTER DATABASE {name} OWNER TO owner_{name}")
    await connection.execute(f"GRANT CREATE ON SCHEMA public TO owner_{name}")
    await connection.close()
    dsn = "postgresql://owner_{}:plain@{}".format(name, database.database_dsn.rsplit("@", 1)[1])

    revision = await migrate(DatabaseSettings(database_dsn=dsn))

    assert revision == head_revision()


@pytest.mark.parametrize("is_migrator", [True, False])
async def test_a_login_that_may_make_no_schema_is_told_the_right_that_it_needs(
    empty_database: Callable[[], DatabaseSettings],
    is_migrator: bool,  # a member of the role of migrators
) -> None:
    database = empty_database()
    name = database.database_dsn.rsplit("/", 1)[1]
    connection = await connect(database, "migrator")
    await connection.execute(f"CREATE ROLE schemaless_{name} LOGIN PASSWORD 'plain'")
    await connection.execute(f"GRANT CREATE ON SCHEMA public TO schemaless_{name}")
    if is_migrator:
        await connection.execute(f"GRANT voltpass_migrator TO schemaless_{name}")
    grantee = "voltpass_migrator" if is_migrator else f"schemaless_{name}"
    dsn = "postgresql://schemaless_{}:plain@{}".format(
        name, database.database_dsn.rsplit("@", 1)[1]
    )
    grant = f"GRANT CREATE ON DATABASE {name} TO {grantee}"

    with pytest.raises(StoreError, match=grant):
        await migrate(DatabaseSettings(database_dsn=dsn))
    await connection.execute(grant)
    await connection.close()

    assert await migrate(DatabaseSettings(database_dsn=dsn)) == head_revision()


async def test_pages_and_late_readings_are_hypertables_where_the_server_has_them(
    database: DatabaseSettings,
) -> None:
    connection = await connect(database, "migrator")
    try:
        has_timescale = await connection.fetchval(
            "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"
        )
        if not IS_REAL:
            assert not has_timescale
            return
        tables = await connection.fetch(
            "SELECT hypertable_name AS name FROM timescaledb_information.hypertables ORDER BY 1"
        )
        assert [row["name"] for row in tables] == ["late_reading", "page"]
        await connection.execute(
            "INSERT INTO late_reading (start_at, kafka_offset, partition, index_in_message, device_id, quality, topic)"
            " SELECT '2026-01-01'::timestamptz + n * interval '1 day', n, 0, 0, 1, 0, 't' FROM generate_series(0, 4) n"
        )
        dropped = "SELECT drop_rows_before('late_reading', '2026-01-03')"
        assert await connection.fetchval(dropped) is True
        assert await connection.fetchval(dropped) is False
        assert await connection.fetchval("SELECT count(*) FROM late_reading") == 3
    finally:
        await connection.close()


async def test_rows_are_dropped_without_timescale_too(database: DatabaseSettings) -> None:
    connection = await connect(database, "migrator")
    try:
        with pytest.raises(asyncpg.InvalidParameterValueError):
            await connection.execute("SELECT drop_rows_before('judgement', now())")
        with pytest.raises(asyncpg.InvalidParameterValueError):
            await connection.execute("SELECT drop_rows_before('page', NULL)")
    finally:
        await connection.close()
