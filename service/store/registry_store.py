"""The registry as the database holds it, whole: what judging and folding go by."""

from dataclasses import replace

import numpy as np

from service.domain.instants import FOREVER_US
from service.domain.registry import DarkSpans, Declaration, Exemption, Registry
from service.domain.registry_columns import point_columns
from service.store.pool import Connection
from service.store.registry_rows import read_devices, read_points
from service.store.statements import statement

_NUMBERS = statement(
    "registry_numbers",
    """
    SELECT number, registry_number
      FROM judgement
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
    known = set(point_columns(network.points).point_id.tolist()) if exemptions else set()
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
    points = await read_points(connection)
    devices = await read_devices(connection, points)
    residential = await connection.fetch(_RESIDENTIAL)
    with_power_factor = await connection.fetch(_WITH_POWER_FACTOR)
    return Registry(
        judgement=0,
        points=points,
        devices=devices,
        residential_point_ids=frozenset(row["point_id"] for row in residential),
        power_factor_point_ids=frozenset(row["point_id"] for row in with_power_factor),
    )
