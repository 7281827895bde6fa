"""Points and devices as columns: a million of them in a tenth of the memory that objects take.

Each is a sequence of ``Point`` or ``Device``, made when they are asked for; who goes through all of them
takes the columns instead.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from service.domain.instants import FOREVER_US, at_us, epoch_us
from service.domain.registry import (
    Device,
    Point,
    PointClass,
    ReadingKind,
    StampAt,
    Wiring,
    ZeroMeans,
)
from service.domain.texts import Texts, texts_of

WIRINGS: Final[tuple[Wiring, ...]] = ("1p", "3p4w", "3p3w")
CLASSES: Final[tuple[PointClass, ...]] = ("A", "B", "C", "D")
READING_KINDS: Final[tuple[ReadingKind, ...]] = ("mean", "instant")
STAMPS_AT: Final[tuple[StampAt, ...]] = ("start", "end")
SINGLE_PHASE: Final = WIRINGS.index("1p")
AT_END: Final = STAMPS_AT.index("end")
ZERO_MEANS: Final[tuple[ZeroMeans, ...]] = ("no_supply", "asleep", "no_input")
NO_EDGE: Final = np.iinfo(np.int16).min  # of a band: none


_Slice: TypeAlias = "slice[int | None, int | None, int | None]"


class Place(NamedTuple):
    """Where a point is in the network; many points share one."""

    organisation: str
    organisation_name: str
    region: str
    region_name: str
    substation: str
    substation_name: str
    feeder: str
    feeder_name: str
    transformer: str
    transformer_name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointColumns(Sequence[Point]):
    """Points, ``(n_points,)`` each."""

    point_id: NDArray[np.int32]
    name: Texts
    nominal_mv: NDArray[np.int32]
    wiring: NDArray[np.uint8]  # index in WIRINGS
    point_class: NDArray[np.uint8]  # index in CLASSES
    place: NDArray[np.int32]  # index in ``places``
    places: Sequence[Place]
    band_lower: NDArray[np.int16]  # 0.01 % of nominal; NO_EDGE: no band of its own
    band_upper: NDArray[np.int16]
    valid_from_us: NDArray[np.int64]
    valid_to_us: NDArray[np.int64]  # FOREVER_US: open
    is_terminal: NDArray[np.bool_]
    is_feeder_head: NDArray[np.bool_]

    def __len__(self) -> int:
        return self.point_id.size

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: "_Slice") -> list[Point]: ...
    def __getitem__(self, index: "int | _Slice") -> Point | list[Point]:
        if isinstance(index, slice):
            return [self._point(place) for place in range(*index.indices(len(self)))]
        return self._point(range(len(self))[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def _point(self, i: int) -> Point:
        lower, upper = int(self.band_lower[i]), int(self.band_upper[i])
        return Point(
            point_id=int(self.point_id[i]),
            point=self.name[i],
            nominal_mv=int(self.nominal_mv[i]),
            wiring=WIRINGS[self.wiring[i]],
            point_class=CLASSES[self.point_class[i]],
            **self.places[self.place[i]]._asdict(),
            is_terminal=bool(self.is_terminal[i]),
            is_feeder_head=bool(self.is_feeder_head[i]),
            band_lower=None if lower == NO_EDGE else lower,
            band_upper=None if upper == NO_EDGE else upper,
            valid_from=at_us(int(self.valid_from_us[i])),
            valid_to=None if self.valid_to_us[i] == FOREVER_US else at_us(int(self.valid_to_us[i])),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeviceColumns(Sequence[Device]):
    """Devices, ``(n_devices,)`` each."""

    device_id: NDArray[np.int32]
    name: Texts
    point_id: NDArray[np.int32]
    interval_s: NDArray[np.int32]
    voltage_ratio: NDArray[np.float64]
    reading_kind: NDArray[np.uint8]  # index in READING_KINDS
    stamp_at: NDArray[np.uint8]  # index in STAMPS_AT
    zone: NDArray[np.int32]  # index in ``zones``
    zones: Sequence[str]
    delivery_delay_s: NDArray[np.int32]
    self_powered: NDArray[np.bool_]
    zero_means: NDArray[np.uint8]  # index in ZERO_MEANS
    concentrator: NDArray[np.int32]  # index in ``concentrators``
    concentrators: Sequence[str]
    valid_from_us: NDArray[np.int64]
    valid_to_us: NDArray[np.int64]  # FOREVER_US: open

    def __len__(self) -> int:
        return self.device_id.size

    @overload
    def __getitem__(self, index: int) -> Device: ...
    @overload
    def __getitem__(self, index: "_Slice") -> list[Device]: ...
    def __getitem__(self, index: "int | _Slice") -> Device | list[Device]:
        if isinstance(index, slice):
            return [self._device(place) for place in range(*index.indices(len(self)))]
        return self._device(range(len(self))[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def of_points(self, point_ids: NDArray[np.int32]) -> "DeviceColumns":
        """Return the devices of these points; themselves where that is all of them."""
        kept = np.isin(self.point_id, point_ids)
        return self if kept.all() else self._rows(np.flatnonzero(kept))

    def in_order(self) -> "DeviceColumns":
        """Return them by name, and those of one name by time; themselves where they are in that order."""
        if self._is_in_order():
            return self
        keys = list(zip(self.name, self.valid_from_us.tolist(), strict=True))
        return self._rows(np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64))

    def _is_in_order(self) -> bool:
        order, rises = self.name.compared_with_next(), np.diff(self.valid_from_us) >= 0
        return bool(((order < 0) | ((order == 0) & rises)).all())

    def _rows(self, rows: NDArray[np.int64]) -> "DeviceColumns":
        return DeviceColumns(
            device_id=self.device_id[rows],
            name=self.name.chosen(rows),
            point_id=self.point_id[rows],
            interval_s=self.interval_s[rows],
            voltage_ratio=self.voltage_ratio[rows],
            reading_kind=self.reading_kind[rows],
            stamp_at=self.stamp_at[rows],
            zone=self.zone[rows],
            zones=self.zones,
            delivery_delay_s=self.delivery_delay_s[rows],
            self_powered=self.self_powered[rows],
            zero_means=self.zero_means[rows],
            concentrator=self.concentrator[rows],
            concentrators=self.concentrators,
            valid_from_us=self.valid_from_us[rows],
            valid_to_us=self.valid_to_us[rows],
        )

    @property
    def zero_is_invalid(self) -> NDArray[np.bool_]:
        """Whether all phases below a tenth of nominal say nothing about supply."""
        invalid: NDArray[np.bool_] = self.self_powered | (self.zero_means != 0)
        return invalid

    def _device(self, i: int) -> Device:
        return Device(
            device_id=int(self.device_id[i]),
            device=self.name[i],
            point_id=int(self.point_id[i]),
            interval_s=int(self.interval_s[i]),
            voltage_ratio=float(self.voltage_ratio[i]),
            reading_kind=READING_KINDS[self.reading_kind[i]],
            stamp_at=STAMPS_AT[self.stamp_at[i]],
            zone=self.zones[self.zone[i]],
            delivery_delay_s=int(self.delivery_delay_s[i]),
            self_powered=bool(self.self_powered[i]),
            zero_means=ZERO_MEANS[self.zero_means[i]],
            concentrator=self.concentrators[self.concentrator[i]],
            valid_from=at_us(int(self.valid_from_us[i])),
            valid_to=None if self.valid_to_us[i] == FOREVER_US else at_us(int(self.valid_to_us[i])),
        )


def point_columns(points: Iterable[Point]) -> PointColumns:
    """Return points as columns; those that are columns already are returned as they are."""
    if isinstance(points, PointColumns):
        return points
    those = list(points)
    numbers: dict[Place, int] = {}
    place = [numbers.setdefault(_place_of(one), len(numbers)) for one in those]
    return PointColumns(
        point_id=np.array([one.point_id for one in those], np.int32),
        name=texts_of(one.point for one in those),
        nominal_mv=np.array([one.nominal_mv for one in those], np.int32),
        wiring=np.array([WIRINGS.index(one.wiring) for one in those], np.uint8),
        point_class=np.array([CLASSES.index(one.point_class) for one in those], np.uint8),
        place=np.array(place, np.int32),
        places=tuple(numbers),
        band_lower=np.array([_edge(one.band_lower) for one in those], np.int16),
        band_upper=np.array([_edge(one.band_upper) for one in those], np.int16),
        valid_from_us=np.array([epoch_us(one.valid_from) for one in those], np.int64),
        valid_to_us=np.array(
            [FOREVER_US if one.valid_to is None else epoch_us(one.valid_to) for one in those],
            np.int64,
        ),
        is_terminal=np.array([one.is_terminal for one in those], np.bool_),
        is_feeder_head=np.array([one.is_feeder_head for one in those], np.bool_),
    )


def device_columns(devices: Iterable[Device]) -> DeviceColumns:
    """Return devices as columns; those that are columns already are returned as they are."""
    if isinstance(devices, DeviceColumns):
        return devices
    those = list(devices)
    zones: dict[str, int] = {}
    concentrators: dict[str, int] = {}
    zone = [zones.setdefault(one.zone, len(zones)) for one in those]
    concentrator = [concentrators.setdefault(one.concentrator, len(concentrators)) for one in those]
    return DeviceColumns(
        device_id=np.array([one.device_id for one in those], np.int32),
        name=texts_of(one.device for one in those),
        point_id=np.array([one.point_id for one in those], np.int32),
        interval_s=np.array([one.interval_s for one in those], np.int32),
        voltage_ratio=np.array([one.voltage_ratio for one in those], np.float64),
        reading_kind=np.array([READING_KINDS.index(one.reading_kind) for one in those], np.uint8),
        stamp_at=np.array([STAMPS_AT.index(one.stamp_at) for one in those], np.uint8),
        zone=np.array(zone, np.int32),
        zones=tuple(zones),
        delivery_delay_s=np.array([one.delivery_delay_s for one in those], np.int32),
        self_powered=np.array([one.self_powered for one in those], np.bool_),
        zero_means=np.array([ZERO_MEANS.index(one.zero_means) for one in those], np.uint8),
        concentrator=np.array(concentrator, np.int32),
        concentrators=tuple(concentrators),
        valid_from_us=np.array([epoch_us(one.valid_from) for one in those], np.int64),
        valid_to_us=np.array(
            [FOREVER_US if one.valid_to is None else epoch_us(one.valid_to) for one in those],
            np.int64,
        ),
    )


def _place_of(point: Point) -> Place:
    return Place(*(getattr(point, name) for name in Place._fields))


def _edge(edge: int | None) -> int:
    return int(NO_EDGE) if edge is None else edge
