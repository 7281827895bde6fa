"""Devices of a registry file, brought into the database."""

from typing import Any, Final

from service.domain.csv_rows import BadRow, Rows
from service.domain.registry_checks import DeviceRow
from service.store.moved_points import mark_changed_devices
from service.store.pool import Connection
from service.store.staging import Merged, copy_rows

_FIELDS: Final = (
    "device",
    "interval_s",
    "voltage_ratio",
    "reading_kind",
    "stamp_at",
    "zone",
    "delivery_delay_s",
    "self_powered",
    "zero_means",
    "concentrator",
    "valid_from",
    "valid_to",
)
_NEXT: Final = ", ".join(f"next_device.{field}" for field in ("point_id", *_FIELDS))
_STORED: Final = ", ".join(f"device.{field}" for field in ("point_id", *_FIELDS))

# device_id: of the stored row that a row is the new state of.
_STAGE = f"""
    CREATE TEMPORARY TABLE next_device ON COMMIT DROP AS
    SELECT 0 AS line, ''::text AS point, device_id, {_STORED}
      FROM device
     WHERE false
"""  # noqa: S608

_FIND_POINTS = """
    UPDATE next_device
       SET point_id = point.point_id
      FROM point
     WHERE point.point = next_device.point
"""

_FIND_SAME = """
    UPDATE next_device
       SET device_id = device.device_id
      FROM device
     WHERE device.device = next_device.device
       AND device.valid_from = next_device.valid_from
"""

# A corrected start: one row and one stored row of the same device at the same point, alone in overlapping.
_FIND_CORRECTED = """
    UPDATE next_device
       SET device_id = pair.device_id
      FROM (
               SELECT next_device.line,
                      device.device_id,
                      count(*) OVER (PARTITION BY next_device.line) AS n_stored,
                      count(*) OVER (PARTITION BY device.device_id) AS n_next
                 FROM next_device
                 JOIN device
                   ON device.device = next_device.device
                  AND device.valid_from < next_device.valid_to
                  AND device.valid_to > next_device.valid_from
                WHERE next_device.device_id IS NULL
                  AND device.point_id = next_device.point_id
                  AND NOT EXISTS (
                          SELECT FROM next_device AS same WHERE same.device_id = device.device_id
                      )
           ) AS pair
     WHERE pair.line = next_device.line
       AND pair.n_stored = 1
       AND pair.n_next = 1
"""

_REFUSED = """
    SELECT line, 'point' AS column_name, point AS value, 'a point of the registry' AS allowed
      FROM next_device
     WHERE point_id IS NULL
     UNION ALL
    SELECT next_device.line,
           'valid_from',
           to_char(next_device.valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'),
           format(
               'no overlap with the stored row of this device at point %s, %s to %s, unless the file has that row too',
               point.point,
               to_char(device.valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'),
               CASE WHEN device.valid_to = 'infinity' THEN 'open'
                   ELSE to_char(device.valid_to AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') END
           )
      FROM next_device
      JOIN device
        ON device.device = next_device.device
       AND device.valid_from < next_device.valid_to
       AND device.valid_to > next_device.valid_from
      JOIN point ON point.point_id = device.point_id
     WHERE NOT EXISTS (
               SELECT FROM next_device AS same WHERE same.device_id = device.device_id
           )
     ORDER BY line
"""

_UPDATE = f"""
    UPDATE device
       SET {", ".join(f"{field} = next_device.{field}" for field in ("point_id", *_FIELDS))}
      FROM next_device
     WHERE next_device.device_id = device.device_id
       AND ({_NEXT}) IS DISTINCT FROM ({_STORED})
"""  # noqa: S608

_INSERT = f"""
    INSERT INTO device (point_id, {", ".join(_FIELDS)})
    SELECT {_NEXT}
      FROM next_device
     WHERE device_id IS NULL
     ORDER BY line
"""  # noqa: S608


async def merge_devices(connection: Connection, found: Rows[DeviceRow]) -> Merged:
    """Bring devices into the database, in the caller's transaction; with bad rows it changes nothing.

    No page is judged again for a device: what it has measured was folded under the old row, and stays.
    """
    await connection.execute(_STAGE)
    rows = ((line, *_row(row)) for line, row in zip(found.lines, found.rows, strict=True))
    await copy_rows(connection, "next_device", ("line", "point", *_FIELDS), rows)
    await connection.execute(_FIND_POINTS)
    await connection.execute(_FIND_SAME)
    await connection.execute(_FIND_CORRECTED)
    refused = [
        BadRow(row["line"], row["column_name"], row["value"], row["allowed"])
        for row in await connection.fetch(_REFUSED)
    ]
    if refused:
        return Merged(bad_rows=refused)
    await mark_changed_devices(connection)
    n_changed = await connection.execute(_UPDATE)
    return Merged.of(await connection.execute(_INSERT), n_changed, ())


def _row(row: DeviceRow) -> tuple[Any, ...]:
    return (row.point, *(getattr(row.device, field) for field in _FIELDS))
