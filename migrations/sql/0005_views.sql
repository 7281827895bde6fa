-- What people read, in Grafana and psql. Days and months are those of deployment.zone.

-- The first instant of a day on the clocks of a zone, also where midnight is skipped or comes twice. The second
-- reading is taken when it shows the same day: PostgreSQL takes the later one of two midnights.
CREATE FUNCTION day_start(day date, zone text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN ((day::timestamp AT TIME ZONE zone) - interval '1 hour') AT TIME ZONE zone >= day::timestamp
    THEN (day::timestamp AT TIME ZONE zone) - interval '1 hour'
    ELSE day::timestamp AT TIME ZONE zone
END;

-- Up to where the data reaches: minutes from here on are not due yet. NULL before the first reading.
CREATE VIEW v_watermark AS
SELECT date_bin('1 minute', max(data_through) + interval '59.999999 s', 'epoch') AS data_through
  FROM partition_progress;

CREATE FUNCTION verdict_name(code integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['missing', 'pass', 'over', 'under', 'interrupted', 'exempt', 'invalid'])[code + 1];

CREATE FUNCTION source_name(code integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['missing', 'invalid', 'estimated', 'good'])[code + 1];

-- Cell `place` of a page, 0.01 % from nominal; NULL where no voltage is known or the page has no such phase.
CREATE FUNCTION cell_at(cells bytea, place integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN 2 * place < length(cells) THEN nullif(
        ((get_byte(cells, 2 * place) | (get_byte(cells, 2 * place + 1) << 8)) # 32768) - 32768, -32768)
END;

CREATE FUNCTION mark_at(marks bytea, place integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN place < length(marks) THEN get_byte(marks, place) END;

-- Each minute due of each hour that has a page, with the evidence: an hour of silence has none.
-- A filter on `hour` is what reads few pages; point_minutes() sets it.
CREATE VIEW v_point_minute AS
SELECT point.point,
       page.point_id,
       page.hour,
       page.hour + minute_of_hour * interval '1 minute' AS minute,
       verdict_name(get_byte(coalesce(page.verdicts, page.marks), minute_of_hour) & 7) AS verdict,
       page.nominal_mv / 1000.0::double precision AS nominal_v,
       page.interval_s,
       page.judgement,
       page.nominal_mv::double precision * (10000 + cell_1) / 10000000 AS voltage_1_v,
       page.nominal_mv::double precision * (10000 + cell_2) / 10000000 AS voltage_2_v,
       page.nominal_mv::double precision * (10000 + cell_3) / 10000000 AS voltage_3_v,
       cell_1 / 100.0::double precision AS deviation_1_percent,
       cell_2 / 100.0::double precision AS deviation_2_percent,
       cell_3 / 100.0::double precision AS deviation_3_percent,
       verdict_name(mark_1 & 7) AS verdict_1,
       verdict_name(mark_2 & 7) AS verdict_2,
       verdict_name(mark_3 & 7) AS verdict_3,
       source_name((mark_1 >> 3) & 3) AS source_1,
       source_name((mark_2 >> 3) & 3) AS source_2,
       source_name((mark_3 >> 3) & 3) AS source_3,
       mark_1 >> 5 AS share_1_eighths,
       mark_2 >> 5 AS share_2_eighths,
       mark_3 >> 5 AS share_3_eighths
  FROM page
  JOIN point USING (point_id)
 CROSS JOIN v_watermark
 CROSS JOIN generate_series(0, 59) AS minute_of_hour
 CROSS JOIN LATERAL (
           SELECT cell_at(page.cells, minute_of_hour) AS cell_1,
                  cell_at(page.cells, minute_of_hour + 60) AS cell_2,
                  cell_at(page.cells, minute_of_hour + 120) AS cell_3,
                  mark_at(page.marks, minute_of_hour) AS mark_1,
                  mark_at(page.marks, minute_of_hour + 60) AS mark_2,
                  mark_at(page.marks, minute_of_hour + 120) AS mark_3
       ) AS phases
 WHERE page.hour + minute_of_hour * interval '1 minute' >= point.valid_from
   AND page.hour + minute_of_hour * interval '1 minute' < point.valid_to
   AND page.hour + minute_of_hour * interval '1 minute' < v_watermark.data_through;

-- The minutes of one point in [from_at, to_at).
CREATE FUNCTION point_minutes(point text, from_at timestamptz, to_at timestamptz) RETURNS SETOF v_point_minute
LANGUAGE sql STABLE
AS $$
    SELECT *
      FROM v_point_minute
     WHERE v_point_minute.point = point_minutes.point
       AND hour > point_minutes.from_at - interval '1 hour'
       AND hour < point_minutes.to_at
       AND minute >= point_minutes.from_at
       AND minute < point_minutes.to_at
$$;

-- The places of each point. A branch for each kind, so that each finds its points by their index or in one pass.
CREATE VIEW v_place_point AS
SELECT 'point' AS place, point AS code, point_id FROM point
 UNION ALL
SELECT 'transformer', transformer, point_id FROM point WHERE transformer <> ''
 UNION ALL
SELECT 'feeder', feeder, point_id FROM point WHERE feeder <> ''
 UNION ALL
SELECT 'substation', substation, point_id FROM point WHERE substation <> ''
 UNION ALL
SELECT 'region', region, point_id FROM point WHERE region <> ''
 UNION ALL
SELECT 'organisation', organisation, point_id FROM point WHERE organisation <> '';

-- Points in the scope of each declaration that holds; one that is named twice comes twice.
CREATE VIEW v_declaration_point AS
SELECT declaration.declaration_id,
       declaration.kind,
       declaration.from_at,
       coalesce(declaration.to_at, 'infinity') AS to_at,
       place_point.point_id
  FROM declaration
  JOIN declaration_scope USING (declaration_id)
  JOIN v_place_point AS place_point USING (place, code)
 WHERE declaration.withdrawn_at IS NULL;

-- Months, as first days, in which a point is exempt. Residential customers never are.
CREATE VIEW v_exemption AS
SELECT point_id, month
  FROM power_factor_exemption AS exemption
 WHERE NOT EXISTS (
           SELECT
             FROM customer_point
             JOIN customer USING (customer_id)
            WHERE customer_point.point_id = exemption.point_id
              AND customer.residential
       );

-- What the pages of a point say of the minutes due in [from_at, to_at), whole minutes. Interruptions and exemptions are
-- known ahead; of those only what lies before due_before counts. An hour that lies inside counts by its counters, one at
-- an edge minute by minute. One row, always; a NULL point has no pages and costs nothing.
CREATE FUNCTION count_minutes(point_id integer, from_at timestamptz, to_at timestamptz, due_before timestamptz)
RETURNS TABLE (
    n_pages integer,
    n_pass integer,
    n_over integer,
    n_under integer,
    n_interrupted integer,
    n_exempt integer,
    n_invalid integer,
    cell_min smallint,
    cell_max smallint,
    spread_min smallint,
    spread_max smallint,
    interval_s smallint
)
LANGUAGE sql STABLE
AS $$
    SELECT count(*)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_pass ELSE page.n_pass END), 0)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_over ELSE page.n_over END), 0)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_under ELSE page.n_under END), 0)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_interrupted ELSE page.n_interrupted END), 0)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_exempt ELSE page.n_exempt END), 0)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_invalid ELSE page.n_invalid END), 0)::integer,
           min(CASE WHEN is_edge THEN edge.cell_min ELSE page.cell_min END)::smallint,
           max(CASE WHEN is_edge THEN edge.cell_max ELSE page.cell_max END)::smallint,
           min(CASE WHEN is_edge THEN edge.spread_min ELSE page.spread_min END)::smallint,
           max(CASE WHEN is_edge THEN edge.spread_max ELSE page.spread_max END)::smallint,
           max(page.interval_s)
      FROM (
               SELECT greatest(count_minutes.from_at, point.valid_from) AS from_at,
                      least(count_minutes.to_at, point.valid_to) AS to_at
                 FROM point
                WHERE point.point_id = count_minutes.point_id
               OFFSET 0
           ) AS span
     CROSS JOIN page
     CROSS JOIN LATERAL (
               SELECT page.hour < span.from_at
                   OR page.hour + interval '1 hour' > span.to_at
                   OR (page.n_interrupted + page.n_exempt > 0
                       AND page.hour + interval '1 hour' > count_minutes.due_before) AS is_edge
               OFFSET 0
           ) AS place
     CROSS JOIN LATERAL (
               SELECT count(*) FILTER (WHERE plane = 0 AND verdict = 1) AS n_pass,
                      count(*) FILTER (WHERE plane = 0 AND verdict = 2) AS n_over,
                      count(*) FILTER (WHERE plane = 0 AND verdict = 3) AS n_under,
                      count(*) FILTER (WHERE plane = 0 AND verdict = 4) AS n_interrupted,
                      count(*) FILTER (WHERE plane = 0 AND verdict = 5) AS n_exempt,
                      count(*) FILTER (WHERE plane = 0 AND verdict = 6) AS n_invalid,
                      min(cell) AS cell_min,
                      max(cell) AS cell_max,
                      min(cell) FILTER (WHERE is_ordinary) AS spread_min,
                      max(cell) FILTER (WHERE is_ordinary) AS spread_max
                 FROM (
                          SELECT is_edge
                             AND (EXISTS (
                                     SELECT
                                       FROM v_declaration_point AS state
                                      WHERE state.point_id = page.point_id
                                        AND state.kind = 'abnormal_state'
                                        AND state.from_at < page.hour + interval '1 hour'
                                        AND state.to_at > page.hour
                                 )
                              OR EXISTS (
                                     SELECT
                                       FROM v_exemption AS exemption
                                      WHERE exemption.point_id = page.point_id
                                 )) AS are_some_not
                          OFFSET 0  -- once a page, not once a minute
                      ) AS ordinary
                CROSS JOIN generate_series(0, CASE WHEN is_edge THEN 59 ELSE -1 END) AS m
                CROSS JOIN generate_series(0, page.n_phases - 1) AS plane
                CROSS JOIN LATERAL (
                          SELECT get_byte(coalesce(page.verdicts, page.marks), m) & 7 AS verdict,
                                 -- measured (rank good), and not interrupted
                                 CASE
                                     WHEN get_byte(page.marks, plane * 60 + m) & 24 = 24
                                      AND get_byte(page.marks, plane * 60 + m) & 7 <> 4
                                     THEN cell_at(page.cells, plane * 60 + m)
                                 END AS cell,
                                 CASE
                                     WHEN ordinary.are_some_not
                                     THEN NOT EXISTS (
                                              SELECT
                                                FROM v_declaration_point AS state
                                               WHERE state.point_id = page.point_id
                                                 AND state.kind = 'abnormal_state'
                                                 -- the minute's midpoint is covered
                                                 AND state.from_at <= page.hour + (m + 0.5) * interval '1 minute'
                                                 AND state.to_at > page.hour + (m + 0.5) * interval '1 minute'
                                          )
                                      AND NOT EXISTS (
                                              SELECT
                                                FROM v_exemption AS exemption
                                               CROSS JOIN deployment
                                               WHERE exemption.point_id = page.point_id
                                                 AND exemption.month = date_trunc('month',
                                                         (page.hour + m * interval '1 minute') AT TIME ZONE zone
                                                     )::date
                                          )
                                     ELSE true
                                 END AS is_ordinary
                      ) AS seen
                WHERE page.hour + m * interval '1 minute' >= span.from_at
                  AND page.hour + m * interval '1 minute' < least(span.to_at, count_minutes.due_before)
           ) AS edge
     WHERE count_minutes.point_id IS NOT NULL  -- known before the scan, which then is left out
       AND page.point_id = count_minutes.point_id
       AND page.hour > span.from_at - interval '1 hour'
       AND page.hour < span.to_at
