"""No voltage at a device that sleeps or has no input: no minute, no event, neither in time nor late."""

import pytest

from service.settle.late import merge_late_readings
from service.store.page_batches import PageWriter
from service.store.pool import Pool
from service.store.registry_imports import import_registry
from tests.settle.plant import ZONE, consumer, minutes, register, table

pytestmark = pytest.mark.integration

POINTS = "".join(f"P{number},220,1p,D,F1,2026-11-02T00:00+08:00\n" for number in (1, 2, 3))
HEADER = "device,point,interval_s,zero_means,valid_from\n"
DEVICES = "".join(f"M{number},P{number},60,{{}},2026-01-01T00:00+08:00\n" for number in (1, 2, 3))
VERDICTS = (
    "SELECT point, sum(n_pass) AS n_pass, sum(n_invalid) AS n_invalid, sum(n_interrupted) AS n_interrupted"
    "  FROM page JOIN point USING (point_id) GROUP BY point ORDER BY point"
)
EVENTS = "SELECT point, kind FROM event JOIN point USING (point_id) ORDER BY point, kind"


async def set_zero_means(pool: Pool, *meanings: str) -> None:
    report = await import_registry(pool, "devices", (HEADER + DEVICES.format(*meanings)).encode())
    assert not report.is_refused, report


async def verdicts(pool: Pool) -> dict[object, tuple[object, ...]]:
    """Return minutes that passed, were invalid and were interrupted, by point."""
    return {row["point"]: tuple(row.values())[1:] for row in await table(pool, VERDICTS)}


async def test_no_voltage_is_an_interruption_only_where_it_means_no_supply(pool: Pool) -> None:
    await register(pool, POINTS, "")
    await set_zero_means(pool, "no_supply", "asleep", "no_input")
    one = await consumer(pool)
    for device in ("M1", "M2", "M3"):
        one.fold(device, minutes(30, 30, 220.0))
        one.fold(device, minutes(60, 45, 0.0))
        one.fold(device, minutes(105, 15, 220.0))
        one.fold(device, minutes(10, 20, 0.0))  # late

    await one.checkpoint()
    merged = await merge_late_readings(pool, PageWriter(pool, ZONE), one.known, 1000)

    assert merged.n_merged == 60
    assert await verdicts(pool) == {"P1": (45, 0, 65), "P2": (45, 65, 0), "P3": (45, 65, 0)}
    assert await table(pool, EVENTS) == [{"point": "P1", "kind": "interruption"}]


async def test_a_changed_meaning_holds_from_then_on(pool: Pool) -> None:
    await register(pool, POINTS, "")
    await set_zero_means(pool, "no_supply", "no_supply", "asleep")
    one = await consumer(pool)
    for device in ("M1", "M2", "M3"):
        one.fold(device, minutes(0, 10, 220.0))
        one.fold(device, minutes(10, 10, 0.0))
        one.fold(device, minutes(20, 10, 220.0))
    await one.checkpoint()

    await set_zero_means(pool, "no_supply", "asleep", "no_supply")
    for device in ("M1", "M2", "M3"):
        one.fold(device, minutes(30, 10, 220.0))
    await one.checkpoint()  # here it hears of the change
    for device in ("M1", "M2", "M3"):
        one.fold(device, minutes(40, 10, 0.0))
        one.fold(device, minutes(50, 10, 220.0))
    await one.checkpoint()

    assert one.n_moved == 1
    assert await verdicts(pool) == {"P1": (40, 0, 20), "P2": (40, 10, 10), "P3": (40, 10, 10)}
    assert [row["point"] for row in await table(pool, EVENTS)] == ["P1", "P1", "P2", "P3"]
