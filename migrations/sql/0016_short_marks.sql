-- Marks of a page are mostly 60 or 180 times the same byte, and so are its verdicts. Such ones are stored as that byte.

-- Marks or verdicts as they are stored, of `n_bytes` minutes: every reader takes them through this function, or a minute
-- of them by mark_at.
CREATE FUNCTION full_marks(marks bytea, n_bytes integer) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN length(marks) = 1 THEN decode(repeat(encode(marks, 'hex'), n_bytes), 'hex') ELSE marks END;

-- The same as they are to be stored. Mostly the two ends tell that they are not alike.
CREATE FUNCTION short_marks(marks bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN get_byte(marks, 0) = get_byte(marks, length(marks) - 1) AND btrim(marks, substring(marks FOR 1)) = ''
    THEN substring(marks FOR 1)
    ELSE marks
END;

-- Processes of the version before read full marks only. For two days they may go on, and may be gone back to.
ALTER TABLE deployment ADD COLUMN short_marks_from timestamptz NOT NULL DEFAULT '-infinity';
UPDATE deployment SET short_marks_from = now() + interval '2 days' WHERE EXISTS (SELECT FROM page);

-- Mark `place` of a page that has it; NULL beyond marks that are stored in full.
CREATE OR REPLACE FUNCTION mark_at(marks bytea, place integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN length(marks) = 1 THEN get_byte(marks, 0) WHEN place < length(marks) THEN get_byte(marks, place) END;

-- As in 0005, with marks through mark_at.
CREATE OR REPLACE VIEW v_point_minute AS
SELECT point.point,
       page.point_id,
       page.hour,
       page.hour + minute_of_hour * interval '1 minute' AS minute,
       verdict_name(mark_at(coalesce(page.verdicts, page.marks), minute_of_hour) & 7) AS verdict,
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
                  CASE WHEN page.n_phases > 1 THEN mark_at(page.marks, minute_of_hour + 60) END AS mark_2,
                  CASE WHEN page.n_phases > 2 THEN mark_at(page.marks, minute_of_hour + 120) END AS mark_3
       ) AS phases
 WHERE page.hour + minute_of_hour * interval '1 minute' >= point.valid_from
   AND page.hour + minute_of_hour * interval '1 minute' < point.valid_to
   AND page.hour + minute_of_hour * interval '1 minute' < v_watermark.data_through;

CREATE OR REPLACE FUNCTION count_minutes(point_id integer, from_at timestamptz, to_at timestamptz, due_before timestamptz)
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
                          SELECT mark_at(coalesce(page.verdicts, page.marks), m) & 7 AS verdict,
                                 -- measured (rank good), and not interrupted
                                 CASE
                                     WHEN mark_at(page.marks, plane * 60 + m) & 24 = 24
                                      AND mark_at(page.marks, plane * 60 + m) & 7 <> 4
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

CALL grant_rights();
