"""What is known of supply: meter events, evidence, outages, communication, the register, promises."""

from service.store.migrations import run_sql_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql_file("0007_supply.sql")
