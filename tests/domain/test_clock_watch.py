"""What is seen of the clocks of devices, call by call."""

import numpy as np
import pytest

from kernels.layout import LANE_SETTINGS, Folded, Readings
from service.domain.clock_watch import DAY_MS, ClockWatch, LeastDelays, least_of

MINUTE_MS = 60_000


def observe(watch: ClockWatch, delay_ms: list[int], *, day: int = 20_000) -> None:
    """Let a watch look at one reading of a minute of each lane, in the order of the lanes."""
    n = len(delay_ms)
    lane = np.arange(n, dtype=np.int32)
    start_ms = np.full(n, day * DAY_MS, np.int64)
    settings = np.zeros(n, LANE_SETTINGS)
    settings["interval_ms"] = MINUTE_MS
    none, absent = np.zeros(n, np.int64), np.zeros(0)
    record_ms = start_ms + MINUTE_MS + np.array(delay_ms, np.int64)
    watch.observe(
        Readings(
            lane, none, record_ms, absent, absent, absent, absent, absent, np.zeros(0, np.uint8)
        ),
        Folded(np.zeros(n, np.uint8), lane, start_ms, np.zeros((n, 3), np.int32)),
        settings,
        lane,
    )


def entries(delays: LeastDelays) -> set[tuple[int, int, int]]:
    columns = (delays.device_id.tolist(), delays.day.tolist(), delays.delay_ms.tolist())
    return set(zip(*columns, strict=True))


def test_every_meter_is_seen_though_they_come_in_the_same_order_each_time() -> None:
    watch, n_meters = ClockWatch(), 20_000

    for _ in range(4):  # a quarter of them is looked at in a call
        observe(watch, [1000] * n_meters)

    assert entries(watch.take(np.arange(n_meters, dtype=np.int32))) == {
        (meter, 20_000, 1000) for meter in range(n_meters)
    }


@pytest.mark.parametrize("days", [(20_000, 20_001, 20_000), (80_000, 20_000, 20_001)])
def test_days_in_any_order_lose_nothing(days: tuple[int, ...]) -> None:
    watch = ClockWatch()

    for nth, day in enumerate(days):
        observe(watch, [500 - nth, 700 + nth], day=day)

    expected: dict[tuple[int, int], int] = {}
    for nth, day in enumerate(days):
        for meter, delay_ms in enumerate((500 - nth, 700 + nth)):
            expected[meter, day] = min(delay_ms, expected.get((meter, day), delay_ms))
    found = least_of([watch.take(np.arange(2, dtype=np.int32))])
    assert entries(found) == {(*key, delay_ms) for key, delay_ms in expected.items()}
