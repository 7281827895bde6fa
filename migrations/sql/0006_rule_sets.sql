-- Several rule sets over one ledger, weeks, and what reliability figures ask of the registry.

-- The statutory set: pages hold its verdicts. The checksum tells a file that was edited from the one they rest on.
ALTER TABLE deployment
    ADD COLUMN rule_set text NOT NULL DEFAULT 'sgcc-2003',
    ADD COLUMN rule_set_checksum text NOT NULL DEFAULT '';  -- SHA-256, hexadecimal; empty before the first migrate

ALTER TABLE point
    ADD COLUMN is_terminal boolean NOT NULL DEFAULT false;  -- measures the terminals of its transformer

ALTER TABLE customer
    ADD COLUMN capacity_kva numeric(12, 3) CHECK (capacity_kva > 0);

-- Sets whose days and weeks are kept: those judged beside the statutory one, and the statutory one for its weeks.
CREATE TABLE kept_rule_set (
    rule_set_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_set    text NOT NULL UNIQUE,
    checksum    text NOT NULL,
    is_beside   boolean NOT NULL DEFAULT true  -- false: the statutory one, whose days are in point_day
);

-- Days that are over, as another rule set judges them. MISSING is the minutes due less all others.
CREATE TABLE point_day_beside (
    rule_set_id   smallint NOT NULL REFERENCES kept_rule_set ON DELETE CASCADE,
    point_id      integer NOT NULL,
    day           date NOT NULL,
    n_pass        smallint NOT NULL,
    n_over        smallint NOT NULL,
    n_under       smallint NOT NULL,
    n_interrupted smallint NOT NULL,
    n_exempt      smallint NOT NULL,
    n_invalid     smallint NOT NULL,
    PRIMARY KEY (point_id, day, rule_set_id)
);

-- Percentiles of the minutes of weeks that are over, all phases; 0.01 % from nominal.
CREATE TABLE point_week (
    point_id   integer NOT NULL,
    week       date NOT NULL,      -- its Monday, in the zone of the deployment
    n_values   integer NOT NULL,   -- minutes measured, of all phases, interrupted ones left out
    cell_v1    smallint,           -- NULL where nothing was measured
    cell_v5    smallint,
    cell_v95   smallint,
    cell_v99   smallint,
    interval_s smallint NOT NULL,  -- the longest of the week
    PRIMARY KEY (point_id, week)
);

-- How the values of a week stand to one limit of a rule set.
CREATE TABLE point_week_limit (
    rule_set_id smallint NOT NULL REFERENCES kept_rule_set ON DELETE CASCADE,
    point_id    integer NOT NULL,
    week        date NOT NULL,
    limit_no    smallint NOT NULL,  -- place among the week_limits of the rule set, from 0
    n_due       integer NOT NULL,   -- that there could have been, flagged ones included; of the phase that stands worst
    n_values    integer NOT NULL,   -- measured well enough, and not flagged
    n_outside   integer NOT NULL,
    n_flagged   integer NOT NULL,   -- left out: a dip, swell or interruption lay in them
    PRIMARY KEY (point_id, week, rule_set_id, limit_no)
);

-- Days and weeks to be counted under these sets, once they are over.
CREATE TABLE beside_due (
    point_id integer NOT NULL,
    day      date NOT NULL,
    PRIMARY KEY (day, point_id)
);
CREATE TABLE week_due (
    point_id integer NOT NULL,
    week     date NOT NULL,
    PRIMARY KEY (week, point_id)
);

-- Months whose power factors at peak hours are to be looked at, once they are over; at first all there are.
CREATE TABLE power_factor_due (
    month date PRIMARY KEY  -- first day, in the zone of the deployment
);
INSERT INTO power_factor_due (month)
SELECT DISTINCT date_trunc('month', day::timestamp)::date
  FROM point_day
 WHERE point_id IN (
           SELECT point_id
             FROM customer
             JOIN customer_point USING (customer_id)
            WHERE required_power_factor IS NOT NULL
              AND NOT residential
       );

CALL grant_rights();
