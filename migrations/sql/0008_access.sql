-- Who may ask: API keys with their trail. And what they see: a schema of the same tables, limited to some regions.

-- ------------------------------------------------------------------------------------------------------- API keys

-- The secret itself is nowhere: it is 256 random bits, so its SHA-256 cannot be guessed back.
CREATE TABLE api_key (
    key_id       text PRIMARY KEY CHECK (key_id ~ '^[a-z2-7]{10}$'),  -- the part of a key that may be seen
    secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
    owner        text NOT NULL CHECK (owner <> ''),
    scopes       text[] NOT NULL CHECK (
        scopes <> '{}' AND scopes <@ ARRAY['read:aggregate', 'read:customer', 'write:declarations', 'admin']),
    regions      text[] CHECK (regions <> '{}'),  -- NULL: everywhere
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    last_used_on date,                           -- UTC; NULL: never
    CHECK (expires_at > created_at)
);

-- Who created and revoked which key, and when. Rows are never changed.
CREATE TABLE api_key_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_id    text NOT NULL,
    action    text NOT NULL CHECK (action IN ('created', 'revoked')),
    made_by   text NOT NULL CHECK (made_by <> ''),
    made_at   timestamptz NOT NULL DEFAULT now(),
    after     jsonb NOT NULL                     -- the key as it was then; never the secret, nor its hash
);
CREATE INDEX api_key_change_key ON api_key_change (key_id);

-- ------------------------------------------------------------------------------------------------------ territory

-- In it each table and view has a twin of its name and columns. Who may see some regions only is read to with
--   search_path = territory, public   and   voltpass.regions = '{region,...}'
-- so that every statement, also one that nobody thought of, finds the rows of these regions and no others. A twin of
-- which nothing says what of it lies where is empty.
CREATE SCHEMA territory;

