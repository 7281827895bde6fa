-- Three roles to put logins into: CREATE ROLE settle_1 LOGIN PASSWORD '...' IN ROLE voltpass_writer.
--   voltpass_writer    consume, settle, import
--   voltpass_reader    serve, Grafana, people with psql
--   voltpass_migrator  owns the tables, and so may change them
-- Where the migrating login may not create roles, nothing happens: a DBA creates them and repeats CALL grant_rights().

CREATE PROCEDURE grant_rights()
LANGUAGE plpgsql
AS $$
DECLARE
    place  CONSTANT text := current_schema();
    name   text;
    object record;
BEGIN
    FOREACH name IN ARRAY ARRAY['voltpass_writer', 'voltpass_reader', 'voltpass_migrator'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            EXCEPTION
                -- Roles belong to the whole server: another database may be migrated at this moment.
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE NOTICE 'no rights are granted: % may not create the role %', current_user, name;
                    RETURN;
            END;
        END IF;
    END LOOP;

    EXECUTE format('GRANT USAGE ON SCHEMA %I TO voltpass_writer, voltpass_reader', place);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO voltpass_writer, voltpass_reader', place);
    EXECUTE format('GRANT EXECUTE ON FUNCTION drop_rows_before TO voltpass_writer');
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO voltpass_writer', current_database());
    FOR object IN
        SELECT oid::regclass AS name
          FROM pg_class
         WHERE relnamespace = place::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
    LOOP
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO voltpass_writer', object.name);
    END LOOP;

    BEGIN
        EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO voltpass_migrator', place);
        IF NOT pg_has_role(current_user, 'voltpass_migrator', 'MEMBER') THEN
            EXECUTE format('GRANT voltpass_migrator TO %I', current_user);
        END IF;
        FOR object IN
            SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
                   oid::regclass::text AS name
              FROM pg_class
             WHERE relnamespace = place::regnamespace
               AND relkind IN ('r', 'p', 'v')
               AND relowner = current_user::regrole
               AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
             UNION ALL
            SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, oid::regprocedure::text
              FROM pg_proc
             WHERE pronamespace = place::regnamespace
               AND proowner = current_user::regrole
               AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
        LOOP
            EXECUTE format('ALTER %s %s OWNER TO voltpass_migrator', object.kind, object.name);
        END LOOP;
        -- What later migrations make, whichever of the two makes it.
        FOREACH name IN ARRAY ARRAY[current_user::text, 'voltpass_migrator'] LOOP
            EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I'
                ' GRANT SELECT ON TABLES TO voltpass_reader, voltpass_writer', name, place);
            EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I'
                ' GRANT INSERT, UPDATE, DELETE ON TABLES TO voltpass_writer', name, place);
        END LOOP;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'the tables stay with %: %', current_user, SQLERRM;
    END;
END
$$;

CALL grant_rights();
