"""Bad and known minutes of points over the year and the windows of a budget, by population and area.

Of each day only two sums are wanted, by a handful of groups; so days are not counted point by point
as for rates, which takes four times as long.
"""

from datetime import timedelta
from fractions import Fraction
from typing import Any, Final

from service.domain.budget import Exposure, YearService
from service.domain.budget_accounts import Account, BudgetTimes, Members
from service.domain.periods import next_month
from service.domain.rules import RuleSet
from service.store.deployment_reads import Snapshot
from service.store.group_reads import AREA
from service.store.statements import statement
from service.store.target_reads import high_levels

_INSTANT: Final = timedelta(microseconds=1)

# What each point belongs to in a span of time, $1 to $2. $3, $4: nominal and wiring from 10 kV on.
_MEMBER: Final = f"""
    WITH span AS (
        SELECT $1::timestamptz AS from_at, $2::timestamptz AS to_at
    ), member AS MATERIALIZED (
        SELECT point.point_id,
               point.valid_from,
               point.valid_to,
               {AREA} AS area,
               EXISTS (
                   SELECT
                     FROM customer_point
                     JOIN customer USING (customer_id)
                    WHERE customer_point.point_id = point.point_id
                      AND customer.residential
                      AND customer.valid_from < span.to_at
                      AND customer.valid_to > span.from_at
               ) AS is_residential,
               EXISTS (
                   SELECT
                     FROM unnest($3::bigint[], $4::text[]) AS high (nominal_mv, wiring)
                    WHERE high.nominal_mv = point.nominal_mv
                      AND high.wiring = point.wiring
               ) AS is_high
          FROM point
         CROSS JOIN span
         WHERE point.valid_from < span.to_at
           AND point.valid_to > span.from_at
    )"""  # noqa: S608 (SQL of ours)

_SERVICE = statement(
    "budget_service",
    f"""
    {_MEMBER}
    SELECT area, is_residential, is_high,
           count(*) AS n_members,
           sum(extract(epoch FROM least(valid_to, span.to_at) - greatest(valid_from, span.from_at))
               / 60)::bigint AS elapsed,
           coalesce(sum(extract(epoch FROM least(valid_to, $5::timestamptz) - span.to_at) / 60)
               FILTER (WHERE valid_to > span.to_at), 0)::bigint AS remaining
      FROM member
     CROSS JOIN span
     GROUP BY area, is_residential, is_high
    """,  # noqa: S608 (SQL of ours)
)

# Days $5 to $6, half-open, within a year that begins on $7, a longer window on $8, a shorter one on $9.
# Days that are over and clean are stored; the others are counted from the pages, here and now.
_BAD, _KNOWN = "n_over + n_under", "n_pass + n_over + n_under"
_WINDOW_SUMS = """
               sum(bad) FILTER (WHERE day >= $7) AS bad_year,
               sum(known) FILTER (WHERE day >= $7) AS known_year,
               sum(bad) FILTER (WHERE day >= $8) AS bad_30d,
               sum(known) FILTER (WHERE day >= $8) AS known_30d,
               sum(bad) FILTER (WHERE day >= $9) AS bad_3d,
               sum(known) FILTER (WHERE day >= $9) AS known_3d"""
_WINDOW_TOTALS = ", ".join(
    f"coalesce(sum({name}), 0)::bigint AS {name}"
    for window in ("year", "30d", "3d")
    for name in (f"bad_{window}", f"known_{window}")
)
_DAY_COUNTS = statement(
    "budget_day_counts",
    f"""
    {_MEMBER}
    , reached AS (
        SELECT zone, least($6::date, (data_through AT TIME ZONE zone)::date) AS open_day
          FROM deployment
         CROSS JOIN v_watermark
    ), stored AS (
        SELECT point_id, day, {_BAD} AS bad, {_KNOWN} AS known
          FROM point_day
         WHERE day >= $5::date
           AND day < (SELECT open_day FROM reached)
           AND NOT EXISTS (
                   SELECT
                     FROM dirty_day AS dirty
                    WHERE dirty.point_id = point_day.point_id
                      AND dirty.day = point_day.day
               )
    ), recount AS (
        SELECT point_id, day, day_start(day, zone) AS from_at, day_start(day + 1, zone) AS to_at
          FROM (
                   SELECT DISTINCT dirty.point_id, dirty.day
                     FROM dirty_day AS dirty
                     JOIN member USING (point_id)
                     CROSS JOIN reached
                    WHERE dirty.day >= $5
                      AND dirty.day < reached.open_day
                    UNION ALL
                   SELECT point_id, reached.open_day
                     FROM member
                     CROSS JOIN reached
                    WHERE reached.open_day >= $5
                      AND reached.open_day < $6
               ) AS days
         CROSS JOIN reached
    ), counted AS (
        SELECT recount.point_id, recount.day, {_BAD} AS bad, {_KNOWN} AS known
          FROM recount
          JOIN page
            ON page.point_id = recount.point_id
           AND page.hour >= recount.from_at
           AND page.hour <= recount.to_at - interval '1 hour'
         UNION ALL
        SELECT recount.point_id, recount.day, {_BAD}, {_KNOWN}
          FROM recount
         CROSS JOIN LATERAL (
                   VALUES (from_at, date_trunc('hour', from_at) + interval '1 hour', from_at),
                          (date_trunc('hour', to_at), to_at, to_at)
               ) AS edge (edge_from, edge_to, cut_at)  -- an hour that the day's end cuts in two
         CROSS JOIN LATERAL count_minutes(recount.point_id, edge_from, edge_to, 'infinity')
         WHERE cut_at > date_trunc('hour', cut_at)
    ), tally AS (
        SELECT point_id, {_WINDOW_SUMS}
          FROM stored
         GROUP BY point_id
         UNION ALL
        SELECT point_id, {_WINDOW_SUMS}
          FROM counted
         GROUP BY point_id
    )
    SELECT area, is_residential, is_high, {_WINDOW_TOTALS}
      FROM tally
      JOIN member USING (point_id)
     GROUP BY area, is_residential, is_high
    """,  # noqa: S608 (SQL of ours)
)

