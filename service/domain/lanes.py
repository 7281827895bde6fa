"""Which lane a device's reading goes to, and what the kernels need to know of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kernels.layout import LANE_SETTINGS, NO_TIME, NONE, PPM_NOMINAL
from service.domain.instants import FOREVER_US
from service.domain.name_index import NameIndex, name_index
from service.domain.registry import Device, Point, Registry
from service.domain.registry_columns import (
    AT_END,
    SINGLE_PHASE,
    DeviceColumns,
    PointColumns,
    device_columns,
    point_columns,
)

MS = 1000
MINUTE_S = 60
HALF_EIGHTHS = 4  # a minute shows from its half on
_ROWS_AT_ONCE = 100_000
_OUT_OF_SERVICE_MS = MINUTE_S * MS  # interval of a lane whose device is gone
LiveBands = Callable[[NDArray[np.int32]], NDArray[np.int32]]


@dataclass(frozen=True, slots=True, eq=False)
class LaneDirectory:
    """Every device of the registry as a row; a device's assignments follow each other by time.

    What the kernels need to know of a row is made when it is asked for: lanes keep it, and there are no two of it.
    """

    devices: DeviceColumns  # by name, then by time
    has_more: NDArray[np.bool_]  # the next row is of the same device
    _points: PointColumns
    _point: NDArray[np.int32]  # of each row, place in ``_points``
    _index: NameIndex
    _row_of_id: NDArray[np.int32]  # by device id; the last is for ids that are not there
    _live_bands: LiveBands
    _with_power: NDArray[np.int32]  # ids of points whose energy is kept

    def assignments(self, device: str) -> range:
        """Return the rows of a device, empty if nobody registered it."""
        (first,) = self._index.places_of([device]).tolist()
        return self.run_from(first)

    def run_from(self, first: int) -> range:
        """Return the rows of the device whose first row it is, none of NONE."""
        if first == NONE:
            return range(0)
        after = first + 1
        while self.has_more[after - 1]:
            after += 1
        return range(first, after)

    def first_rows(self, devices: Sequence[str]) -> NDArray[np.int32]:
        """Return the first row of each device, NONE for one that nobody registered."""
        return self._index.places_of(devices)

    def rows_of(self, device_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the row of each device id, NONE for one that the registry does not have."""
        inside = (device_ids >= 0) & (device_ids < self._row_of_id.size)
        return self._row_of_id[np.where(inside, device_ids, -1)]

    def first_of_several(self) -> NDArray[np.int64]:
        """Return the first rows of the devices that have more than one."""
        follows = np.zeros(self.has_more.size, np.bool_)
        follows[1:] = self.has_more[:-1]
        return np.flatnonzero(self.has_more & ~follows)

    def zone_numbers(self, rows: NDArray[np.int32]) -> NDArray[np.int16]:
        """Return the number of the zone of each row, 0 (that of UTC) of NONE."""
        numbers = np.zeros(rows.size, np.int16)
        known = rows != NONE
        numbers[known] = self.devices.zone[rows[known]] + 1
        return numbers

    def zone_name(self, number: int) -> str:
        """Return the zone that has a number."""
        return self.devices.zones[number - 1] if number else "UTC"

    def zones_of(self, rows: NDArray[np.int32]) -> list[str]:
        """Return the zone of each row, UTC of NONE."""
        return list(map(self.zone_name, self.zone_numbers(rows).tolist()))

    def settings_of(self, rows: NDArray[np.int32]) -> NDArray[np.void]:
        """Return the ``LANE_SETTINGS`` of rows; ``next_lane`` is not set, and those of NONE take no reading."""
        found = np.full(rows.size, _out_of_service(), LANE_SETTINGS)
        known = np.flatnonzero(rows != NONE)
        found[known] = self._settings(rows[known])
        return found

    def gives_the_same_as(self, other: "LaneDirectory") -> bool:
        """Return whether every row of it is that of ``other``."""
        n_rows = len(self.devices)
        if n_rows != len(other.devices) or self.devices.name != other.devices.name:
            return False
        if not np.array_equal(self.devices.device_id, other.devices.device_id):
            return False
        every = np.arange(n_rows, dtype=np.int32)
        return all(
            self.settings_of(part).tobytes() == other.settings_of(part).tobytes()
            and self.zones_of(part) == other.zones_of(part)
            for part in np.split(every, range(_ROWS_AT_ONCE, n_rows, _ROWS_AT_ONCE))
        )

    def intervals_ms(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the ``interval_ms`` of ``settings_of`` alone."""
        found = np.full(rows.size, _OUT_OF_SERVICE_MS, np.int64)
        known = np.flatnonzero(rows != NONE)
        found[known] = self.devices.interval_s[rows[known]].astype(np.int64) * MS
        return found

    def _settings(self, rows: NDArray[np.int32]) -> NDArray[np.void]:
        devices, points, of_point = self.devices, self._points, self._point[rows]
        point_ids = devices.point_id[rows]
        interval_ms = devices.interval_s[rows].astype(np.int64) * MS
        is_fast = interval_ms < MINUTE_S * MS
        expected = np.where(is_fast, MINUTE_S * MS // interval_ms, 1)
        kinds, kind = np.unique(expected, return_inverse=True)
        found = np.zeros(rows.size, LANE_SETTINGS)
        found["ppm_per_volt"] = (
            devices.voltage_ratio[rows] * MS * PPM_NOMINAL / points.nominal_mv[of_point]
        )
        found["places_per_ms"] = 1.0 / interval_ms
        found["show_at"] = np.array([_show_at(int(one)) for one in kinds], np.int64)[kind]
        found["from_ms"] = np.maximum(
            _ms(devices.valid_from_us[rows]), _ms(points.valid_from_us[of_point])
        )
        found["to_ms"] = np.minimum(
            _end_ms(devices.valid_to_us[rows]), _end_ms(points.valid_to_us[of_point])
        )
        found["interval_ms"] = interval_ms
        found["shift_ms"] = np.where(devices.stamp_at[rows] == AT_END, interval_ms, 0)
        found["point"] = point_ids
        found["next_lane"] = NONE
        found["live_lower_ppm"], found["live_upper_ppm"] = self._live_bands(point_ids)
        found["expected"] = expected
        found["minutes"] = np.where(is_fast, 0, interval_ms // (MINUTE_S * MS))
        found["n_phases"] = np.where(points.wiring[of_point] == SINGLE_PHASE, 1, 3)
        found["zero_is_invalid"] = devices.zero_is_invalid[rows]
        found["wants_power"] = np.isin(point_ids, self._with_power)
        return found


def lane_directory(registry: Registry, live_bands: LiveBands) -> LaneDirectory:
    """Return the directory of ``registry``.

    Args:
        registry: Of one judgement number.
        live_bands: Gives, for points, the bands in ppm outside which a reading is a breach, ``(2, n)``.

    Raises:
        KeyError: A device serves a point that the registry does not have.
    """
    devices = device_columns(registry.devices).in_order()
    points = point_columns(registry.points)
    has_more = np.zeros(len(devices) + 1, np.bool_)  # the last is for NONE
    has_more[: max(0, len(devices) - 1)] = devices.name.compared_with_next() == 0
    is_first = np.ones(len(devices), np.bool_)
    is_first[1:] = ~has_more[: max(0, len(devices) - 1)]
    row_of_id = np.full(int(devices.device_id.max(initial=-1)) + 2, NONE, np.int32)
    row_of_id[devices.device_id] = np.arange(len(devices))
    return LaneDirectory(
        devices=devices,
        has_more=has_more,
        _points=points,
        _point=_places(points.point_id, devices.point_id),
        _index=name_index(devices.name, np.flatnonzero(is_first).astype(np.int32)),
        _row_of_id=row_of_id,
        _live_bands=live_bands,
        _with_power=np.array(sorted(registry.power_factor_point_ids), np.int32),
    )


def _places(known: NDArray[np.int32], wanted: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return where each wanted id stands among the known ones.

    Raises:
        KeyError: One of them is not known.
    """
    place_of = np.full(int(max(known.max(initial=0), wanted.max(initial=0))) + 1, NONE, np.int32)
    place_of[known] = np.arange(known.size)
    places: NDArray[np.int32] = place_of[wanted]
    if (places == NONE).any():
        stranger = int(wanted[places == NONE][0])
        raise KeyError(stranger)
    return places


def _ms(us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return instants in milliseconds, the nearest; of two, the even one."""
    return np.rint(us / MS).astype(np.int64)


def _end_ms(us: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(us == FOREVER_US, -NO_TIME, _ms(us))


def _show_at(expected: int) -> int:
    return sum(1 << n for n in range(1, expected) if _completes_eighth(n, expected))


def live_of_one(live_band: tuple[int, int]) -> LiveBands:
    """Return the same band for every point."""
    return lambda point_ids: np.tile(np.array(live_band, np.int32)[:, None], point_ids.size)


def lane_settings(
    device: Device, point: Point, live_band: tuple[int, int], *, wants_power: bool = False
) -> NDArray[np.void]:
    """Return one ``LANE_SETTINGS`` record: a device in the service of a point."""
    alone = Registry(
        judgement=0,
        points=[point],
        devices=[replace(device, point_id=point.point_id)],
        power_factor_point_ids=frozenset({point.point_id} if wants_power else ()),
    )
    directory = lane_directory(alone, live_of_one(live_band))
    record: NDArray[np.void] = directory.settings_of(np.zeros(1, np.int32))[0]
    return record


def _out_of_service() -> NDArray[np.void]:
    """Return the settings of a lane whose device the registry no longer has: it takes no reading."""
    record = np.zeros((), LANE_SETTINGS)
    record["from_ms"], record["to_ms"] = -NO_TIME, NO_TIME
    record["next_lane"] = NONE
    record["n_phases"] = 1
    record["expected"] = 1
    record["minutes"] = 1
    record["interval_ms"] = _OUT_OF_SERVICE_MS
    return record


def wall_clock_offset_ms(zone: str, wall_ms: int) -> int:
    """Return how far ``zone`` is ahead of UTC when its clocks show ``wall_ms``; of two readings, the earlier time."""
    wall = datetime.fromtimestamp(wall_ms / MS, UTC).replace(tzinfo=None)
    offset = wall.replace(tzinfo=ZoneInfo(zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * MS)


def _completes_eighth(n: int, expected: int) -> bool:
    eighths = 8 * n // expected
    return eighths >= HALF_EIGHTHS and eighths > 8 * (n - 1) // expected
