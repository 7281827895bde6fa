"""What dashboards read of customers, of fault calls and of announced outages."""

from service.store.migrations import run_sql_file

revision = "0012"
down_revision = "0010"


def upgrade() -> None:
    run_sql_file("0012_dashboards.sql")
