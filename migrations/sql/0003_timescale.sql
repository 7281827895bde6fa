-- TimescaleDB, where the server has it; everywhere else this changes nothing.
-- Where the extension comes later, a DBA repeats it: CALL use_timescale().

CREATE PROCEDURE use_timescale()
LANGUAGE plpgsql
AS $$
DECLARE
    chunk          CONSTANT interval := '1 day';
    -- Later than the lateness window, and later than most re-judging: rows of compressed chunks are slow to change.
    compress_after CONSTANT interval := '35 days';
BEGIN
    -- The second setting exists only where the library is preloaded; without that, the extension
    -- would end this session.
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
    OR current_setting('timescaledb.bgw_launcher_poll_time', true) IS NULL THEN
        RETURN;
    END IF;
    BEGIN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
    EXCEPTION WHEN OTHERS THEN
        RAISE NOTICE 'timescaledb is not used: %', SQLERRM;
        RETURN;
    END;

    -- No default indexes: a chunk is a day, so the time alone needs none.
    PERFORM create_hypertable('page', by_range('hour', chunk),
        create_default_indexes => false, if_not_exists => true, migrate_data => true);
    PERFORM create_hypertable('late_reading', by_range('start_at', chunk),
        create_default_indexes => false, if_not_exists => true, migrate_data => true);

    -- The Apache edition has the functions below too, but they fail when called.
    IF current_setting('timescaledb.license', true) IS DISTINCT FROM 'timescale' THEN
        RETURN;
    END IF;
    BEGIN
        ALTER TABLE page SET (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'point_id',
            timescaledb.compress_orderby = 'hour'
        );
        PERFORM add_compression_policy('page', compress_after, if_not_exists => true);
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'pages are not compressed: %', SQLERRM;
    END;
END
$$;

-- Remove rows of `page` or `late_reading` from before an instant and say whether there were any; whole chunks where
-- there are chunks, so that up to a day more may stay. Runs with the rights of the tables' owner.
CREATE FUNCTION drop_rows_before(relation text, before timestamptz) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    IF relation NOT IN ('page', 'late_reading') OR relation IS NULL OR before IS NULL THEN
        RAISE EXCEPTION 'rows of % before % are not dropped', relation, before
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM FROM drop_chunks(relation::regclass, older_than => before);
    ELSIF relation = 'page' THEN
        DELETE FROM page WHERE hour <= before - interval '1 hour';
    ELSE
        DELETE FROM late_reading WHERE start_at < before;
    END IF;
    RETURN FOUND;
END
$$;
REVOKE EXECUTE ON FUNCTION drop_rows_before FROM PUBLIC;

CALL use_timescale();
