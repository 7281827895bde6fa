"""Points and devices as columns: the same as one by one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kernels.layout import LANE_SETTINGS, NO_TIME, NONE, PPM_NOMINAL
from service.domain.instants import epoch_us
from service.domain.lane_numbers import LaneNumbers
from service.domain.lanes import lane_directory
from service.domain.name_index import NameIndex
from service.domain.registry import Device, Point, Registry
from service.domain.registry_columns import device_columns, point_columns
from service.domain.texts import texts_of

START = datetime(2020, 1, 1, tzinfo=UTC)
INTERVALS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 900, 3600)
LIVE = (930_000, 1_070_000)

names = st.text("ab表号é", min_size=1, max_size=3)
starts = st.integers(0, 5000).map(lambda hours: START + timedelta(hours=hours, microseconds=hours))
ends = st.none() | st.integers(6000, 9000).map(lambda hours: START + timedelta(hours=hours))
points = st.builds(
    Point,
    point_id=st.just(0),
    point=names,
    nominal_mv=st.sampled_from((220_000, 380_000, 10_000_000)),
    wiring=st.sampled_from(("1p", "3p4w", "3p3w")),
    point_class=st.sampled_from(("A", "B", "C", "D")),
    region=names,
    feeder=st.just("") | names,
    feeder_name=names,
    is_terminal=st.booleans(),
    is_feeder_head=st.booleans(),
    band_lower=st.just(-300),
    band_upper=st.just(700),
    valid_from=starts,
    valid_to=ends,
) | st.builds(
    Point,
    point_id=st.just(0),
    point=names,
    nominal_mv=st.just(220_000),
    wiring=st.just("1p"),
    point_class=st.just("D"),
    valid_from=starts,
)
devices = st.builds(
    Device,
    device_id=st.just(0),
    device=names,
    point_id=st.just(0),
    interval_s=st.sampled_from(INTERVALS),
    voltage_ratio=st.sampled_from((1.0, 1.5, 100.0)),
    reading_kind=st.sampled_from(("mean", "instant")),
    stamp_at=st.sampled_from(("start", "end")),
    zone=st.sampled_from(("UTC", "Asia/Shanghai")),
    delivery_delay_s=st.integers(0, 10),
    self_powered=st.booleans(),
    zero_means=st.sampled_from(("no_supply", "asleep", "no_input")),
    concentrator=names,
    valid_from=starts,
    valid_to=ends,
)


@st.composite
def registries(draw: st.DrawFn) -> Registry:
    those = [
        replace(one, point_id=3 * number + 1)
        for number, one in enumerate(draw(st.lists(points, min_size=1, max_size=5)))
    ]
    meters = [
        replace(one, device_id=2 * number, point_id=draw(st.sampled_from(those)).point_id)
        for number, one in enumerate(draw(st.lists(devices, max_size=8)))
    ]
    with_power = draw(st.sets(st.sampled_from([one.point_id for one in those])))
    return Registry(
        judgement=1, points=those, devices=meters, power_factor_point_ids=frozenset(with_power)
    )


@given(registries())
def test_what_goes_into_columns_comes_out_of_them(registry: Registry) -> None:
    ours, theirs = point_columns(registry.points), device_columns(registry.devices)

    assert list(ours) == registry.points
    assert ours == registry.points
    assert list(theirs) == registry.devices
    assert ours[-1] == registry.points[-1]
    assert ours[1:] == registry.points[1:]
    with pytest.raises(IndexError):
        ours[len(registry.points)]


@given(registries())
def test_the_directory_has_each_device_as_one_by_one(registry: Registry) -> None:
    directory = lane_directory(registry, lambda ids: np.tile([[LIVE[0]], [LIVE[1]]], ids.size))

    in_order = sorted(registry.devices, key=lambda one: (one.device, one.valid_from))
    of_point = {point.point_id: point for point in registry.points}
    ids = np.array([one.device_id for one in in_order], np.int32)
    rows = directory.rows_of(ids)
    assert sorted(rows.tolist()) == list(range(len(in_order)))
    for settings, zone, one in zip(
        directory.settings_of(rows), directory.zones_of(rows), in_order, strict=True
    ):
        with_power = one.point_id in registry.power_factor_point_ids
        assert settings == _plain(one, of_point[one.point_id], with_power=with_power)
        assert zone == one.zone
    for name in {one.device for one in in_order}:
        found = [directory.devices[row] for row in directory.assignments(name)]
        assert found == [one for one in in_order if one.device == name]
    assert len(directory.assignments("nobody")) == 0
    assert directory.rows_of(np.array([-1, 1, 10**6], np.int32)).tolist() == [NONE] * 3
    assert directory.gives_the_same_as(lane_directory(registry, directory._live_bands))  # noqa: SLF001


def test_a_device_of_an_unknown_point_is_refused() -> None:
    device = Device(device_id=1, device="M", point_id=7, interval_s=60, valid_from=START)

    with pytest.raises(KeyError):
        lane_directory(
            Registry(judgement=1, devices=[device]), lambda ids: np.zeros((2, ids.size), np.int32)
        )


def test_names_with_one_hash_are_told_apart() -> None:
    same = np.full(2, hash("b"), np.int64)
    index = NameIndex(texts_of(["a", "b"]), same, np.array([0, 1], np.int32))

    assert index.places_of(["b", "c"]).tolist() == [1, NONE]


@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=4))
def test_lanes_are_found_as_in_a_dictionary(sizes: list[int]) -> None:
    ids = np.random.default_rng(len(sizes)).permutation(200_000)[: sum(sizes)].astype(np.int32)
    numbers, plain, first = LaneNumbers(), dict[int, int](), 0
    for size in sizes:
        part = ids[first : first + size]
        numbers.add(part, first)
        plain |= dict(zip(part.tolist(), range(first, first + size), strict=True))
        first += size

    asked = np.arange(0, 200_000, 997, dtype=np.int32)
    assert numbers.lanes_of(asked).tolist() == [plain.get(one, NONE) for one in asked.tolist()]


def _plain(device: Device, point: Point, *, with_power: bool) -> NDArray[np.void]:
    """The settings of a device, field by field, as they are defined."""
    record = np.zeros((), LANE_SETTINGS)
    interval_ms, expected = device.interval_s * 1000, max(1, 60 // device.interval_s)
    shows = [n for n in range(1, expected) if 8 * n // expected > 8 * (n - 1) // expected]
    starts_at = max(epoch_us(device.valid_from), epoch_us(point.valid_from))
    stops = [epoch_us(end) for end in (device.valid_to, point.valid_to) if end is not None]
    record["ppm_per_volt"] = device.voltage_ratio * 1000 * PPM_NOMINAL / point.nominal_mv
    record["places_per_ms"] = 1.0 / interval_ms
    record["show_at"] = sum(1 << n for n in shows if 2 * n >= expected)
    record["from_ms"] = round(starts_at / 1000)
    record["to_ms"] = round(min(stops) / 1000) if stops else -NO_TIME
    record["interval_ms"] = interval_ms
    record["shift_ms"] = interval_ms if device.stamp_at == "end" else 0
    record["point"], record["next_lane"] = point.point_id, NONE
    record["live_lower_ppm"], record["live_upper_ppm"] = LIVE
    record["expected"] = expected
    record["minutes"] = device.interval_s // 60
    record["n_phases"] = point.n_phases
    record["zero_is_invalid"] = device.zero_is_invalid
    record["wants_power"] = with_power
    return record
