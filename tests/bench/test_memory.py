"""What the consumer keeps of a point, by the bytes of its arrays and objects: the same on every machine."""

import sys
from collections.abc import Iterable
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from kernels.layout import FOLDED
from service.domain.bands import event_limits
from service.domain.batch import Message
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.instants import FOREVER_US
from service.domain.judging import make_judge
from service.domain.lane_book import LaneBook
from service.domain.lanes import lane_directory
from service.domain.registry import Registry
from service.domain.registry_columns import (
    CLASSES,
    NO_EDGE,
    WIRINGS,
    DeviceColumns,
    Place,
    PointColumns,
)
from service.domain.texts import texts_of
from service.wire import Decoder
from tests.bench.steady.fleet import Group, concentrators
from tests.settle.plant import DAY_MS, MINUTE_MS, RULES

S = TypeVar("S", bound=np.generic)

SINCE_US = 1_577_836_800_000_000
# Up to an eighth of the arrays may be room; 1 and 2 KiB are asked for, with all that a process has beside.
BYTES_A_POINT = {"1p": 930, "3p4w": 1310}


def registry_of(group: Group) -> Registry:
    """Return the points of a group and their meters, as the database gives them."""
    n = group.n_points
    ids = np.arange(1, n + 1, dtype=np.int32)

    def every(value: float, kind: type[S]) -> NDArray[S]:
        return np.full(n, value, kind)

    points = PointColumns(
        point_id=ids,
        name=texts_of(f"P{number:09d}" for number in ids.tolist()),
        nominal_mv=every(220_000, np.int32),
        wiring=every(WIRINGS.index(group.wiring), np.uint8),
        point_class=every(CLASSES.index("D"), np.uint8),
        place=ids % 300,
        places=[Place("", "", "R", "", "", "", f"F{i}", "", "", "") for i in range(300)],
        band_lower=every(NO_EDGE, np.int16),
        band_upper=every(NO_EDGE, np.int16),
        valid_from_us=every(SINCE_US, np.int64),
        valid_to_us=every(FOREVER_US, np.int64),
        is_terminal=every(0, np.bool_),
        is_feeder_head=every(0, np.bool_),
    )
    devices = DeviceColumns(
        device_id=ids,
        name=texts_of(f"M{number:09d}" for number in ids.tolist()),
        point_id=ids,
        interval_s=every(group.interval_s, np.int32),
        voltage_ratio=every(1, np.float64),
        reading_kind=every(0, np.uint8),
        stamp_at=every(0, np.uint8),
        zone=every(0, np.int32),
        zones=["UTC"],
        delivery_delay_s=every(0, np.int32),
        self_powered=every(0, np.bool_),
        zero_means=every(0, np.uint8),
        concentrator=every(0, np.int32),
        concentrators=[""],
        valid_from_us=every(SINCE_US, np.int64),
        valid_to_us=every(FOREVER_US, np.int64),
    )
    return Registry(judgement=1, points=points, devices=devices)


def n_bytes_of(roots: Iterable[object]) -> int:
    """Return the bytes of all arrays and objects of ours that are reached from ``roots``, each once."""
    n_bytes, seen, waiting = 0, set[int](), list(roots)
    while waiting:
        one = waiting.pop()
        while isinstance(one, np.ndarray) and isinstance(one.base, np.ndarray):
            one = one.base
        if id(one) in seen:
            continue
        seen.add(id(one))
        waiting += _parts_of(one)
        n_bytes += one.nbytes if isinstance(one, np.ndarray) else sys.getsizeof(one)
    return n_bytes


def _parts_of(one: object) -> list[object]:
    if isinstance(one, dict):
        return [*one.keys(), *one.values()]
    if isinstance(one, list | tuple | set | frozenset):
        return list(one)
    if type(one).__module__.partition(".")[0] != "service":
        return [one.__self__] if hasattr(one, "__self__") else []
    slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
    kept = [getattr(one, name) for name in slots if hasattr(one, name)]
    return kept + list(getattr(one, "__dict__", {}).values())


@pytest.mark.parametrize(
    ("wiring", "n_points"),
    [
        ("1p", 20_000),
        pytest.param("1p", 100_000, marks=pytest.mark.slow),
        pytest.param("3p4w", 100_000, marks=pytest.mark.slow),
    ],
)
def test_a_point_with_an_hour_in_memory_takes_some_bytes(wiring: str, n_points: int) -> None:
    group = Group(n_points=n_points, interval_s=60, wiring=wiring)
    known = registry_of(group)
    judge = make_judge(known, RULES)
    directory = lane_directory(known, judge.live_bands)
    engine = PartitionEngine(LaneBook(directory), FoldPolicy(events=event_limits(RULES)))
    decoder, senders = Decoder(), concentrators([group], n_voltages=1)
    before = n_bytes_of([engine.pool, engine._edge_room])  # noqa: SLF001 (of an engine, not of a point)

    for minute in range(2):
        stamp_ms = DAY_MS + minute * MINUTE_MS
        for sender in senders:
            message = Message(minute, stamp_ms + MINUTE_MS, sender.message(stamp_ms))
            counts = engine.fold(decoder.decode([message]).batches)
            assert counts[FOLDED] == counts.sum() == 1000

    kept = n_bytes_of([engine, decoder, known, judge, directory]) - before
    assert kept / n_points <= BYTES_A_POINT[wiring]
