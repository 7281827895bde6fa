"""Fault calls and dated promises: made, changed and withdrawn, each with its trail."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from service.domain.register import NewDeadline, NewFaultCall
from service.errors import EntryError, EntryExistsError, UnknownEntryError
from service.settings.parts import DatabaseSettings
from service.store.deadlines import DEADLINES
from service.store.fault_calls import FAULT_CALLS
from service.store.judgement import judgement_number
from service.store.pool import Connection, Pool
from service.store.register_changes import changes_of
from service.store.register_entries import (
    EntryFilter,
    add_entry,
    change_entry,
    find_entry,
    list_entries,
    withdraw_entry,
)
from tests.domain.register_entries import HOUR, NOON
from tests.store.emptying import empty
from tests.store.registered import fill, trail

pytestmark = pytest.mark.integration

WAY = timedelta(minutes=45)
SUPPLY_PLAN = NewDeadline(
    reference="YK-1", promise="supply_plan", subject="low_voltage", opened_at=NOON
)


@pytest.fixture
async def connection(database: DatabaseSettings) -> AsyncIterator[Connection]:
    async with Pool(database, "migrator", max_size=1) as pool, pool.transaction() as lent:
        await empty(lent)
        await fill(lent)
        yield lent


def call(**others: Any) -> NewFaultCall:
    fields: dict[str, Any] = {
        "call": "95598-1", "customer": "C1", "point": "P1", "response_area": "urban",
        "called_at": NOON,
    }  # fmt: skip
    return NewFaultCall(**{**fields, **others})


async def enter(connection: Connection, told: NewFaultCall) -> int:
    return await add_entry(connection, FAULT_CALLS, told, "desk", "desk")


async def test_a_call_is_kept_and_what_follows_it_is_told_later(connection: Connection) -> None:
    number = await enter(connection, call())

    await change_entry(connection, FAULT_CALLS, number, {"arrived_at": NOON + WAY}, "crew 7")
    await change_entry(connection, FAULT_CALLS, number, {"restored_at": NOON + HOUR}, "crew 7")

    found = await find_entry(connection, FAULT_CALLS, number)
    assert found is not None
    assert found.told == call(arrived_at=NOON + WAY, restored_at=NOON + HOUR)
    assert found.author == "desk"
    assert await trail(connection) == [
        ("fault_call", number, "made", "desk"),
        ("fault_call", number, "changed", "crew 7"),
        ("fault_call", number, "changed", "crew 7"),
    ]
    assert await judgement_number(connection) == 1


async def test_who_and_where_may_be_unknown_but_not_wrong(connection: Connection) -> None:
    number = await enter(connection, call(customer="", point=""))

    with pytest.raises(EntryError, match=r"customer 'C9'.*; point 'P9'"):
        await change_entry(connection, FAULT_CALLS, number, {"customer": "C9", "point": "P9"}, "x")
    with pytest.raises(EntryError, match="at or after called_at"):
        await enter(connection, call(call="95598-2", arrived_at=NOON - WAY))

    found = await find_entry(connection, FAULT_CALLS, number)
    assert found is not None
    assert (found.told.customer, found.told.point) == ("", "")


async def test_a_number_stands_for_one_call_until_that_is_withdrawn(
    connection: Connection,
) -> None:
    number = await enter(connection, call())
    with pytest.raises(EntryExistsError, match=f"fault call {number} has the call '95598-1'"):
        await enter(connection, call())

    await withdraw_entry(connection, FAULT_CALLS, number, "sun.li")
    again = await enter(connection, call(response_area="rural"))

    assert again > number
    for late in (
        withdraw_entry(connection, FAULT_CALLS, number, "x"),
        change_entry(connection, FAULT_CALLS, number, {"severe_weather": True}, "x"),
        withdraw_entry(connection, FAULT_CALLS, 99, "x"),
    ):
        with pytest.raises(UnknownEntryError):
            await late
    *_, change = await changes_of(connection, "fault_call", number, 0, 10)
    assert (change.action, change.made_by) == ("withdrawn", "sun.li")
    assert change.after["withdrawn_at"]


async def test_calls_are_listed_by_what_is_asked(connection: Connection) -> None:
    first = await enter(connection, call())
    second = await enter(connection, call(call="2", response_area="rural", called_at=NOON + HOUR))
    ended = await enter(connection, call(call="3", restored_at=NOON))
    gone = await enter(connection, call(call="4"))
    await withdraw_entry(connection, FAULT_CALLS, gone, "desk")

    async def listed(**chosen: Any) -> list[int]:
        found = await list_entries(connection, FAULT_CALLS, EntryFilter(**chosen))
        return [one.entry_id for one in found]

    assert await listed() == [ended, second, first]
    assert await listed(open_only=True) == [second, first]
    assert await listed(word="rural") == [second]
    assert await listed(from_at=NOON + HOUR) == [second]
    assert await listed(to_at=NOON + HOUR) == [ended, first]
    assert await listed(with_withdrawn=True) == [gone, ended, second, first]


async def test_a_dated_promise_is_answered(connection: Connection) -> None:
    number = await add_entry(connection, DEADLINES, SUPPLY_PLAN, "desk", "desk")
    with pytest.raises(EntryExistsError, match="'YK-1'"):
        await add_entry(connection, DEADLINES, SUPPLY_PLAN, "desk", "desk")

    open_before = await list_entries(connection, DEADLINES, EntryFilter(open_only=True))
    await change_entry(connection, DEADLINES, number, {"answered_at": NOON + HOUR}, "zhang.min")

    assert [one.told for one in open_before] == [SUPPLY_PLAN]
    assert await list_entries(connection, DEADLINES, EntryFilter(open_only=True)) == []
    with pytest.raises(EntryError, match="at or after opened_at"):
        await change_entry(connection, DEADLINES, number, {"answered_at": NOON - HOUR}, "x")
    *_, change = await changes_of(connection, "deadline", number, 0, 10)
    assert change.before is not None
    assert (change.before["answered_at"], change.after["answered_at"]) == (
        None,
        (NOON + HOUR).isoformat(),
    )
