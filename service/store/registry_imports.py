"""Registry files into the database: all of a file, or nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from service.domain.csv_rows import BadRow, Rows
from service.domain.registry_files import Kind, read_customers, read_devices, read_points
from service.domain.table_files import text_of
from service.errors import RegistryFileError
from service.settings.parts import DatabaseSettings
from service.store.deployment import zone_of_deployment
from service.store.judgement import be_only_writer, raise_judgement
from service.store.pool import Connection, Pool
from service.store.registry_customers import merge_customers
from service.store.registry_devices import merge_devices
from service.store.registry_points import merge_points
from service.store.staging import Merged


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did; with bad rows it did nothing."""

    kind: str
    n_rows: int  # of the file, without its header and bad rows
    n_new: int = 0
    n_changed: int = 0
    n_withdrawn: int = 0  # withdrawn before as they stand in the file, and left so
    bad_rows: tuple[BadRow, ...] = ()  # in the order of their lines
    judgement: int | None = None  # the number that it raised; None where nothing changed

    @property
    def is_refused(self) -> bool:
        """Whether there are bad rows, and so nothing was stored."""
        return bool(self.bad_rows)

    def __str__(self) -> str:
        """Return text for people, a line for each bad row."""
        if self.is_refused:
            counted = f"{self.kind}: nothing was stored, {len(self.bad_rows)} fields are wrong"
            return "\n".join([counted, *map(str, self.bad_rows)])
        n_same = self.n_rows - self.n_new - self.n_changed - self.n_withdrawn
        number = "" if self.judgement is None else f"; judgement {self.judgement}"
        counts = f"{self.n_new} new, {self.n_changed} changed, {n_same} as before"
        if self.n_withdrawn:
            counts += f", {self.n_withdrawn} withdrawn before and left so"
        return f"{self.kind}: {self.n_rows} rows, {counts}{number}"


async def import_registry(pool: Pool, kind: Kind, content: bytes) -> ImportReport:
    """Bring the registry in line with a CSV file, in one transaction.

    Stored rows that the file does not have stay as they are: what ends, ends by its ``valid_to``. The same file again
    changes nothing. A change raises the judgement number.

    Args:
        pool: Of a writer.
        kind: What the rows of the file are.
        content: CSV in UTF-8, with or without byte order mark, or GBK; or an xlsx workbook.

    Raises:
        RegistryFileError: The file is neither text nor a workbook.
        StoreError: Nothing was stored, or nobody knows; a second call changes nothing more.
    """
    async with pool.connection() as connection:
        zone = ZoneInfo(await zone_of_deployment(connection))
    handling = _HANDLING[kind]
    found = await asyncio.to_thread(lambda: handling.read(text_of(content), zone))
    if found.bad_rows:
        return _report(kind, found, Merged(bad_rows=found.bad_rows))
    async with pool.transaction() as connection:
        await be_only_writer(connection)
        merged = await handling.merge(connection, found)
        number = None
        if merged.n_new or merged.n_changed:
            reason = f"{kind}: {merged.n_new} new, {merged.n_changed} changed"
            number = await raise_judgement(connection, merged.changes, reason, is_registry=True)
    return _report(kind, found, merged, number)


async def import_file(settings: DatabaseSettings, kind: Kind, path: Path) -> ImportReport:
    """Import the file at ``path``; see ``import_registry``.

    Raises:
        RegistryFileError: The file cannot be read, or is neither text nor a workbook.
        StoreError: Nothing was stored, or nobody knows; a second call changes nothing more.
    """
    content = await content_of(path)
    async with Pool(settings, "writer", max_size=1) as pool:
        return await import_registry(pool, kind, content)


async def content_of(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        RegistryFileError: It cannot be read.
    """
    try:
        return await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise RegistryFileError(f"{path} cannot be read: {error}") from error


def _report(
    kind: Kind, found: Rows[Any], merged: Merged, number: int | None = None
) -> ImportReport:
    return ImportReport(
        kind=kind,
        n_rows=len(found.rows),
        n_new=merged.n_new,
        n_changed=merged.n_changed,
        bad_rows=tuple(sorted(merged.bad_rows, key=lambda bad: bad.line)),
        judgement=number,
    )


class _Handling(NamedTuple):
    """How a kind of file is read and brought into the database."""

    read: Callable[[str, ZoneInfo], Rows[Any]]
    merge: Callable[[Connection, Rows[Any]], Awaitable[Merged]]


_HANDLING: Final[dict[Kind, _Handling]] = {
    "points": _Handling(read_points, merge_points),
    "devices": _Handling(read_devices, merge_devices),
    "customers": _Handling(read_customers, merge_customers),
}
