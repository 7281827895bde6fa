"""Monthly reports that were signed off."""

from service.store.migrations import run_sql_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql_file("0009_reports.sql")
