"""Several rule sets over one ledger, weeks, and what reliability figures ask of the registry."""

from service.store.migrations import run_sql_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql_file("0006_rule_sets.sql")
