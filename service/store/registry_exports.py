"""The registry as files, which an import takes back without a change."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from service.domain.registry import Customer, Device, Point
from service.domain.registry_checks import DeviceRow
from service.domain.registry_files import Kind, write_customers, write_devices, write_points
from service.domain.table_files import TableForm, content_of
from service.errors import RegistryFileError
from service.settings.parts import DatabaseSettings
from service.store.deployment import zone_of_deployment
from service.store.pool import Pool
from service.store.statements import statement

_POINTS = statement(
    "registry_export_points",
    """
    SELECT point_id, point, nominal_mv, wiring, class AS point_class,
           organisation, organisation_name, region, region_name, substation, substation_name,
           feeder, feeder_name, transformer, transformer_name, is_terminal, is_feeder_head, band_lower, band_upper,
           valid_from, nullif(valid_to, 'infinity') AS valid_to
      FROM point
     ORDER BY point COLLATE "C"
    """,
)

_DEVICES = statement(
    "registry_export_devices",
    """
    SELECT point.point, device_id, device, device.point_id, interval_s, voltage_ratio, reading_kind, stamp_at,
           zone, delivery_delay_s, self_powered, zero_means, concentrator,
           device.valid_from, nullif(device.valid_to, 'infinity') AS valid_to
      FROM device
      JOIN point USING (point_id)
     ORDER BY device COLLATE "C", device.valid_from
    """,
)

_CUSTOMERS = statement(
    "registry_export_customers",
    """
    SELECT customer_id, customer, array_agg(point.point ORDER BY point.point COLLATE "C") AS points, voltage_level_mv,
           residential, important, user_class, required_power_factor, capacity_kva, target_area, response_area,
           customer.valid_from, nullif(customer.valid_to, 'infinity') AS valid_to
      FROM customer
      JOIN customer_point USING (customer_id)
      JOIN point USING (point_id)
     GROUP BY customer_id, customer, voltage_level_mv, residential, important, user_class, required_power_factor,
              capacity_kva, target_area, response_area, customer.valid_from, customer.valid_to
     ORDER BY customer COLLATE "C"
    """,
)

_STATEMENTS: Final[dict[Kind, str]] = {
    "points": _POINTS,
    "devices": _DEVICES,
    "customers": _CUSTOMERS,
}


async def export_registry(pool: Pool, kind: Kind) -> tuple[str, int]:
    """Return the CSV text with every stored row of a kind, in the order of their names, and how many there are."""
    async with pool.connection() as connection:
        zone = ZoneInfo(await zone_of_deployment(connection))
        rows = await connection.fetch(_STATEMENTS[kind])
    return await asyncio.to_thread(lambda: _WRITERS[kind](rows, zone)), len(rows)


async def export_file(settings: DatabaseSettings, kind: Kind, path: Path, form: TableForm) -> int:
    """Write the rows of a kind to a file and return how many there are.

    Raises:
        RegistryFileError: The file cannot be written, or a workbook cannot hold so many rows.
        StoreError: The database did not give the rows.
    """
    async with Pool(settings, "reader", max_size=1) as pool:
        text, n_rows = await export_registry(pool, kind)
    await write_table(text, path, form)
    return n_rows


async def write_table(text: str, path: Path, form: TableForm) -> None:
    """Write the rows of a CSV text to a file; the sheet of a workbook has the file's name.

    Raises:
        RegistryFileError: The file cannot be written, or a workbook cannot hold so many rows.
    """
    content = await asyncio.to_thread(content_of, text, form, path.stem)
    try:
        await asyncio.to_thread(path.write_bytes, content)
    except OSError as error:
        raise RegistryFileError(f"{path} cannot be written: {error}") from error


def _write_points(rows: Sequence[Any], zone: ZoneInfo) -> str:
    return write_points((Point(**row) for row in rows), zone)


def _write_devices(rows: Sequence[Any], zone: ZoneInfo) -> str:
    return write_devices((_device_row(**row) for row in rows), zone)


def _device_row(point: str, **device: Any) -> DeviceRow:
    return DeviceRow(point, Device(**device))


def _write_customers(rows: Sequence[Any], zone: ZoneInfo) -> str:
    return write_customers(
        (Customer(**{**row, "points": tuple(row["points"])}) for row in rows), zone
    )


_WRITERS: Final[dict[Kind, Callable[[Sequence[Any], ZoneInfo], str]]] = {
    "points": _write_points,
    "devices": _write_devices,
    "customers": _write_customers,
}
