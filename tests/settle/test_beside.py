"""Days under the rule sets beside are what judging a copy of the pages by each set says, however they came."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from service.domain.judging import make_judge
from service.domain.periods import day_start
from service.domain.register import Kind, NewDeclaration, Place
from service.domain.rules import RuleSet, load_rule_set
from service.settle import beside
from service.settle.settler import Settler
from service.store.declarations import add_declaration
from service.store.deployment import adopt_zone
from service.store.page_rows import READ_PAGE, pages_from_rows
from service.store.pool import Pool
from service.store.registry_store import load_registry
from service.store.settled import unsettled
from tests.settle.plant import (
    DAY_MS,
    MINUTE_MS,
    Consumer,
    at,
    consumer,
    register,
    settler,
    table,
)

pytestmark = [pytest.mark.integration, pytest.mark.slow]

POINTS = (
    "P1,220,1p,D,F1,2026-01-01T00:00+08:00\n"
    "P2,230,1p,D,F1,2026-01-01T00:00+08:00\n"
    "P3,110000,3p3w,B,F1,2026-01-01T00:00+08:00\n"
)
DEVICES = "M1,P1,60,no,2026-01-01T00:00+08:00\nM2,P2,60,no,2026-01-01T00:00+08:00\n"
FIVE = tuple(
    load_rule_set(name)
    for name in (
        "en-50160",
        "sgcc-pledge-2005",
        "dlt-645-monitor",
        "as-61000.3.100",
        "ansi-c84.1",
    )
)
# From which minute, how many, at which deviation in 0.01 % of 220 V: inside and outside of each band, beyond
# assessment, dark; 210 minutes are silent.
RUNS = ((0, 300, 0), (300, 200, 650), (500, 130, 750), (630, 170, -800), (800, 90, 2100), (890, 40, -10_000),
        (930, 300, -650))  # fmt: skip
DAYS_BESIDE = (
    "SELECT rule_set, point_id, day, n_pass, n_over, n_under, n_interrupted, n_exempt, n_invalid"
    " FROM point_day_beside JOIN kept_rule_set USING (rule_set_id) ORDER BY rule_set, point_id, day"
)
ZONE = "Asia/Shanghai"
FIRST_DAY = date(2026, 11, 2)


def keeping(pool: Pool, *rule_sets: RuleSet, zone: str = ZONE) -> Settler:
    """Return a settle role that has just begun with these sets beside."""
    one = settler(pool)
    one.beside, one.zone = rule_sets, zone
    return one


async def settle_with(one: Settler) -> int:
    """Make passes until there is nothing to do; return how many days beside were counted."""
    await one.keep_rule_sets()
    n_days, n_passes = 0, 0
    while not (report := await one.make_pass()).is_idle:
        n_days, n_passes = n_days + report.n_beside, n_passes + 1
        assert n_passes < 20
    return n_days


def fold(one: Consumer, runs: Sequence[tuple[int, int, int]], device: str = "M1") -> None:
    for first, n_minutes, cell in runs:
        volts = float(220 * Fraction(10_000 + cell, 10_000))
        one.fold(device, [(DAY_MS + m * MINUTE_MS, volts) for m in range(first, first + n_minutes)])


async def write_two_days(one: Consumer) -> None:
    """Write the first day, a second one, and two minutes of the third, which show that both are over."""
    fold(one, RUNS)
    fold(one, [(1440 + first, n, cell) for first, n, cell in RUNS[2:]])
    fold(one, [(2880, 1, 0)])
    fold(one, [(2881, 2, 0)])
    await one.checkpoint()


def declared(kind: Kind, from_minute: int, to_minute: int) -> NewDeclaration:
    return NewDeclaration(
        kind=kind,
        places=[Place("feeder", "F1")],
        ticket=f"T-{from_minute}",
        author="dispatcher",
        approver="shift leader",
        from_at=at(from_minute),
        to_at=at(to_minute),
    )


async def recounted(
    pool: Pool, rule_sets: Sequence[RuleSet], zone: str = ZONE
) -> list[dict[str, object]]:
    """Return what is to be stored: each set judges its own copy of all pages, counted minute by minute."""
    async with pool.transaction() as connection:
        registry = await load_registry(connection, zone)
        rows = await connection.fetch(f"SELECT {READ_PAGE} FROM page")  # noqa: S608
        through = await connection.fetchval("SELECT data_through FROM v_watermark")
    found: dict[tuple[str, int, date], list[int]] = {}
    for rule_set in rule_sets:
        pages = pages_from_rows(rows)
        make_judge(registry, rule_set).judge(pages)
        for page in range(pages.n_pages):
            for m in range(60):
                minute = datetime.fromtimestamp((int(pages.hour[page]) * 60 + m) * 60, UTC)
                day = minute.astimezone(ZoneInfo(zone)).date()
                if day_start(day + timedelta(days=1), ZoneInfo(zone)) <= through:
                    counts = found.setdefault((rule_set.name, int(pages.point[page]), day), [0] * 7)
                    counts[pages.scores.verdict[page, m]] += 1
    names = ("n_pass", "n_over", "n_under", "n_interrupted", "n_exempt", "n_invalid")
    return [
        {
            "rule_set": name,
            "point_id": point_id,
            "day": day,
            **dict(zip(names, counts[1:], strict=True)),
        }
        for (name, point_id, day), counts in sorted(found.items())
    ]


async def test_five_sets_count_the_days_that_are_over(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await write_two_days(await consumer(pool))

    n_days = await settle_with(keeping(pool, *FIVE))

    stored = await table(pool, DAYS_BESIDE)
    assert n_days == 2
    assert stored == await recounted(pool, FIVE)
    assert len(stored) == 10
    assert len({tuple(row.values())[3:] for row in stored if row["day"] == FIRST_DAY}) >= 3
    assert await table(pool, "SELECT day FROM beside_due") == [{"day": date(2026, 11, 4)}]


async def test_a_day_is_not_counted_before_it_is_over(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    one = await consumer(pool)
    fold(one, [*RUNS, (1438, 1, 0)])
    await one.checkpoint()

    before = await settle_with(keeping(pool, *FIVE))
    fold(one, [(1439, 1, 0)])
    await one.checkpoint()
    after = await settle_with(keeping(pool, *FIVE))

    assert (before, after) == (0, 1)
    assert await table(pool, DAYS_BESIDE) == await recounted(pool, FIVE)


async def test_without_sets_beside_no_day_waits(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await write_two_days(await consumer(pool))

    n_days = await settle_with(keeping(pool))

    assert n_days == 0
    assert await table(pool, "SELECT * FROM beside_due") == []
    assert await table(pool, "SELECT rule_set, is_beside FROM kept_rule_set") == [
        {"rule_set": "sgcc-2003", "is_beside": False}
    ]


async def test_a_late_reading_changes_a_past_day_and_its_days_beside(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    one = await consumer(pool)
    await write_two_days(one)
    await settle_with(keeping(pool, *FIVE))
    before = await table(pool, DAYS_BESIDE)
    fold(one, [(1300, 100, 900)])
    await one.checkpoint()

    n_days = await settle_with(keeping(pool, *FIVE))

    after = await table(pool, DAYS_BESIDE)
    assert n_days == 1
    assert after == await recounted(pool, FIVE)
    changed = {row["day"] for row, old in zip(after, before, strict=True) if row != old}
    assert changed == {FIRST_DAY}


async def test_a_declaration_after_the_fact_changes_the_days_beside(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await write_two_days(await consumer(pool))
    await settle_with(keeping(pool, *FIVE))
    before = await table(pool, DAYS_BESIDE)
    told: list[tuple[Kind, tuple[int, int]]] = [
        ("abnormal_state", (480, 700)),
        ("outage", (1235, 1400)),
    ]
    async with pool.transaction() as connection:
        for kind, span in told:
            await add_declaration(connection, declared(kind, *span))

    await settle_with(keeping(pool, *FIVE))

    after = await table(pool, DAYS_BESIDE)
    assert after != before
    assert after == await recounted(pool, FIVE)


async def test_a_day_at_the_edge_of_a_zone_that_is_off_by_half_an_hour(pool: Pool) -> None:
    kolkata = "Asia/Kolkata"
    await register(pool, POINTS, DEVICES)
    await write_two_days(await consumer(pool))
    await settle_with(keeping(pool, *FIVE))
    async with pool.transaction() as connection:
        await adopt_zone(connection, kolkata)
    assert await table(pool, DAYS_BESIDE) == []

    await settle_with(keeping(pool, *FIVE, zone=kolkata))

    stored = await table(pool, DAYS_BESIDE)
    assert stored == await recounted(pool, FIVE, kolkata)
    assert {row["day"] for row in stored} == {date(2026, 11, 1), date(2026, 11, 2)}


async def test_a_role_that_dies_in_between_goes_on_where_it_was(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "_AT_ONCE", 1)
    monkeypatch.setattr(beside, "DAYS_PER_PASS", 1)
    await register(pool, POINTS, DEVICES)
    one = await consumer(pool)
    await write_two_days(one)
    first = keeping(pool, *FIVE)
    await first.keep_rule_sets()

    report = await first.make_pass()
    async with pool.connection() as connection:
        left = await unsettled(connection)
    half = await table(pool, DAYS_BESIDE)
    n_rest = await settle_with(keeping(pool, *FIVE))

    assert (report.n_beside, left.n_beside, left.is_settled) == (1, 1, False)
    assert {row["day"] for row in half} == {FIRST_DAY}
    assert n_rest == 1
    assert await table(pool, DAYS_BESIDE) == await recounted(pool, FIVE)
    async with pool.connection() as connection:
        assert (await unsettled(connection)).n_beside == 0


async def test_a_failure_before_the_end_leaves_the_marks(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(pool, POINTS, DEVICES)
    await write_two_days(await consumer(pool))
    broken = keeping(pool, *FIVE)
    await broken.keep_rule_sets()

    async def fails(*_: object) -> None:
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as patch:
        patch.setattr(beside, "read_for_share", fails)
        with pytest.raises(RuntimeError, match="dies here"):
            await broken.make_pass()

    assert await table(pool, DAYS_BESIDE) == []
    assert len(await table(pool, "SELECT * FROM beside_due")) == 3
    assert await settle_with(keeping(pool, *FIVE)) == 2
    assert await table(pool, DAYS_BESIDE) == await recounted(pool, FIVE)


async def test_a_set_that_goes_takes_its_days_and_one_that_comes_gets_the_past(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await write_two_days(await consumer(pool))
    await settle_with(keeping(pool, *FIVE[:3]))
    numbers = await table(pool, "SELECT rule_set, rule_set_id FROM kept_rule_set")

    n_fewer = await settle_with(keeping(pool, *FIVE[1:3]))
    fewer = await table(pool, DAYS_BESIDE)
    n_more = await settle_with(keeping(pool, *FIVE[1:]))
    more = await table(pool, DAYS_BESIDE)

    assert (n_fewer, n_more) == (0, 2)
    assert fewer == await recounted(pool, FIVE[1:3])
    assert more == await recounted(pool, FIVE[1:])
    now = await table(pool, "SELECT rule_set, rule_set_id FROM kept_rule_set")
    assert [one for one in numbers if one["rule_set"] != "en-50160"] == now[:3]


async def test_a_set_that_was_edited_is_counted_anew(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await write_two_days(await consumer(pool))
    european = FIVE[0]
    row = european.bands[0].model_copy(update={"upper_percent": Decimal(5)})
    edited = european.model_copy(update={"bands": (row, *european.bands[1:])})
    await settle_with(keeping(pool, european))
    before = await table(pool, DAYS_BESIDE)

    same = await settle_with(keeping(pool, european))
    one = keeping(pool, edited)
    one.load_rules = {edited.name: edited, "sgcc-2003": load_rule_set("sgcc-2003")}.__getitem__
    anew = await settle_with(one)

    assert (same, anew) == (0, 2)
    assert await table(pool, DAYS_BESIDE) == await recounted(pool, [edited])
    assert await table(pool, DAYS_BESIDE) != before
