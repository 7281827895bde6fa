"""Who may see some regions only writes about these only: what reaches outside is refused, and the answer says what."""

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from service.domain.access import Access
from service.domain.register import NewDeclaration, NewFaultCall, Place
from service.errors import UnknownDeclarationError, UnknownEntryError
from service.errors.access import OutsideTerritoryError
from service.store.declaration_reads import find_declaration
from service.store.declarations import DeclarationChanges
from service.store.pool import Connection
from service.store.register_entries import EntryTable, find_entry
from service.store.territory_checks import customers_outside, places_outside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


async def check_declaration(connection: Connection, asking: Access, told: NewDeclaration) -> None:
    """Refuse a declaration whose scope, or who was told of it, lies outside.

    Raises:
        OutsideTerritoryError: Some of it does; also what the registry does not have.
    """
    _refuse(asking, await _outside(connection, asking, told))


async def check_changed_declaration(
    connection: Connection, asking: Access, number: int, changes: DeclarationChanges
) -> None:
    """Refuse to change, or withdraw, a declaration that reaches outside, or would.

    Raises:
        UnknownDeclarationError: All of it lies outside, or there is none.
        OutsideTerritoryError: Some of it does.
    """
    if asking.territory.is_whole:
        return
    found = await find_declaration(connection, number)
    if found is None:
        raise UnknownDeclarationError(f"there is no declaration {number}")
    places = set(found.told.places)
    if places == await places_outside(connection, asking.territory, places):
        raise UnknownDeclarationError(f"there is no declaration {number}")
    _refuse(asking, await _outside(connection, asking, found.told))
    _refuse(asking, await _outside(connection, asking, replace(found.told, **changes)))


async def check_entry(
    connection: Connection, asking: Access, table: EntryTable[T], told: T
) -> None:
    """Refuse an entry that lies outside, or nowhere.

    Raises:
        OutsideTerritoryError: It does.
    """
    if not asking.territory.is_whole:
        _refuse(asking, await _entry_outside(connection, asking, table, told))


async def check_changed_entry(
    connection: Connection,
    asking: Access,
    table: EntryTable[T],
    number: int,
    changes: "Mapping[str, object]",
) -> None:
    """Refuse to change, or withdraw, an entry that lies outside, or would.

    Raises:
        UnknownEntryError: It lies outside, or there is none.
        OutsideTerritoryError: It would.
    """
    if asking.territory.is_whole:
        return
    found = await find_entry(connection, table, number)
    if found is None or await _entry_outside(connection, asking, table, found.told):
        raise UnknownEntryError(f"there is no {table.name} {number}")
    after = replace(found.told, **changes)
    _refuse(asking, await _entry_outside(connection, asking, table, after))


async def _outside(connection: Connection, asking: Access, told: NewDeclaration) -> list[str]:
    territory = asking.territory
    places = await places_outside(connection, territory, told.places)
    customers = [one.customer for one in told.important_told]
    outside = await customers_outside(connection, territory, customers)
    return [
        *(f"{one.place} {one.code!r}" for one in sorted(places)),
        *(f"customer {one!r}" for one in sorted(outside)),
    ]


async def _entry_outside(
    connection: Connection, asking: Access, table: EntryTable[T], told: T
) -> list[str]:
    if not isinstance(told, NewFaultCall):
        return [f"a {table.name}, which belongs to no region"]
    if not told.point and not told.customer:
        return [f"a {table.name} without point and customer"]
    places = [Place("point", told.point)] if told.point else []
    customers = [told.customer] if told.customer else []
    territory = asking.territory
    return [
        *(f"point {one.code!r}" for one in await places_outside(connection, territory, places)),
        *(f"customer {one!r}" for one in await customers_outside(connection, territory, customers)),
    ]


def _refuse(asking: Access, outside: list[str]) -> None:
    if outside:
        regions = ", ".join(sorted(asking.territory.regions or ()))
        raise OutsideTerritoryError(
            f"{', '.join(outside)} does not lie in the regions of {asking.principal}: {regions}"
        )
