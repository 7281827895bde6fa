-- What is known of supply: meter events, evidence, interruptions with grades, outages, losses of communication,
-- the outage register with its audit, and dated promises.

-- ---------------------------------------------------------------------------------------------------- the registry

ALTER TABLE point
    ADD COLUMN is_feeder_head boolean NOT NULL DEFAULT false;  -- measures behind its feeder's breaker

ALTER TABLE device
    ADD COLUMN concentrator text NOT NULL DEFAULT '',  -- through which it talks; empty if not known
    ADD COLUMN zero_means   text NOT NULL DEFAULT 'no_supply'  -- what it means when it reads no voltage at all
        CHECK (zero_means IN ('no_supply', 'asleep', 'no_input'));
CREATE INDEX device_concentrator ON device (concentrator);

-- ---------------------------------------------------------------------------------------------------- meter events

-- What meters say of their supply, by their own clocks; each once, however often it came.
CREATE TABLE meter_event (
    point_id   integer NOT NULL,
    device_id  integer NOT NULL,
    event      text NOT NULL
        CHECK (event IN ('power_off', 'power_on', 'last_gasp', 'restored', 'power_failure_log')),
    at         timestamptz NOT NULL,
    until_at   timestamptz NOT NULL,             -- of an entry of the log; of the others the same as at
    arrived_at timestamptz NOT NULL,             -- time of the Kafka record that brought it first
    n_copies   integer NOT NULL DEFAULT 1,
    PRIMARY KEY (point_id, at, event, until_at, device_id),
    CHECK (until_at = at OR (event = 'power_failure_log' AND until_at > at))
);
CREATE INDEX meter_event_until ON meter_event (until_at);  -- retention

-- ----------------------------------------------------------------------------------- evidence and interruptions

-- Pieces of evidence that a point was without supply, before they are united.
CREATE TABLE evidence (
    evidence_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    point_id       integer NOT NULL,
    grade          text NOT NULL CHECK (grade IN ('measured', 'meter_event', 'feeder', 'declared', 'inferred')),
    start_at       timestamptz NOT NULL,         -- supply went in earliest_at .. start_at
    earliest_at    timestamptz NOT NULL,
    end_at         timestamptz,                  -- and came back in end_at .. latest_at; NULL while open
    latest_at      timestamptz,
    declaration_id bigint,                       -- grade declared: which
    place          text NOT NULL DEFAULT '',     -- grades feeder and inferred: whose outage it is
    code           text NOT NULL DEFAULT '',
    CHECK (earliest_at <= start_at AND start_at <= end_at AND end_at <= latest_at),
    CHECK ((end_at IS NULL) = (latest_at IS NULL))
);
CREATE INDEX evidence_point ON evidence (point_id, start_at);

-- Periods of points whose interruptions are older than what they are made from.
CREATE TABLE interruption_due (
    due_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    point_id integer NOT NULL,
    from_at  timestamptz NOT NULL,
    to_at    timestamptz NOT NULL,
    CHECK (from_at < to_at)
);
CREATE INDEX interruption_due_point ON interruption_due (point_id);

-- Outages of the network: interruptions of the points of a feeder that went together.
CREATE TABLE outage (
    outage_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place          text NOT NULL CHECK (place IN ('feeder', 'transformer', 'point')),  -- the smallest that holds it
    code           text NOT NULL,
    feeder         text NOT NULL,
    earliest_at    timestamptz NOT NULL,
    start_at       timestamptz NOT NULL,
    end_at         timestamptz,                  -- when all but the nested points had supply again; NULL while open
    last_end_at    timestamptz,                  -- when the last of them had; NULL while one is open
    evidence       text NOT NULL,                -- best grade of its interruptions
    cause          text NOT NULL DEFAULT '',
    declaration_id bigint,
    n_points       integer NOT NULL,
    n_nested       integer NOT NULL,             -- points that stayed dark after the others
    n_customers    integer NOT NULL
);
CREATE INDEX outage_start ON outage (start_at);
CREATE INDEX outage_feeder ON outage (feeder, start_at);
CREATE INDEX outage_open ON outage (outage_id) WHERE last_end_at IS NULL;

