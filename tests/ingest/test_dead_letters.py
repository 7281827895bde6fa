import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from service.domain.bands import event_limits
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.lane_book import LaneBook
from service.domain.lanes import lane_directory, live_of_one
from service.errors import SourceUnavailableError
from service.ingest.dead_letters import LetterPublisher, message_of
from service.ingest.holding import HeldPartition, Holding
from service.ingest.letter_topic import LetterMessage
from service.ingest.polled import Partition
from service.store.checkpoint_parts import StoredLetter
from tests.ingest.consumers import RULES, until
from tests.ingest.fakes import P0, P1, FakeStore, registry

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def letter(
    offset: int = 7,
    *,
    partition: Partition = P0,
    reading: dict[str, Any] | None = None,
    payload: bytes | None = None,
) -> StoredLetter:
    return StoredLetter(
        topic=partition.topic,
        partition=partition.number,
        offset=offset,
        index=-1 if reading is None else 3,
        reason="undecodable_message" if reading is None else "unknown_device",
        detail="starts with the bytes 00",
        device=None if reading is None else "表-1",
        record_at=AT,
        reading=reading,
        payload=payload,
    )


class FakePost:
    """A dead-letter topic that may be away."""

    def __init__(self, n_failures: int = 0) -> None:
        self.sent: list[LetterMessage] = []
        self.is_closed = False
        self._n_failures = n_failures

    async def send(self, messages: Sequence[LetterMessage]) -> None:
        if self._n_failures:
            self._n_failures -= 1
            raise SourceUnavailableError("the topic does not exist")
        self.sent += messages

    async def close(self) -> None:
        self.is_closed = True


def holding_of(*partitions: Partition) -> Holding:
    holding = Holding()
    engine = PartitionEngine(
        book=LaneBook(lane_directory(registry(), live_of_one((0, 0)))),
        policy=FoldPolicy(events=event_limits(RULES)),
    )
    holding.take(
        1,
        {
            one: HeldPartition(
                partition=one, epoch=1, engine=engine, stored_offset=None, next_offset=0
            )
            for one in partitions
        },
    )
    return holding


def test_a_refused_reading_can_be_sent_to_its_topic_again_as_it_is() -> None:
    reading = {"device": "表-1", "ts": 1_700_000_000_000, "v1": 220.5}

    message = message_of(letter(reading=reading))

    assert json.loads(message.value) == reading
    assert message.key == "表-1".encode()
    assert dict(message.headers)["content-type"] == b"application/json"


def test_a_letter_says_where_it_came_from_and_why() -> None:
    message = message_of(letter(payload=b"\x00\x01"))

    assert message.value == b"\x00\x01"
    assert dict(message.headers) == {
        "origin-topic": b"readings",
        "origin-partition": b"0",
        "origin-offset": b"7",
        "origin-index": b"-1",
        "origin-time": b"2026-11-23T08:00:00+00:00",
        "reason": b"undecodable_message",
        "detail": b"starts with the bytes 00",
    }


async def test_letters_of_the_held_partitions_are_copied_and_marked() -> None:
    store = FakeStore(letters=[letter(1), letter(2), letter(3, partition=P1)])
    post = FakePost()
    publisher = LetterPublisher(store, post, holding_of(P0))

    async with asyncio.timeout(10):
        task = asyncio.create_task(publisher.run())
        publisher.wake()
        await until(lambda: len(store.letters) == 1)
        task.cancel()
        await asyncio.wait([task])

    assert [dict(one.headers)["origin-offset"] for one in post.sent] == [b"1", b"2"]
    assert store.letters == [letter(3, partition=P1)]
    assert post.is_closed


async def test_letters_wait_for_a_topic_that_is_away() -> None:
    store = FakeStore(letters=[letter(1)])
    post = FakePost(n_failures=2)
    publisher = LetterPublisher(store, post, holding_of(P0), again_after_s=0.01)

    async with asyncio.timeout(10):
        task = asyncio.create_task(publisher.run())
        publisher.wake()
        await until(lambda: not store.letters)
        task.cancel()
        await asyncio.wait([task])

    assert len(post.sent) == 1