# Whole pages of the last hours: the longer window begins at $1, the shorter one at $5.
_HOUR_COUNTS = statement(
    "budget_hour_counts",
    f"""
    {_MEMBER}
    SELECT area, is_residential, is_high,
           sum(n_over + n_under)::bigint AS bad,
           sum(n_pass + n_over + n_under)::bigint AS known,
           coalesce(sum(n_over + n_under) FILTER (WHERE hour >= $5), 0)::bigint AS bad_lately,
           coalesce(sum(n_pass + n_over + n_under) FILTER (WHERE hour >= $5), 0)::bigint
               AS known_lately
      FROM page
      JOIN member USING (point_id)
     WHERE hour >= $1
       AND hour < $2
     GROUP BY area, is_residential, is_high
    """,  # noqa: S608 (SQL of ours)
)


async def enter_points(
    snapshot: Snapshot,
    rule_set: RuleSet,
    times: BudgetTimes,
    account: Account,
) -> None:
    """Enter all points into an account: minutes outside their bands are bad.

    Hours are counted from pages, days from days. Points that come into service later are not known
    yet.
    """
    high = await high_levels(snapshot.connection, rule_set)
    await _enter_service(snapshot, high, times, account)
    await _enter_days(snapshot, high, times, account)
    await _enter_hours(snapshot, high, times, account)


async def _enter_service(
    snapshot: Snapshot, high: list[list[object]], times: BudgetTimes, account: Account
) -> None:
    year = times.year
    rows = await snapshot.connection.fetch(_SERVICE, year.from_at, times.through, *high, year.to_at)
    for row in rows:
        service = YearService(
            n_members=row["n_members"],
            elapsed_minutes=Fraction(row["elapsed"]),
            remaining_minutes=Fraction(row["remaining"]),
        )
        for members in _members(row):
            account.enter_service(members, service)


async def _enter_days(
    snapshot: Snapshot, high: list[list[object]], times: BudgetTimes, account: Account
) -> None:
    zone, year = snapshot.zone, times.year
    starts = (year.from_at, times.window_starts["30d"], times.window_starts["3d"])
    begins = [start.astimezone(zone).date() for start in starts]
    end = (times.through - _INSTANT).astimezone(zone).date() + timedelta(days=1)
    first = min(begins)
    while first < end:  # by months, so that no statement takes long
        after = min(next_month(first), end)
        rows = await snapshot.connection.fetch(
            _DAY_COUNTS, year.from_at, times.through, *high, first, after, *begins
        )
        for row in rows:
            for members in _members(row):
                account.enter(None, members, _exposure(row["bad_year"], row["known_year"]))
                account.enter("30d", members, _exposure(row["bad_30d"], row["known_30d"]))
                account.enter("3d", members, _exposure(row["bad_3d"], row["known_3d"]))
        first = after


async def _enter_hours(
    snapshot: Snapshot, high: list[list[object]], times: BudgetTimes, account: Account
) -> None:
    lately, longer = times.window_starts["1h"], times.window_starts["6h"]
    last = times.through
    if last != snapshot.data_through:  # a page tells of its whole hour
        last = last.replace(minute=0, second=0, microsecond=0)
    rows = await snapshot.connection.fetch(_HOUR_COUNTS, longer, last, *high, lately)
    for row in rows:
        for members in _members(row):
            account.enter("6h", members, _exposure(row["bad"], row["known"]))
            account.enter("1h", members, _exposure(row["bad_lately"], row["known_lately"]))


def _members(row: Any) -> list[Members]:
    """Return what a group of points belongs to."""
    area = row["area"]
    found: list[Members] = [("all_points", area)]
    if row["is_residential"]:
        found.append(("residential_points", area))
    if row["is_high"]:
        found.append(("points_from_10kv", area))
    return found


def _exposure(n_bad: int, n_known: int) -> Exposure:
    return Exposure(bad_minutes=Fraction(n_bad), known_minutes=Fraction(n_known))
