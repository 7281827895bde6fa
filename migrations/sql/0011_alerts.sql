-- Alerts of outages, as the settle role saw them while they lasted: told, or held back and why.

CREATE TABLE outage_alert (
    alert_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outage_id      bigint NOT NULL,              -- as it was numbered then: outages are found anew
    kind           text NOT NULL CHECK (kind IN ('interruption', 'overrun')),
    organisation   text NOT NULL,
    region         text NOT NULL,
    feeder         text NOT NULL,
    start_at       timestamptz NOT NULL,         -- of the outage, data time
    noted_at       timestamptz NOT NULL,         -- this and the following by the clock of the settle role
    ready_at       timestamptz,                  -- when it could have been told; NULL: never so far
    told_at        timestamptz,                  -- when Prometheus was first shown it; NULL: not so far
    reason         text CHECK (reason IN ('declared_window', 'no_meter_evidence', 'stale', 'reclosed', 'below_threshold',
                                          'feeder_outage', 'storm')),
    over_at        timestamptz,                  -- when it was seen to be over; NULL while it lasts
    declaration_id bigint,                       -- whose window holds it back
    n_points       integer NOT NULL,             -- without supply, at the most
    n_customers    integer NOT NULL,
    CHECK (told_at IS NULL OR reason IS NULL)
);
CREATE UNIQUE INDEX outage_alert_open ON outage_alert (outage_id, kind) WHERE over_at IS NULL;
CREATE INDEX outage_alert_ready ON outage_alert (ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX outage_alert_noted ON outage_alert (noted_at);

-- Breaches of single points that began inside a declared window, and so took no part in alerts.
CREATE TABLE declared_breach (
    declaration_id bigint NOT NULL REFERENCES declaration ON DELETE CASCADE,
    point_id       integer NOT NULL,
    held           text NOT NULL CHECK (held IN ('under', 'over')),
    held_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (declaration_id, point_id)
);

-- When a declaration that is neither withdrawn nor cancelled holds alerts back: as announced, else by its actual times.
-- A fault is nothing that was announced.
CREATE VIEW v_declared_window AS
SELECT declaration_id,
       kind,
       made_at,
       coalesce(window_from, from_at) AS from_at,
       coalesce(window_to, to_at, 'infinity') AS to_at
  FROM declaration
 WHERE withdrawn_at IS NULL
   AND cancelled_at IS NULL
   AND outage_kind IS DISTINCT FROM 'fault';

-- Every alert that notified nobody: why, and until when.
CREATE VIEW v_held_alert AS
SELECT 'interruption' AS rule,
       'outage-' || alert_id AS held_alert,
       outage_alert.kind = 'overrun' AS is_overrun,
       organisation,
       region,
       feeder,
       NULL::text AS point,
       reason,
       coalesce(ready_at, noted_at) AS held_from,
       over_at AS held_to,
       start_at,
       outage_id,
       declaration_id,
       NULL::bigint AS incident_id,
       n_points,
       n_customers
  FROM outage_alert
 WHERE reason IS NOT NULL
   AND told_at IS NULL
 UNION ALL
SELECT CASE held WHEN 'high' THEN 'high_voltage' ELSE 'tolerance_breach' END,
       'incident-' || incident_id || '-' || point_id,
       false,
       organisation,
       region,
       feeder,
       point,
       'communication_incident',
       silent_from,
       CASE WHEN incident.to_at IS NULL THEN NULL ELSE silent_to END,
       silent_from,
       NULL,
       NULL,
       incident_id,
       1,
       (SELECT count(*) FROM customer_point WHERE customer_point.point_id = silent.point_id)::integer
  FROM communication_incident_point AS silent
  JOIN communication_incident AS incident USING (incident_id)
  JOIN point USING (point_id)
 WHERE held IS NOT NULL
 UNION ALL
SELECT 'tolerance_breach',
       'declared-' || declaration_id || '-' || point_id,
       false,
       organisation,
       region,
       feeder,
       point,
       'declared_window',
       held_at,
       CASE WHEN w.to_at > now() THEN NULL ELSE w.to_at END,
       held_at,
       NULL,
       declaration_id,
       NULL,
       1,
       (SELECT count(*) FROM customer_point WHERE customer_point.point_id = declared_breach.point_id)::integer
  FROM declared_breach
  JOIN point USING (point_id)
  LEFT JOIN v_declared_window AS w USING (declaration_id);

CALL grant_rights();
