"""The newest day is counted in slices, with a rest after each, in which outages are still seen."""

from dataclasses import dataclass

import pytest

from service.settle import rollup
from service.settle.rollup import REST, SLICE_S, RollUp
from service.store.pool import Pool
from tests.settle.plant import consumer, minutes, register, table

pytestmark = pytest.mark.integration

POINTS = "P1,220,1p,D,F1,2020-01-01\nP2,220,1p,D,F2,2020-01-01\n"
DEVICES = "M1,P1,60,no,2020-01-01\nM2,P2,60,no,2020-01-01\n"


@dataclass
class _Clock:
    """Moves on by ``step_s`` whenever it is looked at."""

    now_s: float = 0.0
    step_s: float = 0.0

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


async def test_in_a_rest_only_days_of_points_without_supply_are_counted(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    one, clock = await consumer(pool), _Clock(step_s=SLICE_S + 1)
    roll_up = RollUp(clock)
    for device in ("M1", "M2"):
        one.fold(device, minutes(0, 10, 220.0))
    await one.checkpoint()

    first = await roll_up.run(pool, one.known)
    clock.step_s = 0.0
    one.fold("M1", minutes(10, 10, 220.0))
    one.fold("M2", minutes(10, 10, 0.0))
    await one.checkpoint()
    in_rest = await roll_up.run(pool, one.known)
    counted = await _passed(pool)
    clock.now_s += REST * (SLICE_S + 1)
    after_it = await roll_up.run(pool, one.known)

    assert (first, in_rest, after_it) == (2, 1, 2)
    assert counted == {"P1": (10, 0), "P2": (10, 10)}
    assert await _passed(pool) == {"P1": (20, 0), "P2": (10, 10)}
    due = await table(
        pool, "SELECT DISTINCT point FROM interruption_due JOIN point USING (point_id)"
    )
    assert due == [{"point": "P2"}]


async def test_the_newest_day_is_counted_in_slices_and_days_before_it_at_once(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup, "DAYS_AT_ONCE", 1)
    await register(pool, POINTS, DEVICES)
    one, clock = await consumer(pool), _Clock(step_s=SLICE_S + 1)
    roll_up = RollUp(clock)
    for first in range(4):  # four days, of which one is the newest
        for device in ("M1", "M2"):
            one.fold(device, minutes(first * 1440, 10, 220.0))
    await one.checkpoint()

    n_first = await roll_up.run(pool, one.known)
    n_in_rest = await roll_up.run(pool, one.known)
    clock.now_s += REST * (SLICE_S + 1)
    n_after_it = await roll_up.run(pool, one.known)
    clock.now_s += REST * (SLICE_S + 1)
    n_at_last = await roll_up.run(pool, one.known)

    assert (n_first, n_in_rest, n_after_it, n_at_last) == (2 * 3 + 1, 0, 1, 0)
    assert len(await table(pool, "SELECT FROM point_day")) == 2 * 4


async def _passed(pool: Pool) -> dict[object, tuple[object, object]]:
    rows = await table(
        pool, "SELECT point, n_pass, n_interrupted FROM point_day JOIN point USING (point_id)"
    )
    return {row["point"]: (row["n_pass"], row["n_interrupted"]) for row in rows}
