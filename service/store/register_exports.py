"""The register as files, which an import takes back without a change."""

import asyncio
from pathlib import Path
from zoneinfo import ZoneInfo

from service.domain.outage_files import write_outages
from service.domain.register_files import Kind, write_calls, write_deadlines
from service.domain.table_files import TableForm
from service.settings.parts import DatabaseSettings
from service.store.deadlines import DEADLINES
from service.store.declaration_reads import all_declarations
from service.store.deployment import zone_of_deployment
from service.store.fault_calls import FAULT_CALLS
from service.store.pool import Connection, Pool
from service.store.register_entries import EntryFilter, list_entries
from service.store.registry_exports import write_table


async def export_register(pool: Pool, kind: Kind) -> tuple[str, int]:
    """Return the CSV text with every entry that counts, in the order in which they were made, and their number."""
    async with pool.connection() as connection:
        zone = ZoneInfo(await zone_of_deployment(connection))
        return await _text(connection, kind, zone)


async def export_register_file(
    settings: DatabaseSettings, kind: Kind, path: Path, form: TableForm
) -> int:
    """Write the entries of a kind to a file and return how many there are.

    Raises:
        RegistryFileError: The file cannot be written, or a workbook cannot hold so many rows.
        StoreError: The database did not give the rows.
    """
    async with Pool(settings, "reader", max_size=1) as pool:
        text, n_rows = await export_register(pool, kind)
    await write_table(text, path, form)
    return n_rows


async def _text(connection: Connection, kind: Kind, zone: ZoneInfo) -> tuple[str, int]:
    if kind == "outages":
        declarations = [one.told for one in await all_declarations(connection)]
        return await asyncio.to_thread(write_outages, declarations, zone), len(declarations)
    if kind == "calls":
        calls = [one.told for one in await list_entries(connection, FAULT_CALLS, EntryFilter())]
        return await asyncio.to_thread(write_calls, calls[::-1], zone), len(calls)
    deadlines = [one.told for one in await list_entries(connection, DEADLINES, EntryFilter())]
    return await asyncio.to_thread(write_deadlines, deadlines[::-1], zone), len(deadlines)
