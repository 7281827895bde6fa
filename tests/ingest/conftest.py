import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from service.embedded.broker import EmbeddedBroker
from service.settings import Settings
from service.settings.parts import DatabaseSettings
from tests.backends import IS_REAL
from tests.ingest.brokers import Broker, unique
from tests.ingest.network import Network


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """The broker of the session; every test takes topics and groups of its own."""
    if IS_REAL:
        from tests.real.kafka import RealKafka  # noqa: PLC0415
        from tests.real.parts import read_parts  # noqa: PLC0415

        with RealKafka(parts=read_parts(os.environ)) as kafka:
            yield Broker(kafka.bootstrap)
        return
    embedded = EmbeddedBroker()
    with asyncio.Runner() as here:  # the broker lives as long as the thread that starts it
        here.run(embedded.start())
        try:
            yield Broker(embedded.bootstrap)
        finally:
            here.run(embedded.stop())


@pytest.fixture
async def topic(broker: Broker) -> str:
    """A new topic of four partitions."""
    name = unique("readings")
    await broker.create_topic(name, 4)
    return name


@pytest.fixture
async def network(
    fresh_database: Callable[[], DatabaseSettings], broker: Broker, topic: str
) -> AsyncIterator[Network]:
    """A database, a topic, and consumers between them; those that run are stopped at the end."""
    database = fresh_database()
    letters = unique("dead-letters")
    await broker.create_topic(letters, 1)
    settings = Settings(
        kafka_bootstrap=broker.bootstrap,
        topics=(topic,),
        meter_event_topics=(),
        group=unique("group"),
        dead_letter_topic=letters,
        database_dsn=database.database_dsn,
        metrics_port=0,
        checkpoint_interval_s=0.3,
        # The embedded broker lets a group settle for half of this; the real one allows no less.
        session_timeout_s=6.0 if IS_REAL else 1.0,
        rebalance_timeout_s=10.0,
        oldest_reading_age_s=0,
    )
    async with Network.between(broker, settings) as made:
        yield made
