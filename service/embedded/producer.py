"""Sending messages to the embedded broker."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer

IN_FLIGHT = 1000  # messages sent before their acknowledgements are waited for


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to be sent."""

    key: str  # messages of one key keep their order
    value: bytes
    content_type: str


class EmbeddedProducer:
    """Sends messages in order; a context manager, so that none is left behind."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, linger_ms=5, max_batch_size=1_000_000
        )

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._producer.stop()

    async def send(self, topic: str, messages: Iterable[Outgoing]) -> int:
        """Send messages and wait until the broker has them; return how many."""
        n_sent = 0
        waiting: list[asyncio.Future[object]] = []
        for message in messages:
            headers = [("content-type", message.content_type.encode())]
            waiting.append(
                await self._producer.send(
                    topic, message.value, key=message.key.encode(), headers=headers
                )
            )
            n_sent += 1
            if len(waiting) == IN_FLIGHT:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)
        return n_sent
