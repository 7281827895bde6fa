"""A client that takes an export as fast as it comes, and what the process that answers it holds."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

import httpx

from tests.bench.usage import peak_memory_bytes

_MEBIBYTE = 1 << 20


@dataclass(slots=True, kw_only=True)
class ExportClient:
    """One export as CSV, from its request until it is cancelled."""

    url: str
    from_s: int  # Unix
    to_s: int
    n_rows: int = 0
    n_bytes: int = 0
    longest_silence_s: float = 0.0
    _heard_s: float = field(default=0.0)

    async def run(self) -> None:
        """Take what comes until cancelled; the silence that lasts then counts too."""
        span = {
            name: time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(at))
            for name, at in (("from", self.from_s), ("to", self.to_s))
        }
        self._heard_s = time.perf_counter()
        try:
            async with (
                httpx.AsyncClient(base_url=self.url, timeout=120) as client,
                client.stream("GET", "/v1/minutes", params={**span, "format": "csv"}) as answer,
            ):
                assert answer.status_code == 200, await answer.aread()
                async for part in answer.aiter_bytes():
                    self._hear(part)
        finally:
            self._hear(b"")

    def _hear(self, part: bytes) -> None:
        now_s = time.perf_counter()
        self.longest_silence_s = max(self.longest_silence_s, now_s - self._heard_s)
        self._heard_s = now_s
        self.n_bytes += len(part)
        self.n_rows += part.count(b"\n")


async def until_answers(url: str, within_s: float) -> None:
    """Wait until a server answers."""
    async with asyncio.timeout(within_s), httpx.AsyncClient(base_url=url) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/healthz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)


def most_resident_mib(pid: int) -> float:
    """Return the most that a process ever had in memory, in MiB."""
    return peak_memory_bytes(pid) / _MEBIBYTE
