"""The demonstration's data behind a running `serve`, for a browser: in a thread of its own, once a session."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from service.wiring.serve import run_serve
from tests.console.demo_data import demo_settings

_WITHIN_S = 600.0


@contextmanager
def demo_served(dsn: str | None = None) -> Iterator[str]:
    """Serve the demonstration's data; give the address.

    Args:
        dsn: A database that has them already; by default the demonstration is run first.
    """
    ready, ended = threading.Event(), threading.Event()
    found: list[str] = []
    failures: list[BaseException] = []
    stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def say(url: str) -> None:
        found.append(url)
        ready.set()

    async def serve() -> None:
        stop = asyncio.Event()
        stops.append((asyncio.get_running_loop(), stop))
        async with demo_settings(dsn) as settings:
            await run_serve(settings, stop, say)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 (told to who waits)
            failures.append(error)
        finally:
            ready.set()
            ended.set()

    thread = threading.Thread(target=run, name="demo-served")
    thread.start()
    try:
        assert ready.wait(_WITHIN_S), "the demonstration did not end in time"
        if failures:
            raise failures[0]
        yield found[0]
    finally:
        if stops:
            loop, stop = stops[0]
            if not ended.is_set():
                loop.call_soon_threadsafe(stop.set)
        thread.join(60)
