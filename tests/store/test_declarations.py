"""Declarations: told by place, checked, and each concerns exactly the points in its scope."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service.domain.register import NewDeclaration, Place
from service.errors import DeclarationError, UnknownDeclarationError, UnknownPlaceError
from service.settings.parts import DatabaseSettings
from service.store.declarations import (
    add_declaration,
    change_declaration,
    withdraw_declaration,
)
from service.store.judgement import judgement_number
from service.store.pool import Connection, Pool
from service.store.registry_store import load_registry
from tests.store.emptying import empty

pytestmark = pytest.mark.integration

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ABNORMAL = NewDeclaration(
    kind="abnormal_state",
    places=[Place("feeder", "F1")],
    ticket="T1",
    author="a",
    approver="b",
    from_at=NOON,
    to_at=NOON + HOUR,
)


@pytest.fixture
async def connection(database: DatabaseSettings) -> AsyncIterator[Connection]:
    async with Pool(database, "migrator", max_size=1) as pool, pool.transaction() as lent:
        await empty(lent)
        await lent.execute(
            "INSERT INTO point (point, nominal_mv, wiring, class, organisation, region, substation, feeder,"
            " transformer, valid_from)"
            " SELECT 'P' || n, 220000, '1p', 'D', 'O', 'R' || n / 4, 'S' || n / 3, 'F' || n / 2, 'T' || n, '2026-01-01'"
            " FROM generate_series(1, 5) AS n"
        )
        yield lent


async def changes(connection: Connection, number: int) -> list[tuple[int, datetime, datetime]]:
    rows = await connection.fetch(
        "SELECT point_id, from_at, to_at FROM judgement_change WHERE number = $1 ORDER BY 1", number
    )
    return [(row["point_id"], row["from_at"], row["to_at"]) for row in rows]


@pytest.mark.parametrize(
    ("places", "points"),
    [
        ([Place("point", "P2")], {2}),
        ([Place("transformer", "T3")], {3}),
        ([Place("feeder", "F1")], {2, 3}),
        ([Place("substation", "S1")], {3, 4, 5}),
        ([Place("region", "R0")], {1, 2, 3}),
        ([Place("organisation", "O")], {1, 2, 3, 4, 5}),
        ([Place("point", "P2"), Place("feeder", "F1"), Place("point", "P5")], {2, 3, 5}),
    ],
)
async def test_a_declaration_concerns_the_points_of_its_places(
    connection: Connection, places: list[Place], points: set[int]
) -> None:
    declaration_id = await add_declaration(connection, replace(ABNORMAL, places=places))

    (loaded,) = (await load_registry(connection, "Asia/Shanghai")).declarations
    assert (loaded.declaration_id, loaded.kind) == (declaration_id, "abnormal_state")
    assert loaded.point_ids == frozenset(points)
    assert (loaded.from_at, loaded.to_at) == (NOON, NOON + HOUR)
    expected = [(point_id, NOON, NOON + HOUR) for point_id in sorted(points)]
    assert await changes(connection, await judgement_number(connection)) == expected


async def test_places_that_nobody_knows_are_named_and_nothing_is_stored(
    connection: Connection,
) -> None:
    places = [
        Place("feeder", "F1"),
        Place("feeder", "F9"),
        Place("region", ""),
        Place("point", "F1"),
    ]

    with pytest.raises(UnknownPlaceError, match="feeder 'F9', point 'F1', region ''"):
        await add_declaration(connection, replace(ABNORMAL, places=places))

    assert await judgement_number(connection) == 1


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (replace(ABNORMAL, approver="a"), "somebody else"),
        (replace(ABNORMAL, author=" "), "author is empty"),
        (replace(ABNORMAL, ticket=""), "ticket is empty"),
        (replace(ABNORMAL, places=[]), "places is empty"),
        (replace(ABNORMAL, to_at=NOON), "must be after"),
        (replace(ABNORMAL, from_at=NOON.replace(tzinfo=None)), "offset"),
        (replace(ABNORMAL, kind="storm"), "kind 'storm'"),  # type: ignore[arg-type]
        (replace(ABNORMAL, places=[Place("street", "x")]), "place 'street'"),  # type: ignore[arg-type]
        (replace(ABNORMAL, ticket="", to_at=NOON), "ticket is empty.*; to_at"),
    ],
)
async def test_a_declaration_that_contradicts_itself_is_refused(
    connection: Connection, told: NewDeclaration, said: str
) -> None:
    with pytest.raises(DeclarationError, match=said):
        await add_declaration(connection, told)


async def test_an_outage_that_lasts_is_open_until_its_end_is_told(connection: Connection) -> None:
    outage = replace(ABNORMAL, kind="outage", to_at=None, places=[Place("point", "P1")])
    number = await add_declaration(connection, outage)
    assert (await changes(connection, 2))[0][2].year == 9999

    await change_declaration(connection, number, {"to_at": NOON + HOUR}, "a")
    await change_declaration(connection, number, {"to_at": NOON + 3 * HOUR}, "a")
    await change_declaration(connection, number, {"to_at": NOON + 2 * HOUR}, "a")
    await change_declaration(connection, number, {"to_at": NOON + 2 * HOUR}, "a")

    assert (await changes(connection, 3))[0][1] == NOON + HOUR
    assert await changes(connection, 4) == [(1, NOON + HOUR, NOON + 3 * HOUR)]
    assert await changes(connection, 5) == [(1, NOON + 2 * HOUR, NOON + 3 * HOUR)]
    assert await judgement_number(connection) == 5
    with pytest.raises(DeclarationError, match="must be after"):
        await change_declaration(connection, number, {"to_at": NOON}, "a")


async def test_a_declaration_that_is_withdrawn_counts_no_longer_but_stays_on_record(
    connection: Connection,
) -> None:
    number = await add_declaration(connection, ABNORMAL)

    await withdraw_declaration(connection, number, "a")

    assert (await load_registry(connection, "Asia/Shanghai")).declarations == []
    assert await changes(connection, 3) == [(point_id, NOON, NOON + HOUR) for point_id in (2, 3)]
    assert await connection.fetchval("SELECT withdrawn_at IS NOT NULL FROM declaration") is True
    for again in (
        withdraw_declaration(connection, number, "a"),
        change_declaration(connection, number, {"to_at": NOON}, "a"),
    ):
        with pytest.raises(UnknownDeclarationError, match="does not exist"):
            await again


async def test_points_and_devices_are_not_loaded_again_for_a_declaration(
    connection: Connection,
) -> None:
    before = await load_registry(connection, "Asia/Shanghai")

    await add_declaration(connection, ABNORMAL)
    after = await load_registry(connection, "Asia/Shanghai", before)

    assert after.points is before.points
    assert len(after.declarations) == 1
    assert after.judgement == 2
