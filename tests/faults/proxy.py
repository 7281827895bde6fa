"""A TCP proxy that breaks connections on purpose."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CHUNK_BYTES = 65_536


@dataclass(slots=True)
class Proxy:
    """Passes bytes between clients and one server."""

    host: str
    port: int  # of the server
    listens_on: int = 0
    n_cut: int = 0
    is_open: asyncio.Event = field(default_factory=asyncio.Event)  # else clients are turned away
    flows: asyncio.Event = field(default_factory=asyncio.Event)  # else bytes wait: a silent hang
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def to(cls, host: str, port: int) -> AsyncIterator["Proxy"]:
        proxy = cls(host, port)
        proxy.is_open.set()
        proxy.flows.set()
        server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        proxy.listens_on = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            proxy.flows.set()
            proxy.cut()

    @classmethod
    @asynccontextmanager
    async def to_dsn(cls, dsn: str) -> AsyncIterator[tuple["Proxy", str]]:
        """Make a proxy to a database; gives it and the address to use."""
        address = urlsplit(dsn)
        login = address.netloc.rpartition("@")[0]
        async with cls.to(address.hostname or "", address.port or 0) as proxy:
            netloc = f"{login}@127.0.0.1:{proxy.listens_on}"
            yield proxy, address._replace(netloc=netloc).geturl()

    async def is_used(self, *, within_s: float = 10.0) -> None:
        """Wait until there is a connection to break."""
        async with asyncio.timeout(within_s):
            while not self._writers:  # noqa: ASYNC110  (a set tells nobody)
                await asyncio.sleep(0.005)

    def cut(self) -> None:
        """Break every connection, without a goodbye."""
        writers, self._writers = self._writers, set()
        for writer in writers:
            self.n_cut += 1
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open.is_set():
            writer.transport.abort()
            return
        with contextlib.suppress(OSError):
            there, onward = await asyncio.open_connection(self.host, self.port)
            self._writers |= {writer, onward}
            await asyncio.gather(self._pass(reader, onward), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(_CHUNK_BYTES):
                await self.flows.wait()
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass  # cut
        finally:
            self._writers.discard(writer)
            writer.close()
