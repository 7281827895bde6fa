"""Minutes by verdict of many points over days of the deployment, as SQL that several statements begin with.

Days that are over and clean are stored, whole months of them as one row; the others are counted from
the pages, here and now, so the sums are those of ``v_point_day``. Under a rule set beside, days that
are over are stored, and no others. What a point's keys are, and which points are chosen, differs.
"""

from typing import Final

COUNTS: Final = ("pass", "over", "under", "interrupted", "exempt", "invalid")

_SUMS = ",\n               ".join(
    f"coalesce(sum(n_{name}), 0)::bigint AS n_{name}" for name in COUNTS
)
# Of at most 400 days: added up by point before anything else, they need not be sorted. Integers add up faster.
_SUMS_STORED = ",\n               ".join(
    f"sum(stored.n_{name})::integer AS n_{name}" for name in COUNTS
)
_NAMES = ", ".join(f"n_{name}" for name in COUNTS)
_FILLED = ", ".join(f"coalesce(n_{name}, 0) AS n_{name}" for name in COUNTS)
_OF_STORED = ", ".join(f"stored.n_{name}" for name in COUNTS)
_OF_PAGE = ", ".join(f"page.n_{name}" for name in COUNTS)
_OF_EDGE = ", ".join(f"edge.n_{name}" for name in COUNTS)

# Behind ``chosen`` and ``tally``, which has rows of minutes of those points.
_COUNTED = f""", sums AS (
        SELECT point_id,
               {_SUMS},
               max(interval_s) AS interval_s
          FROM tally
         GROUP BY point_id
    ), counted AS (
        SELECT point_id, point, key_1, key_2, n_due, {_NAMES}, interval_s,
               greatest(0, n_due - n_pass - n_over - n_under - n_interrupted - n_exempt - n_invalid)
                   AS n_missing
          FROM (
                   SELECT chosen.*,
                          {_FILLED},
                          sums.interval_s
                     FROM chosen
                     LEFT JOIN sums USING (point_id)
               ) AS filled
    )"""  # noqa: S608 (SQL of ours)

# A page that lies inside the day counts by its counters, else minute by minute. Interruptions and
# exemptions are known ahead; of those only what lies before data_through counts.
_IS_EDGE = """
             (page.hour < recount.from_at
              OR page.hour + interval '1 hour' > recount.to_at
              OR (page.n_interrupted + page.n_exempt > 0
                  AND page.hour + interval '1 hour' > recount.data_through))"""
_PAGES = """
          FROM recount
          JOIN page
            ON page.point_id = recount.point_id
           AND page.hour > recount.from_at - interval '1 hour'
           AND page.hour < recount.to_at"""


# Behind ``span`` and ``chosen``: ``block``, the months that are inside the days, over and added up (an empty one at the
# end where there are none); and ``by_days``, those of points that are read from their days anyway.
_MONTHS: Final = """, block AS (
        SELECT CASE WHEN is_block THEN from_day ELSE $2 END AS from_day,
               CASE WHEN is_block THEN to_day ELSE $2 END AS to_day
          FROM (
                   SELECT greatest(added_from, (date_trunc('month', $1 - 1) + interval '1 month')::date) AS from_day,
                          least(added_before, date_trunc('month', least($2, open_day))::date) AS to_day,
                          added_from
                     FROM span
               ) AS months
         CROSS JOIN LATERAL (
                   SELECT added_from IS NOT NULL AND from_day < to_day AS is_block
               ) AS found
    ), by_days AS MATERIALIZED (
        SELECT DISTINCT point_id, month
          FROM (
                   SELECT point_id, month
                     FROM month_due
                    UNION ALL
                   SELECT point_id, date_trunc('month', day)::date
                     FROM dirty_day
                    WHERE day >= (SELECT from_day FROM block)
                      AND day < (SELECT to_day FROM block)
               ) AS changed
          JOIN chosen USING (point_id)
         WHERE month >= (SELECT from_day FROM block)
           AND month < (SELECT to_day FROM block)
    )"""


