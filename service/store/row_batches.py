"""Rows of a statement that goes on behind a number, some at a time: no single answer grows without bound."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

from service.store.pool import Connection

_BATCH: Final = 5000  # rows of one statement


async def rows_of(
    connection: Connection, query: str, key: str, *arguments: datetime
) -> AsyncIterator[Any]:
    """Yield the rows of ``query`` in the order of ``key``.

    Its last two parameters are the number behind which it goes on, and how many rows it may give.
    """
    last, n_rows = 0, _BATCH
    while n_rows == _BATCH:
        rows = await connection.fetch(query, *arguments, last, _BATCH)
        n_rows = len(rows)
        for row in rows:
            yield row
        last = rows[-1][key] if rows else last
