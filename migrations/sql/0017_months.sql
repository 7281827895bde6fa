-- Months of points that are over, added up from their days: a year is twelve rows then, not 365. A row is the sum of the
-- point's days in point_day at every moment: a day that is written, whoever writes it, takes the row of its month away,
-- and `settle` adds that month up again.
CREATE TABLE point_month (
    point_id      integer NOT NULL,
    month         date NOT NULL CHECK (extract(day FROM month) = 1),  -- its first day, in the zone of the deployment
    n_pass        integer NOT NULL,
    n_over        integer NOT NULL,
    n_under       integer NOT NULL,
    n_interrupted integer NOT NULL,
    n_exempt      integer NOT NULL,
    n_invalid     integer NOT NULL,
    interval_s    smallint NOT NULL,             -- the longest of the month
    PRIMARY KEY (month, point_id)
);

-- Which months are read from point_month, from the first day of one to that of another; NULL: none. A point without a
-- row in one of them has no days there, or waits in month_due.
ALTER TABLE deployment
    ADD COLUMN added_from   date CHECK (extract(day FROM added_from) = 1),
    ADD COLUMN added_before date CHECK (extract(day FROM added_before) = 1 AND added_before > added_from),
    ADD CHECK ((added_from IS NULL) = (added_before IS NULL));

-- Months of points, of those months, that are to be added up again.
CREATE TABLE month_due (
    point_id integer NOT NULL,
    month    date NOT NULL,
    PRIMARY KEY (point_id, month)
);

-- Take away the months of days that were written; of months that are read as such they are due then. Who adds up locks
-- the table against this: a sum that had not seen a day of another transaction would stay.
CREATE FUNCTION take_months_away() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    added record;
BEGIN
    LOCK TABLE point_month IN ROW EXCLUSIVE MODE;  -- so that what follows sees what was added up until now
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM point_month;
        DELETE FROM month_due;
        RETURN NULL;
    END IF;
    SELECT added_from, added_before INTO added FROM deployment;
    IF NOT EXISTS (SELECT FROM written WHERE day >= added.added_from AND day < added.added_before) THEN
        RETURN NULL;  -- mostly: what is written is the open day
    END IF;
    DELETE FROM point_month
     USING written
     WHERE point_month.point_id = written.point_id
       AND point_month.month = date_trunc('month', written.day)::date;
    INSERT INTO month_due (point_id, month)
    SELECT DISTINCT point_id, date_trunc('month', day)::date
      FROM written
     WHERE day >= added.added_from
       AND day < added.added_before
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER point_day_inserted AFTER INSERT ON point_day
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION take_months_away();
CREATE TRIGGER point_day_updated AFTER UPDATE ON point_day
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION take_months_away();
CREATE TRIGGER point_day_deleted AFTER DELETE ON point_day
    REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION take_months_away();
CREATE TRIGGER point_day_truncated AFTER TRUNCATE ON point_day
    FOR EACH STATEMENT EXECUTE FUNCTION take_months_away();

CALL grant_rights();
