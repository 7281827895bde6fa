-- A page of an open day has room beside it for its next version (fillfactor 50), so that writing it every few seconds
-- changes no index. A day that is over needs none.

-- Rewrite the oldest chunk of `page` that ends at or before an instant and was not rewritten yet: without that room, and
-- in the order of its key. Say which, as the start of its day; NULL where none is left, or the table has no chunks.
-- Nobody reads or writes that day meanwhile. Runs with the rights of the table's owner, for who may delete its rows.
CREATE FUNCTION repack_pages(before timestamptz) RETURNS timestamptz
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    caller CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
    chunk  record;
BEGIN
    IF NOT has_table_privilege(caller, 'page', 'DELETE') THEN
        RAISE EXCEPTION '% may not rewrite pages', caller
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        RETURN NULL;
    END IF;
    SELECT relation.oid::regclass AS name,
           key.oid::regclass AS key_name,
           key.relname AS key,
           range_start
      INTO chunk
      FROM timescaledb_information.chunks
      JOIN pg_class AS relation ON relation.oid = format('%I.%I', chunk_schema, chunk_name)::regclass
      JOIN pg_index ON indrelid = relation.oid AND indisprimary
      JOIN pg_class AS key ON key.oid = indexrelid
     WHERE format('%I.%I', hypertable_schema, hypertable_name)::regclass = 'page'::regclass
       AND range_end <= before
       AND NOT is_compressed
       AND NOT 'fillfactor=100' = ANY (coalesce(relation.reloptions, '{}'))
     ORDER BY range_start
     LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    EXECUTE format('ALTER TABLE %s SET (fillfactor = 100)', chunk.name);
    EXECUTE format('ALTER INDEX %s SET (fillfactor = 100)', chunk.key_name);
    EXECUTE format('CLUSTER %s USING %I', chunk.name, chunk.key);
    RETURN chunk.range_start;
END
$$;

CALL grant_rights();
