"""Bad and known minutes of points over the year and the windows of a budget, by population and area."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from service.domain.budget import Exposure, Window, YearService
from service.domain.budget_accounts import Account, BudgetTimes, Members
from service.domain.rule_rows import Population
from service.domain.rules import RuleSet
from service.store.deployment_reads import Snapshot
from service.store.group_reads import AREA
from service.store.statements import statement
from service.store.target_reads import high_levels, pass_figures

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
    populations: Sequence[Population],
    times: BudgetTimes,
    account: Account,
) -> None:
    """Enter the points of some populations into an account: minutes outside their bands are bad.

    Hours are counted from pages, days from days. Points that come into service later are not known
    yet.
    """
    high = await high_levels(snapshot.connection, rule_set)
    await _enter_service(snapshot, high, times, account)
    spans: list[tuple[Window | None, datetime]] = [
        (None, times.year.from_at),
        ("3d", times.window_starts["3d"]),
        ("30d", times.window_starts["30d"]),
    ]
    for window, start in spans:
        days = (start.astimezone(snapshot.zone).date(), _day_after(times.through, snapshot))
        for one in await pass_figures(snapshot.connection, days, rule_set, populations):
            counts = one.figure.counts
            exposure = _exposure(counts.n_over + counts.n_under, counts.n_judged)
            account.enter(window, (one.population, one.area), exposure)
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
    found: list[Population] = ["all_points"]
    if row["is_residential"]:
        found.append("residential_points")
    if row["is_high"]:
        found.append("points_from_10kv")
    return [(population, row["area"]) for population in found]


def _exposure(n_bad: int, n_known: int) -> Exposure:
    return Exposure(bad_minutes=Fraction(n_bad), known_minutes=Fraction(n_known))


def _day_after(through: datetime, snapshot: Snapshot) -> date:
    return (through - _INSTANT).astimezone(snapshot.zone).date() + timedelta(days=1)
