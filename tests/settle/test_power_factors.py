"""A customer below its power factor at peak hours is exempt in the months that are over, and only in these."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kernels.layout import RANK_GOOD, RANK_SHIFT, SHARE_FULL, SHARE_SHIFT
from service.domain.pages import PageColumns, empty_pages
from service.settle.knowledge import load_knowledge
from service.settle.power_factors import Decided, decide_due_months
from service.settle.settler import PassReport
from service.store.page_batches import PageWriter
from service.store.pool import Pool
from service.store.registry_imports import import_registry
from service.store.settled import unsettled
from tests.settle.plant import (
    DAY_MS,
    RULES,
    ZONE,
    Consumer,
    consumer,
    minutes,
    register,
    settle,
    settler,
    table,
)

pytestmark = [pytest.mark.integration, pytest.mark.slow]

POINTS = "P1,220,1p,D,F1,2026-01-01T00:00+08:00\nP2,220,1p,D,F1,2026-01-01T00:00+08:00\n"
DEVICES = "M1,P1,60,no,2026-01-01T00:00+08:00\nM2,P2,60,no,2026-01-01T00:00+08:00\n"
CUSTOMERS = "customer,points,voltage_level_v,residential,user_class,required_power_factor,target_area,valid_from\n"
FACTORY = "C1,P1,220,no,LV,0.9,urban,2026-01-01\n"
HOUSEHOLD = "C2,P1,220,yes,LV,,urban,2026-01-01\n"
OCTOBER = datetime(2026, 9, 30, 16, tzinfo=UTC)  # its first hour in the zone
N_HOURS = 31 * 24
N_DUE = N_HOURS * 60
WS = 3_600_000  # a kilowatt for an hour
FOUND = "SELECT point_id, month, power_factor, required FROM power_factor_exemption ORDER BY 1, 2"
COUNTED = (
    "SELECT sum(n_pass) AS n_pass, sum(n_exempt) AS n_exempt FROM v_point_day WHERE point_id = 1"
)
NUMBER = "SELECT number FROM judgement"
DUE = "SELECT month FROM power_factor_due"
BELOW = {"point_id": 1, "month": date(2026, 10, 1), "power_factor": Decimal("0.8000"),
         "required": Decimal("0.900")}  # fmt: skip


def hours_of(
    n_hours: int, active_ws: int, reactive_vars: int, *, first: int = 0, power_s: int = 3000
) -> PageColumns:
    """Return whole hours of P1 at nominal voltage, from hour ``first`` of October on, with their energy."""
    pages = empty_pages(np.ones(n_hours, np.uint8))
    pages.point[:] = 1
    pages.hour[:] = round(OCTOBER.timestamp()) // 3600 + first + np.arange(n_hours)
    pages.interval_s[:] = 60
    pages.planes.cell[:] = 0
    pages.planes.mark[:] = RANK_GOOD << RANK_SHIFT | SHARE_FULL << SHARE_SHIFT
    pages.power_s[:] = power_s
    pages.active_ws[:], pages.reactive_vars[:] = active_ws, reactive_vars
    return pages


async def write(pool: Pool, pages: PageColumns) -> None:
    known = await load_knowledge(pool, RULES, ZONE)
    await PageWriter(pool, ZONE).write(pages, known.judge)


async def supply(pool: Pool, customers: str) -> None:
    report = await import_registry(pool, "customers", (CUSTOMERS + customers).encode())
    assert not report.is_refused, report


async def reach(pool: Pool, through: datetime) -> Consumer:
    """Let P2 tell how far the data reach."""
    one = await consumer(pool)
    first = round((through.timestamp() * 1000 - DAY_MS) / 60_000) - 2
    one.fold("M2", minutes(first, 2, 220.0))
    await one.checkpoint()
    return one


async def october(
    pool: Pool,
    customers: str = FACTORY,
    *,
    energy: tuple[int, int] = (8 * WS, 6 * WS),
    power_s: int = 3600,
) -> None:
    """Register the customers, and write October of P1; the data reach to its last minute but one."""
    await register(pool, POINTS, DEVICES)
    await supply(pool, customers)
    await write(pool, hours_of(N_HOURS, *energy, power_s=power_s))
    await reach(pool, OCTOBER + timedelta(hours=N_HOURS, minutes=-1))


async def end_month(pool: Pool) -> list[PassReport]:
    await reach(pool, OCTOBER + timedelta(hours=N_HOURS, minutes=4))
    return await settle(pool)


async def test_a_customer_below_its_power_factor_is_exempt_once_the_month_is_over(
    pool: Pool,
) -> None:
    await october(pool)
    await settle(pool)
    before = [await table(pool, sql) for sql in (FOUND, COUNTED, DUE)]
    reports = await end_month(pool)

    assert before[0] == []
    assert before[1] == [{"n_pass": N_DUE, "n_exempt": 0}]
    assert before[2] == [{"month": date(2026, 10, 1)}]
    assert await table(pool, FOUND) == [BELOW]
    assert await table(pool, COUNTED) == [{"n_pass": 0, "n_exempt": N_DUE}]
    rates = await table(pool, "SELECT DISTINCT rate FROM v_point_day WHERE point_id = 1")
    assert rates == [{"rate": None}]
    assert (reports[0].n_months, reports[0].n_rescored) == (1, N_HOURS)  # one pass applied it


async def test_a_second_look_changes_nothing_and_raises_no_number(pool: Pool) -> None:
    await october(pool)
    await end_month(pool)
    number = await table(pool, NUMBER)

    async with pool.connection() as connection:
        await connection.execute("INSERT INTO power_factor_due VALUES ('2026-10-01')")
        waiting = await unsettled(connection)
    again = await settle(pool)

    assert (waiting.n_months, waiting.is_settled) == (1, False)
    assert again == [PassReport(n_months=1)]
    assert await table(pool, NUMBER) == number
    assert await table(pool, "SELECT number, point_id FROM judgement_change WHERE reason LIKE 'power%'") == [
        {"number": number[0]["number"], "point_id": 1}
    ]  # fmt: skip
    assert await table(pool, FOUND) == [BELOW]
    assert await table(pool, DUE) == []


@pytest.mark.parametrize(
    ("customers", "energy", "power_s"),
    [
        pytest.param(FACTORY + HOUSEHOLD, (8 * WS, 6 * WS), 3600, id="a household beside"),
        pytest.param(FACTORY, (8 * WS, 6 * WS), 3200, id="too little known"),
        pytest.param(FACTORY, (8 * WS, 3 * WS), 3600, id="not below"),
        pytest.param(FACTORY.replace("0.9,", ","), (8 * WS, 6 * WS), 3600, id="no requirement"),
    ],
)
async def test_a_point_stays_under_its_limits_with(
    pool: Pool, customers: str, energy: tuple[int, int], power_s: int
) -> None:
    await october(pool, customers, energy=energy, power_s=power_s)

    await end_month(pool)

    assert await table(pool, FOUND) == []
    assert await table(pool, COUNTED) == [{"n_pass": N_DUE, "n_exempt": 0}]
    assert await table(pool, DUE) == []


async def test_energy_that_comes_late_takes_the_exemption_back(pool: Pool) -> None:
    await october(pool, power_s=3540)
    await end_month(pool)
    exempt = await table(pool, COUNTED)

    # Ten days on which each hour is known better, with so much active energy that the month keeps 0.9.
    await write(pool, hours_of(240, 40 * WS, 6 * WS, first=48, power_s=3600))
    await settle(pool)

    assert exempt == [{"n_pass": 0, "n_exempt": N_DUE}]
    assert await table(pool, FOUND) == []
    assert await table(pool, COUNTED) == [{"n_pass": N_DUE, "n_exempt": 0}]


async def test_energy_that_moves_the_factor_but_not_over_the_line_judges_nothing_again(
    pool: Pool,
) -> None:
    await october(pool, power_s=3540)
    await end_month(pool)
    number = await table(pool, NUMBER)

    await write(pool, hours_of(24, 9 * WS, 6 * WS, first=48, power_s=3600))
    await settle(pool)

    (found,) = await table(pool, FOUND)
    assert Decimal("0.8000") < Decimal(str(found["power_factor"])) < Decimal("0.8100")
    assert await table(pool, NUMBER) == number


async def test_a_household_that_moves_in_and_out_is_heeded(pool: Pool) -> None:
    await october(pool)
    await end_month(pool)

    await supply(pool, HOUSEHOLD)
    await settle(pool)
    beside = [await table(pool, sql) for sql in (FOUND, COUNTED)]
    await supply(pool, HOUSEHOLD.replace("P1", "P2"))
    await settle(pool)

    assert beside == [[], [{"n_pass": N_DUE, "n_exempt": 0}]]
    assert await table(pool, FOUND) == [BELOW]
    assert await table(pool, COUNTED) == [{"n_pass": 0, "n_exempt": N_DUE}]


async def test_a_lower_requirement_takes_the_exemption_back(pool: Pool) -> None:
    await october(pool)
    await end_month(pool)

    await supply(pool, FACTORY.replace("0.9,", "0.8,"))
    await settle(pool)

    assert await table(pool, FOUND) == []
    assert await table(pool, COUNTED) == [{"n_pass": N_DUE, "n_exempt": 0}]


async def test_a_month_that_retention_has_reached_stays_as_it_was_found(pool: Pool) -> None:
    await october(pool)
    await end_month(pool)
    one = settler(pool)
    one.policy = replace(one.policy, retention_days=20)

    async with pool.connection() as connection:
        await connection.execute(
            "DELETE FROM page WHERE hour < '2026-10-12'; INSERT INTO power_factor_due VALUES ('2026-10-01')"
        )
    report = await one.make_pass()

    assert report == PassReport(n_months=1)
    assert await table(pool, FOUND) == [BELOW]
    assert await table(pool, DUE) == []


async def test_a_rule_set_without_a_power_factor_takes_exemptions_back(pool: Pool) -> None:
    await october(pool)
    await end_month(pool)
    known = await load_knowledge(pool, RULES, ZONE)
    lenient = known.judge.rule_set.model_copy(update={"power_factor": None})
    known = replace(known, judge=replace(known.judge, rule_set=lenient))

    async with pool.connection() as connection:
        await connection.execute("INSERT INTO power_factor_due VALUES ('2026-10-01')")
    decided = await decide_due_months(pool, known, ZoneInfo(ZONE), 0)

    assert decided == Decided(n_months=1, n_changed=1)
    assert await table(pool, FOUND) == []
