"""A small registry of two feeders, put there by hand, for the register to speak of."""

from typing import Any

from service.store.pool import Connection


async def fill(connection: Connection) -> None:
    """Add points P1 to P5 on feeders F0 to F2, and important customers C1 to C5, one at each."""
    await connection.execute(
        """
        INSERT INTO point (point, nominal_mv, wiring, class, organisation, region, substation, feeder, transformer,
                           valid_from)
        SELECT 'P' || n, 220000, '1p', 'D', 'O', 'R' || n / 4, 'S' || n / 3, 'F' || n / 2, 'T' || n, '2026-01-01'
          FROM generate_series(1, 5) AS n;
        INSERT INTO customer (customer, voltage_level_mv, residential, important, user_class, target_area,
                              response_area, valid_from)
        SELECT 'C' || n, 220000, false, true, 'LV', 'urban', 'urban', '2026-01-01'
          FROM generate_series(1, 5) AS n;
        INSERT INTO customer_point SELECT n, n FROM generate_series(1, 5) AS n;
        """
    )


async def rows(connection: Connection, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return rows of a query as tuples."""
    return [tuple(row) for row in await connection.fetch(sql, *values)]


async def trail(connection: Connection) -> list[tuple[Any, ...]]:
    """Return what happened in the register: record, number, action, who."""
    return await rows(
        connection,
        "SELECT record, record_id, action, made_by FROM register_change ORDER BY change_id",
    )


async def due(connection: Connection) -> set[tuple[int, Any, Any]]:
    """Return the interruptions that are to be made again, and forget them."""
    sql = "DELETE FROM interruption_due RETURNING point_id, from_at, to_at"
    return {tuple(row) for row in await connection.fetch(sql)}
