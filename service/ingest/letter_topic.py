"""The door to the dead-letter topic."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from service.errors import SourceUnavailableError
from service.ingest.kafka_client import producer_arguments
from service.settings.parts import KafkaSettings

_SEND_WITHIN_S: Final = 30.0
_STOP_WITHIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class LetterMessage:
    """One message of the dead-letter topic."""

    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]]


class LetterTopic:
    """Sends messages to the dead-letter topic. The producer is made when there is something."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None

    async def send(self, messages: Sequence[LetterMessage]) -> None:
        """Return when every in-sync replica has the messages.

        Raises:
            SourceUnavailableError: Not all were taken; sending them again is safe.
        """
        try:
            async with asyncio.timeout(_SEND_WITHIN_S):
                await self._send(messages)
        except (KafkaError, OSError) as error:  # TimeoutError is one
            await self.close()
            topic = self._settings.dead_letter_topic
            raise SourceUnavailableError(f"topic {topic!r}: {error!r}") from error

    async def close(self) -> None:
        """Let the producer go; the next ``send`` makes another one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError, OSError):
                async with asyncio.timeout(_STOP_WITHIN_S):
                    await producer.stop()

    async def _send(self, messages: Sequence[LetterMessage]) -> None:
        if self._producer is None:
            self._producer = AIOKafkaProducer(**producer_arguments(self._settings))
            await self._producer.start()
        taken = [
            await self._producer.send(
                self._settings.dead_letter_topic,
                key=message.key,
                value=message.value,
                headers=message.headers,
            )
            for message in messages
        ]
        await asyncio.gather(*taken)
