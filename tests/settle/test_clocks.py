"""The clocks of devices as the settle role shows them: once a minute, for every device is looked at."""

from datetime import UTC, datetime

import numpy as np
import pytest

from service.domain.clock_watch import LeastDelays
from service.metrics.exposition import render
from service.settle.settler import Settler
from service.store.device_clocks import keep_delays
from service.store.pool import Pool
from tests.settle.plant import register, settler, table

pytestmark = pytest.mark.integration

POINTS = "P1,220,1p,D,F1,2026-01-01T00:00+08:00\n"
DEVICES = "M1,P1,60,no,2026-01-01T00:00+08:00\n"


def n_wrong_zones(one: Settler) -> float:
    lines = render(one.metrics.registry)[0].decode().splitlines()
    name = 'voltpass_devices_with_clock_error{kind="zone"'
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


async def test_clocks_are_looked_at_once_a_minute(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    (device,) = await table(pool, "SELECT device_id FROM device")
    now_s = 1000.0
    one = settler(pool)
    one.monotonic_s = lambda: now_s
    await one.make_pass()
    today = (datetime.now(UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    async with pool.connection() as connection:
        delays = LeastDelays(
            np.array([device["device_id"]], np.int32),
            np.array([today], np.int32),
            np.array([-8 * 3_600_000], np.int64),
        )
        await keep_delays(connection, delays)

    shown = {}
    for now_s in (1010.0, 1059.0, 1060.0):
        await one.make_pass()
        shown[now_s] = n_wrong_zones(one)

    assert shown == {1010.0: 0.0, 1059.0: 0.0, 1060.0: 1.0}
