"""Which promises the alerts are told of: before they break, and while there is something to be done."""

from typing import Any

import pytest

from service.api.promise_risks import promise_risks
from service.domain.instants import epoch_us
from service.domain.rules import load_rule_set
from service.store.deployment_reads import reading
from tests.api.registering import Registrar, at
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

RULES = load_rule_set("sgcc-2003")
NOW = "2024-06-03T08:00"  # a Monday


async def risks(seeder: Seeder, now: str = NOW) -> dict[str, int]:
    async with reading(seeder.pool) as snapshot:
        found = await promise_risks(snapshot, RULES, epoch_us(at(now)))
    return {risk: n for risk, n in found.items() if n}


async def registrar(seeder: Seeder) -> Registrar:
    register = Registrar(seeder)
    await seeder.points(NewPoint(point="A", feeder="F1"), NewPoint(point="B", feeder="F2"))
    await register.customer("MV-1", ["A"], 10_000)
    return register


async def test_where_nothing_is_due_nothing_is_at_risk(seeder: Seeder) -> None:
    await registrar(seeder)

    assert await risks(seeder) == {}


async def test_a_notice_is_close_for_a_day_then_late_until_the_outage_comes(seeder: Seeder) -> None:
    register = await registrar(seeder)
    window = ("2024-06-11T08:00", "2024-06-11T12:00")  # its notice is due by 4 June, 08:00
    await register.outage("W-1", "F1", window=window)

    assert await risks(seeder, "2024-06-03T07:59") == {}
    assert await risks(seeder, "2024-06-03T08:01") == {"notice_close": 1}
    assert await risks(seeder, "2024-06-04T08:01") == {"notice_late": 1}
    assert await risks(seeder, "2024-06-11T08:00") == {}


async def test_an_outage_that_was_told_in_time_or_cancelled_is_no_risk(seeder: Seeder) -> None:
    register = await registrar(seeder)
    window = ("2024-06-05T08:00", "2024-06-05T12:00")
    await register.outage("W-1", "F1", window=window, notice_at="2024-05-20T08:00")
    await register.outage("W-2", "F2", window=window, cancelled_at="2024-06-01T08:00")

    assert await risks(seeder) == {}


async def test_deadlines_are_close_within_two_working_days_and_then_overdue(seeder: Seeder) -> None:
    register = await registrar(seeder)
    await register.deadline("A-3", "connection", "2024-05-29T10:00", None, subject="residential")

    assert await risks(seeder, "2024-05-29T11:00") == {}
    assert await risks(seeder, "2024-06-03T08:00") == {"deadline_close": 1}
    assert await risks(seeder, "2024-06-04T00:00") == {"deadline_overdue": 1}


async def planned(register: Registrar, *dates: str) -> None:
    """Let planned outages of F1 have come, told in time."""
    for date in dates:
        times = (f"{date}T08:00", f"{date}T12:00")
        await register.outage(
            f"P-{date}", "F1", window=times, actual=times, notice_at="2023-01-02T08:00"
        )


async def announce(register: Registrar, date: str, feeder: str = "F1", **others: Any) -> None:
    """Announce a planned outage for a morning, in time."""
    window = (f"{date}T08:00", f"{date}T12:00")
    others = {"notice_at": "2023-01-02T08:00", **others}
    await register.outage(f"A-{date}", feeder, window=window, **others)


async def test_a_customer_that_had_all_the_planned_outages_of_a_year_is_at_risk_only_when_one_more_is_announced(
    seeder: Seeder,
) -> None:
    register = await registrar(seeder)
    await planned(register, "2024-02-01", "2024-03-01")
    await announce(register, "2024-06-20")
    with_two = await risks(seeder)
    await planned(register, "2024-04-01")
    with_three = await risks(seeder)

    assert with_two == {}
    assert with_three == {"planned_too_often": 1}
    assert await risks(seeder, "2024-05-20T08:00") == {}  # in more than thirty days
    assert await risks(seeder, "2024-06-20T08:01") == {}  # it begins: nothing is to be done


async def test_no_planned_outage_to_come_is_no_risk_however_many_there_were(seeder: Seeder) -> None:
    register = await registrar(seeder)
    await planned(register, "2024-02-01", "2024-03-01", "2024-04-01", "2024-05-01")
    await announce(register, "2024-06-11", feeder="F2")
    await announce(register, "2024-06-12", cancelled_at="2024-06-01T08:00")
    await announce(register, "2024-06-13", outage_kind="temporary")

    assert await risks(seeder) == {}


async def test_two_announced_for_one_customer_are_too_many_together(seeder: Seeder) -> None:
    register = await registrar(seeder)
    await planned(register, "2024-02-01", "2024-03-01")
    await announce(register, "2024-06-12")
    await announce(register, "2024-06-19")

    assert await risks(seeder) == {"planned_too_often": 1}


@pytest.mark.parametrize(("date", "expected"), [("2024-12-30", 1), ("2025-01-02", 0)])
async def test_a_planned_outage_counts_in_the_year_in_which_it_is_to_begin(
    seeder: Seeder, date: str, expected: int
) -> None:
    register = await registrar(seeder)
    await planned(register, "2024-02-01", "2024-03-01", "2024-04-01")
    await announce(register, date)

    found = await risks(seeder, "2024-12-20T08:00")

    assert found.get("planned_too_often", 0) == expected
