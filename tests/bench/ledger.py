"""A ledger of pages for the benches of the store, as a consumer leaves it."""

from typing import Final

import asyncpg

from tests.bench import telemetry

ODD_PAGES: Final = (
    10  # one in so many has a minute over the limit; the minutes of the others are all alike
)

# Good minutes, each page with a level of its own, so that nothing is alike by accident of the bench.
_DAY = f"""
    INSERT INTO page (hour, judgement, point_id, nominal_mv, revision, interval_s, n_phases, n_missing, n_pass, n_over,
                      n_under, n_interrupted, n_exempt, n_invalid, cell_min, cell_max, spread_min, spread_max,
                      cells, marks)
    SELECT hour, judgement.number, point_id, 220000, 1, 1, 1, 0, 60 - n_over, n_over, 0, 0, 0, 0,
           level, greatest(level, 800 * n_over), level, greatest(level, 800 * n_over),
           decode(repeat(lpad(to_hex(level), 2, '0') || '00', 60 - n_over) || repeat('2003', n_over), 'hex'),
           short_marks(decode(repeat('f9', 60 - n_over) || repeat('fa', n_over), 'hex'))
      FROM judgement
     CROSS JOIN generate_series($1::timestamptz, $1::timestamptz + interval '23 hours', interval '1 hour') AS hour
     CROSS JOIN (SELECT point_id, point_id % 256 AS level FROM point) AS point
     CROSS JOIN LATERAL (
               SELECT ((point_id + extract(hour FROM hour)::integer) % {ODD_PAGES} = 0)::integer AS n_over
           ) AS odd
     ORDER BY hour, point_id
"""  # noqa: S608 (a number of ours)


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
