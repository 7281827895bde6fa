"""Each table and view has a twin that is limited to regions, also one that comes later."""

import importlib
import pkgutil
from collections.abc import AsyncIterator

import asyncpg
import pytest

import service.store
from service.domain.access import NOWHERE, Territory
from service.errors import SchemaError
from service.settings.parts import DatabaseSettings
from service.store.pool import Connection, Pool, connect
from service.store.statements import STATEMENTS

pytestmark = pytest.mark.integration

_COLUMNS = """
    SELECT relname, array_agg(attname || ' ' || format_type(atttypid, atttypmod) ORDER BY attnum) AS columns
      FROM pg_class
      JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
     WHERE relnamespace = $1::regnamespace
       AND relkind IN ('r', 'p', 'v')
     GROUP BY relname
"""
# What nothing says of where it lies: of the whole deployment, or of nobody's region.
_HIDDEN = {
    "api_key",
    "api_key_change",
    "data_gap",
    "deadline",
    "lane_block",
    "late_progress",
    "partition_progress",
    "partition_retirement",
    "power_factor_due",
    "report_sign_off",
    "reporting",
    "reporting_partition",
}


@pytest.fixture
async def connection(database: DatabaseSettings) -> AsyncIterator[Connection]:
    found = await connect(database, "migrator")
    yield found
    await found.close()


async def test_twins_have_the_columns_of_what_they_limit(connection: Connection) -> None:
    tables, twins = [
        {row["relname"]: row["columns"] for row in await connection.fetch(_COLUMNS, schema)}
        for schema in ("public", "territory")
    ]

    assert twins == tables


async def test_every_statement_that_reads_can_be_prepared_inside(connection: Connection) -> None:
    """A view has no primary key, so that what is grouped by one is refused there."""
    for module in pkgutil.iter_modules(service.store.__path__, "service.store."):
        importlib.import_module(module.name)
    failed = {}
    async with connection.transaction():
        await connection.execute("SET LOCAL search_path = territory, public")
        for name, sql in STATEMENTS.items():
            try:
                async with connection.transaction():
                    await connection.prepare(sql)
            except asyncpg.PostgresError as error:
                if not str(error).startswith(("cannot insert", "cannot update", "cannot delete")):
                    failed[name] = str(error)

    assert failed == {}


async def test_only_what_has_no_place_is_hidden(connection: Connection) -> None:
    rows = await connection.fetch(
        "SELECT viewname FROM pg_views WHERE schemaname = 'territory' AND definition ~ 'WHERE false;$'"
    )

    assert {row["viewname"] for row in rows} == _HIDDEN


async def test_a_table_that_comes_later_is_limited_by_its_migration(
    connection: Connection,
) -> None:
    async with connection.transaction():
        await connection.execute("CREATE TABLE later (n integer)")
        await connection.execute("CREATE TABLE later_of_regions (region text, n integer)")
        await connection.execute("ALTER TABLE event ADD later integer")
        await connection.execute(
            "INSERT INTO later VALUES (1); INSERT INTO later_of_regions VALUES ('R1', 1), ('R2', 2)"
        )

        await connection.execute("CALL grant_rights()")

        await connection.execute("SET LOCAL voltpass.regions = '{R2}'")
        assert await connection.fetch("TABLE territory.later") == []
        assert await connection.fetchval("SELECT sum(n) FROM territory.later_of_regions") == 2
        assert await connection.fetch("SELECT later FROM territory.event") == []
        await connection.execute("DROP SCHEMA territory CASCADE; CREATE SCHEMA territory")
        await connection.execute("ALTER TABLE event DROP later; DROP TABLE later, later_of_regions")
        await connection.execute("CALL grant_rights()")


async def test_a_table_that_nobody_limited_is_not_shown_to_who_is_limited(
    database: DatabaseSettings, connection: Connection
) -> None:
    await connection.execute("CREATE TABLE forgotten (n integer)")
    try:
        async with Pool(database, "reader", max_size=1) as pool:
            with pytest.raises(SchemaError, match=r"no twin of forgotten: CALL grant_rights\(\)"):
                async with pool.within(NOWHERE).connection():
                    pass
            async with pool.connection() as whole:
                await whole.fetch("TABLE forgotten")
    finally:
        await connection.execute("DROP TABLE forgotten")


async def test_without_regions_nothing_is_found(
    database: DatabaseSettings, connection: Connection
) -> None:
    await connection.execute(
        "INSERT INTO point (point, nominal_mv, wiring, class, region, valid_from)"
        " SELECT 'P' || n, 220000, '1p', 'D', 'R' || n, '2024-01-01' FROM generate_series(1, 3) AS n"
    )
    count = "SELECT count(*) FROM point"

    assert await connection.fetchval("SELECT count(*) FROM territory.point") == 0
    async with Pool(database, "reader", max_size=1) as pool:
        for territory, n in ((NOWHERE, 0), (Territory.of(["R1", "R3", 'o"d,d}']), 2)):
            async with pool.within(territory).connection() as limited:
                assert await limited.fetchval(count) == n
            async with pool.connection() as whole:  # the same one, which has forgotten it
                assert await whole.fetchval(count) == 3


async def test_a_reader_may_read_the_twins(connection: Connection) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL ROLE voltpass_reader")
        for view in ("point", "page", "v_point_day", "outage"):
            await connection.fetch(f"TABLE territory.{view}")
