"""The demonstration's data in an embedded database."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console

from service import clock
from service.demo.roles import embedded_parts, running_roles
from service.demo.run import register_all, replay_all
from service.settings import Settings
from service.store.pool import Pool


@asynccontextmanager
async def demo_settings(dsn: str | None = None) -> AsyncIterator[Settings]:
    """Run the demonstration until everything is settled; give settings that reach what came of it.

    Args:
        dsn: A database that has it already: nothing is run.
    """
    if dsn is not None:
        yield Settings(
            database_dsn=dsn,
            database_tls="disable",
            api_port=0,
            rule_sets_beside=("sgcc-pledge-2023", "en-50160"),
        )
        return
    silent = Console(file=io.StringIO())
    async with embedded_parts(0) as settings:
        start = await register_all(settings, clock.now(), silent)
        async with running_roles(settings), Pool(settings, "reader", max_size=2) as pool:
            await replay_all(settings, pool, start, silent)
        yield settings


async def _stay() -> None:
    async with demo_settings() as settings:
        sys.stdout.write(settings.database_dsn + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":  # prints a DSN for `python -m tests.console.screenshots --dsn`
    asyncio.run(_stay())
