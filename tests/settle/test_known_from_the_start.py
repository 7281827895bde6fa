"""What is told afterwards gives what it would have given from the start: declarations, and another rule set."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from service.domain.register import NewDeclaration, Place
from service.domain.rules import RuleSet, load_rule_set, rule_set_names
from service.settings.parts import DatabaseSettings
from service.store.declarations import add_declaration
from service.store.deployment import adopt_rule_set
from service.store.pool import Pool
from tests.settle.plant import Consumer, at, consumer, ledger, minutes, register, settle, table
from tests.store.emptying import empty

pytestmark = [pytest.mark.integration, pytest.mark.slow]

# Low voltage, a level with a spread of the day, and one that no minute rule covers in China.
POINTS = (
    "P1,230,1p,D,F1,2026-11-02T00:00+08:00\nP2,110000,1p,B,F1,2026-11-02T00:00+08:00\n"
    "P3,22000,1p,C,F2,2026-11-02T00:00+08:00\n"
)
DEVICES = "".join(f"M{n},P{n},60,no,2026-01-01T00:00+08:00\n" for n in (1, 2, 3))
NOMINAL_V = {"M1": 230.0, "M2": 110_000.0, "M3": 22_000.0}
MINUTES = 240
# Of nominal: around the limits of all sets, in their deepest dips, and dark for one threshold or for both.
PERCENT = st.sampled_from(
    (
        *(0, 3, 7, 15, 29.99, 70, 84.99, 85, 89.99, 90, 91.66, 92, 93, 95, 97.5),
        *(100, 103.5, 105, 105.01, 105.84, 106.5, 107, 107.01, 109.5, 110, 110.01, 120.01, 130),
    )
)
NAMES = st.sampled_from([name for name in rule_set_names() if name != "voltpass-defaults"])
MINUTE = st.integers(0, MINUTES)


@dataclass(frozen=True, kw_only=True)
class Story:
    """A day's beginning, and when the rest of it was told."""

    runs: list[tuple[str, float, int]]  # device, percent of nominal, minutes
    abnormal: tuple[int, int]  # from, to; minutes of the day
    rules_before: str
    rules_after: str
    told_after: int  # of the runs, so many had been stored

    @property
    def before(self) -> RuleSet:
        return load_rule_set(self.rules_before)

    @property
    def after(self) -> RuleSet:
        return load_rule_set(self.rules_after)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    run = st.tuples(st.sampled_from(sorted(NOMINAL_V)), PERCENT, st.integers(1, 90))
    runs = draw(st.lists(run, min_size=3, max_size=12))
    start, end = sorted((draw(MINUTE), draw(MINUTE)))
    return Story(
        runs=runs,
        abnormal=(start, end + 1),
        rules_before=draw(NAMES),
        rules_after=draw(NAMES),
        told_after=draw(st.integers(0, len(runs))),
    )


@pytest.fixture(scope="module")
def databases(
    fresh_database: Callable[[], DatabaseSettings],
) -> tuple[DatabaseSettings, DatabaseSettings]:
    return fresh_database(), fresh_database()


async def begin(pool: Pool, rules: RuleSet) -> None:
    """Start anew as a deployment that adopted ``rules`` before there was anything to judge."""
    async with pool.transaction() as connection:
        await adopt_rule_set(connection, rules)
        await empty(connection)
    await register(pool, POINTS, DEVICES)


async def declare(pool: Pool, from_minute: int, to_minute: int) -> None:
    told = NewDeclaration(
        kind="abnormal_state",
        places=[Place("feeder", "F1")],
        ticket="T-1",
        author="dispatcher",
        approver="shift leader",
        from_at=at(from_minute),
        to_at=at(to_minute),
    )
    async with pool.transaction() as connection:
        await add_declaration(connection, told)


def fold(one: Consumer, story: Story, first: int, last: int) -> None:
    """Fold some of the runs; each device's begins where its last one ended."""
    reached = dict.fromkeys(NOMINAL_V, 0)
    for place, (device, percent, n_minutes) in enumerate(story.runs):
        if first <= place < last:
            volts = NOMINAL_V[device] * percent / 100
            one.fold(device, minutes(reached[device], n_minutes, volts))
        reached[device] += n_minutes


async def told_from_the_start(pool: Pool, story: Story) -> None:
    await begin(pool, story.after)
    await declare(pool, *story.abnormal)
    one = await consumer(pool, rules=story.after)
    fold(one, story, 0, len(story.runs))
    await one.checkpoint()
    await settle(pool, story.after)


