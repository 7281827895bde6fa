-- What dashboards read of customers, of fault calls and of announced outages. Nothing is stored here.

-- Customers with the place of one of their points, the one that was registered first.
CREATE VIEW v_customer_place AS
SELECT DISTINCT ON (customer_id)
       customer.*,
       organisation,
       region,
       substation,
       feeder,
       transformer
  FROM customer
  JOIN customer_point USING (customer_id)
  JOIN point USING (point_id)
 ORDER BY customer_id, point_id;

-- Times in [from_at, to_at) in which customers were without supply: in which all of their points in service were, by
-- evidence that counts. Overlapping and touching interruptions are united. start_at and end_at are those of the whole
-- interruption, end_at NULL while it is open; minutes are those in the span asked for, up to where the data reach.
CREATE FUNCTION customer_interruptions(from_at timestamptz, to_at timestamptz)
RETURNS TABLE (
    customer_id integer,
    start_at timestamptz,
    end_at timestamptz,
    minutes double precision
)
LANGUAGE sql STABLE
AS $$
    WITH dark AS (
        SELECT point_id,
               range_agg(tstzrange(interruption.start_at, coalesce(interruption.end_at, 'infinity'))) AS spans
          FROM v_counted_interruption AS interruption
         WHERE interruption.start_at < customer_interruptions.to_at
           AND coalesce(interruption.end_at, 'infinity') >= customer_interruptions.from_at
         GROUP BY point_id
    ), concerned AS (
        SELECT DISTINCT customer_point.customer_id
          FROM dark
          JOIN customer_point USING (point_id)
    ), together AS (
        -- while a point is not in service, it supplies nobody: the others decide
        SELECT customer_point.customer_id,
               range_agg(service) AS service,
               range_intersect_agg(coalesce(spans, '{}') + ('{(,)}' - tstzmultirange(service))) AS spans
          FROM concerned
          JOIN customer_point USING (customer_id)
          JOIN point USING (point_id)
          LEFT JOIN dark USING (point_id)
         CROSS JOIN LATERAL (SELECT tstzrange(point.valid_from, point.valid_to) AS service) AS its
         GROUP BY customer_point.customer_id
    )
    SELECT customer.customer_id,
           lower(span),
           nullif(upper(span), 'infinity'),
           (extract(epoch FROM least(upper(span), customer_interruptions.to_at, data_through)
               - greatest(lower(span), customer_interruptions.from_at)) / 60)::double precision
      FROM together
      JOIN customer USING (customer_id)
     CROSS JOIN v_watermark
     CROSS JOIN LATERAL unnest(
               together.spans * together.service
                   * tstzmultirange(tstzrange(customer.valid_from, customer.valid_to))
           ) AS span
     WHERE lower(span) < least(customer_interruptions.to_at, data_through)
       AND upper(span) > customer_interruptions.from_at
$$;

-- Fault calls that count, with their place: that of the point, else of the customer. Where supply is back and no crew
-- came, the time to that stands in for its arrival. What is not over counts up to where the data reach.
CREATE VIEW v_fault_call AS
SELECT call_id,
       call,
       coalesce(point.organisation, place.organisation, '') AS organisation,
       coalesce(point.region, place.region, '') AS region,
       coalesce(point.substation, place.substation, '') AS substation,
       coalesce(point.feeder, place.feeder, '') AS feeder,
       coalesce(point.transformer, place.transformer, '') AS transformer,
       fault_call.response_area,
       called_at,
       arrived_at,
       restored_at,
       severe_weather,
       coalesce(arrived_at, restored_at) IS NULL AS is_waiting,
       (extract(epoch FROM coalesce(arrived_at, restored_at, greatest(data_through, called_at)) - called_at) / 60)
           ::double precision AS arrival_minutes,
       (extract(epoch FROM greatest(coalesce(restored_at, data_through), arrived_at) - arrived_at) / 60)
           ::double precision AS restoration_minutes  -- NULL where no crew came
  FROM fault_call
 CROSS JOIN v_watermark
  LEFT JOIN point USING (point_id)
  LEFT JOIN v_customer_place AS place USING (customer)
 WHERE withdrawn_at IS NULL;

-- Outages of the register that were announced, with what came of them. Where nobody entered actual times, those that
-- meters saw stand in, open while one of its interruptions is.
CREATE VIEW v_announced_outage AS
SELECT declaration.declaration_id,
       ticket,
       outage_kind,
       declaration.cause,
       window_from,
       window_to,
       notice_at,
       notice_fields,
       (extract(epoch FROM coalesce(window_from, came.from_at) - notice_at) / 3600)
           ::double precision AS notice_hours,  -- before the announced off time; NULL: no public notice
       cancelled_at IS NOT NULL AS is_cancelled,
       came.from_at,
       came.to_at,
       CASE WHEN came.from_at IS NOT NULL
            THEN (extract(epoch FROM greatest(window_from - came.from_at, interval '0')) / 60)
                ::double precision END AS early_minutes,
       CASE WHEN came.from_at IS NOT NULL
            THEN (extract(epoch FROM greatest(coalesce(came.to_at, data_through) - window_to, interval '0')) / 60)
                ::double precision END AS late_minutes,
       (SELECT count(*) FROM declaration_told AS told WHERE told.declaration_id = declaration.declaration_id)
           ::integer AS n_told
  FROM declaration
 CROSS JOIN v_watermark
 CROSS JOIN LATERAL (
           SELECT min(start_at) AS from_at,
                  CASE WHEN count(*) = count(end_at) THEN max(end_at) END AS to_at
             FROM v_counted_interruption AS interruption
            WHERE interruption.declaration_id = declaration.declaration_id
              AND declaration.from_at IS NULL
              AND cancelled_at IS NULL
       ) AS seen
 CROSS JOIN LATERAL (
           SELECT coalesce(declaration.from_at, seen.from_at) AS from_at,
                  coalesce(declaration.to_at, seen.to_at) AS to_at
       ) AS came
 WHERE kind = 'outage'
   AND withdrawn_at IS NULL
   AND outage_kind IN ('planned', 'temporary');

CALL grant_rights();
