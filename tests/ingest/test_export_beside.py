"""An export is complete and right while a consumer works through a backlog beside it."""

import asyncio
import csv
from datetime import UTC, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest

from service.api.export_pace import ExportPace, PaceState
from tests.api.clients import application, client_of
from tests.ingest.network import Network, reading, this_minute_ms

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DEVICES = tuple(f"M{i}" for i in range(6))
N_MINUTES = 90
MINUTE_MS = 60_000
N_LATER = 40  # rounds of a minute that come in while the export runs


def volts(device: int, minute: int) -> float:
    return 215.0 + device + minute % 7


async def test_an_export_is_complete_while_readings_come_in(network: Network) -> None:
    await network.register(*DEVICES)
    start_ms = (this_minute_ms() // 3_600_000 - 24) * 3_600_000

    async def send(minutes: range) -> None:
        for i in minutes:
            at_ms = start_ms + i * MINUTE_MS
            await network.send([reading(one, at_ms, volts(n, i)) for n, one in enumerate(DEVICES)])

    network.consume()
    await send(range(N_MINUTES + 3))  # two minutes of a lane are open
    n_before = len(DEVICES) * (N_MINUTES + 3)
    await network.stored(n_before)
    span = {
        name: datetime.fromtimestamp((start_ms + at * MINUTE_MS) / 1000, UTC).isoformat()
        for name, at in (("from", 0), ("to", N_MINUTES))
    }
    app = application(network.settings, now=lambda: datetime.now(UTC))
    async with client_of(app) as client:
        desk = app.state.context.exports
        desk.pace, desk.state = ExportPace(points_max=1, silence_s=0.4), PaceState(n_points=1)
        async with asyncio.TaskGroup() as tasks:
            coming = tasks.create_task(send(range(N_MINUTES + 3, N_MINUTES + 3 + N_LATER)))
            answer = await client.get("/v1/minutes", params=span)
            during = (await network.sums())["consumed"]
            await coming
    after = await network.stored(n_before + len(DEVICES) * N_LATER)

    assert answer.status_code == 200, answer.text
    assert during > n_before  # both were at work at once
    assert after["consumed"] == after["folded"] == n_before + len(DEVICES) * N_LATER
    zone = ZoneInfo("Asia/Shanghai")
    rows = list(csv.reader(StringIO(answer.text, newline="")))[1:]
    expected = {
        (
            f"P-{one}",
            datetime.fromtimestamp((start_ms + i * MINUTE_MS) / 1000, zone).isoformat(),
        ): volts(n, i)
        for n, one in enumerate(DEVICES)
        for i in range(N_MINUTES)
    }
    assert sorted((row[0], row[1]) for row in rows) == sorted(expected)
    assert {row[2] for row in rows} == {"pass"}
    for row in rows:
        assert float(row[3]) == pytest.approx(
            expected[row[0], row[1]], abs=0.023
        )  # a cell is 0.01 %
