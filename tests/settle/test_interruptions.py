"""Evidence, interruptions and outages in the database: derived from a queue, by difference, whatever comes when."""

from datetime import datetime, timedelta

import pytest

from service.domain.register import NewDeclaration, Place
from service.store.declarations import add_declaration
from service.store.interruption_due import Window, mark_interruptions_due
from service.store.pool import Pool
from service.store.registry_imports import import_registry
from tests.settle.plant import Consumer, at, consumer, ledger, minutes, register, settle, table

pytestmark = pytest.mark.integration

POINTS_HEADER = "point,nominal_v,wiring,class,feeder,transformer,terminal,feeder_head,valid_from\n"
DEVICES_HEADER = "device,point,interval_s,self_powered,valid_from\n"
SINCE = "2026-11-02T00:00+08:00"
INTERRUPTIONS = (
    "SELECT point, start_at, end_at, earliest_at, latest_at, evidence, grades, outage_id, is_nested"
    " FROM interruption JOIN point USING (point_id) ORDER BY start_at, point"
)
# What tells whether a row was written: the transaction that did it, and where it stands.
WRITTEN = (
    "SELECT 'evidence' AS of, xmin::text, ctid::text FROM evidence"
    " UNION ALL SELECT 'interruption', xmin::text, ctid::text FROM interruption"
    " UNION ALL SELECT 'outage', xmin::text, ctid::text FROM outage"
    " UNION ALL SELECT 'judgement', number::text, '' FROM judgement ORDER BY 1, 2, 3"
)


async def district(pool: Pool, n_meters: int = 4, *, with_head: bool = True) -> list[str]:
    """Register a feeder with a head and meters that live on their circuit; return the meters' names."""
    points = [f"H,5774,1p,C,F1,,no,yes,{SINCE}"] if with_head else []
    points += [f"P{n},220,1p,D,F1,T1,no,no,{SINCE}" for n in range(1, n_meters + 1)]
    devices = [f"MH,H,60,no,{SINCE}"] if with_head else []
    devices += [f"M{n},P{n},60,yes,{SINCE}" for n in range(1, n_meters + 1)]
    reports = [
        await import_registry(pool, "points", (POINTS_HEADER + "\n".join(points)).encode()),
        await import_registry(pool, "devices", (DEVICES_HEADER + "\n".join(devices)).encode()),
    ]
    assert not any(report.is_refused for report in reports), reports
    return [f"M{n}" for n in range(1, n_meters + 1)]


async def tell(
    pool: Pool, point: str, event: str, at_: datetime, until: datetime | None = None
) -> None:
    """Store a meter event as its consumer does, with what is due by it."""
    async with pool.transaction() as connection:
        point_id = await connection.fetchval("SELECT point_id FROM point WHERE point = $1", point)
        await connection.execute(
            "INSERT INTO meter_event (point_id, device_id, event, at, until_at, arrived_at)"
            " SELECT $1, device_id, $2, $3, $4, now() FROM device WHERE point_id = $1",
            point_id, event, at_, until or at_,
        )  # fmt: skip
        margin = timedelta(minutes=10)
        await mark_interruptions_due(
            connection, [Window(point_id, at_ - margin, (until or at_) + margin)]
        )


async def supply(one: Consumer, meters: list[str], first: int, last: int) -> None:
    for meter in meters:
        one.fold(meter, minutes(first, last - first, 220.0))
    await one.checkpoint()


async def dark_feeder(pool: Pool, *, head_volts: float = 0.0) -> Consumer:
    """Let a feeder be dark from minute 60 to 120: its head reads 0 V, its meters nothing."""
    meters = await district(pool)
    one = await consumer(pool)
    one.fold("MH", minutes(0, 60, 5774.0))
    one.fold("MH", minutes(60, 60, head_volts))
    one.fold("MH", minutes(120, 60, 5774.0))
    await supply(one, meters, 0, 60)
    await supply(one, meters, 120, 180)
    return one


async def evidence_of(pool: Pool) -> list[tuple[object, ...]]:
    return [
        (row["point"], row["grade"], row["place"], row["code"])
        for row in await table(
            pool,
            "SELECT point, grade, place, code FROM evidence JOIN point USING (point_id) ORDER BY point, grade",
        )
    ]


