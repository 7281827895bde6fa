"""Copying dead letters to their topic, once they are stored: at least once, also over a crash."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final, Protocol

from service.errors import ServiceError
from service.ingest.holding import HoldingOf
from service.ingest.letter_topic import LetterMessage
from service.ingest.polled import Partition
from service.logs import logger
from service.store.checkpoint_parts import StoredLetter

_AT_ONCE: Final = 500

_log = logger(__name__)


class Shelf(Protocol):
    """Where dead letters are stored."""

    async def unpublished_letters(
        self, topic: str, partition: int, limit: int
    ) -> list[StoredLetter]:
        """Return the oldest letters of a partition that the topic does not have."""
        ...

    async def mark_published(self, letters: Sequence[StoredLetter]) -> None:
        """Note that the topic has these letters."""
        ...


class Post(Protocol):
    """Where dead letters are copied to."""

    async def send(self, messages: Sequence[LetterMessage]) -> None:
        """Return when the messages have arrived."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


class LetterPublisher:
    """Copies the stored letters of the held partitions to the dead-letter topic.

    A failure is logged and tried again: readings do not wait for their dead letters.
    """

    def __init__(
        self, shelf: Shelf, post: Post, holding: HoldingOf[Any], *, again_after_s: float = 10.0
    ) -> None:
        self._shelf = shelf
        self._post = post
        self._holding = holding
        self._again_after_s = again_after_s
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look for letters: some may have been stored, or a partition has come."""
        self._wake.set()

    async def run(self) -> None:
        """Copy letters until cancelled."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                try:
                    for partition in list(self._holding.partitions):
                        await self._publish(partition)
                except ServiceError as error:
                    _log.warning("letters_not_published", error=repr(error))
                    await asyncio.sleep(self._again_after_s)
                    self._wake.set()
        finally:
            await self._post.close()

    async def _publish(self, partition: Partition) -> None:
        while letters := await self._shelf.unpublished_letters(*partition, _AT_ONCE):
            await self._post.send([message_of(letter) for letter in letters])
            await self._shelf.mark_published(letters)
            if len(letters) < _AT_ONCE:
                break


def message_of(letter: StoredLetter) -> LetterMessage:
    """Return a letter as a message.

    The value is what was refused: the reading as JSON, so that it can be sent to its topic again
    as it is, or the payload that could not be decoded. Where it came from and why stands in headers.
    """
    headers = {
        "origin-topic": letter.topic,
        "origin-partition": str(letter.partition),
        "origin-offset": str(letter.offset),
        "origin-index": str(letter.index),
        "origin-time": letter.record_at.isoformat(),
        "reason": letter.reason,
        "detail": letter.detail,
    }
    if letter.reading is not None:
        headers["content-type"] = "application/json"
        value = json.dumps(letter.reading, ensure_ascii=False).encode()
    else:
        value = letter.payload or b""
    return LetterMessage(
        key=None if letter.device is None else letter.device.encode("utf-8", "replace"),
        value=value,
        headers=[(name, text.encode("utf-8", "replace")) for name, text in headers.items()],
    )