def counted(keys: str, chosen: str) -> str:
    """Return the common table ``counted``: a row for each chosen point that has minutes due.

    Its columns: point_id, key_1, key_2, n_due, the six counts, n_missing, interval_s (NULL without
    a page), and ``span`` beside it has the time. Parameters: $1 and $2 date, the first day and the
    one after the last.

    Args:
        keys: SQL of two expressions over ``point`` and ``span``, named key_1 and key_2.
        chosen: SQL of a condition over ``point``; further parameters begin with $3.
    """
    return f"""{_chosen(keys, chosen, through="data_through")}{_MONTHS}, clean AS (
        SELECT stored.point_id,
               {_SUMS_STORED},
               max(stored.interval_s) AS interval_s
          FROM point_day AS stored
          JOIN chosen USING (point_id)
         WHERE stored.day >= $1
           AND stored.day < $2
           AND stored.day - (SELECT open_day FROM span) < 0  -- as a range of days it counts as one in two hundred
           AND (stored.day - (SELECT from_day FROM block) < 0 OR stored.day - (SELECT to_day FROM block) >= 0)
           -- Nothing of this is read where the block is all that was asked for.
           AND ((SELECT from_day FROM block) > $1
                OR (SELECT to_day FROM block) < least($2, (SELECT open_day FROM span)))
           -- Looked up by hash; as a join it would be the many days that are put into one.
           AND (stored.point_id, stored.day) NOT IN (
                   SELECT dirty.point_id, dirty.day
                     FROM dirty_day AS dirty
                    WHERE dirty.day >= $1
                      AND dirty.day < $2
               )
         GROUP BY stored.point_id
    ), recount AS (
        SELECT point_id,
               day_start(day, zone) AS from_at,
               day_start(day + 1, zone) AS to_at,
               data_through
          FROM (
                   SELECT DISTINCT dirty.point_id, dirty.day
                     FROM dirty_day AS dirty
                     JOIN chosen USING (point_id)
                    CROSS JOIN span
                    WHERE dirty.day >= $1
                      AND dirty.day < least($2, span.open_day)
                    UNION ALL
                   SELECT point_id, open_day
                     FROM chosen
                    CROSS JOIN span
                    WHERE open_day >= $1
                      AND open_day < $2
               ) AS days
         CROSS JOIN span
    ), tally AS (
        SELECT stored.point_id, {_OF_STORED}, stored.interval_s
          FROM clean AS stored
         UNION ALL
        SELECT stored.point_id, {_OF_STORED}, stored.interval_s
          FROM point_month AS stored
          JOIN chosen USING (point_id)
         WHERE stored.month >= (SELECT from_day FROM block)
           AND stored.month < (SELECT to_day FROM block)
           AND (stored.point_id, stored.month) NOT IN (SELECT point_id, month FROM by_days)
         UNION ALL
        SELECT by_days.point_id, {_OF_STORED}, stored.interval_s
          FROM by_days
         CROSS JOIN LATERAL (
                   SELECT *
                     FROM point_day
                    WHERE point_day.point_id = by_days.point_id
                      AND point_day.day >= by_days.month
                      AND point_day.day < by_days.month + interval '1 month'
                   OFFSET 0  -- looked up by its key, for each of the few
               ) AS stored
         WHERE NOT EXISTS (
                   SELECT
                     FROM dirty_day AS dirty
                    WHERE dirty.point_id = stored.point_id
                      AND dirty.day = stored.day
               )
         UNION ALL
        SELECT page.point_id, {_OF_PAGE}, page.interval_s{_PAGES}
         WHERE NOT{_IS_EDGE}
         UNION ALL
        SELECT page.point_id, {_OF_EDGE}, page.interval_s{_PAGES}
         CROSS JOIN LATERAL count_minutes(
                   page.point_id,
                   greatest(page.hour, recount.from_at),
                   least(page.hour + interval '1 hour', recount.to_at),
                   recount.data_through
               ) AS edge
         WHERE{_IS_EDGE}
    ){_COUNTED}"""  # noqa: S608 (SQL of ours)