async def verdicts(pool: Pool, point: str) -> dict[str, object]:
    rows = await table(
        pool,
        "SELECT point, sum(n_interrupted) AS dark, sum(n_missing) AS missing, sum(n_pass) AS good"
        " FROM page JOIN point USING (point_id) GROUP BY point",
    )
    return next(row for row in rows if row["point"] == point)


async def test_silence_alone_is_no_interruption(pool: Pool) -> None:
    await dark_feeder(pool, head_volts=5774.0)

    await settle(pool)

    assert await table(pool, INTERRUPTIONS) == []
    assert (await verdicts(pool, "P1"))["dark"] == 0


async def test_the_head_of_a_feeder_confirmed_by_one_meter_darkens_those_that_are_silent(
    pool: Pool,
) -> None:
    await dark_feeder(pool)
    await settle(pool)
    unconfirmed = await table(pool, INTERRUPTIONS)

    await tell(pool, "P1", "power_off", at(60))
    await settle(pool)

    assert [row["point"] for row in unconfirmed] == ["H"]
    found = await table(pool, INTERRUPTIONS)
    assert {row["point"]: row["evidence"] for row in found} == {
        "H": "measured", "P1": "meter_event", "P2": "feeder", "P3": "feeder", "P4": "feeder",
    }  # fmt: skip
    assert ("P2", "feeder", "feeder", "F1") in await evidence_of(pool)
    assert len({row["outage_id"] for row in found}) == 1
    (outage,) = await table(pool, "SELECT * FROM outage")
    assert (outage["place"], outage["code"], outage["n_points"]) == ("feeder", "F1", 5)
    assert (outage["start_at"], outage["end_at"]) == (at(60), at(120))


async def test_silent_minutes_inside_it_are_interrupted_on_the_pages(pool: Pool) -> None:
    await dark_feeder(pool)
    await settle(pool)
    before = await verdicts(pool, "P2")

    await tell(pool, "P1", "power_off", at(60))
    await settle(pool)

    assert (before["dark"], before["good"]) == (0, 120)
    assert (await verdicts(pool, "P2"))["dark"] == 60
    (day,) = await table(
        pool,
        "SELECT n_interrupted, n_pass FROM v_point_day WHERE point = 'P2' AND day = '2026-11-02'",
    )
    assert day == {"n_interrupted": 60, "n_pass": 120}


async def test_evidence_that_goes_away_leaves_missing_minutes(pool: Pool) -> None:
    await dark_feeder(pool)
    await tell(pool, "P1", "power_off", at(60))
    await settle(pool)

    async with pool.transaction() as connection:
        await connection.execute("DELETE FROM meter_event")
        point_id = await connection.fetchval("SELECT point_id FROM point WHERE point = 'P1'")
        await mark_interruptions_due(connection, [Window(point_id, at(50), at(70))])
    await settle(pool)

    assert [row["point"] for row in await table(pool, INTERRUPTIONS)] == ["H"]
    assert [row[0] for row in await evidence_of(pool)] == ["H"]
    assert (await verdicts(pool, "P2"))["dark"] == 0
    (outage,) = await table(pool, "SELECT place, code, n_points FROM outage")
    assert outage == {"place": "point", "code": "H", "n_points": 1}


async def test_a_second_look_with_nothing_new_writes_no_row_and_raises_nothing(pool: Pool) -> None:
    await dark_feeder(pool)
    await tell(pool, "P1", "power_off", at(60))
    await tell(pool, "P3", "power_failure_log", at(60), at(119))
    await settle(pool)
    written, pages = await table(pool, WRITTEN), await ledger(pool)

    async with pool.transaction() as connection:
        points = await connection.fetch("SELECT point_id FROM point")
        await mark_interruptions_due(
            connection, [Window(row["point_id"], at(0), at(170)) for row in points]
        )
    reports = await settle(pool)

    assert sum(report.n_interruptions for report in reports) == 5
    assert sum(report.n_rescored for report in reports) == 0
    assert len(written) > 10
    assert await table(pool, WRITTEN) == written
    assert await ledger(pool) == pages


