"""Days that are over give back the room that was left for their next versions."""

from service.store.migrations import run_sql_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql_file("0013_repacking.sql")