CREATE PROCEDURE limit_territory()
LANGUAGE plpgsql
AS $$
DECLARE
    place   CONSTANT text := current_schema();
    inside  CONSTANT text := 'point_id IN (SELECT point_id FROM territory.point)';
    listed  CONSTANT text := '(SELECT nullif(current_setting(''voltpass.regions'', true), '''')::text[])::text[]';
    rules   CONSTANT jsonb := jsonb_build_object(
        -- of the whole deployment, and the same for everybody
        'alembic_version', 'true',
        'deployment', 'true',
        'judgement', 'true',
        'kept_rule_set', 'true',
        'v_watermark', 'true',
        'point', format('region = ANY (%s)', listed),
        'customer', 'customer_id IN (SELECT customer_id FROM territory.customer_point)',
        'dead_letter', 'device IN (SELECT device FROM territory.device)',
        -- An entry is there where it reaches inside; of its places and customers those that do.
        'declaration', 'declaration_id IN (SELECT declaration_id FROM territory.declaration_scope)',
        'declaration_scope', '(place, code) IN (SELECT place, code FROM territory.v_place_point)',
        'declaration_told', 'declaration_id IN (SELECT declaration_id FROM territory.declaration_scope)
            AND customer IN (SELECT customer FROM territory.customer)',
        'fault_call', inside || ' OR (point_id IS NULL AND customer IN (SELECT customer FROM territory.customer))',
        -- A row of the trail has all of an entry: it is there where nothing in it lies outside.
        'register_change', '(record = ''declaration'' AND record_id IN (SELECT declaration_id FROM territory.declaration)
              OR record = ''fault_call'' AND record_id IN (SELECT call_id FROM territory.fault_call))
            AND NOT EXISTS (
                SELECT
                  FROM (VALUES (before), (after)) AS entry (content)
                 WHERE EXISTS (
                           SELECT
                             FROM jsonb_to_recordset(coalesce(content -> ''places'', ''[]'')) AS one (place text, code text)
                            WHERE (one.place, one.code) NOT IN (SELECT place, code FROM territory.v_place_point)
                       )
                    OR EXISTS (
                           SELECT
                             FROM jsonb_to_recordset(coalesce(content -> ''important_told'', ''[]'')) AS one (customer text)
                            WHERE one.customer NOT IN (SELECT customer FROM territory.customer)
                       )
                    OR nullif(content ->> ''point'', '''') NOT IN (SELECT point FROM territory.point)
                    OR nullif(content ->> ''customer'', '''') NOT IN (SELECT customer FROM territory.customer)
            )',
        -- Counts of a place cannot be divided: it is there where all of the place lies inside.
        'communication_incident', format('incident_id IN (SELECT incident_id FROM territory.communication_incident_point)
            AND NOT EXISTS (
                SELECT
                  FROM %1$I.v_place_point AS member
                  JOIN %1$I.point USING (point_id)
                 WHERE member.place = communication_incident.place
                   AND member.code = communication_incident.code
                   AND point.region <> ALL (%2$s)
            )
            AND NOT EXISTS (
                SELECT
                  FROM %1$I.communication_incident_point AS silent
                  JOIN %1$I.point USING (point_id)
                 WHERE silent.incident_id = communication_incident.incident_id
                   AND point.region <> ALL (%2$s)
            )
            AND NOT EXISTS (
                SELECT
                  FROM %1$I.device
                  JOIN %1$I.point USING (point_id)
                 WHERE communication_incident.place = ''concentrator''
                   AND device.concentrator = communication_incident.code
                   AND point.region <> ALL (%2$s)
            )', place, listed)
    );
    -- The counts of an outage are those of its points that lie inside.
    counted CONSTANT text := 'CROSS JOIN LATERAL (
            SELECT count(DISTINCT member.point_id)::integer AS n_points,
                   count(DISTINCT member.point_id) FILTER (WHERE is_nested)::integer AS n_nested,
                   count(DISTINCT customer_id)::integer AS n_customers
              FROM territory.interruption AS member
              LEFT JOIN territory.customer_point USING (point_id)
             WHERE member.outage_id = outage.outage_id
        ) AS inside';
    object  record;
BEGIN
    -- At first each twin is empty, so that the definitions find one another whatever comes first.
    FOR object IN
        SELECT relname AS name
          FROM pg_class
         WHERE relnamespace = place::regnamespace
           AND relkind IN ('r', 'p', 'v')
           AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
           AND to_regclass(format('territory.%I', relname)) IS NULL
    LOOP
        EXECUTE format('CREATE VIEW territory.%2$I AS SELECT * FROM %1$I.%2$I WHERE false', place, object.name);
    END LOOP;

    FOR object IN
        SELECT relname AS name,
               CASE WHEN relkind = 'v' AND NOT rules ? relname THEN pg_get_viewdef(oid) END AS definition,
               coalesce(rules ->> relname, CASE
                   WHEN columns ? 'point_id' THEN inside
                   WHEN columns ? 'device_id' THEN 'device_id IN (SELECT device_id FROM territory.device)'
                   WHEN columns ? 'region' THEN format('region = ANY (%s)', listed)
                   ELSE 'false'
               END) AS rule
          FROM pg_class
         CROSS JOIN LATERAL (
                   SELECT jsonb_agg(attname) AS columns
                     FROM pg_attribute
                    WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
               ) AS described
         WHERE relnamespace = place::regnamespace
           AND relkind IN ('r', 'p', 'v')
           AND relname <> 'outage'
           AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    LOOP
        IF object.definition IS NULL THEN
            EXECUTE format('CREATE OR REPLACE VIEW territory.%2$I AS SELECT * FROM %1$I.%2$I WHERE %3$s',
                place, object.name, object.rule);
        ELSE  -- a view over the twins of what it reads
            PERFORM set_config('search_path', format('territory, %I', place), true);
            EXECUTE format('CREATE OR REPLACE VIEW territory.%I AS %s', object.name, object.definition);
            PERFORM set_config('search_path', format('%I', place), true);
        END IF;
    END LOOP;
    EXECUTE (
        SELECT format('CREATE OR REPLACE VIEW territory.outage AS SELECT %s FROM %I.outage %s WHERE inside.n_points > 0',
            string_agg(
                CASE WHEN attname IN ('n_points', 'n_nested', 'n_customers') THEN 'inside.' ELSE 'outage.' END
                    || quote_ident(attname), ', ' ORDER BY attnum),
            place, counted)
          FROM pg_attribute
         WHERE attrelid = format('%I.outage', place)::regclass AND attnum > 0 AND NOT attisdropped
    );
END
$$;

-- What the migrations end with grants and limits from now on, so that no new table is forgotten.
ALTER PROCEDURE grant_rights() RENAME TO grant_rights_to_tables;

CREATE PROCEDURE grant_rights()
LANGUAGE plpgsql
AS $$
DECLARE
    came  CONSTANT text := current_setting('search_path');
    view  record;
BEGIN
    CALL grant_rights_to_tables();
    CALL limit_territory();
    PERFORM set_config('search_path', came, true);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'voltpass_reader') THEN
        GRANT USAGE ON SCHEMA territory TO voltpass_reader, voltpass_writer;
        GRANT SELECT ON ALL TABLES IN SCHEMA territory TO voltpass_reader, voltpass_writer;
    END IF;
    BEGIN
        GRANT USAGE, CREATE ON SCHEMA territory TO voltpass_migrator;
        FOR view IN
            SELECT oid::regclass AS name
              FROM pg_class
             WHERE relnamespace = 'territory'::regnamespace AND relowner = current_user::regrole
        LOOP
            EXECUTE format('ALTER VIEW %s OWNER TO voltpass_migrator', view.name);
        END LOOP;
    EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'the views of the schema territory stay with %: %', current_user, SQLERRM;
    END;
END
$$;

CALL grant_rights();
