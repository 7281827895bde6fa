-- The minute ledger and what a checkpoint writes with it.

CREATE TABLE page (
    hour          timestamptz NOT NULL,          -- start of the hour, UTC
    judgement     bigint NOT NULL,               -- the number under which it was judged
    point_id      integer NOT NULL,
    nominal_mv    integer NOT NULL,
    revision      integer NOT NULL,              -- rises with every write
    interval_s    smallint NOT NULL,             -- of the readings
    n_phases      smallint NOT NULL,
    n_missing     smallint NOT NULL,             -- minutes of the point by verdict; they sum to the minutes due
    n_pass        smallint NOT NULL,
    n_over        smallint NOT NULL,
    n_under       smallint NOT NULL,
    n_interrupted smallint NOT NULL,
    n_exempt      smallint NOT NULL,
    n_invalid     smallint NOT NULL,
    cell_min      smallint,                      -- lowest and highest cell measured, 0.01 % from nominal
    cell_max      smallint,
    spread_min    smallint,                      -- the same in normal state, not exempt (GB/T 12325)
    spread_max    smallint,
    cells         bytea NOT NULL,                -- n_phases x 60 int16, little-endian; -32768 is none
    marks         bytea NOT NULL,                -- n_phases x 60 bytes: verdict | rank << 3 | share << 5
    verdicts      bytea,                         -- 60 bytes, verdicts of the point; NULL for one phase (see marks)
    phase_counts  bytea,                         -- n_phases x 7 bytes, minutes by verdict; NULL for one phase
    power_s       smallint,                      -- seconds of known power; NULL where none is asked for
    active_ws     bigint,                        -- watt seconds
    reactive_vars bigint,                        -- var seconds
    PRIMARY KEY (point_id, hour)
) WITH (fillfactor = 50);
ALTER TABLE page ALTER COLUMN cells SET STORAGE PLAIN, ALTER COLUMN marks SET STORAGE PLAIN;

-- Where each partition stands, who owns it, and the conservation sums (unit: reading).
CREATE TABLE partition_progress (
    topic         text NOT NULL,
    partition     integer NOT NULL,
    epoch         bigint NOT NULL,               -- rises with every new owner; an older one is fenced
    next_offset   bigint,                        -- first offset not yet stored; NULL before the first checkpoint
    owner         text NOT NULL,
    consumed      bigint NOT NULL DEFAULT 0,
    folded        bigint NOT NULL DEFAULT 0,
    duplicate     bigint NOT NULL DEFAULT 0,
    late          bigint NOT NULL DEFAULT 0,
    invalid       bigint NOT NULL DEFAULT 0,
    dead_lettered bigint NOT NULL DEFAULT 0,
    data_through  timestamptz,                   -- end of the newest reading
    stored_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition),
    CHECK (consumed = folded + duplicate + late + invalid + dead_lettered)
);

-- States of up to a thousand lanes, as the kernels hold them.
CREATE TABLE lane_block (
    topic          text NOT NULL,
    partition      integer NOT NULL,
    block          integer NOT NULL,
    layout_version smallint NOT NULL,
    device_ids     bytea NOT NULL,               -- int32, little-endian, in the order of the states
    states         bytea NOT NULL,
    PRIMARY KEY (topic, partition, block)
);
ALTER TABLE lane_block ALTER COLUMN states SET STORAGE EXTERNAL;

CREATE TABLE late_reading (
    start_at         timestamptz NOT NULL,       -- start of the reading's interval
    kafka_offset     bigint NOT NULL,
    partition        integer NOT NULL,
    index_in_message integer NOT NULL,
    device_id        integer NOT NULL,
    quality          smallint NOT NULL,
    topic            text NOT NULL,
    v1               double precision,           -- volts as the device read them
    v2               double precision,
    v3               double precision,
    p_w              double precision,
    q_var            double precision
);
CREATE INDEX late_reading_device ON late_reading (device_id, start_at);
CREATE INDEX late_reading_offset ON late_reading (topic, partition, kafka_offset);

