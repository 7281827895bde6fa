"""What the routes of fault calls and of deadlines do alike."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from service.api.context import ServeContext
from service.api.paging import PageRequest, encode_cursor
from service.api.parameters import instant
from service.api.register_shapes import check_right
from service.api.territory import check_changed_entry, check_entry
from service.errors import UnknownEntryError
from service.logs import logger
from service.store.deployment_reads import reading
from service.store.register_entries import (
    EntryFilter,
    EntryTable,
    StoredEntry,
    add_entry,
    change_entry,
    find_entry,
    list_entries,
    withdraw_entry,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
Found = tuple[StoredEntry[T], ZoneInfo]
log = logger(__name__)


async def entry_page(
    context: ServeContext,
    table: EntryTable[T],
    chosen: EntryFilter,
    span: tuple[str | None, str | None],
    paging: PageRequest,
) -> tuple[list[StoredEntry[T]], ZoneInfo, str | None]:
    """Return a page of entries, the zone, and the cursor of the next page; ``span`` as the request has it."""
    before = paging.after(int)
    async with reading(context.reader) as snapshot:
        zone = snapshot.zone
        edges = [
            instant(text, name, zone) if text else None
            for name, text in zip(("from", "to"), span, strict=True)
        ]
        found = await list_entries(
            snapshot.connection,
            table,
            EntryFilter(
                from_at=edges[0],
                to_at=edges[1],
                open_only=chosen.open_only,
                word=chosen.word,
                with_withdrawn=chosen.with_withdrawn,
            ),
            int(before[0]) if before else None,
            paging.limit + 1,
        )
    shown = found[: paging.limit]
    cursor = encode_cursor(shown[-1].entry_id) if len(found) > paging.limit else None
    return shown, zone, cursor


async def make_entry(
    context: ServeContext, table: EntryTable[T], told: T, author: str, made_by: str
) -> Found[T]:
    """Store an entry and return it."""
    async with context.writer.transaction() as connection:
        await check_right(connection)
        await check_entry(connection, context.asking, table, told)
        number = await add_entry(connection, table, told, author, made_by)
    log.info("entry_made", record=table.record, entry_id=number, author=author)
    return await stored_entry(context, table, number)


async def update_entry(
    context: ServeContext,
    table: EntryTable[T],
    number: int,
    changes: Mapping[str, object],
    made_by: str,
) -> Found[T]:
    """Change an entry and return it."""
    async with context.writer.transaction() as connection:
        await check_right(connection)
        await check_changed_entry(connection, context.asking, table, number, changes)
        await change_entry(connection, table, number, changes, made_by)
    log.info("entry_changed", record=table.record, entry_id=number, made_by=made_by)
    return await stored_entry(context, table, number)


async def take_back_entry(
    context: ServeContext, table: EntryTable[T], number: int, made_by: str
) -> Found[T]:
    """Withdraw an entry and return it."""
    async with context.writer.transaction() as connection:
        await check_right(connection)
        await check_changed_entry(connection, context.asking, table, number, {})
        await withdraw_entry(connection, table, number, made_by)
    log.info("entry_withdrawn", record=table.record, entry_id=number, made_by=made_by)
    return await stored_entry(context, table, number)


async def stored_entry(context: ServeContext, table: EntryTable[T], number: int) -> Found[T]:
    """Return an entry and the zone.

    Raises:
        UnknownEntryError: There is none of this number.
    """
    async with reading(context.reader) as snapshot:
        found = await find_entry(snapshot.connection, table, number)
    if found is None:
        raise UnknownEntryError(f"there is no {table.name} {number}")
    return found, snapshot.zone