@pytest.mark.parametrize("settled_between", [False, True])
async def test_the_order_in_which_evidence_comes_does_not_matter(
    pool: Pool, other_pool: Pool, settled_between: bool
) -> None:
    told = [
        ("P1", "power_off", at(60), None),
        ("P2", "restored", at(121), None),
        ("P3", "power_failure_log", at(60), at(120)),
        ("P1", "power_on", at(120), None),
        ("P4", "last_gasp", at(60) + timedelta(seconds=40), None),
    ]
    await dark_feeder(pool)
    for event in told:
        await tell(pool, *event)
    await settle(pool)
    await dark_feeder(other_pool)
    for event in reversed(told):
        await tell(other_pool, *event)
        if settled_between:
            await settle(other_pool)
    await settle(other_pool)

    without_number = INTERRUPTIONS.replace("outage_id, ", "")
    assert len(await table(pool, without_number)) == 5
    assert await table(other_pool, without_number) == await table(pool, without_number)
    assert await evidence_of(other_pool) == await evidence_of(pool)
    assert await ledger(other_pool) == await ledger(pool)
    outages = "SELECT place, code, start_at, end_at, last_end_at, n_points, n_nested FROM outage"
    assert await table(other_pool, outages) == await table(pool, outages)


async def test_many_meters_of_a_transformer_infer_the_rest_which_stays_missing(pool: Pool) -> None:
    meters = await district(pool, with_head=False)
    one = await consumer(pool)
    await supply(one, meters, 0, 60)
    await supply(one, meters, 120, 180)

    for point in ("P1", "P2", "P3"):
        await tell(pool, point, "power_failure_log", at(60), at(120))
    await settle(pool)

    found = await table(pool, INTERRUPTIONS)
    assert {row["point"]: row["evidence"] for row in found} == {
        "P1": "meter_event", "P2": "meter_event", "P3": "meter_event", "P4": "inferred",
    }  # fmt: skip
    assert (await verdicts(pool, "P1"))["dark"] == 60
    assert (await verdicts(pool, "P4"))["dark"] == 0
    counted = await table(
        pool, "SELECT point FROM v_counted_interruption JOIN point USING (point_id) ORDER BY point"
    )
    assert [row["point"] for row in counted] == ["P1", "P2", "P3"]


async def test_a_point_that_stays_dark_after_the_others_is_nested(pool: Pool) -> None:
    meters = await district(pool)
    one = await consumer(pool)
    one.fold("MH", minutes(0, 60, 5774.0))
    one.fold("MH", minutes(60, 60, 0.0))
    one.fold("MH", minutes(120, 60, 5774.0))
    await supply(one, meters, 0, 60)
    await supply(one, meters[1:], 120, 180)
    await tell(pool, "P1", "power_off", at(60))

    await settle(pool)
    (lasting,) = await table(pool, "SELECT end_at, last_end_at, n_nested FROM outage")
    await supply(one, meters[:1], 240, 300)
    await supply(one, meters[1:], 180, 300)
    await settle(pool)

    assert lasting == {"end_at": at(120), "last_end_at": None, "n_nested": 1}
    (over,) = await table(pool, "SELECT end_at, last_end_at, n_nested FROM outage")
    assert over["end_at"] == at(120)
    assert at(239) <= datetime.fromisoformat(str(over["last_end_at"])) <= at(241)
    nested = [row["point"] for row in await table(pool, INTERRUPTIONS) if row["is_nested"]]
    assert nested == ["P1"]


async def test_an_outage_that_lasts_survives_a_kill_with_its_start(
    pool: Pool, other_pool: Pool
) -> None:
    """Another consumer and another settler go on in the middle of it."""
    for each in (pool, other_pool):
        await district(each)
    meters = ["M1", "M2", "M3", "M4"]
    whole = await consumer(pool)
    killed = await consumer(other_pool)
    for one in (whole, killed):
        one.fold("MH", minutes(0, 60, 5774.0))
        await supply(one, meters, 0, 60)
        one.fold("MH", minutes(60, 20, 0.0))
        await one.checkpoint()
    await tell(pool, "P1", "power_off", at(60))
    await tell(other_pool, "P1", "power_off", at(60))
    await settle(other_pool)
    (open_one, *_) = await table(other_pool, INTERRUPTIONS)
    killed.fold("MH", minutes(80, 10, 0.0))  # lost: never stored

    again = await consumer(other_pool)
    for one in (whole, again):
        one.fold("MH", minutes(80, 40, 0.0))
        one.fold("MH", minutes(120, 60, 5774.0))
        await supply(one, meters, 120, 180)
    await settle(other_pool)
    await settle(pool)

    assert (open_one["start_at"], open_one["end_at"]) == (at(60), None)
    without_number = INTERRUPTIONS.replace("outage_id, ", "")
    found = await table(other_pool, without_number)
    assert found == await table(pool, without_number)
    assert [row["point"] for row in found] == ["H", "P1", "P2", "P3", "P4"]
    assert {row["start_at"] for row in found} == {at(60)}
    assert await ledger(other_pool) == await ledger(pool)


