-- Registry, rules of change, declarations: what is known about the network before any reading comes.

CREATE TABLE judgement (
    singleton         boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    number            bigint NOT NULL,  -- rises with every change of registry, rules or declarations
    registry_number   bigint NOT NULL,  -- the number under which points, devices or customers changed last
    rollup_generation bigint NOT NULL   -- rises with every pass over the dirty days
);
INSERT INTO judgement (number, registry_number, rollup_generation) VALUES (1, 1, 1);

-- What a judgement number changed: pages in its scope with a lower number are to be judged again.
CREATE TABLE judgement_change (
    change_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number      bigint NOT NULL,
    point_id    integer,               -- NULL: every point
    from_at     timestamptz NOT NULL,  -- inclusive
    to_at       timestamptz NOT NULL,  -- exclusive
    reason      text NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT now(),
    rescored_at timestamptz,           -- NULL until every page in scope has been judged again
    CHECK (from_at < to_at)
);
CREATE INDEX judgement_change_open ON judgement_change (number) WHERE rescored_at IS NULL;

CREATE TABLE point (
    point_id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    point             text NOT NULL UNIQUE CHECK (point <> ''),
    nominal_mv        bigint NOT NULL CHECK (nominal_mv BETWEEN 1000 AND 2000000000),  -- of the voltage measured
    wiring            text NOT NULL CHECK (wiring IN ('1p', '3p4w', '3p3w')),
    organisation      text NOT NULL DEFAULT '',
    organisation_name text NOT NULL DEFAULT '',
    region            text NOT NULL DEFAULT '',
    region_name       text NOT NULL DEFAULT '',
    substation        text NOT NULL DEFAULT '',
    substation_name   text NOT NULL DEFAULT '',
    feeder            text NOT NULL DEFAULT '',
    feeder_name       text NOT NULL DEFAULT '',
    transformer       text NOT NULL DEFAULT '',
    transformer_name  text NOT NULL DEFAULT '',
    class             text NOT NULL CHECK (class IN ('A', 'B', 'C', 'D')),  -- GB/T 12325
    band_lower        smallint,   -- own band, 0.01 % of nominal; both or neither
    band_upper        smallint,
    valid_from        timestamptz NOT NULL,               -- inclusive, whole minutes
    valid_to          timestamptz NOT NULL DEFAULT 'infinity',  -- exclusive
    CHECK (valid_from < valid_to),
    CHECK ((band_lower IS NULL) = (band_upper IS NULL)),
    CHECK (band_lower < band_upper)
);
CREATE INDEX point_feeder ON point (feeder);
CREATE INDEX point_transformer ON point (transformer);
CREATE INDEX point_valid_from ON point (valid_from);

CREATE TABLE device (
    device_id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device           text NOT NULL,              -- as it names itself in the telemetry
    point_id         integer NOT NULL REFERENCES point,
    voltage_ratio    double precision NOT NULL CHECK (voltage_ratio > 0),
    reading_kind     text NOT NULL CHECK (reading_kind IN ('mean', 'instant')),
    interval_s       integer NOT NULL CHECK (interval_s BETWEEN 1 AND 3600),  -- divides 60, or is whole minutes
    stamp_at         text NOT NULL CHECK (stamp_at IN ('start', 'end')),
    zone             text NOT NULL,              -- IANA name; of stamps without offset
    delivery_delay_s integer NOT NULL CHECK (delivery_delay_s >= 0),
    self_powered     boolean NOT NULL,           -- takes its supply from the circuit it measures
    valid_from       timestamptz NOT NULL,       -- serves the point from here, inclusive
    valid_to         timestamptz NOT NULL DEFAULT 'infinity',
    UNIQUE (device, valid_from),
    CHECK (valid_from < valid_to),
    CHECK (mod(60, interval_s) = 0 OR mod(interval_s, 60) = 0)
);
CREATE INDEX device_point ON device (point_id);

CREATE TABLE customer (
    customer_id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer              text NOT NULL UNIQUE,  -- account number
    voltage_level_mv      bigint NOT NULL CHECK (voltage_level_mv > 0),
    residential           boolean NOT NULL,
    important             boolean NOT NULL,
    user_class            text NOT NULL CHECK (user_class IN ('LV', 'MV', 'HV')),
    required_power_factor numeric(4, 3) CHECK (required_power_factor BETWEEN 0 AND 1),
    target_area           text NOT NULL CHECK (target_area IN ('urban', 'rural', 'special_remote')),
    response_area         text NOT NULL CHECK (response_area IN ('urban', 'rural', 'remote', 'special_remote')),
    valid_from            timestamptz NOT NULL,
    valid_to              timestamptz NOT NULL DEFAULT 'infinity',
    CHECK (valid_from < valid_to)
);

CREATE TABLE customer_point (
    customer_id integer NOT NULL REFERENCES customer ON DELETE CASCADE,
    point_id    integer NOT NULL REFERENCES point,
    PRIMARY KEY (customer_id, point_id)
);
CREATE INDEX customer_point_point ON customer_point (point_id);

CREATE TABLE declaration (
    declaration_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind           text NOT NULL CHECK (kind IN ('abnormal_state', 'outage')),
    ticket         text NOT NULL,
    author         text NOT NULL,
    approver       text NOT NULL,
    cause          text NOT NULL DEFAULT '',
    from_at        timestamptz NOT NULL,         -- actual start, inclusive
    to_at          timestamptz,                  -- actual end, exclusive; NULL while it lasts
    made_at        timestamptz NOT NULL DEFAULT now(),
    withdrawn_at   timestamptz,
    CHECK (to_at IS NULL OR from_at < to_at),
    CHECK (author <> approver)
);

-- Where a declaration applies: one row a place; a point is in scope when any row names it or its place.
CREATE TABLE declaration_scope (
    declaration_id bigint NOT NULL REFERENCES declaration ON DELETE CASCADE,
    place          text NOT NULL
        CHECK (place IN ('organisation', 'region', 'substation', 'feeder', 'transformer', 'point')),
    code           text NOT NULL,
    PRIMARY KEY (declaration_id, place, code)
);

-- Customers below their required power factor, by month of the deployment's zone; a row means exempt.
CREATE TABLE power_factor_exemption (
    point_id     integer NOT NULL REFERENCES point,
    month        date NOT NULL,                  -- first day
    power_factor numeric(5, 4) NOT NULL,         -- at peak hours
    required     numeric(4, 3) NOT NULL,
    PRIMARY KEY (point_id, month)
);
