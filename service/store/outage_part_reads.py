"""Points of open outages, counted by how they stand to what was declared, for the watch of alerts."""

from datetime import datetime, timedelta
from typing import Any

from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.standing import OutagePart
from service.domain.instants import epoch_us, epoch_us_or_none
from service.store.pool import Connection
from service.store.statements import statement

# Points of open outages, those that are back too, by how they stand to what was declared; as `part_at` says it of the
# back-test. A window counts by what was known when its points were told of, or would be.
_PARTS = statement(
    "alert_outage_parts",
    """
    WITH told AS (
        SELECT outage_id,
               min(told_at) FILTER (WHERE kind = 'interruption') AS told_at,
               min(told_at) FILTER (WHERE kind = 'overrun') AS beyond_at
          FROM outage_alert
          JOIN outage USING (outage_id)
         WHERE outage.last_end_at IS NULL
         GROUP BY outage_id
    ), member AS MATERIALIZED (
        SELECT interruption.outage_id, interruption.point_id, interruption.start_at, interruption.end_at,
               interruption.start_at + $4::interval AS lasted_at,
               interruption.grades && ARRAY['measured', 'meter_event'] AS is_said,
               interruption.end_at IS NULL AS is_dark,
               least($1, greatest(coalesce(told_at, $1), interruption.start_at + $4::interval)) AS known_at,
               least($1, greatest(coalesce(beyond_at, $1), interruption.start_at + $4::interval)) AS held_at
          FROM outage
          JOIN interruption USING (outage_id)
          LEFT JOIN told USING (outage_id)
         WHERE outage.last_end_at IS NULL
    ), declared AS MATERIALIZED (
        SELECT declared.declaration_id, point_id, declared.to_at,
               greatest(declared.made_at, declared.from_at - $2::interval) AS holds_at
          FROM v_declared_window AS declared
          JOIN declaration USING (declaration_id)
          JOIN declaration_scope USING (declaration_id)
          JOIN v_place_point USING (place, code)
         WHERE declared.kind = 'outage'
           AND coalesce(outage_kind <> 'fault', declaration.made_at < declaration.from_at)
           AND greatest(declared.made_at, declared.from_at - $2::interval) <= $1        -- timestamptz, now
           AND declared.to_at > (SELECT min(start_at) FROM member)
    ), covering AS MATERIALIZED (
        SELECT member.outage_id, member.point_id, member.start_at, member.end_at, declaration_id, to_at,
               holds_at <= known_at AS is_known,
               holds_at <= held_at AS is_held
          FROM member
          JOIN declared ON declared.point_id = member.point_id
                       AND declared.to_at > member.start_at
    ), witness AS (
        SELECT DISTINCT covering.outage_id, covering.declaration_id
          FROM covering
          JOIN evidence USING (point_id)
         WHERE to_at + $3::interval <= $1
           AND grade = 'measured'
           AND evidence.start_at <= coalesce(covering.end_at, 'infinity')
           AND coalesce(evidence.end_at, $5) > to_at        -- timestamptz, where the data reach
    ), held AS (
        SELECT outage_id, point_id, start_at,
               bool_or(is_known) AS is_declared,
               bool_or(is_held AND (to_at + $3::interval > $1 OR witness.outage_id IS NULL)) AS is_held,
               (array_agg(declaration_id ORDER BY is_known DESC, to_at DESC, declaration_id))[1] AS declaration_id
          FROM covering
          LEFT JOIN witness USING (outage_id, declaration_id)
         GROUP BY outage_id, point_id, start_at
    ), standing AS MATERIALIZED (
        SELECT member.*,
               CASE WHEN is_declared THEN declaration_id END AS declaration_id,
               CASE
                   WHEN is_declared AND is_held THEN 'covered'
                   WHEN is_declared THEN 'overrun'
                   ELSE 'free'
               END AS part
          FROM member
          LEFT JOIN held USING (outage_id, point_id, start_at)
    ), supplied AS (
        SELECT outage_id, part, count(DISTINCT customer_id)::integer AS n_customers
          FROM standing
          JOIN customer_point USING (point_id)
         WHERE is_dark
         GROUP BY outage_id, part
    )
    SELECT outage_id, part, min(outage.place) AS place, min(organisation) AS organisation, min(region) AS region,
           min(point.feeder) AS feeder, min(feeder_name) AS feeder_name, min(outage.start_at) AS start_at,
           coalesce(max(standing.start_at) FILTER (WHERE is_said OR NOT is_dark), min(outage.start_at)) AS newest_at,
           min(standing.end_at) AS first_back_at,
           min(standing.declaration_id) AS declaration_id,
           count(*) FILTER (WHERE is_said)::integer AS n_said,
           count(*) FILTER (WHERE is_said OR NOT is_dark)::integer AS n_went,
           count(*) FILTER (WHERE (is_said OR NOT is_dark) AND lasted_at <= $1)::integer AS n_gone,
           count(*) FILTER (WHERE is_said AND is_dark AND lasted_at <= $1)::integer AS n_left,
           count(*) FILTER (WHERE is_dark)::integer AS n_points,
           count(DISTINCT nullif(transformer, '')) FILTER (WHERE is_dark)::integer AS n_transformers,
           coalesce(min(supplied.n_customers), 0) AS n_customers
      FROM standing
      JOIN outage USING (outage_id)
      JOIN point USING (point_id)
      LEFT JOIN supplied USING (outage_id, part)
     GROUP BY outage_id, part
     ORDER BY outage_id, part
    """,
)


async def read_outage_parts(
    connection: Connection, rule: AlertsRow, now: datetime, through: datetime
) -> list[OutagePart]:
    """Return the points of open outages, by how they stand to what was declared.

    Args:
        connection: Any.
        rule: What counts.
        now: By the clock.
        through: Where the data reach: what was measured dark and is open is dark so far.
    """
    early, overrun, wait = (
        timedelta(seconds=one)
        for one in (rule.declared_early_s, rule.overrun_wait_s, rule.reclose_wait_s)
    )
    rows = await connection.fetch(_PARTS, now, early, overrun, wait, through)
    return [_part(row) for row in rows]


def _part(row: Any) -> OutagePart:
    fields = dict(row)
    return OutagePart(
        start=epoch_us(fields.pop("start_at")),
        newest=epoch_us(fields.pop("newest_at")),
        first_back=epoch_us_or_none(fields.pop("first_back_at")),
        **fields,
    )