def counted_beside(keys: str, chosen: str, rule_set: str) -> str:
    """Return the same under a rule set that is judged beside the statutory one, of days that are over.

    Minutes are due up to the first day that is not. A day that waits to be counted counts as it was
    counted last, its minutes are MISSING before it ever was.

    Args:
        keys: As above.
        chosen: As above.
        rule_set: The parameter, "$7" for one, that holds its name.
    """
    over = "day_start((data_through AT TIME ZONE zone)::date, zone)"
    return f"""{_chosen(keys, chosen, through=over)}, tally AS (
        SELECT stored.point_id, {_OF_STORED}, judged.interval_s
          FROM point_day_beside AS stored
          JOIN kept_rule_set AS kept
            ON kept.rule_set_id = stored.rule_set_id
           AND kept.is_beside
           AND kept.rule_set = {rule_set}::text
          JOIN chosen
            ON chosen.point_id = stored.point_id
          LEFT JOIN point_day AS judged
            ON judged.point_id = stored.point_id
           AND judged.day = stored.day
         CROSS JOIN span
         WHERE stored.day >= $1
           AND stored.day < least($2, span.open_day)
    ){_COUNTED}"""  # noqa: S608 (SQL of ours)


def _chosen(keys: str, chosen: str, through: str) -> str:
    """Return the common tables ``span`` and ``chosen``; minutes are due up to ``through``."""
    return f"""
    WITH span AS (
        SELECT day_start($1::date, zone) AS from_at,
               day_start($2::date, zone) AS to_at,
               {through} AS data_through,
               (data_through AT TIME ZONE zone)::date AS open_day,  -- the days before it are over
               zone,
               added_from,
               added_before
          FROM deployment
         CROSS JOIN v_watermark
         WHERE data_through IS NOT NULL  -- least() passes over NULL
         LIMIT 1  -- it is one row; a table that was never analysed counts as hundreds, and all plans below with it
    ), chosen AS MATERIALIZED (
        SELECT point.point_id,
               point.point,
               {keys},
               due.n_minutes AS n_due
          FROM point
         CROSS JOIN span
         CROSS JOIN LATERAL (
                   SELECT (extract(epoch FROM least(point.valid_to, span.to_at, span.data_through)
                       - greatest(point.valid_from, span.from_at)) / 60)::bigint AS n_minutes
               ) AS due
         WHERE due.n_minutes > 0
           AND {chosen}
    )"""  # noqa: S608 (SQL of ours)


# Behind ``counted``: each point with its denominators, and whether it is monitored: it has a rate,
# and its coverage reaches the floor $3 / $4, compared in whole numbers.
JUDGED: Final = """
           (
               SELECT counted.*,
                      n_judged,
                      n_to_judge,
                      n_judged > 0 AND n_judged * $4::bigint >= $3::bigint * n_to_judge AS is_monitored
                 FROM counted
                CROSS JOIN LATERAL (
                          SELECT n_pass + n_over + n_under AS n_judged,
                                 n_pass + n_over + n_under + n_missing + n_invalid AS n_to_judge
                      ) AS denominators
           ) AS judged"""

# Behind ``counted``: interruptions that reach into the days, and for how long, by point.
INTERRUPTED: Final = """
           (
               SELECT point_id,
                      count(*) AS n_interruptions,
                      sum(extract(epoch FROM
                          least(coalesce(end_at, 'infinity'), span.to_at, span.data_through)
                          - greatest(start_at, span.from_at)
                      ))::double precision AS interrupted_s
                 FROM v_counted_interruption AS interruption
                 JOIN chosen USING (point_id)
                CROSS JOIN span
                WHERE start_at < least(span.to_at, span.data_through)
                  AND coalesce(end_at, 'infinity') > span.from_at
                GROUP BY point_id
           ) AS dark"""
