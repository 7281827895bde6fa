"""Points and devices out of rows, as columns, some thousands of rows at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

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

_ROWS_AT_ONCE: Final = 10_000  # the event loop gets a turn in between


def _index_in(words: Sequence[str], column: str) -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    return f"array_position(ARRAY[{listed}], {column}) - 1 AS {column}"


_EDGES = f"""
           (extract(epoch FROM valid_from) * 1000000)::bigint AS valid_from_us,
           CASE WHEN valid_to = 'infinity' THEN {FOREVER_US}
                ELSE (extract(epoch FROM valid_to) * 1000000)::bigint
           END AS valid_to_us"""

# The place first, so that it is a slice of a row.
_POINTS = statement(
    "registry_points",
    f"""
    SELECT {", ".join(Place._fields)},
           point, point_id, nominal_mv, {_index_in(WIRINGS, "wiring")}, {_index_in(CLASSES, "class")},
           coalesce(band_lower, {NO_EDGE}) AS band_lower, coalesce(band_upper, {NO_EDGE}) AS band_upper,
           is_terminal, is_feeder_head,{_EDGES}
      FROM point
     ORDER BY point_id
    """,  # noqa: S608 (words of ours)
)

# In the order of the lane directory, so that nothing is sorted there.
# A device whose point the snapshot does not show yet is left out.
_DEVICES = statement(
    "registry_devices",
    f"""
    SELECT device, zone, concentrator, device_id, point_id, interval_s, voltage_ratio,
           {_index_in(READING_KINDS, "reading_kind")}, {_index_in(STAMPS_AT, "stamp_at")}, delivery_delay_s,
           self_powered, {_index_in(ZERO_MEANS, "zero_means")},{_EDGES}
      FROM device
     ORDER BY device COLLATE "C", valid_from
    """,  # noqa: S608 (words of ours)
)
_N_PLACE: Final = len(Place._fields)
_OF_POINT: Final[Mapping[str, type[np.generic]]] = {
    "point_id": np.int32,
    "nominal_mv": np.int32,
    "wiring": np.uint8,
    "point_class": np.uint8,
    "band_lower": np.int16,
    "band_upper": np.int16,
    "is_terminal": np.bool_,
    "is_feeder_head": np.bool_,
    "valid_from_us": np.int64,
    "valid_to_us": np.int64,
}
_OF_DEVICE: Final[Mapping[str, type[np.generic]]] = {
    "device_id": np.int32,
    "point_id": np.int32,
    "interval_s": np.int32,
    "voltage_ratio": np.float64,
    "reading_kind": np.uint8,
    "stamp_at": np.uint8,
    "delivery_delay_s": np.int32,
    "self_powered": np.bool_,
    "zero_means": np.uint8,
    "valid_from_us": np.int64,
    "valid_to_us": np.int64,
}


async def read_points(connection: Connection) -> PointColumns:
    """Return all points, in the order of their ids."""
    columns, places = _Columns(_OF_POINT), _Numbers()
    cursor = await connection.cursor(_POINTS)
    while rows := await cursor.fetch(_ROWS_AT_ONCE):
        by_column = list(zip(*rows, strict=True))
        places.add(Place(*place) for place in zip(*by_column[:_N_PLACE], strict=True))
        columns.add(by_column[_N_PLACE], by_column[_N_PLACE + 1 :])
    return PointColumns(
        name=columns.texts(), place=places.of_rows(), places=places.known(), **columns.joined()
    )


async def read_devices(connection: Connection, points: PointColumns) -> DeviceColumns:
    """Return the devices of ``points``, by name and then by time."""
    columns, zones, concentrators = _Columns(_OF_DEVICE), _Numbers(), _Numbers()
    cursor = await connection.cursor(_DEVICES)
    while rows := await cursor.fetch(_ROWS_AT_ONCE):
        name, zone, concentrator, *others = zip(*rows, strict=True)
        zones.add(zone)
        concentrators.add(concentrator)
        columns.add(name, others)
    found = DeviceColumns(
        name=columns.texts(),
        zone=zones.of_rows(),
        zones=zones.known(),
        concentrator=concentrators.of_rows(),
        concentrators=concentrators.known(),
        **columns.joined(),
    )
    return found.of_points(points.point_id)


@dataclass(slots=True)
class _Columns:
    """Columns of numbers and one of names, gathered part by part."""

    types: Mapping[str, type[np.generic]]
    _parts: list[list[NDArray[Any]]] = field(default_factory=list)
    _names: list[bytes] = field(default_factory=list)
    _lengths: list[int] = field(default_factory=list)

    def add(self, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
        encoded = [name.encode() for name in names]
        self._names.append(b"".join(encoded))
        self._lengths += map(len, encoded)
        self._parts.append(
            [np.array(one, kind) for one, kind in zip(columns, self.types.values(), strict=True)]
        )

    def texts(self) -> Texts:
        return joined_texts(b"".join(self._names), self._lengths)

    def joined(self) -> dict[str, Any]:
        none = [np.zeros(0, kind) for kind in self.types.values()]
        gathered = zip(*(self._parts or [none]), strict=True)
        return {name: np.concatenate(one) for name, one in zip(self.types, gathered, strict=True)}


@dataclass(slots=True)
class _Numbers:
    """Values by the order in which they first came, and the number of each row's value."""

    _number_of: dict[Any, int] = field(default_factory=dict)
    _parts: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, values: "Iterator[Any] | Sequence[Any]") -> None:
        numbers = self._number_of
        self._parts.append(
            np.array([numbers.setdefault(one, len(numbers)) for one in values], np.int32)
        )

    def of_rows(self) -> NDArray[np.int32]:
        return np.concatenate([*self._parts, np.zeros(0, np.int32)])

    def known(self) -> tuple[Any, ...]:
        return tuple(self._number_of)
