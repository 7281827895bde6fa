"""Register files into the database: all of a file, or nothing, with a row of the trail for every change."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from service.domain.csv_rows import BadRow, Rows
from service.domain.outage_files import OutageKey, key_of, outage_bad_row, read_outages
from service.domain.register import NewDeclaration
from service.domain.register_checks import Wrong
from service.domain.register_files import Kind, bad_row, read_calls, read_deadlines
from service.domain.table_files import text_of
from service.settings.parts import DatabaseSettings
from service.store.deadlines import DEADLINES
from service.store.declaration_reach import unknown_customers, unknown_places
from service.store.declaration_reads import StoredDeclaration, declarations_by_ticket
from service.store.declarations import Edit, differs, write_declarations
from service.store.deployment import zone_of_deployment
from service.store.fault_calls import FAULT_CALLS
from service.store.judgement import be_only_writer, judgement_number
from service.store.pool import Connection, Pool
from service.store.register_entries import (
    EntryEdit,
    EntryTable,
    StoredEntry,
    entries_by_key,
    write_entries,
)
from service.store.registry_imports import ImportReport, content_of

T = TypeVar("T")
_Line = tuple[int, T]


@dataclass(slots=True)
class _Merged:
    """What a merge did; with bad rows it did nothing."""

    n_new: int = 0
    n_changed: int = 0
    n_withdrawn: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)


async def import_register(pool: Pool, kind: Kind, content: bytes, author: str) -> ImportReport:
    """Bring the register in line with a CSV file, in one transaction and under one judgement number.

    Entries that the file does not have stay. The same file again changes nothing; what was withdrawn and stands in
    the file unchanged stays withdrawn. Each row names an author and an approver of its own, who are two; ``author``
    only brings the file, and may be one of them.

    Args:
        pool: Of a writer.
        kind: What the rows of the file are.
        content: CSV in UTF-8, with or without byte order mark, or GBK; or an xlsx workbook.
        author: Who imports it, for the trail.

    Raises:
        RegistryFileError: The file is neither text nor a workbook.
        StoreError: Nothing was stored, or nobody knows; a second call changes nothing more.
    """
    async with pool.connection() as connection:
        zone = ZoneInfo(await zone_of_deployment(connection))
    found = await asyncio.to_thread(lambda: _READERS[kind](text_of(content), zone))
    if found.bad_rows:
        return _report(kind, found, _Merged(bad_rows=found.bad_rows), None)
    async with pool.transaction() as connection:
        await be_only_writer(connection)
        before = await judgement_number(connection)
        merged = await _MERGERS[kind](connection, found, author)
        after = await judgement_number(connection)
    return _report(kind, found, merged, after if after != before else None)


async def import_register_file(
    settings: DatabaseSettings, kind: Kind, path: Path, author: str
) -> ImportReport:
    """Import the file at ``path``; see ``import_register``.

    Raises:
        RegistryFileError: The file cannot be read, or is neither text nor a workbook.
        StoreError: Nothing was stored, or nobody knows; a second call changes nothing more.
    """
    content = await content_of(path)
    async with Pool(settings, "writer", max_size=1) as pool:
        return await import_register(pool, kind, content, author)


async def _merge_outages(
    connection: Connection, found: Rows[NewDeclaration], author: str
) -> _Merged:
    stored: dict[OutageKey, list[StoredDeclaration]] = defaultdict(list)
    for one in await declarations_by_ticket(connection, {told.ticket for told in found.rows}):
        stored[key_of(one.told)].append(one)
    merged = _Merged()
    edits: list[_Line[Edit]] = []
    for line, told in zip(found.lines, found.rows, strict=True):
        alike = stored[key_of(told)]
        counting = [one for one in alike if one.withdrawn_at is None]
        if len(counting) > 1:
            numbers = ", ".join(str(one.declaration_id) for one in counting)
            allowed = f"a ticket of one declaration; {numbers} have it, so change them by the API"
            merged.bad_rows.append(BadRow(line, "ticket", told.ticket, allowed))
        elif not counting and alike and not _is_changed(alike[-1], told):
            merged.n_withdrawn += 1
        elif not counting:
            edits.append((line, Edit(None, told)))
        elif _is_changed(counting[0], told):
            edits.append((line, Edit(counting[0], _entered(counting[0], told))))
    merged.bad_rows += await _unknown(connection, edits)
    if not merged.bad_rows:
        await write_declarations(connection, [edit for _, edit in edits], author)
        merged.n_new = sum(edit.before is None for _, edit in edits)
        merged.n_changed = len(edits) - merged.n_new
    return merged


def _is_changed(stored: StoredDeclaration, told: NewDeclaration) -> bool:
    return differs(stored.told, _entered(stored, told))


def _entered(stored: StoredDeclaration, told: NewDeclaration) -> NewDeclaration:
    """Return what a file tells, entered when it was before unless the file says when."""
    return replace(told, made_at=told.made_at or stored.made_at)


async def _unknown(connection: Connection, edits: Sequence[_Line[Edit]]) -> list[BadRow]:
    """Return the rows that name what the registry does not have; what stays as it was may."""
    asked = [
        (line, edit.after)
        for line, edit in edits
        if edit.before is None or set(edit.before.told.places) != set(edit.after.places)
    ]
    nowhere = await unknown_places(connection, {one for _, told in asked for one in told.places})
    nobody = await unknown_customers(
        connection, {one.customer for _, edit in edits for one in edit.after.important_told}
    )
    wrong = [
        (line, Wrong("places", one.code, f"a {one.place} that points of the registry belong to"))
        for line, told in asked
        for one in told.places
        if one in nowhere
    ]
    wrong += [
        (line, Wrong("important_told", one.customer, "customers of the registry"))
        for line, edit in edits
        for one in edit.after.important_told
        if one.customer in nobody
    ]
    return [outage_bad_row(*one) for one in wrong]


async def _merge_entries(
    table: EntryTable[Any], connection: Connection, found: Rows[Any], author: str
) -> _Merged:
    keys = [getattr(told, table.key) for told in found.rows]
    stored: dict[str, StoredEntry[Any]] = {}
    for one in await entries_by_key(connection, table, keys):  # one that counts comes last
        stored[getattr(one.told, table.key)] = one
    merged = _Merged()
    edits: list[_Line[EntryEdit[Any]]] = []
    for line, key, told in zip(found.lines, keys, found.rows, strict=True):
        before = stored.get(key)
        if before is None or (before.withdrawn_at is not None and before.told != told):
            edits.append((line, EntryEdit(None, told)))
        elif before.withdrawn_at is not None:
            merged.n_withdrawn += 1
        elif before.told != told:
            edits.append((line, EntryEdit(before, told)))
    unknown = await table.unknown_in(connection, [edit.after for _, edit in edits])
    merged.bad_rows += (
        bad_row(line, wrong)
        for (line, _), of_row in zip(edits, unknown, strict=True)
        for wrong in of_row
    )
    if not merged.bad_rows:
        await write_entries(connection, table, [edit for _, edit in edits], (author, author))
        merged.n_new = sum(edit.before is None for _, edit in edits)
        merged.n_changed = len(edits) - merged.n_new
    return merged


async def _merge_calls(connection: Connection, found: Rows[Any], author: str) -> _Merged:
    return await _merge_entries(FAULT_CALLS, connection, found, author)


async def _merge_deadlines(connection: Connection, found: Rows[Any], author: str) -> _Merged:
    return await _merge_entries(DEADLINES, connection, found, author)


def _report(kind: Kind, found: Rows[Any], merged: _Merged, number: int | None) -> ImportReport:
    return ImportReport(
        kind=kind,
        n_rows=len(found.rows),
        n_new=merged.n_new,
        n_changed=merged.n_changed,
        n_withdrawn=merged.n_withdrawn,
        bad_rows=tuple(sorted(merged.bad_rows, key=lambda bad: bad.line)),
        judgement=number,
    )


_READERS: Final[Mapping[Kind, Callable[[str, ZoneInfo], Rows[Any]]]] = {
    "outages": read_outages,
    "calls": read_calls,
    "deadlines": read_deadlines,
}
_MERGERS: Final[Mapping[Kind, Callable[[Connection, Rows[Any], str], Awaitable[_Merged]]]] = {
    "outages": _merge_outages,
    "calls": _merge_calls,
    "deadlines": _merge_deadlines,
}
