"""The schema: brought up to date by alembic, whose migrations run plain SQL files as they are."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, cast

import alembic.command
import alembic.op
import asyncpg
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection as SyncConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from service.errors import SchemaError, StoreError, StoreTimeoutError
from service.settings.parts import DatabaseSettings
from service.store.pool import connect, translating

_LOCK: Final = 0x766F6C7470617373  # "voltpass"; one migrator at a time in a database
_LOOK_AGAIN_S: Final = 0.1
# To the role of migrators where the login is one, else to the login.
_MISSING_GRANT: Final = """
    SELECT format(
               'GRANT CREATE ON DATABASE %I TO %I',
               current_database(),
               coalesce(
                   (SELECT rolname FROM pg_roles
                     WHERE rolname = 'voltpass_migrator' AND pg_has_role(current_user, oid, 'USAGE')),
                   current_user
               )
           )
     WHERE NOT has_database_privilege(current_database(), 'CREATE')
"""
_ALEMBIC_RUNS = threading.Lock()  # it keeps its state in module globals


async def migrate(settings: DatabaseSettings, *, wait_s: float = 600.0) -> str:
    """Bring the schema up to date and return its revision; any number may do so at once.

    Args:
        settings: The database; its user needs the right to create tables and, for TimescaleDB
            and the roles, the rights that ``print_sql`` shows are used.
        wait_s: How long another migrator is waited for, seconds.

    Raises:
        StoreTimeoutError: Another migrator did not finish in time.
        SchemaError: The database was migrated by a newer version.
        StoreError: A migration failed; the ones before it stay, it is rolled back.
    """
    try:
        return await _migrated(settings, wait_s=wait_s)
    except StoreError as error:
        if not isinstance(error.__cause__, asyncpg.InsufficientPrivilegeError):
            raise
        grant = await _missing_grant(settings)
        if grant is None:
            raise
        raise type(error)(
            f"{error}; a migration makes a schema, for which the login needs a right of the database: "
            f"let its owner run `{grant}`, then `voltpass migrate` again"
        ) from error


async def _migrated(settings: DatabaseSettings, *, wait_s: float) -> str:
    async with _connection(settings) as connection, _turn(connection, wait_s=wait_s):
        found = await connection.run_sync(_revision_of)
        if found is not None and found not in _revisions():
            raise SchemaError(f"revision {found} of the database is newer than {head_revision()}")
        await connection.run_sync(_upgrade)
        return await connection.run_sync(_revision_of) or ""


async def _missing_grant(settings: DatabaseSettings) -> str | None:
    """Return what gives the login the right to make schemas; None where it has that right."""
    driver = await connect(settings, "migrator")
    try:
        with translating(driver):
            return cast("str | None", await driver.fetchval(_MISSING_GRANT))
    finally:
        await driver.close()


async def current_revision(settings: DatabaseSettings) -> str | None:
    """Return the revision of the schema in the database; None where there is none yet."""
    async with _connection(settings) as connection:
        return await connection.run_sync(_revision_of)


def head_revision() -> str:
    """Return the revision that this version needs."""
    return _scripts().get_current_head() or ""


def print_sql(*, from_revision: str | None = None) -> str:
    """Return the SQL that ``migrate`` would run on a database at ``from_revision``; None: empty."""
    printed = io.StringIO()
    with _ALEMBIC_RUNS:
        span = f"{from_revision}:head" if from_revision else "head"
        alembic.command.upgrade(_config(printed), span, sql=True)
    return printed.getvalue()


def run_sql_file(name: str) -> None:
    """Run a file of ``migrations/sql``, any number of statements; only migrations call this."""
    script = (_folder() / "sql" / name).read_text(encoding="utf-8")
    context = alembic.op.get_context()
    if context.as_sql:
        context.impl.static_output(script)
        return
    # SQLAlchemy prepares what it runs, and a prepared statement is one statement.
    driver: Any = alembic.op.get_bind().connection.dbapi_connection
    driver.run_async(lambda connection: connection.execute(script))


def _folder() -> Path:
    """Return the folder of the migrations: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise SchemaError(f"no folder of migrations in {package} nor beside it")


def _config(output: io.TextIOBase | None = None) -> Config:
    config = Config(output_buffer=output or io.StringIO())  # type: ignore[arg-type]
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _revisions() -> set[str]:
    return {script.revision for script in _scripts().walk_revisions()}


def _revision_of(connection: SyncConnection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: SyncConnection) -> None:
    connection.rollback()  # ends the transaction that looking began
    config = _config()
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, "head")


@asynccontextmanager
async def _connection(settings: DatabaseSettings) -> AsyncIterator[AsyncConnection]:
    driver = await connect(settings, "migrator")

    async def handed_over() -> Any:
        return driver

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=handed_over, poolclass=NullPool
    )
    try:
        with translating(driver), _unwrapping():
            async with engine.connect() as connection:
                yield connection
    finally:
        await driver.close()
        await engine.dispose()


@contextmanager
def _unwrapping() -> Iterator[None]:
    """Raise the driver's errors as they were before SQLAlchemy wrapped them."""
    try:
        yield
    except DBAPIError as error:
        raise (error.orig and error.orig.__cause__) or error from None


@asynccontextmanager
async def _turn(connection: AsyncConnection, *, wait_s: float) -> AsyncIterator[None]:
    """Wait for our turn by asking again and again.

    Who waits inside PostgreSQL holds a snapshot, for which an index that the other one builds
    CONCURRENTLY would wait in turn.
    """
    try:
        async with asyncio.timeout(wait_s):
            while not await _is_ours(connection):  # noqa: ASYNC110  (nobody here could set an event)
                await asyncio.sleep(_LOOK_AGAIN_S)
    except TimeoutError as error:
        raise StoreTimeoutError(f"another migrator has not finished for {wait_s} s") from error
    try:
        yield
    finally:
        _ALEMBIC_RUNS.release()  # the lock in the database ends with the connection


async def _is_ours(connection: AsyncConnection) -> bool:
    if not _ALEMBIC_RUNS.acquire(blocking=False):
        return False
    try:
        found = await connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_LOCK})")
        is_ours = bool(found.scalar_one())
        await connection.rollback()  # a session's lock outlives its transaction
    except BaseException:
        _ALEMBIC_RUNS.release()
        raise
    if not is_ours:
        _ALEMBIC_RUNS.release()
    return is_ours
