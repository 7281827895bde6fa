"""Points and devices of the database as columns, without an object for a row or a value.

The server joins the values of a column, as it would send each of them, to one: a million points as rows took fifteen
seconds of this process, and left holes in its memory.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from kernels.layout import NONE
from service.domain.instants import FOREVER_US
from service.domain.registry_columns import (
    CLASSES,
    NO_EDGE,
    READING_KINDS,
    STAMPS_AT,
    WIRINGS,
    ZERO_MEANS,
    DeviceColumns,
    Place,
    PointColumns,
)
from service.domain.texts import Texts, joined_texts
from service.store.pool import Connection
from service.store.statements import statement

_ROWS_AT_ONCE: Final = 50_000  # the event loop gets a turn in between
_GROUPS_AT_ONCE: Final = 10_000
_SERVER_EPOCH_US: Final = 946_684_800_000_000  # 2000-01-01, from which the server counts
_INFINITY: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class _Column:
    """A column as the server sends its values: how it is asked for, and what it is read as."""

    sql: str  # of bytes
    sent: str  # big-endian dtype
    kind: type[np.generic]


def _integer(sql: str) -> _Column:
    return _Column(f"int4send({sql})", ">i4", np.int32)


def _small(sql: str) -> _Column:
    return _Column(f"int2send({sql})", ">i2", np.int16)


def _boolean(sql: str) -> _Column:
    return _Column(f"boolsend({sql})", "?", np.bool_)


def _instant(sql: str) -> _Column:
    return _Column(f"timestamptz_send({sql})", ">i8", np.int64)


def _index_in(words: Sequence[str], sql: str) -> _Column:
    listed = ", ".join(f"'{word}'" for word in words)
    place = f"(array_position(ARRAY[{listed}], {sql}) - 1)::smallint"
    return _Column(f"int2send({place})", ">i2", np.uint8)


_LENGTH: Final = "n_octets"
_OF_POINT: Final[Mapping[str, _Column]] = {
    "point_id": _integer("point_id"),
    "nominal_mv": _integer("nominal_mv::integer"),
    "wiring": _index_in(WIRINGS, "wiring"),
    "point_class": _index_in(CLASSES, "class"),
    "band_lower": _small(f"coalesce(band_lower, ({NO_EDGE})::smallint)"),
    "band_upper": _small(f"coalesce(band_upper, ({NO_EDGE})::smallint)"),
    "is_terminal": _boolean("is_terminal"),
    "is_feeder_head": _boolean("is_feeder_head"),
    "valid_from_us": _instant("valid_from"),
    "valid_to_us": _instant("valid_to"),
    _LENGTH: _integer("octet_length(textsend(point))"),
}
_OF_DEVICE: Final[Mapping[str, _Column]] = {
    "device_id": _integer("device_id"),
    "point_id": _integer("point_id"),
    "interval_s": _integer("interval_s"),
    "voltage_ratio": _Column("float8send(voltage_ratio)", ">f8", np.float64),
    "reading_kind": _index_in(READING_KINDS, "reading_kind"),
    "stamp_at": _index_in(STAMPS_AT, "stamp_at"),
    "delivery_delay_s": _integer("delivery_delay_s"),
    "self_powered": _boolean("self_powered"),
    "zero_means": _index_in(ZERO_MEANS, "zero_means"),
    "valid_from_us": _instant("valid_from"),
    "valid_to_us": _instant("valid_to"),
    _LENGTH: _integer("octet_length(textsend(device))"),
}


def _joined(columns: Mapping[str, _Column], name: str) -> str:
    """Return what asks for each column as one value, and for the names of its rows."""
    asked = {"name": f"textsend({name})"} | {key: one.sql for key, one in columns.items()}
    return ",\n           ".join(f"string_agg({sql}, '') AS {key}" for key, sql in asked.items())


_POINTS = statement(
    "registry_points",
    f"""
    SELECT max(point_id) AS last_id,
           {_joined(_OF_POINT, "point")}
      FROM (
               SELECT *
                 FROM point
                WHERE point_id > $1      -- integer
                ORDER BY point_id
                LIMIT $2                 -- bigint
           ) AS part
    """,  # noqa: S608 (words of ours)
)

_PLACES = statement(
    "registry_places",
    f"""
    SELECT {", ".join(Place._fields)}, string_agg(int4send(point_id), '') AS ids
      FROM point
     GROUP BY {", ".join(Place._fields)}
    """,  # noqa: S608 (words of ours)
)

_DEVICES = statement(
    "registry_devices",
    f"""
    SELECT max(device_id) AS last_id,
           {_joined(_OF_DEVICE, "device")}
      FROM (
               SELECT *
                 FROM device
                WHERE device_id > $1     -- integer
                ORDER BY device_id
                LIMIT $2                 -- bigint
           ) AS part
    """,  # noqa: S608 (words of ours)
)

# In the order of the lane directory, so that nothing is sorted there.
_IN_ORDER = statement(
    "registry_devices_in_order",
    """
    SELECT coalesce(string_agg(int4send(device_id), '' ORDER BY device COLLATE "C", valid_from), '') AS ids
      FROM device
    """,
)

_ZONES = statement(
    "registry_zones",
    """
    SELECT zone, string_agg(int4send(device_id), '') AS ids
      FROM device
     GROUP BY zone
    """,
)

_CONCENTRATORS = statement(
    "registry_concentrators",
    """
    SELECT concentrator, string_agg(int4send(device_id), '') AS ids
      FROM device
     GROUP BY concentrator
    """,
)


async def read_points(connection: Connection) -> PointColumns:
    """Return all points, in the order of their ids; call it in a transaction.

    A point that was added or taken away meanwhile is left out.
    """
    columns = await _read(connection, _POINTS, _OF_POINT)
    place, places = await _groups(connection, _PLACES, columns.numbers["point_id"])
    rows = np.flatnonzero(place != NONE)
    return PointColumns(
        name=columns.names.chosen(rows),
        place=place[rows],
        places=[Place(*one) for one in places],
        **{name: column[rows] for name, column in columns.numbers.items()},
    )


async def read_devices(connection: Connection, points: PointColumns) -> DeviceColumns:
    """Return the devices of ``points``, by name and then by time; call it in a transaction.

    A device that was added or taken away meanwhile is left out, and one whose point is not there.
    """
    columns = await _read(connection, _DEVICES, _OF_DEVICE)
    ids = columns.numbers["device_id"]
    zone, zones = await _groups(connection, _ZONES, ids)
    concentrator, concentrators = await _groups(connection, _CONCENTRATORS, ids)
    rows = _places_of(ids, _integers(await connection.fetchval(_IN_ORDER)))
    rows = rows[rows != NONE]
    rows = rows[(zone[rows] != NONE) & (concentrator[rows] != NONE)]
    found = DeviceColumns(
        name=columns.names.chosen(rows),
        zone=zone[rows],
        zones=[name for (name,) in zones],
        concentrator=concentrator[rows],
        concentrators=[name for (name,) in concentrators],
        **{name: column[rows] for name, column in columns.numbers.items()},
    )
    return found.of_points(points.point_id)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Names and numbers of rows, in the order of their ids."""

    names: Texts
    numbers: Mapping[str, NDArray[Any]]


