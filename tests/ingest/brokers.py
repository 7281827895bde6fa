"""The broker of a test, of either kind."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

_WITHIN_S = 30.0

Record = ConsumerRecord[bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that runs."""

    bootstrap: str

    async def create_topic(self, name: str, n_partitions: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, n_partitions, 1)])
        finally:
            await admin.close()

    async def delete_before(self, topic: str, partition: int, offset: int) -> None:
        """Throw messages away, as retention does."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            key = TopicPartition(topic, partition)
            await admin.delete_records({key: RecordsToDelete(before_offset=offset)})
        finally:
            await admin.close()

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, linger_ms=5, max_request_size=8 << 20
        )
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    async def read(self, topic: str, partition: int, n_records: int) -> list[Record]:
        """Return the first records of a partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, fetch_max_wait_ms=50)
        await consumer.start()
        try:
            key = TopicPartition(topic, partition)
            consumer.assign([key])
            consumer.seek(key, 0)
            records: list[Record] = []
            async with asyncio.timeout(_WITHIN_S):
                while len(records) < n_records:
                    for some in (await consumer.getmany(timeout_ms=100)).values():
                        records += some
            return records
        finally:
            await consumer.stop()


def unique(name: str) -> str:
    return f"{name}-{secrets.token_hex(4)}"


async def eventually(is_true: Callable[[], bool], within_s: float = _WITHIN_S) -> None:
    """Return once ``is_true``."""
    async with asyncio.timeout(within_s):
        while not is_true():  # noqa: ASYNC110  (of another task, that knows nothing of tests)
            await asyncio.sleep(0.02)
