"""When outages of the register came, derived in one place."""

from service.store.migrations import run_sql_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_sql_file("0014_register_outages.sql")
