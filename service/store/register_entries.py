"""Entries of the register that have a key of the operator's: how they are made, changed, withdrawn and found."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from service.domain.register_checks import Wrong
from service.errors import EntryError, EntryExistsError, UnknownEntryError
from service.store.declaration_rows import plain
from service.store.judgement import be_only_writer
from service.store.pool import Connection
from service.store.register_changes import EntryChange, Record, note_changes

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTable(Generic[T]):
    """How one kind of entry is stored: its statements, and what they bind."""

    record: Record
    name: str  # for people
    key: str  # field by which the operator knows it
    make: Callable[..., T]
    wrong_with: Callable[[T], list[Wrong]]  # in itself
    unknown_in: Callable[
        [Connection, Sequence[T]], Awaitable[list[list[Wrong]]]
    ]  # to the registry, of each
    add: str  # rows as JSON, author
    update: str  # rows as JSON
    withdraw: str  # number
    find: str  # number
    by_key: str  # keys
    list: str  # from, to, open only, word, withdrawn too, before, limit


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry(Generic[T]):
    """An entry, and who made it."""

    entry_id: int
    told: T
    author: str
    made_at: datetime
    withdrawn_at: datetime | None


class EntryEdit(NamedTuple, Generic[T]):
    """An entry that is made, or becomes another."""

    before: StoredEntry[T] | None  # None: it is made
    after: T


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries are meant: those that fit in everything that is given."""

    from_at: datetime | None = None  # called, or opened, from here
    to_at: datetime | None = None  # to here, exclusive
    open_only: bool = False  # not restored, or not answered, yet
    word: str | None = None  # response area, or promise
    with_withdrawn: bool = False


async def add_entry(
    connection: Connection, table: EntryTable[T], told: T, author: str, made_by: str
) -> int:
    """Store an entry and return its number.

    Raises:
        EntryError: It contradicts itself, or names what the registry does not have.
        EntryExistsError: There is one with its key already.
    """
    await be_only_writer(connection)
    await _check(connection, table, told)
    key = getattr(told, table.key)
    for one in await entries_by_key(connection, table, [key]):
        if one.withdrawn_at is None:
            raise EntryExistsError(
                f"{table.name} {one.entry_id} has the {table.key} {key!r} already"
            )
    (number,) = await write_entries(connection, table, [EntryEdit(None, told)], (author, made_by))
    return number


async def change_entry(
    connection: Connection,
    table: EntryTable[T],
    entry_id: int,
    changes: Mapping[str, Any],
    made_by: str,
) -> None:
    """Change fields of an entry, all but its key.

    Raises:
        UnknownEntryError: There is none of this number, or it was withdrawn.
        EntryError: It would contradict itself, or name what the registry does not have.
    """
    await be_only_writer(connection)
    before = await _counting(connection, table, entry_id)
    after = replace(before.told, **changes)
    await _check(connection, table, after)
    await write_entries(connection, table, [EntryEdit(before, after)], (made_by, made_by))


async def withdraw_entry(
    connection: Connection, table: EntryTable[T], entry_id: int, made_by: str
) -> None:
    """Let an entry count no longer; it stays on record.

    Raises:
        UnknownEntryError: There is none of this number, or it was withdrawn before.
    """
    await be_only_writer(connection)
    before = entry_content((await _counting(connection, table, entry_id)).told)
    withdrawn_at = await connection.fetchval(table.withdraw, entry_id)
    after = before | {"withdrawn_at": plain(withdrawn_at)}
    change = EntryChange(record_id=entry_id, action="withdrawn", before=before, after=after)
    await note_changes(connection, table.record, made_by, [change])


async def write_entries(
    connection: Connection,
    table: EntryTable[T],
    edits: Sequence[EntryEdit[T]],
    people: tuple[str, str],
) -> list[int]:
    """Store what is checked and return the numbers; an edit that changes nothing leaves no trace.

    Args:
        connection: In a transaction that is the only writer.
        table: What the entries are.
        edits: New entries and changed ones.
        people: Author of the new ones, and who is named in the trail.
    """
    author, made_by = people
    new = [entry_content(one.after) for one in edits if one.before is None]
    rows = [{**content, "nth": nth} for nth, content in enumerate(new)]
    added = await connection.fetch(table.add, rows, author) if rows else []
    numbers = iter(sorted(row[0] for row in added))
    stored = [(next(numbers) if one.before is None else one.before.entry_id, one) for one in edits]
    changed = [
        (number, one)
        for number, one in stored
        if one.before is not None and one.before.told != one.after
    ]
    if changed:
        told = [{**entry_content(one.after), "entry_id": number} for number, one in changed]
        await connection.execute(table.update, told)
    made = [(number, one) for number, one in stored if one.before is None]
    await note_changes(
        connection, table.record, made_by, [_change(number, one) for number, one in made + changed]
    )
    return [number for number, _ in stored]


async def find_entry(
    connection: Connection, table: EntryTable[T], entry_id: int
) -> StoredEntry[T] | None:
    """Return an entry, also a withdrawn one; None where there is none of this number."""
    row = await connection.fetchrow(table.find, entry_id)
    return None if row is None else _entry(table, row)


async def entries_by_key(
    connection: Connection, table: EntryTable[T], keys: Collection[str]
) -> list[StoredEntry[T]]:
    """Return all entries with these keys, withdrawn ones too, in the order of their numbers."""
    return [_entry(table, row) for row in await connection.fetch(table.by_key, list(keys))]


async def list_entries(
    connection: Connection,
    table: EntryTable[T],
    chosen: EntryFilter,
    before: int | None = None,
    limit: int | None = None,
) -> list[StoredEntry[T]]:
    """Return the chosen entries, the newest first, those with a lower number than ``before``."""
    rows = await connection.fetch(
        table.list,
        chosen.from_at,
        chosen.to_at,
        chosen.open_only,
        chosen.word,
        chosen.with_withdrawn,
        before,
        limit,
    )
    return [_entry(table, row) for row in rows]


def entry_content(told: "DataclassInstance") -> dict[str, object]:
    """Return an entry as JSON."""
    return {one.name: plain(getattr(told, one.name)) for one in fields(told)}


async def _check(connection: Connection, table: EntryTable[T], told: T) -> None:
    (unknown,) = await table.unknown_in(connection, [told])
    wrong = table.wrong_with(told) + unknown
    if wrong:
        raise EntryError("; ".join(map(str, wrong)))


async def _counting(connection: Connection, table: EntryTable[T], entry_id: int) -> StoredEntry[T]:
    found = await find_entry(connection, table, entry_id)
    if found is None or found.withdrawn_at is not None:
        raise UnknownEntryError(f"{table.name} {entry_id} does not exist any more")
    return found


def _change(number: int, edit: EntryEdit[T]) -> EntryChange:
    return EntryChange(
        record_id=number,
        action="made" if edit.before is None else "changed",
        before=None if edit.before is None else entry_content(edit.before.told),
        after=entry_content(edit.after),
    )


def _entry(table: EntryTable[T], row: Any) -> StoredEntry[T]:
    values = dict(row)
    own = {name: values.pop(name) for name in ("entry_id", "author", "made_at", "withdrawn_at")}
    return StoredEntry(told=table.make(**values), **own)
