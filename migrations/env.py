"""What alembic runs: on the connection that it is handed, or as SQL for somebody else to run."""

from alembic import context
from sqlalchemy import Connection


def run_online(connection: Connection) -> None:
    # A transaction for each migration: what is done stays done when a later one fails.
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def run_offline() -> None:
    context.configure(dialect_name="postgresql", transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online(context.config.attributes["connection"])
