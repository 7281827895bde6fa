"""The registry as the database holds it, whole: what judging and folding go by."""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

import numpy as np

from service.domain.instants import FOREVER_US
from service.domain.registry import DarkSpans, Declaration, Device, Exemption, Point, Registry
from service.store.pool import Connection
from service.store.statements import statement

T = TypeVar("T")
_ROWS_AT_ONCE: Final = 10_000  # the event loop gets a turn in between

_NUMBERS = statement(
    "registry_numbers",
    """
    SELECT number, registry_number
      FROM judgement
    """,
)

_POINTS = statement(
    "registry_points",
    """
    SELECT point_id, point, nominal_mv, wiring, class AS point_class,
           organisation, organisation_name, region, region_name, substation, substation_name,
           feeder, feeder_name, transformer, transformer_name, band_lower, band_upper,
           valid_from, nullif(valid_to, 'infinity') AS valid_to, is_terminal, is_feeder_head
      FROM point
     ORDER BY point_id
    """,
)

_DEVICES = statement(
    "registry_devices",
    """
    SELECT device_id, device, point_id, interval_s, voltage_ratio, reading_kind, stamp_at, zone,
           delivery_delay_s, self_powered, valid_from, nullif(valid_to, 'infinity') AS valid_to,
           zero_means, concentrator
      FROM device
     ORDER BY device_id
    """,
)

_DECLARATIONS = statement(
    "registry_declarations",
    """
    SELECT declaration_id, declaration.kind, array_agg(scope.point_id) AS point_ids,
           declaration.from_at, declaration.to_at, declaration.cause
      FROM declaration
      JOIN v_declaration_point AS scope USING (declaration_id)
     GROUP BY declaration_id, declaration.kind, declaration.from_at, declaration.to_at, declaration.cause
     ORDER BY declaration_id
    """,
)

_EXEMPTIONS = statement(
    "registry_exemptions",
    """
    SELECT point_id,
           day_start(month, $1) AS from_at,
           day_start((month + interval '1 month')::date, $1) AS to_at
      FROM v_exemption
     ORDER BY point_id, month
    """,
)

_RESIDENTIAL = statement(
    "registry_residential_points",
    """
    SELECT DISTINCT point_id
      FROM customer
      JOIN customer_point USING (customer_id)
     WHERE residential
    """,
)

_WITH_POWER_FACTOR = statement(
    "registry_power_factor_points",
    """
    SELECT DISTINCT point_id
      FROM customer
      JOIN customer_point USING (customer_id)
     WHERE required_power_factor IS NOT NULL
       AND NOT residential
    """,
)


_DARK_SPANS = statement(
    "registry_dark_spans",
    """
    SELECT coalesce(array_agg(point_id), '{}') AS point_id,
           coalesce(array_agg((extract(epoch FROM start_at) * 1000000)::bigint), '{}') AS from_us,
           coalesce(array_agg((extract(epoch FROM end_at) * 1000000)::bigint), '{}') AS to_us
      FROM v_dark_interruption
    """,
)


async def load_registry(
    connection: Connection, zone: str, previous: Registry | None = None
) -> Registry:
    """Return the registry under the number in force, ``zone`` being the deployment's.

    Call it in a transaction. Under READ COMMITTED a change that is committed meanwhile may show in a part of
    what is returned; the number is read first, so the checkpoint that goes by it finds that it has moved.

    Args:
        connection: Inside a transaction.
        zone: In which the months of exemptions are counted.
        previous: What was loaded before: where only declarations, exemptions or interruptions have changed since,
            its points, devices and customers serve again. A million of them take ten seconds to load.
    """
    numbers = await connection.fetchrow(_NUMBERS)
    if numbers is None:
        raise AssertionError  # the migrations insert the row and nothing deletes it
    if previous is not None and previous.judgement >= numbers["registry_number"]:
        network = previous
    else:
        network = await _network(connection)
    declarations = await connection.fetch(_DECLARATIONS)
    exemptions = await connection.fetch(_EXEMPTIONS, zone)
    known = {point.point_id for point in network.points} if exemptions else frozenset()
    return replace(
        network,
        judgement=numbers["number"],
        declarations=[
            Declaration(**{**row, "point_ids": frozenset(row["point_ids"])}) for row in declarations
        ],
        exemptions=[Exemption(**row) for row in exemptions if row["point_id"] in known],
        dark_spans=await dark_spans(connection),
    )


async def dark_spans(connection: Connection) -> DarkSpans:
    """Return when points were without supply on evidence by which silent minutes are INTERRUPTED."""
    row = await connection.fetchrow(_DARK_SPANS)
    if row is None:
        raise AssertionError  # an aggregate has one row
    return DarkSpans(
        point_id=np.array(row["point_id"], np.int32),
        from_us=np.array(row["from_us"], np.int64),
        to_us=np.array([FOREVER_US if end is None else end for end in row["to_us"]], np.int64),
    )


async def _network(connection: Connection) -> Registry:
    """Return what only an import changes; the judgement number is not filled in."""
    with _no_collection():
        points = await _objects(connection, _POINTS, _point)
        devices = await _objects(connection, _DEVICES, _device)
    known = {point.point_id for point in points}
    residential = await connection.fetch(_RESIDENTIAL)
    with_power_factor = await connection.fetch(_WITH_POWER_FACTOR)
    return Registry(
        judgement=0,
        points=points,
        devices=[device for device in devices if device.point_id in known],
        residential_point_ids=frozenset(row["point_id"] for row in residential),
        power_factor_point_ids=frozenset(row["point_id"] for row in with_power_factor),
    )


async def _objects(connection: Connection, sql: str, make: Callable[[Any], T]) -> list[T]:
    cursor = await connection.cursor(sql)
    made: list[T] = []
    while rows := await cursor.fetch(_ROWS_AT_ONCE):
        made += map(make, rows)
    return made


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the collector from looking through millions of objects, again and again, that all stay.

    A million points and devices load in 14 s instead of 32.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _point(row: Any) -> Point:
    # Spelled out: half of the time that unpacking a mapping takes, and this runs for every point there is.
    share: Callable[[str], Any] = (
        sys.intern
    )  # many points, few feeders; the schema checks the words
    return Point(
        point_id=row[0],
        point=row[1],
        nominal_mv=row[2],
        wiring=share(row[3]),
        point_class=share(row[4]),
        organisation=share(row[5]),
        organisation_name=share(row[6]),
        region=share(row[7]),
        region_name=share(row[8]),
        substation=share(row[9]),
        substation_name=share(row[10]),
        feeder=share(row[11]),
        feeder_name=share(row[12]),
        transformer=share(row[13]),
        transformer_name=share(row[14]),
        band_lower=row[15],
        band_upper=row[16],
        valid_from=row[17],
        valid_to=row[18],
        is_terminal=row[19],
        is_feeder_head=row[20],
    )


def _device(row: Any) -> Device:
    share: Callable[[str], Any] = sys.intern
    return Device(
        device_id=row[0],
        device=row[1],
        point_id=row[2],
        interval_s=row[3],
        voltage_ratio=row[4],
        reading_kind=row[5],
        stamp_at=row[6],
        zone=share(row[7]),
        delivery_delay_s=row[8],
        self_powered=row[9],
        valid_from=row[10],
        valid_to=row[11],
        zero_means=share(row[12]),
        concentrator=share(row[13]),
    )
