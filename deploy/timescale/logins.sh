#!/bin/sh
# Runs once, when the database is made: the logins of compose.yaml, each with the rights of one role.
# What the roles may do is written down by `voltpass migrate`.
set -eu

psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --set=writer="$WRITER_PASSWORD" --set=reader="$READER_PASSWORD" <<'SQL'
CREATE ROLE voltpass_writer NOLOGIN;
CREATE ROLE voltpass_reader NOLOGIN;
CREATE ROLE pipeline LOGIN PASSWORD :'writer' IN ROLE voltpass_writer;
CREATE ROLE viewer LOGIN PASSWORD :'reader' IN ROLE voltpass_reader;
SQL
