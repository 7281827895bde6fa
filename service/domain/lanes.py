"""Which lane a device's reading goes to, and what the kernels need to know of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kernels.layout import LANE_SETTINGS, NO_TIME, NONE, PPM_NOMINAL
from service.domain.registry import Device, Point, Registry

MS = 1000
MINUTE_S = 60
HALF_EIGHTHS = 4  # a minute shows from its half on
LiveBand = Callable[[Point], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class LaneDirectory:
    """Every device of the registry as a row of lane settings; a device's assignments follow each other by time."""

    settings: NDArray[
        np.void
    ]  # LANE_SETTINGS, one row an assignment; ``next_lane`` is not set here
    device_id: NDArray[np.int32]
    zone: Sequence[str]
    first_row: dict[str, tuple[int, int]]  # device name -> (its first row, number of its rows)
    row_of_id: dict[int, int]

    def assignments(self, device: str) -> range:
        """Return the rows of a device, empty if nobody registered it."""
        first, n_rows = self.first_row.get(device, (0, 0))
        return range(first, first + n_rows)


def lane_directory(registry: Registry, live_band: LiveBand) -> LaneDirectory:
    """Return the directory of ``registry``; ``live_band`` gives the band, in ppm, outside which a reading is a breach.

    Raises:
        KeyError: A device serves a point that the registry does not have.
    """
    points = {point.point_id: point for point in registry.points}
    devices = sorted(registry.devices, key=lambda device: (device.device, device.valid_from))
    settings = np.zeros(len(devices), LANE_SETTINGS)
    first_row: dict[str, tuple[int, int]] = {}
    for row, device in enumerate(devices):
        point = points[device.point_id]
        settings[row] = lane_settings(
            device,
            point,
            live_band(point),
            wants_power=point.point_id in registry.power_factor_point_ids,
        )
        first, n_rows = first_row.get(device.device, (row, 0))
        first_row[device.device] = (first, n_rows + 1)
    return LaneDirectory(
        settings=settings,
        device_id=np.array([device.device_id for device in devices], np.int32),
        zone=[device.zone for device in devices],
        first_row=first_row,
        row_of_id={device.device_id: row for row, device in enumerate(devices)},
    )


def lane_settings(
    device: Device, point: Point, live_band: tuple[int, int], *, wants_power: bool = False
) -> NDArray[np.void]:
    """Return one ``LANE_SETTINGS`` record: a device in the service of a point."""
    record = np.zeros((), LANE_SETTINGS)
    interval_ms = device.interval_s * MS
    is_fast = device.interval_s < MINUTE_S
    expected = MINUTE_S // device.interval_s if is_fast else 1
    record["ppm_per_volt"] = device.voltage_ratio * MS * PPM_NOMINAL / point.nominal_mv
    record["places_per_ms"] = 1.0 / interval_ms
    record["show_at"] = sum(1 << n for n in range(1, expected) if _completes_eighth(n, expected))
    record["from_ms"] = max(epoch_ms(device.valid_from), epoch_ms(point.valid_from))
    record["to_ms"] = min(
        -NO_TIME if device.valid_to is None else epoch_ms(device.valid_to),
        -NO_TIME if point.valid_to is None else epoch_ms(point.valid_to),
    )
    record["interval_ms"] = interval_ms
    record["shift_ms"] = interval_ms if device.stamp_at == "end" else 0
    record["point"] = point.point_id
    record["next_lane"] = NONE
    record["live_lower_ppm"], record["live_upper_ppm"] = live_band
    record["expected"] = expected
    record["minutes"] = 0 if is_fast else device.interval_s // MINUTE_S
    record["n_phases"] = point.n_phases
    record["zero_is_invalid"] = device.zero_is_invalid
    record["wants_power"] = wants_power
    return record


def epoch_ms(at: datetime) -> int:
    """Return milliseconds since the Unix epoch of a time with zone."""
    return round(at.timestamp() * MS)


def out_of_service() -> NDArray[np.void]:
    """Return the settings of a lane whose device the registry no longer has: it takes no reading."""
    record = np.zeros((), LANE_SETTINGS)
    record["from_ms"], record["to_ms"] = -NO_TIME, NO_TIME
    record["next_lane"] = NONE
    record["n_phases"] = 1
    record["expected"] = 1
    record["minutes"] = 1
    record["interval_ms"] = 60 * MS
    return record


def wall_clock_offset_ms(zone: str, wall_ms: int) -> int:
    """Return how far ``zone`` is ahead of UTC when its clocks show ``wall_ms``; of two readings, the earlier time."""
    wall = datetime.fromtimestamp(wall_ms / MS, UTC).replace(tzinfo=None)
    offset = wall.replace(tzinfo=ZoneInfo(zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * MS)


def _completes_eighth(n: int, expected: int) -> bool:
    eighths = 8 * n // expected
    return eighths >= HALF_EIGHTHS and eighths > 8 * (n - 1) // expected
