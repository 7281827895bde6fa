"""Months of points that are over are added up from their days."""

from service.store.migrations import run_sql_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_sql_file("0017_months.sql")