ALTER TABLE interruption
    DROP CONSTRAINT interruption_evidence_check,
    ADD CONSTRAINT interruption_evidence_check  -- the best grade
        CHECK (evidence IN ('measured', 'meter_event', 'feeder', 'declared', 'inferred')),
    ADD COLUMN grades    text[] NOT NULL DEFAULT '{}',  -- all grades that it was united from, best first
    ADD COLUMN outage_id bigint,
    ADD COLUMN is_nested boolean NOT NULL DEFAULT false;  -- stayed dark after the rest of its outage
UPDATE interruption SET grades = ARRAY[evidence];
ALTER TABLE interruption
    ALTER COLUMN grades DROP DEFAULT,
    ADD CHECK (grades[1] = evidence);
CREATE INDEX interruption_outage ON interruption (outage_id);
CREATE INDEX interruption_declaration ON interruption (declaration_id) WHERE declaration_id IS NOT NULL;
CREATE INDEX interruption_open ON interruption (point_id) WHERE end_at IS NULL;

-- Interruptions that figures count: all but those of which nothing but the silence of others tells.
CREATE VIEW v_counted_interruption AS
SELECT *
  FROM interruption
 WHERE evidence <> 'inferred';

-- Interruptions that make silent minutes INTERRUPTED by themselves: a declaration does so by its actual times, what is
-- inferred by nothing. What was only measured does once it has ended: silence after the last dark reading says nothing.
CREATE VIEW v_dark_interruption AS
SELECT *
  FROM interruption
 WHERE grades && ARRAY['meter_event', 'feeder']
    OR (grades && ARRAY['measured'] AND end_at IS NOT NULL);

-- -------------------------------------------------------------------------------------- losses of communication

-- How many points of a place reported in a slot of time, as it was when the slot closed; kept for some days. Each slot
-- that closed has a row of the whole deployment (its code is empty): the newest says where to go on.
CREATE TABLE reporting (
    place         text NOT NULL CHECK (place IN ('concentrator', 'transformer', 'feeder', 'deployment')),
    code          text NOT NULL,
    slot_at       timestamptz NOT NULL,          -- its start
    n_due         integer NOT NULL,              -- points that were to report, those without supply left out
    n_reporting   integer NOT NULL,
    n_interrupted integer NOT NULL,              -- points left out
    is_short      boolean NOT NULL,              -- fell short of what is usual, and so takes no part in it
    PRIMARY KEY (place, code, slot_at)
);
CREATE INDEX reporting_slot ON reporting (slot_at);

-- How far the newest data of the deployment were when a partition was last seen to move.
CREATE TABLE reporting_partition (
    topic        text NOT NULL,
    partition    integer NOT NULL,
    data_through timestamptz NOT NULL,           -- of the partition, then
    moved_at     timestamptz NOT NULL,           -- of the newest partition, then
    PRIMARY KEY (topic, partition)
);

CREATE TABLE communication_incident (
    incident_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place       text NOT NULL CHECK (place IN ('concentrator', 'transformer', 'feeder')),
    code        text NOT NULL,
    from_at     timestamptz NOT NULL,            -- start of the first slot that fell short
    to_at       timestamptz,                     -- start of the first slot that did not any more; NULL while open
    against     text NOT NULL CHECK (against IN ('usual', 'expected')),  -- last seven days, or the interval
    n_due       integer NOT NULL,                -- points that were to report when it began
    n_usual     integer NOT NULL,                -- of these, would have reported
    n_silent    integer NOT NULL,                -- fewer than that, at the worst slot
    UNIQUE (place, code, from_at),
    CHECK (from_at < to_at)
);
CREATE INDEX communication_incident_from ON communication_incident (from_at);
CREATE UNIQUE INDEX communication_incident_open ON communication_incident (place, code) WHERE to_at IS NULL;

CREATE TABLE communication_incident_point (
    incident_id bigint NOT NULL REFERENCES communication_incident ON DELETE CASCADE,
    point_id    integer NOT NULL,
    silent_from timestamptz NOT NULL,            -- start of the first slot of the incident in which it was silent
    silent_to   timestamptz NOT NULL,            -- end of the last one
    held        text CHECK (held IN ('under', 'over', 'high')),  -- breach whose alert was held back; NULL: none
    PRIMARY KEY (incident_id, point_id)
);

