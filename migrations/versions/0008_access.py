"""Who may ask, and what they see: API keys, and the schema that is limited to some regions."""

from service.store.migrations import run_sql_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql_file("0008_access.sql")
