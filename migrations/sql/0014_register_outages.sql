-- When outages of the register came, derived in one place. Nothing is stored here.

-- Outages of the register that hold. Where nobody entered actual times, those that meters saw stand in: the first that
-- went, and the last that was back, which is open while one is.
CREATE VIEW v_register_outage AS
SELECT declaration.declaration_id,
       ticket,
       outage_kind,
       declaration.cause,
       window_from,
       window_to,
       notice_at,
       notice_fields,
       cancelled_at IS NOT NULL AS is_cancelled,
       coalesce(declaration.from_at, seen.from_at) AS from_at,
       coalesce(declaration.to_at, seen.to_at) AS to_at
  FROM declaration
 CROSS JOIN LATERAL (
           SELECT min(start_at) AS from_at,
                  CASE WHEN count(*) = count(end_at) THEN max(end_at) END AS to_at
             FROM v_counted_interruption AS interruption
            WHERE interruption.declaration_id = declaration.declaration_id
              AND declaration.from_at IS NULL
              AND cancelled_at IS NULL
       ) AS seen
 WHERE kind = 'outage'
   AND withdrawn_at IS NULL;

-- Those that were announced, with what came of them.
CREATE OR REPLACE VIEW v_announced_outage AS
SELECT declaration_id,
       ticket,
       outage_kind,
       cause,
       window_from,
       window_to,
       notice_at,
       notice_fields,
       (extract(epoch FROM coalesce(window_from, from_at) - notice_at) / 3600)
           ::double precision AS notice_hours,  -- before the announced off time; NULL: no public notice
       is_cancelled,
       from_at,
       to_at,
       CASE WHEN from_at IS NOT NULL
            THEN (extract(epoch FROM greatest(window_from - from_at, interval '0')) / 60)
                ::double precision END AS early_minutes,
       CASE WHEN from_at IS NOT NULL
            THEN (extract(epoch FROM greatest(coalesce(to_at, data_through) - window_to, interval '0')) / 60)
                ::double precision END AS late_minutes,
       (SELECT count(*) FROM declaration_told AS told WHERE told.declaration_id = outage.declaration_id)
           ::integer AS n_told
  FROM v_register_outage AS outage
 CROSS JOIN v_watermark
 WHERE outage_kind IN ('planned', 'temporary');

CALL grant_rights();
