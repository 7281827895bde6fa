"""What every answer rests on: one snapshot of the database, its zone, and how far its data reach."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from service.errors import SchemaError, StoreRefusedError
from service.store.pool import Connection, Pool
from service.store.statements import statement

_DEPLOYMENT = statement(
    "deployment_read",
    """
    SELECT zone, data_through
      FROM deployment
     CROSS JOIN v_watermark
    """,
)

# Moves with every transaction that wrote something, and with nothing else.
_VERSION = statement("data_version", "SELECT pg_current_snapshot()::text")

_REVISION = statement("schema_revision", "SELECT max(version_num) FROM alembic_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The database at one instant: whatever is read from it fits together."""

    connection: Connection
    zone: ZoneInfo  # days and months are counted in it
    data_through: (
        datetime | None
    )  # minutes from here on are not due yet; None before the first reading


@asynccontextmanager
async def reading(pool: Pool) -> AsyncIterator[Snapshot]:
    """Lend a snapshot; it ends with the block.

    Raises:
        StoreError: Whatever goes wrong with the database inside the block.
    """
    async with (
        pool.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        found = await connection.fetchrow(_DEPLOYMENT)
        if found is None:
            raise SchemaError("the table deployment has no row; `voltpass migrate` makes it")
        yield Snapshot(
            connection=connection,
            zone=ZoneInfo(found["zone"]),
            data_through=found["data_through"],
        )


async def data_version(connection: Connection) -> str:
    """Return what is the same as long as nothing was written to the database."""
    version: str = await connection.fetchval(_VERSION)
    return version


def newest_day(snapshot: Snapshot, now: datetime) -> date:
    """Return the day that the data have reached, in the deployment's zone; at the latest today."""
    reached = min(snapshot.data_through or now, now)
    return (reached - timedelta(microseconds=1)).astimezone(snapshot.zone).date()


async def schema_revision(pool: Pool) -> str | None:
    """Return the revision of the schema, None where there is no schema.

    Raises:
        StoreError: The database does not answer.
    """
    try:
        async with pool.connection() as connection:
            revision: str | None = await connection.fetchval(_REVISION)
    except StoreRefusedError:  # there is no such table
        return None
    return revision
