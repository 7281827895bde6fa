"""Whether everything that came is stored, merged, judged and counted."""

from dataclasses import dataclass

from service.store.pool import Connection
from service.store.statements import statement

_UNSETTLED = statement(
    "unsettled",
    """
    SELECT (SELECT coalesce(sum(next_offset), 0)::bigint FROM partition_progress) AS n_messages_stored,
           (
               SELECT count(*)
                 FROM partition_progress AS progress
                 LEFT JOIN late_progress AS late USING (topic, partition)
                WHERE progress.next_offset > coalesce(late.next_offset, 0)
           ) AS n_unmerged,
           (SELECT count(*) FROM judgement_change WHERE rescored_at IS NULL) AS n_unjudged,
           (SELECT count(*) FROM dirty_day) AS n_uncounted,
           (
               SELECT count(DISTINCT point_id)
                 FROM interruption_due
                WHERE from_at < (SELECT data_through FROM v_watermark)
           ) AS n_underived,
           (
               SELECT count(*)
                 FROM beside_due
                WHERE day < (
                          SELECT (data_through AT TIME ZONE zone)::date
                            FROM v_watermark
                           CROSS JOIN deployment
                      )
           ) AS n_beside,
           (
               SELECT count(*)
                 FROM power_factor_due
                WHERE (month + interval '1 month')::date <= (
                          SELECT (max(data_through) AT TIME ZONE zone)::date
                            FROM partition_progress
                           CROSS JOIN deployment
                           GROUP BY zone
                      )
           ) AS n_months,
           (
               SELECT count(*)
                 FROM week_due
                WHERE week < (
                          SELECT date_trunc('week', (data_through - interval '10 minutes') AT TIME ZONE zone)::date
                            FROM v_watermark
                           CROSS JOIN deployment
                      )
           ) AS n_weeks
    """,
)


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What the settle role has still to do."""

    n_messages_stored: int  # of logs that begin at offset 0
    n_unmerged: int  # partitions with offsets whose late readings are not merged
    n_unjudged: int  # changes whose pages are not all judged again
    n_uncounted: int  # marks of days to be counted
    n_underived: int  # points whose interruptions are to be derived anew
    n_beside: int  # days that are over, to be counted under the rule sets beside
    n_months: int  # that are over, whose power factors are to be looked at
    n_weeks: int  # weeks of points that are over, to be counted

    @property
    def is_settled(self) -> bool:
        """Whether it has nothing to do."""
        return self.has_interruptions and not any((self.n_beside, self.n_weeks))

    @property
    def has_interruptions(self) -> bool:
        """Whether interruptions, and the verdicts and days that rest on them, are as they will be."""
        judging = (self.n_unmerged, self.n_unjudged, self.n_months)
        return not any((*judging, self.n_uncounted, self.n_underived))


async def unsettled(connection: Connection) -> Unsettled:
    """Return what is stored, and what is left to do."""
    row = await connection.fetchrow(_UNSETTLED)
    if row is None:
        raise AssertionError  # a query without FROM has one row
    return Unsettled(**row)
