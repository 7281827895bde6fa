"""Planned and temporary outages of the register: what was announced, and what came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from service.domain.instants import epoch_us, epoch_us_or_none
from service.domain.promises.notice import AnnouncedOutage
from service.store.pool import Connection
from service.store.row_batches import rows_of
from service.store.statements import statement

OUTAGE: Final = """
    SELECT declaration_id, ticket, outage_kind, cause, window_from, window_to, from_at, to_at, notice_at,
           notice_fields, is_cancelled
      FROM v_register_outage"""

# Planned and temporary outages by when they came, or were to. $1, $2: half-open; $3: number before.
_OUTAGES = statement(
    "promised_outages",
    f"""
    {OUTAGE}
     WHERE outage_kind IN ('planned', 'temporary')
       AND coalesce(from_at, window_from) >= $1  -- timestamptz
       AND coalesce(from_at, window_from) < $2   -- timestamptz
       AND declaration_id > $3                   -- bigint
     ORDER BY declaration_id
     LIMIT $4
    """,
)

_TOLD = statement(
    "told_of_outages",
    """
    SELECT declaration_id, customer, told_at
      FROM declaration_told
     WHERE declaration_id = ANY($1::bigint[])
    """,
)

# Regions of the points of some scopes. $1, $2: place and code of each; nth is its number in the list.
_REGIONS = statement(
    "regions_of_scopes",
    """
    SELECT DISTINCT nth, region
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS scope (place, code, nth)
      JOIN v_place_point USING (place, code)
      JOIN point USING (point_id)
    """,
)

# Important customers that are supplied through points of some scopes.
_IMPORTANT = statement(
    "important_customers_of_scopes",
    """
    SELECT DISTINCT nth, customer, valid_from, nullif(valid_to, 'infinity') AS valid_to
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS scope (place, code, nth)
      JOIN v_place_point USING (place, code)
      JOIN customer_point USING (point_id)
      JOIN customer USING (customer_id)
     WHERE important
    """,
)

_SCOPES = statement(
    "scopes_of_outages",
    """
    SELECT declaration_id, place, code
      FROM declaration_scope
     WHERE declaration_id = ANY($1::bigint[])
    """,
)


@dataclass(frozen=True, slots=True)
class Scopes:
    """Where some outages were declared for."""

    of_outage: Mapping[int, Sequence[int]]  # numbers of scopes, from 0
    places: Sequence[str]
    codes: Sequence[str]


async def read_outages(
    connection: Connection, span: tuple[datetime, datetime]
) -> list[AnnouncedOutage]:
    """Return the planned and temporary outages that came, or were to come, in a half-open span."""
    rows = [row async for row in rows_of(connection, _OUTAGES, "declaration_id", *span)]
    ids = [row["declaration_id"] for row in rows]
    scopes = await scopes_of(connection, ids)
    regions = await _by_scope(connection, _REGIONS, scopes)
    important = await _by_scope(connection, _IMPORTANT, scopes)
    told: dict[int, dict[str, int]] = {}
    for row in await connection.fetch(_TOLD, ids):
        told.setdefault(row["declaration_id"], {})[row["customer"]] = epoch_us(row["told_at"])
    found = []
    for row in rows:
        number, outage = row["declaration_id"], outage_of(row)
        of_it = scopes.of_outage.get(number, ())
        its_regions = {one["region"] for nth in of_it for one in regions.get(nth, ())}
        customers = (one for nth in of_it for one in important.get(nth, ()))
        found.append(
            replace(
                outage,
                regions=tuple(sorted(its_regions)),
                important=frozenset(
                    one["customer"] for one in customers if _is_supplied(one, outage.off_at)
                ),
                told=told.get(number, {}),
            )
        )
    return found


async def scopes_of(connection: Connection, declaration_ids: Sequence[int]) -> Scopes:
    """Return where outages were declared for."""
    numbers: dict[tuple[str, str], int] = {}
    of_outage: dict[int, list[int]] = {}
    for row in await connection.fetch(_SCOPES, declaration_ids):
        nth = numbers.setdefault((row["place"], row["code"]), len(numbers))
        of_outage.setdefault(row["declaration_id"], []).append(nth)
    return Scopes(of_outage, [place for place, _ in numbers], [code for _, code in numbers])


def outage_of(row: Any) -> AnnouncedOutage:
    """Return an outage without what stands in other tables."""
    return AnnouncedOutage(
        declaration_id=row["declaration_id"],
        ticket=row["ticket"],
        outage_kind=row["outage_kind"],
        cause=row["cause"],
        window_from=epoch_us_or_none(row["window_from"]),
        window_to=epoch_us_or_none(row["window_to"]),
        from_at=epoch_us_or_none(row["from_at"]),
        to_at=epoch_us_or_none(row["to_at"]),
        notice_at=epoch_us_or_none(row["notice_at"]),
        notice_fields=frozenset(row["notice_fields"]),
        is_cancelled=row["is_cancelled"],
    )


async def _by_scope(connection: Connection, query: str, scopes: Scopes) -> dict[int, list[Any]]:
    """Return the rows of a statement by the number of their scope, from 0."""
    found: dict[int, list[Any]] = {}
    for row in await connection.fetch(query, scopes.places, scopes.codes):
        found.setdefault(row["nth"] - 1, []).append(row)
    return found


def _is_supplied(customer: Any, at: int) -> bool:
    """Return whether a customer was in service at an instant."""
    ends = customer["valid_to"]
    return epoch_us(customer["valid_from"]) <= at and (ends is None or at < epoch_us(ends))
