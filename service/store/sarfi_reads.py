"""Short-duration events of groups of points over days of the deployment, and how many points were watched."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Literal, get_args

from service.domain.sarfi import SarfiIndex
from service.store.count_reads import counted
from service.store.group_reads import KEYS
from service.store.pool import Connection
from service.store.statements import statement

SarfiGroupBy = Literal["region", "feeder", "area"]
_LESS_THAN_A_MICROSECOND: Final = Decimal("1e-9")

# A point is watched if its minutes are known, measured or interrupted by evidence, for a share of
# at least $3 / $4 of its time. Events of one point that touch or overlap are one: a dip that goes
# on as an interruption, or is seen by two devices. Only what begins within the days counts.
_SARFI: Final = """
    , watched AS (
        SELECT counted.*,
               (n_due - n_missing - n_invalid) * $4::bigint >= $3::bigint * n_due AS is_watched
          FROM counted
    ), seen AS (
        SELECT event.point_id,
               event.start_at,
               event.earliest_at,
               coalesce(event.end_at, greatest(span.data_through, event.start_at)) AS end_at,
               coalesce(event.latest_at, greatest(span.data_through, event.start_at)) AS latest_at,
               CASE WHEN $7::boolean THEN -event.extreme_ppm ELSE event.extreme_ppm END AS extreme_ppm,
               coalesce(device.interval_s, watched.interval_s) AS interval_s
          FROM event
          JOIN watched USING (point_id)
         CROSS JOIN span
          LEFT JOIN device USING (device_id)
         WHERE watched.is_watched
           AND (event.kind = 'swell') = $7
           AND event.start_at < least(span.to_at, span.data_through)
           AND coalesce(event.end_at, 'infinity') >= span.from_at
    ), marked AS (
        SELECT seen.*,
               coalesce(start_at > max(end_at) OVER before, true) AS is_first
          FROM seen
        WINDOW before AS (
                   PARTITION BY point_id
                       ORDER BY start_at, end_at
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               )
    ), numbered AS (
        SELECT marked.*,
               count(*) FILTER (WHERE is_first) OVER so_far AS event_no
          FROM marked
        WINDOW so_far AS (
                   PARTITION BY point_id
                       ORDER BY start_at, end_at
                        ROWS UNBOUNDED PRECEDING
               )
    ), united AS (
        SELECT point_id,
               min(start_at) AS start_at,
               min(extreme_ppm) AS extreme_ppm,
               extract(epoch FROM max(end_at) - min(start_at)) AS seen_s,
               extract(epoch FROM max(end_at) - min(start_at)) - 2 * max(interval_s) AS shortest_s,
               extract(epoch FROM max(latest_at) - min(earliest_at)) + 2 * max(interval_s) AS longest_s
          FROM numbered
         GROUP BY point_id, event_no
    ), judged AS (
        SELECT united.point_id,
               coalesce(bool_or(
                   greatest(seen_s, half_cycle_s) > above_s AND greatest(seen_s, half_cycle_s) <= up_to_s
               ), false) AS counts,
               coalesce(bool_or(
                   greatest(shortest_s, half_cycle_s) > above_s
                   AND greatest(shortest_s, half_cycle_s) <= up_to_s
               ), false)
               AND coalesce(bool_or(longest_s > above_s AND longest_s <= up_to_s), false) AS is_certain,
               coalesce(bool_or(
                   longest_s > above_s AND greatest(shortest_s, half_cycle_s) <= up_to_s
               ), false) AS is_possible
          FROM united
         CROSS JOIN span
         CROSS JOIN (SELECT $8::numeric AS half_cycle_s) AS cycle
          LEFT JOIN unnest($9::numeric[], $10::numeric[], $11::integer[])
                    AS step (above_s, up_to_s, level_ppm)
            ON united.extreme_ppm < step.level_ppm
         WHERE united.start_at >= span.from_at
         GROUP BY united.point_id, united.start_at
    ), tallied AS (
        SELECT point_id,
               count(*) FILTER (WHERE counts) AS n_events,
               count(*) FILTER (WHERE is_certain) AS n_certain,
               count(*) FILTER (WHERE is_possible) AS n_possible
          FROM judged
         GROUP BY point_id
    )
    SELECT key_1 AS "group",
           max(key_2) AS name,
           count(*) AS n_points,
           count(*) FILTER (WHERE is_watched) AS n_monitored,
           coalesce(sum(n_due) FILTER (WHERE is_watched), 0)::bigint AS n_minutes,
           coalesce(sum(n_events), 0)::bigint AS n_events,
           coalesce(sum(n_certain), 0)::bigint AS n_certain,
           coalesce(sum(n_possible), 0)::bigint AS n_possible,
           max(interval_s) FILTER (WHERE is_watched) AS interval_s
      FROM watched
      LEFT JOIN tallied USING (point_id)
     GROUP BY key_1
     ORDER BY key_1
     LIMIT $5
"""

_GROUPS: Final[Mapping[SarfiGroupBy, str]] = MappingProxyType(
    {
        by: statement(
            f"sarfi_by_{by}",
            f"{counted(KEYS[by], '($6::text IS NULL OR point.region = $6)')} {_SARFI}",
        )
        for by in get_args(SarfiGroupBy)
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SarfiCounts:
    """What an index counts in a group of points; ``n_certain <= n_events <= n_possible``."""

    group: str  # region, feeder or area
    name: str  # of the region or feeder
    n_points: int  # with minutes due
    n_monitored: int  # of these, whose minutes are known for the share that is asked
    n_minutes: int  # due, of monitored points together
    n_events: int  # of monitored points, by the duration that the readings show
    n_certain: int  # whatever the readings leave open of the duration
    n_possible: int  # if the duration was the least favourable that the readings leave open
    interval_s: int | None  # the longest of the monitored points' readings


@dataclass(frozen=True, slots=True, kw_only=True)
class SarfiGroups:
    """Which groups of points."""

    by: SarfiGroupBy
    region: str | None  # only points of this one
    limit: int  # of groups


async def sarfi_counts(
    connection: Connection,
    groups: SarfiGroups,
    days: tuple[date, date],
    index: SarfiIndex,
    coverage_floor: Decimal,
) -> list[SarfiCounts]:
    """Return the groups that have minutes due in the half-open range of days."""
    sign = -1 if index.is_above else 1  # what is above a level is below it with the sign changed
    begins = [_decimal(step.above_s) for step in index.steps]
    begins[0] -= _LESS_THAN_A_MICROSECOND  # the first step holds its beginning
    rows = await connection.fetch(
        _GROUPS[groups.by],
        *days,
        *coverage_floor.as_integer_ratio(),
        groups.limit,
        groups.region,
        index.is_above,
        _decimal(index.half_cycle_s),
        begins,
        [_decimal(step.up_to_s) for step in index.steps],
        [sign * int(step.level_pu * 1_000_000) for step in index.steps],
    )
    return [SarfiCounts(**row) for row in rows]


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / number.denominator
