"""A ledger of pages for the benches of the store, as a consumer leaves it."""

import asyncpg

from tests.bench import telemetry

# Good minutes inside the band, each page with a level of its own, so that nothing is alike by accident of the bench.
_DAY = """
    INSERT INTO page (hour, judgement, point_id, nominal_mv, revision, interval_s, n_phases, n_missing, n_pass, n_over,
                      n_under, n_interrupted, n_exempt, n_invalid, cell_min, cell_max, spread_min, spread_max,
                      cells, marks)
    SELECT hour, judgement.number, point_id, 220000, 1, 1, 1, 0, 60, 0, 0, 0, 0, 0, level, level, level, level,
           decode(repeat(lpad(to_hex(level), 2, '0') || '00', 60), 'hex'), decode(repeat('f9', 60), 'hex')
      FROM judgement
     CROSS JOIN generate_series($1::timestamptz, $1::timestamptz + interval '23 hours', interval '1 hour') AS hour
     CROSS JOIN (SELECT point_id, point_id % 256 AS level FROM point) AS point
     ORDER BY hour, point_id
"""


async def fill(dsn: str, first_day: str, n_points: int, n_days: int) -> int:
    """Register points, write whole days of their pages from ``first_day`` on; return the number of pages."""
    await telemetry.register(dsn, n_points)
    connection = await asyncpg.connect(dsn)
    try:
        for day in range(n_days):
            start = f"(timestamptz '{first_day} 00:00Z' + interval '{day} days')"
            await connection.execute(_DAY.replace("$1::timestamptz", start))
        await connection.execute("ANALYZE page")
    finally:
        await connection.close()
    return n_points * n_days * 24