async def told_afterwards(pool: Pool, story: Story) -> None:
    await begin(pool, story.before)
    one = await consumer(pool, rules=story.before)
    fold(one, story, 0, story.told_after)
    await one.checkpoint()
    await settle(pool, story.before)

    await declare(pool, *story.abnormal)
    async with pool.transaction() as connection:
        is_change = await adopt_rule_set(connection, story.after)
    assert is_change == (story.before != story.after)

    other = await consumer(pool, rules=story.after)
    fold(other, story, story.told_after, len(story.runs))
    await other.checkpoint()
    await settle(pool, story.after)


async def outcome(pool: Pool) -> tuple[object, ...]:
    days = await table(pool, "SELECT * FROM point_day ORDER BY point_id, day")
    stale = await table(
        pool,
        "SELECT count(*) FROM judgement_change WHERE rescored_at IS NULL"
        " UNION ALL SELECT count(*) FROM dirty_day",
    )
    # What seemed to be an interruption for a while leaves empty pages, which say as much as none.
    nothing = [bytes(60), bytes(180)]
    pages = [page for page in await ledger(pool) if page[3] not in nothing]
    return pages, days, stale


@settings(
    max_examples=8, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)  # shrinking takes minutes
@given(story=stories())
def test_a_declaration_and_a_rule_set_that_come_later_give_what_they_give_from_the_start(
    databases: tuple[DatabaseSettings, DatabaseSettings], story: Story
) -> None:
    async def both() -> tuple[tuple[object, ...], tuple[object, ...]]:
        async with (
            Pool(databases[0], "writer", max_size=4) as early,
            Pool(databases[1], "writer", max_size=4) as late,
        ):
            await told_from_the_start(early, story)
            await told_afterwards(late, story)
            return await outcome(early), await outcome(late)

    from_the_start, afterwards = asyncio.run(both())

    assert from_the_start[0]
    assert afterwards == from_the_start


async def test_every_stored_page_is_judged_again_under_another_rule_set(pool: Pool) -> None:
    sgcc, en = load_rule_set("sgcc-2003"), load_rule_set("en-50160")
    await register(pool, POINTS, DEVICES)
    one = await consumer(pool)
    one.fold("M1", minutes(0, 120, 230 * 1.08))  # +8 %: over in China, within in Europe
    one.fold("M1", minutes(120, 60, 230 * 0.07))  # dark below 10 %, not below 5 %
    await one.checkpoint()
    await settle(pool)
    counts = (
        "SELECT sum(n_pass) AS good, sum(n_over) AS over, sum(n_under) AS under,"
        " sum(n_interrupted) AS dark FROM page"
    )
    (before,) = await table(pool, counts)

    async with pool.transaction() as connection:
        assert await adopt_rule_set(connection, en)
    reports = await settle(pool, en)

    (after,) = await table(pool, counts)
    assert before == {"good": 0, "over": 120, "under": 0, "dark": 60}
    assert after == {"good": 120, "over": 0, "under": 60, "dark": 0}
    assert sum(report.n_rescored for report in reports) == 3
    async with pool.transaction() as connection:
        assert await adopt_rule_set(connection, sgcc)
    await settle(pool, sgcc)
    assert await table(pool, counts) == [before]


async def test_a_change_of_some_points_hides_no_page_from_a_change_of_all(pool: Pool) -> None:
    """Pages of the one lie between those of the other: 18:00 of P1 was passed by on the way to P2."""
    await register(pool, POINTS, DEVICES)
    one = await consumer(pool)
    for device in ("M1", "M2"):
        one.fold(device, minutes(0, 180, NOMINAL_V[device] * 1.08))
    await one.checkpoint()
    await settle(pool)

    await declare(pool, 10, 20)
    async with pool.transaction() as connection:
        await adopt_rule_set(connection, load_rule_set("en-50160"))
    await settle(pool, load_rule_set("en-50160"))

    (judged,) = await table(
        pool,
        "SELECT count(*) AS stale FROM page CROSS JOIN judgement WHERE page.judgement < judgement.number",
    )
    (day,) = await table(pool, "SELECT n_pass, n_over FROM point_day WHERE point_id = 1")
    assert judged == {"stale": 0}
    assert day == {"n_pass": 180, "n_over": 0}
