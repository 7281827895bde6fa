"""The demonstration's data in an embedded database, with the API and the console before it."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console

from service import clock
from service.demo.roles import embedded_parts, running_roles
from service.demo.run import register_all, replay_all
from service.settings import Settings
from service.store.pool import Pool


@asynccontextmanager
async def demo_settings() -> AsyncIterator[Settings]:
    """Run the demonstration until everything is settled; give settings that reach what came of it.

    Its broker runs on: the block may start roles of its own.
    """
    silent = Console(file=io.StringIO())
    async with embedded_parts(0) as settings:
        start = await register_all(settings, clock.now(), silent)
        async with running_roles(settings), Pool(settings, "reader", max_size=2) as pool:
            await replay_all(settings, pool, start, silent)
        yield settings


async def _stay() -> None:
    async with demo_settings() as settings:
        print(settings.database_dsn, flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_stay())