-- ---------------------------------------------------------------------------------------------- the outage register

-- A planned outage is declared before it happens: it has a window, and actual times only when it took place.
ALTER TABLE declaration
    ALTER COLUMN from_at DROP NOT NULL,
    ADD COLUMN outage_kind       text
        CHECK (outage_kind IN ('planned', 'temporary', 'emergency', 'customer_request', 'rationing', 'fault')),
    ADD COLUMN window_from       timestamptz,    -- as announced
    ADD COLUMN window_to         timestamptz,
    ADD COLUMN notice_at         timestamptz,    -- public notice
    ADD COLUMN notice_fields     text[] NOT NULL DEFAULT '{}',  -- what it named: area, lines, off, restore
    ADD COLUMN cancelled_at      timestamptz,
    ADD CHECK (outage_kind IS NULL OR kind = 'outage'),
    ADD CHECK (from_at IS NOT NULL OR (kind = 'outage' AND window_from IS NOT NULL)),
    ADD CHECK (to_at IS NULL OR from_at IS NOT NULL),
    ADD CHECK (window_from < window_to),
    ADD CHECK ((window_from IS NULL) = (window_to IS NULL)),
    ADD CHECK (cancelled_at IS NULL OR from_at IS NULL),
    ADD CHECK (notice_fields <@ ARRAY['area', 'lines', 'off', 'restore']);
CREATE INDEX declaration_ticket ON declaration (ticket);
CREATE UNIQUE INDEX declaration_ticket_kind ON declaration (ticket, outage_kind)
 WHERE outage_kind IS NOT NULL
   AND withdrawn_at IS NULL;

-- Important customers who were told of an outage in person, and when.
CREATE TABLE declaration_told (
    declaration_id bigint NOT NULL REFERENCES declaration ON DELETE CASCADE,
    customer       text NOT NULL,
    told_at        timestamptz NOT NULL,
    PRIMARY KEY (declaration_id, customer)
);

-- Declarations that say when somebody was without supply, or in another state: those with actual times.
CREATE OR REPLACE VIEW v_declaration_point AS
SELECT declaration.declaration_id,
       declaration.kind,
       declaration.from_at,
       coalesce(declaration.to_at, 'infinity') AS to_at,
       place_point.point_id
  FROM declaration
  JOIN declaration_scope USING (declaration_id)
  JOIN v_place_point AS place_point USING (place, code)
 WHERE declaration.withdrawn_at IS NULL
   AND declaration.from_at IS NOT NULL;

CREATE TABLE fault_call (
    call_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call           text NOT NULL CHECK (call <> ''),  -- its number with the caller's desk
    customer       text NOT NULL DEFAULT '',
    point_id       integer REFERENCES point,
    response_area  text NOT NULL CHECK (response_area IN ('urban', 'rural', 'remote', 'special_remote')),
    called_at      timestamptz NOT NULL,
    arrived_at     timestamptz,                  -- the crew; NULL while it is on its way
    restored_at    timestamptz,
    severe_weather boolean NOT NULL DEFAULT false,
    author         text NOT NULL,
    made_at        timestamptz NOT NULL DEFAULT now(),
    withdrawn_at   timestamptz,
    CHECK (called_at <= arrived_at),
    CHECK (called_at <= restored_at)
);
CREATE UNIQUE INDEX fault_call_call ON fault_call (call) WHERE withdrawn_at IS NULL;
CREATE INDEX fault_call_called ON fault_call (called_at);

-- Other dated promises: something was asked for, and is to be answered by a day.
CREATE TABLE deadline (
    deadline_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference   text NOT NULL CHECK (reference <> ''),  -- of the file it stands for
    promise     text NOT NULL,                   -- which deadline row of the rule set it falls under
    subject     text NOT NULL DEFAULT '',        -- class or area that chooses among its rows
    opened_at   timestamptz NOT NULL,
    answered_at timestamptz,
    author      text NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz,
    CHECK (opened_at <= answered_at)
);
CREATE UNIQUE INDEX deadline_reference ON deadline (reference) WHERE withdrawn_at IS NULL;
CREATE INDEX deadline_opened ON deadline (opened_at);