@dataclass(slots=True)
class _Parts:
    """Columns part by part."""

    columns: Mapping[str, _Column]
    _names: list[bytes] = field(default_factory=list)
    _numbers: dict[str, list[NDArray[Any]]] = field(default_factory=dict)

    def add(self, row: asyncpg.Record) -> None:
        self._names.append(row["name"])
        for name, column in self.columns.items():
            part = np.frombuffer(row[name], column.sent).astype(column.kind)
            self._numbers.setdefault(name, []).append(part)

    def whole(self) -> _Columns:
        numbers: dict[str, NDArray[Any]] = {
            name: np.concatenate([*self._numbers.pop(name, []), np.zeros(0, column.kind)])
            for name, column in self.columns.items()
        }
        names = joined_texts(b"".join(self._names), numbers.pop(_LENGTH))
        for name in ("valid_from_us", "valid_to_us"):
            sent = numbers[name]
            numbers[name] = np.where(sent == _INFINITY, FOREVER_US, sent + _SERVER_EPOCH_US)
        return _Columns(names, numbers)


async def _read(connection: Connection, sql: str, columns: Mapping[str, _Column]) -> _Columns:
    """Return the columns of all rows; those of one part are in one order, whichever that is."""
    parts, last_id = _Parts(columns), NONE
    while True:
        row = await connection.fetchrow(sql, last_id, _ROWS_AT_ONCE)
        if row is None or row["last_id"] is None:
            break
        parts.add(row)
        last_id = row["last_id"]
    return _in_order_of(parts.whole(), next(iter(columns)))


def _in_order_of(columns: _Columns, key: str) -> _Columns:
    ids = columns.numbers[key]
    if (np.diff(ids) > 0).all():
        return columns
    order = np.argsort(ids, kind="stable")
    numbers = {name: column[order] for name, column in columns.numbers.items()}
    return _Columns(columns.names.chosen(order), numbers)


async def _groups(
    connection: Connection, sql: str, ids: NDArray[np.int32]
) -> tuple[NDArray[np.int32], list[tuple[str, ...]]]:
    """Return for each id, of rising ones, which of the values is its, NONE without one; and the values."""
    number, values = np.full(ids.size, NONE, np.int32), list[tuple[str, ...]]()
    async for *value, of_value in _rows(connection, sql):
        at = _places_of(ids, _integers(of_value))
        number[at[at != NONE]] = len(values)
        values.append(tuple(value))
    return number, values


async def _rows(connection: Connection, sql: str) -> AsyncIterator[Iterable[Any]]:
    cursor = await connection.cursor(sql)
    while rows := await cursor.fetch(_GROUPS_AT_ONCE):
        for row in rows:
            yield row


def _integers(sent: bytes) -> NDArray[np.int32]:
    return np.frombuffer(sent, ">i4").astype(np.int32)


def _places_of(ids: NDArray[np.int32], wanted: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return where each wanted id stands among rising ones, NONE where it does not."""
    if not ids.size:
        return np.full(wanted.size, NONE, np.int64)
    at = np.minimum(np.searchsorted(ids, wanted), ids.size - 1)
    return np.where(ids[at] == wanted, at, NONE)
