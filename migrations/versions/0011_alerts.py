"""Alerts of outages: which were told, which were held back, why and until when."""

from service.store.migrations import run_sql_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql_file("0011_alerts.sql")
