"""Which promises the alerts are told of: before they break, and while there is something to be done."""

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


async def test_a_customer_that_had_all_the_planned_outages_of_a_year_is_at_risk(
    seeder: Seeder,
) -> None:
    register = await registrar(seeder)
    dates = ("2024-02-01", "2024-03-01", "2024-04-01")
    for nth, date in enumerate(dates):
        times = (f"{date}T08:00", f"{date}T12:00")
        await register.outage(
            f"P-{nth}", "F1", window=times, actual=times, notice_at="2024-01-02T08:00"
        )
        expected = {"planned_count_reached": 1} if nth == len(dates) - 1 else {}
        assert await risks(seeder) == expected
