"""The outage register: what is told, changed, cancelled and withdrawn, with its trail and what it concerns."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from service.domain.register import NewDeclaration, Place, ToldCustomer
from service.errors import (
    DeclarationError,
    EntryExistsError,
    UnknownCustomerError,
    UnknownDeclarationError,
)
from service.settings.parts import DatabaseSettings
from service.store.declaration_reads import (
    DeclarationFilter,
    StoredDeclaration,
    find_declaration,
    list_declarations,
)
from service.store.declarations import (
    add_declaration,
    change_declaration,
    withdraw_declaration,
)
from service.store.judgement import judgement_number
from service.store.pool import Connection, Pool
from service.store.register_changes import changes_of, note_reclassified
from service.store.registry_store import load_registry
from tests.domain.register_entries import DAY, HOUR, NOON, abnormal, planned
from tests.store.emptying import empty
from tests.store.registered import due, fill, rows, trail

pytestmark = pytest.mark.integration

NOT_YET: dict[str, Any] = {"from_at": None, "to_at": None}
FOREVER = datetime.max  # noqa: DTZ901 (infinity, as the driver gives it)
WINDOW = (NOON - HOUR, NOON + 5 * HOUR)  # of the planned one, with the margin


@pytest.fixture
async def connection(database: DatabaseSettings) -> AsyncIterator[Connection]:
    async with Pool(database, "migrator", max_size=1) as pool, pool.transaction() as lent:
        await empty(lent)
        await fill(lent)
        yield lent


async def stored(connection: Connection, number: int) -> StoredDeclaration:
    found = await find_declaration(connection, number)
    assert found is not None
    return found


async def judged(connection: Connection, number: int) -> set[tuple[int, Any, Any]]:
    """Return what a judgement number concerns."""
    sql = "SELECT point_id, from_at, to_at FROM judgement_change WHERE number = $1"
    return {(row[0], row[1], row[2]) for row in await rows(connection, sql, number)}


async def test_all_that_is_told_is_kept(connection: Connection) -> None:
    told = planned(
        places=(Place("feeder", "F1"), Place("point", "P5")),
        important_told=(ToldCustomer("C2", NOON - DAY), ToldCustomer("C5", NOON - 8 * DAY)),
        made_at=NOON - 9 * DAY,
    )

    number = await add_declaration(connection, told)

    found = await stored(connection, number)
    assert found.told == told
    assert found.made_at == NOON - 9 * DAY
    assert found.withdrawn_at is None
    assert await trail(connection) == [("declaration", number, "made", "li.na")]


async def test_what_is_only_planned_is_on_record_and_judges_nothing(
    connection: Connection,
) -> None:
    number = await add_declaration(connection, planned(**NOT_YET))

    assert await judgement_number(connection) == 1
    assert (await load_registry(connection, "Asia/Shanghai")).declarations == []
    assert await rows(connection, "SELECT * FROM v_declaration_point") == []
    assert await due(connection) == {(2, *WINDOW), (3, *WINDOW)}
    assert (await stored(connection, number)).told.from_at is None


async def test_actual_times_that_are_told_later_are_judged(connection: Connection) -> None:
    number = await add_declaration(connection, planned(**NOT_YET))
    await due(connection)

    await change_declaration(
        connection, number, {"from_at": NOON, "to_at": NOON + 3 * HOUR}, "sun.li"
    )

    (loaded,) = (await load_registry(connection, "Asia/Shanghai")).declarations
    assert (loaded.from_at, loaded.to_at) == (NOON, NOON + 3 * HOUR)
    assert await judged(connection, 2) == {(one, NOON, NOON + 3 * HOUR) for one in (2, 3)}
    assert await due(connection) == {(2, *WINDOW), (3, *WINDOW)}
    assert (await trail(connection))[-1] == ("declaration", number, "changed", "sun.li")


async def test_a_corrected_cause_makes_interruptions_again_and_judges_nothing(
    connection: Connection,
) -> None:
    number = await add_declaration(connection, planned())
    await due(connection)

    await change_declaration(connection, number, {"cause": "planned_construction"}, "sun.li")

    assert await judgement_number(connection) == 2
    assert await due(connection) == {(2, *WINDOW), (3, *WINDOW)}
    *_, change = await changes_of(connection, "declaration", number, 0, 10)
    assert change.before is not None
    differing = {name for name in change.after if change.before[name] != change.after[name]}
    assert differing == {"cause"}
    assert (change.before["cause"], change.after["cause"]) == (
        "planned_maintenance",
        "planned_construction",
    )


async def test_other_places_concern_those_before_and_those_after(connection: Connection) -> None:
    number = await add_declaration(connection, planned())
    await due(connection)

    await change_declaration(
        connection, number, {"places": [Place("feeder", "F2")], "to_at": None}, "sun.li"
    )

    before = {(one, NOON, NOON + 3 * HOUR) for one in (2, 3)}
    after = {(one, NOON, FOREVER) for one in (4, 5)}
    assert await judged(connection, 3) == before | after
    assert await due(connection) == {
        *((one, *WINDOW) for one in (2, 3)),
        *((one, NOON - HOUR, FOREVER) for one in (4, 5)),
    }
    assert (await stored(connection, number)).told.places == (Place("feeder", "F2"),)


async def test_a_notice_told_later_is_kept_and_concerns_nothing(connection: Connection) -> None:
    number = await add_declaration(connection, planned(notice_at=None, notice_fields=()))
    await due(connection)

    await change_declaration(
        connection,
        number,
        {
            "notice_at": NOON - 8 * DAY,
            "notice_fields": ["off", "area"],
            "important_told": [ToldCustomer("C3", NOON)],
        },
        "sun.li",
    )

    told = (await stored(connection, number)).told
    assert (told.notice_at, told.notice_fields) == (NOON - 8 * DAY, ("area", "off"))
    assert told.important_told == (ToldCustomer("C3", NOON),)
    assert await judgement_number(connection) == 2
    assert await due(connection) == set()


async def test_a_change_that_changes_nothing_leaves_no_trail(connection: Connection) -> None:
    number = await add_declaration(connection, planned())

    await change_declaration(connection, number, {"cause": "planned_maintenance"}, "sun.li")
    await change_declaration(connection, number, {"to_at": NOON + 3 * HOUR}, "sun.li")

    assert await judgement_number(connection) == 2
    assert len(await trail(connection)) == 1


async def test_planned_work_is_cancelled_unless_it_took_place(connection: Connection) -> None:
    number = await add_declaration(connection, planned(**NOT_YET))
    other = await add_declaration(connection, planned(ticket="P-2"))

    await change_declaration(connection, number, {"cancelled_at": NOON - HOUR}, "sun.li")
    with pytest.raises(DeclarationError, match="it has an actual start"):
        await change_declaration(connection, other, {"cancelled_at": NOON - HOUR}, "sun.li")
    with pytest.raises(DeclarationError, match="cancelled_at"):
        await change_declaration(connection, number, {"from_at": NOON}, "sun.li")

    assert (await stored(connection, number)).told.cancelled_at == NOON - HOUR


async def test_what_is_withdrawn_says_what_it_was(connection: Connection) -> None:
    number = await add_declaration(connection, planned())
    await due(connection)

    await withdraw_declaration(connection, number, "sun.li")

    assert await judged(connection, 3) == {(one, NOON, NOON + 3 * HOUR) for one in (2, 3)}
    assert await due(connection) == {(2, *WINDOW), (3, *WINDOW)}
    *_, change = await changes_of(connection, "declaration", number, 0, 10)
    assert (change.action, change.made_by) == ("withdrawn", "sun.li")
    assert change.before == {
        name: one for name, one in change.after.items() if name != "withdrawn_at"
    }
    with pytest.raises(UnknownDeclarationError):
        await change_declaration(connection, number, {"cause": "planned_construction"}, "x")


async def test_a_ticket_has_one_outage_of_a_kind_until_that_is_withdrawn(
    connection: Connection,
) -> None:
    number = await add_declaration(connection, planned())
    other = await add_declaration(connection, planned(outage_kind="temporary", cause="temporary"))

    with pytest.raises(EntryExistsError, match=f"declaration {number} is the planned outage"):
        await add_declaration(connection, planned())
    with pytest.raises(EntryExistsError, match=f"declaration {number} is the planned outage"):
        await change_declaration(
            connection,
            other,
            {"outage_kind": "planned", "cause": "planned_construction"},
            "sun.li",
        )
    await withdraw_declaration(connection, number, "sun.li")

    assert await add_declaration(connection, planned()) > other
    assert await add_declaration(connection, abnormal(ticket="P-1"))
    assert await add_declaration(connection, abnormal(ticket="P-1"))


async def test_important_customers_are_those_of_the_registry(connection: Connection) -> None:
    told = planned(important_told=(ToldCustomer("C9", NOON), ToldCustomer("C1", NOON)))

    with pytest.raises(UnknownCustomerError, match="'C9'"):
        await add_declaration(connection, told)


async def test_declarations_reach_by_actual_times_or_else_by_their_window(
    connection: Connection,
) -> None:
    not_yet = await add_declaration(connection, planned(**NOT_YET, ticket="W"))
    open_ = await add_declaration(connection, planned(to_at=None, ticket="O"))
    ended = await add_declaration(connection, planned(ticket="E"))

    async def reaching(first: datetime, last: datetime) -> set[int]:
        chosen = DeclarationFilter(from_at=first, to_at=last)
        return {one.declaration_id for one in await list_declarations(connection, chosen, None, 10)}

    assert await reaching(NOON - HOUR, NOON) == set()
    assert await reaching(NOON, NOON + HOUR) == {not_yet, open_, ended}
    assert await reaching(NOON + 3 * HOUR, NOON + 4 * HOUR) == {not_yet, open_}
    assert await reaching(NOON + 4 * HOUR, NOON + 5 * HOUR) == {open_}


async def test_interruptions_that_get_another_cause_are_on_the_trail(
    connection: Connection,
) -> None:
    number = await add_declaration(connection, planned())
    before = {"point": "P2", "start_at": NOON.isoformat(), "cause": "", "declaration_id": None}
    after = before | {"cause": "planned_maintenance", "declaration_id": number}

    await note_reclassified(connection, [(number, before, after)])

    *_, change = await changes_of(connection, "declaration", number, 0, 10)
    assert (change.action, change.made_by) == ("reclassified", "settle")
    assert (change.before, change.after) == (before, after)


async def test_the_trail_keeps_any_text(connection: Connection) -> None:
    told: NewDeclaration = abnormal(cause='"\\u0027 转供电; DROP TABLE\n', ticket="引号\"'")

    number = await add_declaration(connection, told)

    (change,) = await changes_of(connection, "declaration", number, 0, 10)
    assert json.loads(json.dumps(change.after))["cause"] == told.cause
    assert (await stored(connection, number)).told.ticket == told.ticket
