"""What was found of interruptions stands when their place is looked at again; what is ahead of the data waits."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from service.domain.instants import epoch_us
from service.domain.register import NewDeclaration, Place
from service.domain.supply.interruptions import Interruption
from service.errors import JudgementMovedError
from service.settle.feeder_jobs import Job
from service.settle.grouping import Grouper
from service.settle.knowledge import load_knowledge
from service.settle.settler import PassReport, Settler
from service.store.declarations import add_declaration
from service.store.interruption_due import Window, mark_interruptions_due
from service.store.interruption_rows import Difference, replace_interruptions
from service.store.pool import Pool
from service.store.registry_imports import import_registry
from tests.settle.plant import (
    HEADER,
    RULES,
    ZONE,
    Consumer,
    at,
    consumer,
    minutes,
    register,
    settle,
    settler,
    table,
)
from tests.settle.test_interruptions import INTERRUPTIONS, district, supply, tell

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DAY_MINUTES = 1440
_TICK = timedelta(microseconds=1)
DUE = "SELECT point, from_at, to_at FROM interruption_due JOIN point USING (point_id) ORDER BY 1"


async def found(pool: Pool) -> list[tuple[object, object]]:
    return [(row["point"], row["start_at"]) for row in await table(pool, INTERRUPTIONS)]


async def all_but_p2(one: Consumer, first: int, dark: int, last: int) -> None:
    """Read the feeder from ``first`` to ``last`` but for its P2; it is dark for half an hour."""
    one.fold("MH", minutes(first, dark - first, 5774.0))
    one.fold("MH", minutes(dark, 30, 0.0))
    one.fold("MH", minutes(dark + 30, last - dark - 30, 5774.0))
    for meter in ("M1", "M3", "M4"):
        one.fold(meter, minutes(first, dark - first, 220.0))
        one.fold(meter, minutes(dark + 30, last - dark - 30, 220.0))
    await one.checkpoint()


async def with_a_silent_meter(pool: Pool) -> Consumer:
    """Let a feeder be dark on its first day; P2 is silent from minute 60 on and has no reading after it."""
    meters = await district(pool)
    one = await consumer(pool)
    await supply(one, meters[1:2], 0, 60)
    await all_but_p2(one, 0, 120, 3 * DAY_MINUTES)
    await tell(pool, "P1", "power_off", at(120))
    await settle(pool)
    assert ("P2", at(120)) in await found(pool)
    return one


async def test_a_silent_meter_keeps_its_outage_when_its_feeder_is_dark_again(pool: Pool) -> None:
    one = await with_a_silent_meter(pool)
    again = 3 * DAY_MINUTES + 600

    await all_but_p2(one, 3 * DAY_MINUTES, again, again + 300)
    await tell(pool, "P1", "power_off", at(again))
    await settle(pool)

    mine = [start for point, start in await found(pool) if point == "P2"]
    assert mine == [at(120), at(again)]


async def test_a_silent_meter_keeps_its_outage_when_it_speaks_of_another(pool: Pool) -> None:
    await with_a_silent_meter(pool)
    later = 2 * DAY_MINUTES + 900

    await tell(pool, "P2", "power_failure_log", at(later), at(later + 10))
    await settle(pool)

    mine = [start for point, start in await found(pool) if point == "P2"]
    assert mine == [at(120), at(later)]


async def test_an_event_ahead_of_the_readings_counts_at_once_and_again_when_they_get_there(
    pool: Pool,
) -> None:
    meters = await district(pool, with_head=False)
    one = await consumer(pool)
    await supply(one, meters, 0, 60)
    await settle(pool)

    await tell(pool, "P1", "power_off", at(62))
    await settle(pool)
    early, waiting = await found(pool), await table(pool, DUE)
    idle = await settle(pool)
    still = await table(pool, "SELECT due_id FROM interruption_due")
    await settle(pool)
    untouched = await table(pool, "SELECT due_id FROM interruption_due")
    await supply(one, meters[1:], 60, 240)
    await settle(pool)

    assert early == [("P1", at(62))]
    assert waiting == [{"point": "P1", "from_at": at(62) + _TICK, "to_at": at(72)}]
    assert (idle, untouched) == ([], still)
    assert await found(pool) == [("P1", at(62))]
    assert await table(pool, DUE) == []


async def test_an_event_more_than_an_hour_ahead_of_the_readings_waits_for_them(pool: Pool) -> None:
    meters = await district(pool, with_head=False)
    one = await consumer(pool)
    await supply(one, meters, 0, 60)
    await settle(pool)

    await tell(pool, "P1", "power_off", at(125))
    await settle(pool)
    early = await found(pool)
    await supply(one, meters[1:], 60, 240)
    await settle(pool)

    assert early == []
    assert await found(pool) == [("P1", at(125))]


async def test_an_outage_declared_ahead_of_the_readings_counts_when_they_get_there(
    pool: Pool,
) -> None:
    meters = await district(pool, with_head=False)
    one = await consumer(pool)
    await supply(one, meters, 0, 60)
    await settle(pool)
    async with pool.transaction() as connection:
        await add_declaration(
            connection,
            NewDeclaration(
                kind="outage",
                places=[Place("feeder", "F1")],
                ticket="T-1",
                author="dispatcher",
                approver="shift leader",
                from_at=at(65),
                to_at=None,
                cause="fault_internal",
            ),
        )
    await settle(pool)
    early = await found(pool)

    await supply(one, meters[3:], 60, 62)
    await settle(pool)
    nearer = await found(pool)
    await supply(one, meters[3:], 62, 240)
    await settle(pool)

    assert (early, nearer) == ([], [])
    assert {("P1", at(65)), ("P2", at(65)), ("P3", at(65))} <= set(await found(pool))


@pytest.mark.parametrize(("is_silent", "expected"), [(False, []), (True, [("P2", at(61))])])
async def test_what_is_declared_waits_for_the_readings_though_another_meter_tells_of_later(
    pool: Pool, is_silent: bool, expected: list[tuple[str, datetime]]
) -> None:
    meters = await district(pool, with_head=False)
    one = await consumer(pool)
    await supply(one, meters, 0, 60)
    await settle(pool)
    async with pool.transaction() as connection:
        await add_declaration(
            connection,
            NewDeclaration(
                kind="outage",
                places=[Place("point", "P2")],
                ticket="T-1",
                author="dispatcher",
                approver="shift leader",
                from_at=at(61),
                to_at=at(75),
                cause="fault_internal",
            ),
        )
    await tell(pool, "P1", "power_off", at(85))
    await settle(pool)
    early = await found(pool)

    if is_silent:
        await supply(one, meters[2:], 60, 240)
        one.fold(meters[1], minutes(90, 150, 220.0))
        await one.checkpoint()
    else:
        await supply(one, meters[1:], 60, 240)
    await settle(pool)

    assert early == [("P1", at(85))]
    assert set(await found(pool)) == {("P1", at(85)), *expected}


@pytest.mark.parametrize(("p3_from", "darkened"), [(86, ["P2", "P3", "P4"]), (60, [])])
async def test_a_place_darkens_nobody_ahead_of_the_readings_that_may_hold_against_it(
    pool: Pool, p3_from: int, darkened: list[str]
) -> None:
    meters = await district(pool)
    one = await consumer(pool)
    one.fold("MH", minutes(0, 60, 5774.0))
    await supply(one, meters, 0, 60)
    await settle(pool)
    for point in ("H", "P1"):
        await tell(pool, point, "power_failure_log", at(65), at(85))
    await tell(pool, "P4", "power_off", at(110))
    await settle(pool)
    early = await found(pool)

    one.fold("MH", minutes(86, 154, 5774.0))
    await supply(one, [meters[0], meters[1]], 86, 240)
    await supply(one, [meters[2]], p3_from, 240)
    await settle(pool)

    told = {("H", at(65)), ("P1", at(65)), ("P4", at(110))}
    assert set(early) == told
    assert set(await found(pool)) == told | {(point, at(65)) for point in darkened}


async def test_a_time_far_ahead_is_not_cut_and_one_without_an_end_does_not_stay(pool: Pool) -> None:
    meters = await district(pool, with_head=False)
    one = await consumer(pool)
    await supply(one, meters, 0, 60)
    await settle(pool)

    async with pool.transaction() as connection:
        points = await connection.fetch("SELECT point_id FROM point ORDER BY point LIMIT 3")
        p1, p2, p3 = [row["point_id"] for row in points]
        await mark_interruptions_due(
            connection,
            [
                Window(p1, at(50), at(600)),
                Window(p2, at(-2 * DAY_MINUTES), datetime.max.replace(tzinfo=UTC)),
                Window(p3, at(50), at(60)),
            ],
        )
    reports = await settle(pool)
    ahead = await table(pool, DUE)
    await supply(one, meters, 60, 300)
    await settle(pool)

    assert sum(report.n_interruptions for report in reports) == 3
    assert ahead == [
        {"point": "P1", "from_at": at(60), "to_at": at(600)},
        {"point": "P2", "from_at": at(60), "to_at": at(180)},
    ]
    assert await table(pool, DUE) == [{"point": "P1", "from_at": at(300), "to_at": at(600)}]


async def settle_keeping(pool: Pool, days: int) -> None:
    one = settler(pool)
    one.policy = replace(one.policy, retention_days=days)
    while not (await one.make_pass()).is_idle:
        pass


@pytest.mark.parametrize("silent_at_the_end", [False, True])
async def test_an_outage_that_lasts_longer_than_its_pages_are_kept_ends(
    pool: Pool, silent_at_the_end: bool
) -> None:
    since = "2026-11-02T00:00+08:00"
    await register(
        pool,
        f"P1,220,1p,D,F1,{since}\nP2,220,1p,D,F2,{since}",
        f"M1,P1,60,no,{since}\nM2,P2,60,no,{since}",
    )
    one = await consumer(pool)
    await supply(one, ["M1", "M2"], 0, 60)
    back = 60 + 6 * DAY_MINUTES
    for day in range(6):
        if day == 0 or not silent_at_the_end:
            one.fold("M1", minutes(60 + day * DAY_MINUTES, DAY_MINUTES, 0.0))
        await supply(one, ["M2"], 60 + day * DAY_MINUTES, 60 + (day + 1) * DAY_MINUTES)
        await settle_keeping(pool, 4)
    lasting = await table(pool, INTERRUPTIONS)

    await supply(one, ["M1"], back, back + 600)
    await settle_keeping(pool, 4)

    assert [(row["start_at"], row["end_at"]) for row in lasting] == [(at(60), None)]
    (over,) = await table(pool, INTERRUPTIONS)
    assert (over["start_at"], over["end_at"], over["grades"]) == (at(60), at(back), ["measured"])
    assert await table(pool, "SELECT last_end_at FROM outage") == [{"last_end_at": at(back)}]
    assert await table(pool, "SELECT start_at, end_at FROM evidence") == [
        {"start_at": at(60), "end_at": at(back)}
    ]


LINKS = (
    "SELECT point, point.feeder, outage.feeder AS outage_feeder, n_points, outage_id"
    " FROM interruption JOIN point USING (point_id) LEFT JOIN outage USING (outage_id) ORDER BY point"
)


@pytest.mark.parametrize("to_feeder", ["F2", ""])
async def test_a_point_that_moves_does_not_join_the_outages_of_two_feeders(
    pool: Pool, to_feeder: str
) -> None:
    since = "2026-11-02T00:00+08:00"
    feeders = {"P1": "F1", "P2": "F1", "P3": "F2", "P4": "F2"}
    await register(
        pool,
        "\n".join(f"{point},220,1p,D,{feeder},{since}" for point, feeder in feeders.items()),
        "\n".join(f"M{n},P{n},60,no,{since}" for n in range(1, 5)),
    )
    one = await consumer(pool)
    for meter in ("M1", "M2", "M3", "M4"):
        one.fold(meter, minutes(0, 60, 220.0))
        one.fold(meter, minutes(60, 30, 0.0))
        one.fold(meter, minutes(90, 60, 220.0))
    await one.checkpoint()
    await settle(pool)
    before = await table(pool, LINKS)

    moved = HEADER + f"P1,220,1p,D,{to_feeder},{since}\n"
    await import_registry(pool, "points", moved.encode())
    await settle(pool)
    after = await table(pool, LINKS)
    back = HEADER + f"P1,220,1p,D,F1,{since}\n"
    await import_registry(pool, "points", back.encode())
    await settle(pool)

    n_with_p1 = 3 if to_feeder else 1
    assert [row["n_points"] for row in before] == [2, 2, 2, 2]
    assert [row["n_points"] for row in after] == [n_with_p1, 1, *[3 if to_feeder else 2] * 2]
    assert all(row["feeder"] == row["outage_feeder"] for row in after)
    assert len({row["outage_id"] for row in after}) == (2 if to_feeder else 3)
    restored = await table(pool, LINKS)
    assert [row["n_points"] for row in restored] == [2, 2, 2, 2]
    assert all(row["feeder"] == row["outage_feeder"] for row in restored)
    assert await table(pool, "SELECT count(*) AS n FROM outage") == [{"n": 2}]


async def test_interruptions_that_follow_each_other_at_length_are_one_outage(pool: Pool) -> None:
    n_points, since = 30, "2026-11-02T00:00+08:00"
    await register(
        pool,
        "\n".join(f"P{n:02},220,1p,D,F1,{since}" for n in range(n_points)),
        f"M1,P00,60,no,{since}",
    )
    known = await load_knowledge(pool, RULES, ZONE)
    points = {one.point_id: one for one in known.network.of_feeder["F1"]}
    window_s = RULES.evidence.outage_window_s
    starts = [epoch_us(at(60)) + nth * window_s * 900_000 for nth in range(n_points)]
    rows = [
        Interruption(
            point_id=point_id, earliest=start, start=start, end=start + 1, latest=start + 1, grades=("measured",)
        )
        for point_id, start in zip(sorted(points), starts, strict=True)
    ]  # fmt: skip
    job = Job(feeder="F1", alone=None, points=points, asked={})
    grouper = Grouper(network=known.network, rule=RULES.evidence, through_us=starts[-1] + 1)

    async with pool.transaction() as connection:
        await replace_interruptions(connection, [], rows)
        await grouper.regroup(connection, [(job, Difference((), (rows[0],)))])

    assert await table(pool, "SELECT n_points FROM outage") == [{"n_points": n_points}]
    assert len({row["outage_id"] for row in await table(pool, LINKS)}) == 1


@dataclass(slots=True)
class _Overtaken(Settler):
    """A settler whose registry has moved again and again when it has loaded it, as imports at a busy time do."""

    n_times: int = 1
    stop: asyncio.Event | None = None

    async def make_pass(self) -> PassReport:
        if self.n_times:
            self.n_times -= 1
            raise JudgementMovedError(2)
        report = await Settler.make_pass(self)
        if self.stop is not None:
            self.stop.set()
        return report


async def test_a_registry_that_moves_twice_in_a_pass_does_not_end_the_process(pool: Pool) -> None:
    await district(pool)
    plain, stop = settler(pool), asyncio.Event()
    one = _Overtaken(
        pool=pool, rule_set=plain.rule_set, zone=plain.zone, policy=replace(plain.policy, interval_s=0.01),
        metrics=plain.metrics, monotonic_s=plain.monotonic_s, stop=stop,
    )  # fmt: skip

    async with asyncio.timeout(30):
        await one.run(stop)

    assert one.n_times == 0
