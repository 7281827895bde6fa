"""Work that one process does at a time, held by an advisory lock of the database."""

import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.settings.parts import DatabaseSettings
from service.store.pool import connect, translating
from service.store.statements import statement

_TRY = statement("single_try", "SELECT pg_try_advisory_lock(1987014512, $1)")


@asynccontextmanager
async def held_alone(settings: DatabaseSettings, work: str) -> AsyncIterator[bool]:
    """Try to become the one process that does ``work``; say whether it is, for as long as the block lasts.

    The lock goes with its own connection: when the process dies or is cut off, another one can have it. What is
    written must be safe without it: it keeps two from working in vain, it is no fence.

    Raises:
        StoreError: The database cannot be asked.
    """
    connection = await connect(settings, "writer")
    try:
        with translating(connection):
            is_mine = bool(await connection.fetchval(_TRY, zlib.crc32(work.encode()) & 0x7FFF_FFFF))
        yield is_mine
    finally:
        await connection.close(timeout=5)
