"""Days that are over give back the room that was left for their next versions."""

from service.store.migrations import run_sql_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_sql_file("0015_repacking.sql")
