"""The door to Kafka: a member of the consumer group that says whose its messages are.

Three facts about the client decide what is here. Records can come while the callback for a new
assignment still runs, so the first thing that one does is to pause. An error in a callback is only
logged, so it is kept for the next poll. Heartbeats begin when the callback for an assignment has
ended, so it waits for nothing: partitions are restored outside of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from service.errors import SourceError, SourceUnavailableError
from service.ingest.fetched import unpack_messages
from service.ingest.kafka_client import check_record_parser, consumer_arguments
from service.ingest.kafka_records import gone, messages_of, partition_of
from service.ingest.polled import Assignment, LogPosition, Partition, Polled
from service.logs import logger
from service.settings.parts import KafkaSettings

_POLL_S: Final = 0.2  # wait for messages
_HANG_S: Final = 1.0  # and then for a client that does not return: it waits for the group
_MISHAP_PAUSE_S: Final = 0.5
_ASK_WITHIN_S: Final = 30.0
_TELL_WITHIN_S: Final = 5.0
_STOP_WITHIN_S: Final = 15.0

_log = logger(__name__)


class KafkaSource:
    """A member of the consumer group. One task polls; callbacks of the group run beside it.

    ``generation`` rises whenever partitions come or go; ``assignment`` is None in between.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self.generation = 0
        self.assignment: Assignment | None = None
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self._let_go: Callable[[], Awaitable[None]] | None = None
        self._failure: Exception | None = None

    async def start(self, let_go: Callable[[], Awaitable[None]]) -> None:
        """Join the group; ``let_go`` is awaited before partitions are taken away.

        Raises:
            SourceUnavailableError: No broker answers.
            SourceError: Records would be parsed slowly.
        """
        check_record_parser()
        self._let_go = let_go
        await self._join()

    async def stop(self) -> None:
        """Leave the group; nothing is stored here. May be called at any time.

        Raises:
            SourceError: The client does not end.
        """
        self.invalidate()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await _stop(consumer)

    async def rejoin(self) -> None:
        """Leave the group and join it again, with a new client.

        Raises:
            SourceError: As ``start`` and ``stop``.
        """
        await self.stop()
        await self._join()

    def invalidate(self) -> None:
        """Make every batch fetched so far stale, until the group assigns anew."""
        self.generation += 1
        self.assignment = None

    async def poll(self) -> Polled:
        """Return the next messages, at most ``max_poll_records``; none when none come for a while.

        Call it again and again, also with nothing assigned or everything paused.

        Raises:
            OffsetGoneError: The log of a partition does not have the offset that is to be read.
            SourceError: The client has failed for good.
        """
        if self._failure is not None:
            message = f"a callback of the group failed: {self._failure!r}"
            raise SourceError(message) from self._failure
        try:
            async with asyncio.timeout(_POLL_S + _HANG_S):
                records = await self._client.getmany(
                    timeout_ms=round(_POLL_S * 1000), max_records=self._settings.max_poll_records
                )
        except TimeoutError:
            return Polled(self.generation, has_returned=False)
        except NoOffsetForPartitionError:  # of a partition that is not restored yet
            return Polled(self.generation)
        except OffsetOutOfRangeError as error:
            raise gone(error) from error
        except KafkaError as error:
            return await self._mishap(error)
        # Nothing else has run since getmany returned, so these are messages of this generation.
        return Polled(
            self.generation, {partition_of(key): messages_of(some) for key, some in records.items()}
        )

    def seek(self, partition: Partition, offset: int) -> None:
        """Go on at ``offset`` of an assigned partition."""
        self._client.seek(TopicPartition(*partition), offset)

    def pause(self) -> None:
        """Fetch nothing from any partition until ``resume``."""
        self._client.pause(*self._client.assignment())

    def resume(self) -> None:
        """Fetch from every partition."""
        self._client.resume(*self._client.assignment())

    async def beginnings(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the first offset that each log still has.

        Raises:
            SourceUnavailableError: The brokers do not answer.
        """
        asked = [TopicPartition(*partition) for partition in partitions]
        try:
            async with asyncio.timeout(_ASK_WITHIN_S):
                answered = await self._client.beginning_offsets(asked) if asked else {}
        except (KafkaError, TimeoutError) as error:
            raise SourceUnavailableError(f"the logs' first offsets: {error!r}") from error
        return {partition_of(key): offset for key, offset in answered.items()}

    async def positions(self) -> dict[Partition, LogPosition]:
        """Return how far each assigned partition has been fetched."""
        if self._consumer is None or self.assignment is None:
            return {}
        consumer, positions = self._consumer, {}
        paused = consumer.paused()
        for key in consumer.assignment():
            high_water = consumer.highwater(key)
            has_answer = high_water is not None  # so it was fetched from, and its position is known
            positions[partition_of(key)] = LogPosition(
                position=await consumer.position(key) if has_answer else None,
                high_water=high_water,
                answered_ms=consumer.last_poll_timestamp(key),
                is_paused=key in paused,
            )
        return positions

    async def tell(self, offsets: Mapping[Partition, int]) -> None:
        """Tell Kafka how far readings are stored: only lag tools read it, so failing is no harm."""
        told = {TopicPartition(*partition): offset for partition, offset in offsets.items()}
        try:
            async with asyncio.timeout(_TELL_WITHIN_S):
                await self._client.commit(told)
        except (KafkaError, IllegalStateError, SourceError, TimeoutError) as error:
            _log.debug("offsets_not_told", error=repr(error))

    @property
    def _client(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise SourceError("the source is not started")
        return self._consumer

    async def _join(self) -> None:
        consumer = AIOKafkaConsumer(**consumer_arguments(self._settings))
        try:
            await consumer.start()
            unpack_messages(consumer)
            missing = set(self._settings.topics) - await consumer.topics()
        except (KafkaError, OSError) as error:
            await _stop(consumer)
            message = f"brokers at {self._settings.kafka_bootstrap}: {error!r}"
            raise SourceUnavailableError(message) from error
        except BaseException:
            await _stop(consumer)
            raise
        if missing:  # the group assigns their partitions when they are made
            _log.warning("topics_missing", topics=sorted(missing))
        self._consumer = consumer
        listener = _Listener(self._on_revoked, lambda given: self._on_assigned(consumer, given))
        consumer.subscribe(topics=self._settings.topics, listener=listener)

    async def _on_revoked(self) -> None:
        self.invalidate()
        try:
            if self._let_go is not None:
                await self._let_go()
        except Exception as error:
            self._failure = error
            raise

    def _on_assigned(self, consumer: AIOKafkaConsumer, given: Iterable[TopicPartition]) -> None:
        given = list(given)
        consumer.pause(*given)
        self.invalidate()
        partitions = frozenset(partition_of(key) for key in given)
        self.assignment = Assignment(self.generation, partitions)
        _log.info("assigned", partitions=sorted(map(str, partitions)))

    async def _mishap(self, error: KafkaError) -> Polled:
        """Return nothing polled after an error that may pass."""
        if not (error.retriable or isinstance(error, CorruptRecordException)):
            raise SourceError(f"Kafka refuses: {error!r}") from error
        _log.warning("poll_failed", error=repr(error))
        await asyncio.sleep(_MISHAP_PAUSE_S)
        return Polled(self.generation)


class _Listener(ConsumerRebalanceListener):
    def __init__(
        self,
        on_revoked: Callable[[], Awaitable[None]],
        on_assigned: Callable[[Iterable[TopicPartition]], None],
    ) -> None:
        self._on_revoked = on_revoked
        self._on_assigned = on_assigned

    async def on_partitions_revoked(self, _revoked: Iterable[TopicPartition]) -> None:
        await self._on_revoked()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._on_assigned(assigned)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(_STOP_WITHIN_S):
            await consumer.stop()
    except TimeoutError as error:
        raise SourceError(f"the Kafka client did not end within {_STOP_WITHIN_S} s") from error