-- Who changed what in the register, and when. Rows are never changed.
CREATE TABLE register_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record    text NOT NULL CHECK (record IN ('declaration', 'fault_call', 'deadline')),
    record_id bigint NOT NULL,
    action    text NOT NULL CHECK (action IN ('made', 'changed', 'withdrawn', 'reclassified')),
    made_by   text NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT now(),
    before    jsonb,                             -- NULL: it was made
    after     jsonb NOT NULL
);
CREATE INDEX register_change_record ON register_change (record, record_id);

-- -------------------------------------------------------------------------------------------------------- for people

CREATE OR REPLACE VIEW v_interruption AS
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
           AS n_customers,
       interruption.grades,
       interruption.outage_id,
       interruption.is_nested
  FROM interruption
  JOIN point USING (point_id)
 CROSS JOIN v_watermark
  LEFT JOIN declaration USING (declaration_id);

CREATE VIEW v_outage AS
SELECT outage.*,
       outage.end_at IS NULL AS is_open,
       extract(epoch FROM coalesce(outage.end_at, greatest(data_through, outage.start_at))
           - outage.start_at)::double precision AS duration_s,
       declaration.ticket
  FROM outage
 CROSS JOIN v_watermark
  LEFT JOIN declaration USING (declaration_id);

-- Interruptions of customers by month and cause, short ones too. Of points: a customer with several counts at each.
CREATE VIEW v_interruption_month AS
SELECT month.from_day AS month,
       organisation,
       region,
       substation,
       feeder,
       coalesce(nullif(cause, ''), 'unknown') AS cause,
       evidence,
       coalesce(sum(n_customers) FILTER (WHERE start_at >= month.from_at), 0)::bigint
           AS n_customer_interruptions,
       sum(n_customers * extract(epoch FROM least(dark.to_at, month.to_at) - greatest(start_at, month.from_at)) / 60)
           ::double precision AS customer_minutes
  FROM v_interruption
 CROSS JOIN deployment
 CROSS JOIN LATERAL (SELECT start_at + duration_s * interval '1 second' AS to_at) AS dark
 CROSS JOIN LATERAL (
           SELECT first::date AS from_day,
                  day_start(first::date, zone) AS from_at,
                  day_start((first + interval '1 month')::date, zone) AS to_at
             FROM generate_series(
                      date_trunc('month', start_at AT TIME ZONE zone),
                      (dark.to_at - interval '1 us') AT TIME ZONE zone,
                      interval '1 month'
                  ) AS first
       ) AS month
 WHERE evidence <> 'inferred'
 GROUP BY month.from_day, organisation, region, substation, feeder, cause, evidence;

-- Losses of communication; an open one lasts up to where the data reach.
CREATE VIEW v_communication_incident AS
SELECT incident.incident_id,
       incident.place,
       incident.code,
       incident.from_at,
       incident.to_at,
       incident.to_at IS NULL AS is_open,
       extract(epoch FROM coalesce(incident.to_at, greatest(data_through, incident.from_at))
           - incident.from_at)::double precision AS duration_s,
       incident.against,
       incident.n_due,
       incident.n_usual,
       incident.n_silent,
       listed.n_points,
       listed.n_held,
       listed.n_interrupted
  FROM communication_incident AS incident
 CROSS JOIN v_watermark
 CROSS JOIN LATERAL (
           SELECT count(*)::integer AS n_points,
                  count(held)::integer AS n_held,
                  -- known by now to have been without supply
                  count(*) FILTER (WHERE EXISTS (
                      SELECT
                        FROM interruption
                       WHERE interruption.point_id = silent.point_id
                         AND interruption.earliest_at < silent.silent_to
                         AND coalesce(interruption.latest_at, 'infinity') > silent.silent_from
                  ))::integer AS n_interrupted
             FROM communication_incident_point AS silent
            WHERE silent.incident_id = incident.incident_id
       ) AS listed;

CALL grant_rights();