-- How far the late readings of each partition have been merged into the pages.
CREATE TABLE late_progress (
    topic       text NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint NOT NULL,                 -- every late reading below it has been merged
    merged      bigint NOT NULL DEFAULT 0,       -- readings that changed a cell
    duplicate   bigint NOT NULL DEFAULT 0,       -- readings that changed none
    PRIMARY KEY (topic, partition)
);

CREATE TABLE event (
    point_id    integer NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('dip', 'swell', 'interruption', 'phase_loss')),
    start_at    timestamptz NOT NULL,
    earliest_at timestamptz NOT NULL,            -- the start lies in [earliest_at, start_at]
    end_at      timestamptz,                     -- the end lies in [end_at, latest_at]; NULL while open
    latest_at   timestamptz,
    extreme_ppm integer NOT NULL,                -- residual or highest voltage, millionths of nominal
    phases      smallint NOT NULL,               -- bit mask
    device_id   integer NOT NULL,
    PRIMARY KEY (point_id, kind, start_at)
);
CREATE INDEX event_start ON event (start_at);

CREATE TABLE interruption (
    point_id       integer NOT NULL,
    start_at       timestamptz NOT NULL,         -- latest possible start
    earliest_at    timestamptz NOT NULL,         -- earliest possible start
    end_at         timestamptz,                  -- earliest possible end; NULL while open
    latest_at      timestamptz,                  -- latest possible end
    evidence       text NOT NULL CHECK (evidence IN ('measured', 'declared')),
    cause          text NOT NULL DEFAULT '',
    declaration_id bigint,
    PRIMARY KEY (point_id, start_at)
);
CREATE INDEX interruption_start ON interruption (start_at);

CREATE TABLE dead_letter (
    dead_letter_id   bigint GENERATED ALWAYS AS IDENTITY,
    topic            text NOT NULL,
    partition        integer NOT NULL,
    kafka_offset     bigint NOT NULL,
    index_in_message integer NOT NULL,           -- -1: the whole message
    reason           text NOT NULL,
    detail           text NOT NULL,
    device           text,
    record_at        timestamptz NOT NULL,
    reading          jsonb,                      -- the reading as decoded, NULL for a whole message
    payload          bytea,                      -- first 64 KiB of an undecodable message
    payload_size     integer,
    published_at     timestamptz,                -- copied to the dead-letter topic
    adopted_at       timestamptz,                -- taken up again after its device was registered
    PRIMARY KEY (topic, partition, kafka_offset, index_in_message)
);
CREATE INDEX dead_letter_unpublished ON dead_letter (topic, partition) WHERE published_at IS NULL;
CREATE INDEX dead_letter_unknown ON dead_letter (device) WHERE reason = 'unknown_device' AND adopted_at IS NULL;

-- Offsets that the log no longer had when they were asked for.
CREATE TABLE data_gap (
    topic       text NOT NULL,
    partition   integer NOT NULL,
    from_offset bigint NOT NULL,
    to_offset   bigint NOT NULL,
    found_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, from_offset)
);

-- Days in the zone of the deployment. MISSING is not stored: it is the minutes due less all others.
CREATE TABLE point_day (
    point_id      integer NOT NULL,
    day           date NOT NULL,
    n_pass        integer NOT NULL,
    n_over        integer NOT NULL,
    n_under       integer NOT NULL,
    n_interrupted integer NOT NULL,
    n_exempt      integer NOT NULL,
    n_invalid     integer NOT NULL,
    cell_min      smallint,
    cell_max      smallint,
    spread_min    smallint,
    spread_max    smallint,
    interval_s    smallint NOT NULL,             -- the longest of the day
    PRIMARY KEY (point_id, day)
);

-- Days whose row in point_day is older than its pages. The generation keeps apart what was marked before and after
-- a pass of the settle role began, so that a pass never takes away the mark of a page that it has not seen.
CREATE TABLE dirty_day (
    point_id   integer NOT NULL,
    day        date NOT NULL,
    generation bigint NOT NULL,
    PRIMARY KEY (point_id, day, generation)
);

CREATE TABLE deployment (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    zone      text NOT NULL                      -- IANA name; days and months are counted in it
);
INSERT INTO deployment (zone) VALUES ('Asia/Shanghai');