async def test_a_point_that_moves_to_another_feeder_leaves_its_outage(pool: Pool) -> None:
    await dark_feeder(pool)
    await tell(pool, "P1", "power_off", at(60))
    await settle(pool)

    moved = POINTS_HEADER + f"P4,220,1p,D,F2,T2,no,no,{SINCE}\n"
    await import_registry(pool, "points", moved.encode())
    await settle(pool)

    assert [row["point"] for row in await table(pool, INTERRUPTIONS)] == ["H", "P1", "P2", "P3"]
    (outage,) = await table(pool, "SELECT n_points FROM outage")
    assert outage == {"n_points": 4}
    assert (await verdicts(pool, "P4"))["dark"] == 0


async def test_a_point_that_becomes_the_head_of_its_feeder_is_believed(pool: Pool) -> None:
    await dark_feeder(pool)
    as_meter = POINTS_HEADER + f"H,5774,1p,C,F1,,no,no,{SINCE}\n"
    await import_registry(pool, "points", as_meter.encode())
    await tell(pool, "P1", "power_off", at(60))
    await settle(pool)
    before = [row["point"] for row in await table(pool, INTERRUPTIONS)]

    as_head = POINTS_HEADER + f"H,5774,1p,C,F1,,no,yes,{SINCE}\n"
    await import_registry(pool, "points", as_head.encode())
    await settle(pool)

    assert before == ["H", "P1"]
    assert len(await table(pool, INTERRUPTIONS)) == 5


async def test_a_cause_comes_from_the_register_also_when_it_is_entered_later(pool: Pool) -> None:
    await register(pool, "P1,220,1p,D,F1,2026-11-02T00:00+08:00\n", f"M1,P1,60,no,{SINCE}\n")
    one = await consumer(pool)
    one.fold("M1", minutes(0, 60, 220.0))
    one.fold("M1", minutes(60, 30, 0.0))
    one.fold("M1", minutes(90, 60, 220.0))
    await one.checkpoint()
    await settle(pool)
    (before,) = await table(pool, "SELECT cause, declaration_id FROM interruption")

    async with pool.transaction() as connection:
        number = await add_declaration(
            connection,
            NewDeclaration(
                kind="outage",
                places=[Place("feeder", "F1")],
                ticket="T-1",
                author="dispatcher",
                approver="shift leader",
                from_at=at(61),
                to_at=at(91),
                cause="fault_internal",
            ),
        )
    await settle(pool)

    assert before == {"cause": "", "declaration_id": None}
    (after,) = await table(pool, "SELECT start_at, end_at, cause, declaration_id FROM interruption")
    assert after == {
        "start_at": at(60), "end_at": at(90), "cause": "fault_internal", "declaration_id": number,
    }  # fmt: skip
    (outage,) = await table(pool, "SELECT cause, declaration_id FROM outage")
    assert outage == {"cause": "fault_internal", "declaration_id": number}
    trail = await table(
        pool,
        "SELECT action, made_by, record_id, before, after FROM register_change ORDER BY change_id",
    )
    assert [(one["action"], one["record_id"]) for one in trail] == [
        ("made", number),
        ("reclassified", number),
    ]
    assert trail[1]["before"] == {"declaration_id": None, "cause": ""}
    assert trail[1]["after"] == {
        "declaration_id": number,
        "cause": "fault_internal",
        "interruptions": [
            {"point_id": 1, "start_at": at(60).isoformat(), "end_at": at(90).isoformat()}
        ],
    }
