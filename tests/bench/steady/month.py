"""A month that is over, made in SQL: days of a region's points, and pages of some of them."""

from datetime import date

import asyncpg

N_PAGED = 500  # points with pages, for the figure of one point and month

# All minutes inside the band but a few over, two of each day INVALID.
_DAYS = """
    INSERT INTO point_day (point_id, day, n_pass, n_over, n_under, n_interrupted, n_exempt, n_invalid, cell_min,
                           cell_max, spread_min, spread_max, interval_s)
    SELECT point_id, day::date, 1430 - point_id % 7, point_id % 7, 0, 0, 0, 2, -212, 655, -212, 655, 60
      FROM (SELECT point_id FROM point WHERE region = $3 ORDER BY point_id LIMIT $4) AS chosen
     CROSS JOIN generate_series($1::date, $2::date - 1, interval '1 day') AS day
     ORDER BY point_id, day
"""
# As a consumer leaves them: 58 minutes of +2.10 %, two over the limit, every source good and whole.
_PAGES = """
    INSERT INTO page (hour, judgement, point_id, nominal_mv, revision, interval_s, n_phases, n_missing, n_pass, n_over,
                      n_under, n_interrupted, n_exempt, n_invalid, cell_min, cell_max, cells, marks)
    SELECT hour, 1, point_id, 220000, 1, 60, 1, 0, 58, 2, 0, 0, 0, 0, 210, 710,
           decode(repeat('d200', 58) || repeat('c602', 2), 'hex'),
           decode(repeat('f9', 58) || repeat('fa', 2), 'hex')
      FROM (SELECT point_id FROM point WHERE region = $3 ORDER BY point_id LIMIT $4) AS chosen
     CROSS JOIN generate_series(day_start($1::date, 'Asia/Shanghai'), day_start($2::date, 'Asia/Shanghai')
                                - interval '1 hour', interval '1 hour') AS hour
     ORDER BY hour, point_id
"""


async def make_month(dsn: str, days: tuple[date, date], region: str, n_points: int) -> list[str]:
    """Make the days of ``n_points`` points of a region in ``[first, last)``; return the points with pages."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_DAYS, *days, region, n_points)
        await connection.execute(_PAGES, *days, region, min(N_PAGED, n_points))
        await connection.execute("VACUUM ANALYZE point_day")
        await connection.execute("ANALYZE page")
        rows = await connection.fetch(
            "SELECT point FROM point WHERE region = $1 ORDER BY point_id LIMIT $2",
            region,
            min(N_PAGED, n_points),
        )
    finally:
        await connection.close()
    return [row["point"] for row in rows]


def month_before(today: date) -> tuple[date, date]:
    """Return the month before that of ``today``: its first day, and the day after its last."""
    first = today.replace(day=1)
    before = date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1)
    return before, first
