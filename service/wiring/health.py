"""The small HTTP server of the roles without an API: /metrics, /healthz and /readyz."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

from prometheus_client import CollectorRegistry

from service.errors import SettingsError
from service.logs import logger
from service.metrics import render

_ASK_WITHIN_S: Final = 5.0  # to send a request, and to take the answer
_ANSWER_WITHIN_S: Final = 20.0
_HEAD_MAX_BYTES: Final = 16_384
_TEXT: Final = "text/plain; charset=utf-8"

_log = logger(__name__)

_Answer = tuple[HTTPStatus, str, bytes]  # status, content type, body


async def _nothing() -> None:
    """Refresh nothing."""


class HealthServer:
    """Answers scrapes and probes as long as the event loop turns.

    ``is_ready`` is what /readyz says. One request a connection; prometheus and the probes of
    orchestrators want no more.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        host: str,
        port: int,
        refresh: Callable[[], Awaitable[None]] = _nothing,
        refresh_within_s: float = 3.0,
    ) -> None:
        """Prepare the server.

        Args:
            registry: The metrics.
            host: To listen on.
            port: To listen on; 0 is any free one.
            refresh: Awaited before a scrape is answered.
            refresh_within_s: Wait no longer: old figures are better than none.
        """
        self.is_ready = False
        self._registry = registry
        self._host = host
        self._port = port
        self._refresh = refresh
        self._refresh_within_s = refresh_within_s
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, also where 0 was asked for."""
        if self._server is None:
            return self._port
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(
                self._serve, self._host, self._port, limit=_HEAD_MAX_BYTES
            )
        except OSError as error:
            message = f"the metrics cannot listen on {self._host}:{self._port}: {error}"
            raise SettingsError(message) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()  # connections end by themselves: each has its deadlines

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_ASK_WITHIN_S):
                head = await reader.readuntil(b"\r\n\r\n")
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                answer = await self._answer(head)
            async with asyncio.timeout(_ASK_WITHIN_S):
                writer.write(answer)
                await writer.drain()
        except (OSError, EOFError, asyncio.LimitOverrunError):  # TimeoutError is an OSError
            pass  # whoever asked has gone, or did not ask in HTTP
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, head: bytes) -> bytes:
        request, *lines = head.decode("latin-1").split("\r\n")
        method, _, rest = request.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        fields = dict(_field(line) for line in lines if line)
        if method not in {"GET", "HEAD"}:
            status, content_type, body = HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"GET only\n"
        else:
            status, content_type, body = await self._content(path, fields)
        return (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"Content-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\n"
            "Connection: close\r\n\r\n"
        ).encode() + (b"" if method == "HEAD" else body)

    async def _content(self, path: str, fields: Mapping[str, str]) -> _Answer:
        if path == "/metrics":
            try:
                async with asyncio.timeout(self._refresh_within_s):
                    await self._refresh()
            except TimeoutError:
                _log.warning("metrics_not_refreshed", within_s=self._refresh_within_s)
            body, content_type = await asyncio.to_thread(
                render, self._registry, fields.get("accept", "")
            )
            return HTTPStatus.OK, content_type, body
        if path == "/healthz":
            return HTTPStatus.OK, _TEXT, b"ok\n"
        if path == "/readyz":
            if self.is_ready:
                return HTTPStatus.OK, _TEXT, b"ready\n"
            return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, b"not ready\n"
        return HTTPStatus.NOT_FOUND, _TEXT, b"/metrics, /healthz, /readyz\n"


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()
