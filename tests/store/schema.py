"""The schema of a database as text; ``python -m tests.store.schema`` prints that of the migrations.

It is written into ``tests/data/schema.sql``, where a change of it is seen by who reads the change.
"""

import asyncio
import sys

from service.embedded.postgres import EmbeddedPostgres
from service.settings.parts import DatabaseSettings
from service.store.migrations import migrate
from service.store.pool import Connection, connect

_TABLES = """
    SELECT relname AS name,
           format(E'CREATE TABLE %I (\n%s\n)%s;',
               relname,
               string_agg('    ' || line, E',\n' ORDER BY place),
               coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', '')) AS text
      FROM (
               SELECT attrelid AS relation,
                      attnum AS place,
                      attname || ' ' || format_type(atttypid, atttypmod)
                          || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
                          || CASE WHEN attidentity <> '' THEN ' GENERATED ALWAYS AS IDENTITY' ELSE '' END
                          || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '')
                          || CASE WHEN attstorage <> typstorage THEN ' STORAGE ' || attstorage::text ELSE '' END AS line
                 FROM pg_attribute
                 JOIN pg_type ON pg_type.oid = atttypid
                 LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
                WHERE attnum > 0 AND NOT attisdropped
                UNION ALL
               SELECT conrelid, 10000 + row_number() OVER (ORDER BY contype, conname),
                      format('CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
                 FROM pg_constraint
                WHERE contype <> 'n'
           ) AS parts
      JOIN pg_class ON pg_class.oid = relation
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
     GROUP BY relname, reloptions
"""

_INDEXES = """
    SELECT indexname AS name, indexdef || ';' AS text
      FROM pg_indexes
     WHERE schemaname = 'public'
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)
"""

_VIEWS = """
    SELECT relname AS name, format(E'CREATE VIEW %I AS\n%s', relname, pg_get_viewdef(oid, true)) AS text
      FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'
"""

_FUNCTIONS = """
    SELECT proname AS name, rtrim(pg_get_functiondef(oid), E'\n') || ';' AS text
      FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""

_TRIGGERS = """
    SELECT tgname AS name, pg_get_triggerdef(oid) || ';' AS text
      FROM pg_trigger
     WHERE NOT tgisinternal
"""

_RIGHTS = """
    SELECT relname AS name,
           format('-- %I: owner %s; %s', relname, relowner::regrole, string_agg(granted, '; ' ORDER BY granted)) AS text
      FROM pg_class
     CROSS JOIN LATERAL (
               SELECT format('%s %s', grantee::regrole, string_agg(privilege_type, ', ' ORDER BY privilege_type))
                   AS granted
                 FROM aclexplode(relacl)
                WHERE grantee <> relowner
                GROUP BY grantee
           ) AS rights
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
     GROUP BY relname, relowner
"""

_HEADER = """\
-- The schema that the migrations make on plain PostgreSQL. Written by: python -m tests.store.schema
"""


async def schema_text(connection: Connection) -> str:
    """Return everything that the migrations made, in a fixed order."""
    parts = [_HEADER]
    for sql in (_TABLES, _INDEXES, _VIEWS, _FUNCTIONS, _TRIGGERS):
        rows = await connection.fetch(f"{sql} ORDER BY name, text")
        parts += [row["text"].rstrip() + "\n" for row in rows]
    rows = await connection.fetch(f"{_RIGHTS} ORDER BY name")
    return "\n".join(parts) + "\n" + "\n".join(row["text"] for row in rows) + "\n"


async def main() -> None:
    async with EmbeddedPostgres() as server:
        settings = DatabaseSettings(database_dsn=server.dsn)
        await migrate(settings)
        connection = await connect(settings, "migrator")
        try:
            sys.stdout.write(await schema_text(connection))
        finally:
            await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
