"""The registry that the server joins to columns is the one that it has row by row."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from service.domain.registry import Device, Point
from service.domain.registry_columns import Place
from service.settings.parts import DatabaseSettings
from service.store.pool import Connection, Pool
from service.store.registry_rows import read_devices, read_points

pytestmark = [pytest.mark.integration, pytest.mark.slow]

N_POINTS = 60_000  # more than are read at once
_OPEN = datetime.max.replace(tzinfo=UTC)  # 'infinity', to the driver

# In random order, so that neither names nor places come as the ids do.
_POINTS = """
    INSERT INTO point (point, nominal_mv, wiring, region, feeder, feeder_name, class, band_lower, band_upper,
                       is_terminal, valid_from, valid_to)
    SELECT 'P表' || i, CASE WHEN i % 9 = 0 THEN 2000000000 ELSE 220000 END,
           (ARRAY['1p', '3p4w', '3p3w'])[i % 3 + 1], 'R' || i % 3, CASE WHEN i % 5 > 0 THEN 'F' || i % 300 ELSE '' END,
           '馈线' || i % 2, (ARRAY['A', 'B', 'C', 'D'])[i % 4 + 1],
           CASE WHEN i % 2 = 0 THEN -700 END, CASE WHEN i % 2 = 0 THEN 700 END, i % 11 = 0,
           '2020-01-01 00:00:00.000001Z', CASE WHEN i % 4 = 0 THEN '2030-01-01Z'::timestamptz ELSE 'infinity' END
      FROM generate_series(1, $1::integer) AS i
     ORDER BY md5(i::text)
"""
_DEVICES = """
    INSERT INTO device (device, point_id, voltage_ratio, reading_kind, interval_s, stamp_at, zone, delivery_delay_s,
                        self_powered, zero_means, concentrator, valid_from, valid_to)
    SELECT 'M' || point_id % 50000, point_id, 1.5, (ARRAY['mean', 'instant'])[point_id % 2 + 1], 900,
           (ARRAY['start', 'end'])[point_id % 2 + 1], (ARRAY['UTC', 'Asia/Shanghai'])[point_id % 2 + 1], point_id % 60,
           point_id % 3 = 0, (ARRAY['no_supply', 'asleep', 'no_input'])[point_id % 3 + 1], 'C' || point_id % 100,
           '2020-01-01Z'::timestamptz + point_id * interval '1 hour', 'infinity'
      FROM point
     ORDER BY md5(point)
"""


async def rows_of(connection: Connection, table: str, order: str) -> list[dict[str, object]]:
    rows = await connection.fetch(f"SELECT * FROM {table} ORDER BY {order}")  # noqa: S608
    found = [dict(row) for row in rows]
    for row in found:
        row["valid_to"] = None if row["valid_to"].replace(tzinfo=UTC) == _OPEN else row["valid_to"]
    return found


async def test_points_and_devices_are_those_of_the_rows_in_order(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    async with Pool(fresh_database(), "writer", max_size=1) as pool:
        async with pool.transaction() as connection:
            none = await read_points(connection)
            nobody = await read_devices(connection, none)
            await connection.execute(_POINTS, N_POINTS)
            await connection.execute(_DEVICES)
        async with pool.transaction() as connection:
            points = await read_points(connection)
            devices = await read_devices(connection, points)
            point_rows = await rows_of(connection, "point", "point_id")
            device_rows = await rows_of(connection, "device", 'device COLLATE "C", valid_from')

    assert len(none) == len(nobody) == 0
    assert [_as_row(point) for point in points] == point_rows
    assert [_of_device(device) for device in devices] == device_rows
    assert len(set(points.places)) == len(points.places) <= 3 * 300 * 2
    assert devices.in_order() is devices


async def test_a_device_whose_point_is_not_there_is_left_out(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    async with (
        Pool(fresh_database(), "writer", max_size=1) as pool,
        pool.transaction() as connection,
    ):
        await connection.execute(_POINTS, 10)
        known = await read_points(connection)
        await connection.execute("DELETE FROM point WHERE point_id = $1", int(known.point_id[0]))
        await connection.execute(_POINTS.replace("'P表'", "'Q'"), 10)
        await connection.execute(_DEVICES)
        devices = await read_devices(connection, known)

    assert np.isin(devices.point_id, known.point_id[1:]).all()
    assert len(devices) == 9


def _as_row(point: Point) -> dict[str, object]:
    names = {"point_class": "class"}
    fields = (
        "point_id", "point", "nominal_mv", "wiring", "point_class", *Place._fields, "band_lower", "band_upper",
        "valid_from", "valid_to", "is_terminal", "is_feeder_head",
    )  # fmt: skip
    return {names.get(name, name): getattr(point, name) for name in fields}


def _of_device(device: Device) -> dict[str, object]:
    fields = (
        "device_id", "device", "point_id", "voltage_ratio", "reading_kind", "interval_s", "stamp_at", "zone",
        "delivery_delay_s", "self_powered", "valid_from", "valid_to", "concentrator", "zero_means",
    )  # fmt: skip
    return {name: getattr(device, name) for name in fields}
