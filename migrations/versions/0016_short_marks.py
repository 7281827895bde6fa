"""Marks and verdicts that are all alike are stored as one byte."""

from service.store.migrations import run_sql_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_sql_file("0016_short_marks.sql")
