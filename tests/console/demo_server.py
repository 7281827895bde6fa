"""The demonstration's data behind a running `serve`, for a browser: in a thread of its own, once a session."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from service.wiring.serve import run_serve
from tests.console.demo_data import demo_settings

_WITHIN_S = 600.0


class _Serving(threading.Thread):
    """Runs the demonstration and `serve` until it is told to stop."""

    def __init__(self, dsn: str | None) -> None:
        super().__init__(name="demo-served")
        self._dsn = dsn
        self.ready = threading.Event()
        self.url: str | None = None
        self.failure: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._told = asyncio.Event()

    def run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 (told to who waits)
            self.failure = error
        finally:
            self._loop.close()
            self.ready.set()

    def end(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told.set)
        self.join(60)

    async def _serve(self) -> None:
        async with demo_settings(self._dsn) as settings:
            await run_serve(settings, self._told, self._say)

    def _say(self, url: str) -> None:
        self.url = url
        self.ready.set()


@contextmanager
def demo_served(dsn: str | None = None) -> Iterator[str]:
    """Serve the demonstration's data; give the address.

    Args:
        dsn: A database that has them already; by default the demonstration is run first.
    """
    serving = _Serving(dsn)
    serving.start()
    try:
        assert serving.ready.wait(_WITHIN_S), "the demonstration did not end in time"
        if serving.failure is not None:
            raise serving.failure
        assert serving.url is not None
        yield serving.url
    finally:
        serving.end()
