"""Who said that nothing comes from a partition any more."""

from service.store.migrations import run_sql_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql_file("0013_partition_retirements.sql")
