"""Devices whose clocks are wrong, from the delays that consumers saw."""

import httpx
import numpy as np
import pytest

from service.domain.clock_watch import LeastDelays
from service.metrics import SettleMetrics, new_registry
from service.metrics.exposition import render
from service.settings import Settings
from service.store.device_clocks import device_clocks, drop_delays, keep_delays
from service.store.pool import Pool
from tests.api.clients import get
from tests.api.seeding import NewPoint, Seeder

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DAY = 20_000  # since the Unix epoch: 2024-10-04
HOUR_MS = 3_600_000
# Six devices behind one concentrator that are usually 30 s late, one of them 9 minutes behind and one 8 hours ahead;
# one alone whose readings come fifty minutes late.
DELAYS_MS = {
    "M1": 30_000, "M2": 29_000, "M3": 31_000, "M4": 30_500, "M5": 30_000 + 540_000,
    "M6": 30_000 - 8 * HOUR_MS, "LONE": 50 * 60_000,
}  # fmt: skip


async def seed(seeder: Seeder) -> None:
    for name in DELAYS_MS:
        await seeder.points(NewPoint(point=f"P-{name}", region="R2" if name == "LONE" else "R1"))
        await seeder.device(f"P-{name}", name)
    await seeder.run("UPDATE device SET concentrator = 'C1' WHERE device LIKE 'M%'")
    ids = {row["device"]: row["device_id"] for row in await seeder.rows("SELECT * FROM device")}
    async with seeder.pool.connection() as connection:
        for shift_ms in (500, 0, 900):  # the least is kept, in whichever order they come
            await keep_delays(
                connection,
                LeastDelays(
                    device_id=np.array([ids[name] for name in DELAYS_MS], np.int32),
                    day=np.full(len(DELAYS_MS), DAY, np.int32),
                    delay_ms=np.array(list(DELAYS_MS.values()), np.int64) + shift_ms,
                ),
            )


async def test_wrong_clocks_are_listed_with_their_errors(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/device-clocks")

    assert [(one["device"], one["finding"], one["error_s"]) for one in found["devices"]] == [
        ("M5", "drift", 540.0),
        ("M6", "zone", -28_800.0),
    ]
    assert found["devices"][0]["usual_delay_s"] == 30.0
    assert found["devices"][0]["day"] == "2024-10-04"


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"finding": "zone"}, ["M6"]),
        ({"finding": "late"}, ["LONE"]),
        ({"finding": "wrong", "region": "R2"}, []),
        ({"finding": "all", "region": "R1"}, ["M1", "M2", "M3", "M4", "M5", "M6"]),
    ],
)
async def test_findings_and_regions_are_chosen(
    reader: httpx.AsyncClient, asked: dict[str, str], names: list[str]
) -> None:
    found = await get(reader, "/v1/device-clocks", **asked)

    assert [one["device"] for one in found["devices"]] == names


async def test_pages_follow_each_other(reader: httpx.AsyncClient) -> None:
    first = await get(reader, "/v1/device-clocks", finding="all", limit=4)
    second = await get(
        reader, "/v1/device-clocks", finding="all", limit=4, cursor=first["next_cursor"]
    )

    names = [one["device"] for page in (first, second) for one in page["devices"]]
    assert names == sorted(DELAYS_MS)
    assert second["next_cursor"] is None


async def test_errors_are_shown_as_a_metric(stored: Seeder) -> None:
    metrics = SettleMetrics(new_registry())
    async with stored.pool.connection() as connection:
        found = await device_clocks(connection)

    metrics.show_clocks((one.organisation, one.clock.finding) for one in found)

    lines = render(metrics.registry)[0].decode().splitlines()
    organisation = found[0].organisation
    for kind in ("zone", "drift"):
        labels = f'{{kind="{kind}",organisation="{organisation}"}}'
        assert f"voltpass_devices_with_clock_error{labels} 1.0" in lines


async def test_old_days_are_dropped(settings: Settings, seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P"))
    await seeder.device("P", "D")
    async with Pool(settings, "writer", max_size=1) as pool, pool.connection() as connection:
        device_id = await connection.fetchval("SELECT device_id FROM device")
        days = np.array([DAY - 36, DAY - 35, DAY], np.int32)
        await keep_delays(
            connection,
            LeastDelays(np.full(3, device_id, np.int32), days, np.zeros(3, np.int64)),
        )

        await drop_delays(connection, 35)

        left = await connection.fetch("SELECT day - date '1970-01-01' AS day FROM device_clock")
    assert sorted(row["day"] for row in left) == [DAY - 35, DAY]
