"""The peer of the consumer: a loop that fetches the same messages and throws them away."""

import asyncio
import sys
import time

import aiokafka
import uvloop

from service.settings.parts import KafkaSettings

MAX_RECORDS = KafkaSettings.model_fields["max_poll_records"].default  # as the consumer takes them


async def read_all(bootstrap: str, topic: str, n_partitions: int, n_messages: int) -> float:
    """Return seconds that ``getmany`` takes for ``n_messages`` messages of a topic, from its beginning."""
    consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [aiokafka.TopicPartition(topic, number) for number in range(n_partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        n_read, began = 0, time.perf_counter()
        while n_read < n_messages:
            polled = await consumer.getmany(timeout_ms=1000, max_records=MAX_RECORDS)
            n_read += sum(len(records) for records in polled.values())
        return time.perf_counter() - began
    finally:
        await consumer.stop()


if __name__ == "__main__":
    bootstrap, topic, n_partitions, n_messages = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(read_all(bootstrap, topic, int(n_partitions), int(n_messages))))