$$;

-- The days of the deployment that have begun, and begin and end of each.
CREATE VIEW v_calendar AS
SELECT first_day + nth AS day,
       from_at,
       to_at,
       data_through
  FROM deployment
 CROSS JOIN v_watermark
 CROSS JOIN LATERAL (
           SELECT (min(valid_from) AT TIME ZONE zone)::date AS first_day FROM point
       ) AS beginning
 CROSS JOIN LATERAL generate_series(
           0, ((data_through - interval '1 us') AT TIME ZONE zone)::date - first_day
       ) AS nth
 CROSS JOIN LATERAL (
           SELECT day_start(first_day + nth, zone) AS from_at,
                  day_start(first_day + nth + 1, zone) AS to_at
           OFFSET 0  -- once a day, not in each place where it is used
       ) AS bounds
 WHERE from_at < to_at;  -- a zone that changes the date line skips a day

-- Each day of each point while it is in service: also days of silence. Days that are over and clean are stored;
-- the others are counted from the pages, here and now.
CREATE VIEW v_point_day AS
SELECT point,
       point_id,
       day,
       organisation,
       region,
       substation,
       feeder,
       transformer,
       class,
       n_due,
       n_pass,
       n_over,
       n_under,
       n_interrupted,
       n_exempt,
       n_invalid,
       n_missing,
       n_pass / nullif(n_pass + n_over + n_under, 0)::double precision AS rate,
       n_pass / nullif(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS lower,
       (n_pass + n_missing)
           / nullif(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS upper,
       (n_pass + n_over + n_under)
           / nullif(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS coverage,
       cell_min / 100.0::double precision AS deviation_min_percent,
       cell_max / 100.0::double precision AS deviation_max_percent,
       spread_min / 100.0::double precision AS spread_min_percent,
       spread_max / 100.0::double precision AS spread_max_percent,
       interval_s,
       CASE WHEN interval_s <= 60 THEN 'continuous' WHEN interval_s > 60 THEN 'sampled' END AS method
  FROM (
           SELECT point.*,
                  calendar.day,
                  span.n_due,
                  tally.*,
                  greatest(0, span.n_due - tally.n_pass - tally.n_over - tally.n_under
                      - tally.n_interrupted - tally.n_exempt - tally.n_invalid) AS n_missing
             FROM v_calendar AS calendar
             JOIN point
               ON point.valid_from < least(calendar.to_at, calendar.data_through)
              AND point.valid_to > calendar.from_at
            CROSS JOIN LATERAL (
                      SELECT greatest(point.valid_from, calendar.from_at) AS from_at,
                             least(point.valid_to, calendar.to_at) AS to_at,
                             (extract(epoch FROM least(point.valid_to, calendar.to_at, calendar.data_through)
                                 - greatest(point.valid_from, calendar.from_at)) / 60)::integer AS n_due
                      OFFSET 0
                  ) AS span
             LEFT JOIN point_day AS stored
               ON stored.point_id = point.point_id
              AND stored.day = calendar.day
              AND calendar.to_at <= calendar.data_through
              AND NOT EXISTS (
                      SELECT
                        FROM dirty_day AS dirty
                       WHERE dirty.point_id = stored.point_id
                         AND dirty.day = stored.day
                  )
            CROSS JOIN LATERAL count_minutes(
                      CASE WHEN stored.point_id IS NULL THEN point.point_id END,
                      span.from_at, span.to_at, calendar.data_through
                  ) AS live
            CROSS JOIN LATERAL (
                      SELECT coalesce(stored.n_pass, live.n_pass) AS n_pass,
                             coalesce(stored.n_over, live.n_over) AS n_over,
                             coalesce(stored.n_under, live.n_under) AS n_under,
                             coalesce(stored.n_interrupted, live.n_interrupted) AS n_interrupted,
                             coalesce(stored.n_exempt, live.n_exempt) AS n_exempt,
                             coalesce(stored.n_invalid, live.n_invalid) AS n_invalid,
                             coalesce(stored.cell_min, live.cell_min) AS cell_min,
                             coalesce(stored.cell_max, live.cell_max) AS cell_max,
                             coalesce(stored.spread_min, live.spread_min) AS spread_min,
                             coalesce(stored.spread_max, live.spread_max) AS spread_max,
                             coalesce(stored.interval_s, live.interval_s) AS interval_s
                  ) AS tally
       ) AS days;

CREATE VIEW v_point_month AS
SELECT point,
       point_id,
       month,
       organisation,
       region,
       substation,
       feeder,
       transformer,
       class,
       n_due,
       n_pass,
       n_over,
       n_under,
       n_interrupted,
       n_exempt,
       n_invalid,
       n_missing,
       n_pass / nullif(n_pass + n_over + n_under, 0)::double precision AS rate,
       n_pass / nullif(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS lower,
       (n_pass + n_missing)
           / nullif(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS upper,
       (n_pass + n_over + n_under)
           / nullif(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS coverage,
       deviation_min_percent,
       deviation_max_percent,
       interval_s,
       CASE WHEN interval_s <= 60 THEN 'continuous' WHEN interval_s > 60 THEN 'sampled' END AS method
  FROM (
           SELECT point,
                  point_id,
                  date_trunc('month', day::timestamp)::date AS month,
                  organisation,
                  region,
                  substation,
                  feeder,
                  transformer,
                  class,
                  sum(n_due) AS n_due,
                  sum(n_pass) AS n_pass,
                  sum(n_over) AS n_over,
                  sum(n_under) AS n_under,
                  sum(n_interrupted) AS n_interrupted,
                  sum(n_exempt) AS n_exempt,
                  sum(n_invalid) AS n_invalid,
                  sum(n_missing) AS n_missing,
                  min(deviation_min_percent) AS deviation_min_percent,
                  max(deviation_max_percent) AS deviation_max_percent,
                  max(interval_s) AS interval_s
             FROM v_point_day
            GROUP BY point, point_id, month, organisation, region, substation, feeder, transformer, class
       ) AS months;

-- Interruptions of points; an open one counts up to where the data reaches.
CREATE VIEW v_interruption AS
SELECT point.point,
       point_id,
       organisation,
       region,
       substation,
       feeder,
       transformer,
       class,
       interruption.start_at,
       interruption.end_at,
       interruption.end_at IS NULL AS is_open,
       extract(epoch FROM coalesce(interruption.end_at, greatest(data_through, interruption.start_at))
           - interruption.start_at)::double precision AS duration_s,
       interruption.earliest_at,
       interruption.latest_at,
       interruption.evidence,
       interruption.cause,
       declaration.ticket,
       (SELECT count(*) FROM customer_point WHERE customer_point.point_id = interruption.point_id)
           AS n_customers
  FROM interruption
  JOIN point USING (point_id)
 CROSS JOIN v_watermark
  LEFT JOIN declaration USING (declaration_id);

-- Dips, swells, interruptions and lost phases, as the readings showed them one by one.
CREATE VIEW v_event AS
SELECT point.point,
       point_id,
       organisation,
       region,
       substation,
       feeder,
       transformer,
       class,
       event.kind,
       event.start_at,
       event.end_at,
       event.end_at IS NULL AS is_open,
       extract(epoch FROM coalesce(event.end_at, greatest(data_through, event.start_at))
           - event.start_at)::double precision AS duration_s,
       event.earliest_at,
       event.latest_at,
       event.extreme_ppm / 10000.0::double precision AS extreme_percent,  -- of nominal
       event.phases & 1 = 1 AS phase_1,
       event.phases & 2 = 2 AS phase_2,
       event.phases & 4 = 4 AS phase_3,
       device.device
  FROM event
  JOIN point USING (point_id)
 CROSS JOIN v_watermark
  LEFT JOIN device USING (device_id, point_id);

CALL grant_rights();
