"""Broker and database of a run: from wheels, or the real ones."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from service.embedded.broker import EmbeddedBroker
from service.embedded.postgres import EmbeddedPostgres
from tests.real.parts import read_parts
from tests.real.servers import RealKafka, RealTimescale

READINGS = "voltpass.readings"
EVENTS = "voltpass.meter-events"
_LETTERS = "voltpass.dead-letters"
N_PARTITIONS = 4
# What a database of this size would be given; the defaults are for the smallest machine.
_PARAMETERS = {"shared_buffers": "1GB", "max_wal_size": "8GB", "checkpoint_timeout": "15min"}


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they are."""

    bootstrap: str
    dsn: str


@asynccontextmanager
async def running_servers(*, real: bool) -> AsyncIterator[Servers]:
    """Run both for as long as the block lasts, with the topics."""
    if not real:
        async with EmbeddedPostgres(parameters=_PARAMETERS) as postgres, EmbeddedBroker() as broker:
            for topic in (READINGS, EVENTS, _LETTERS):
                await broker.create_topic(topic, n_partitions=N_PARTITIONS)
            yield Servers(broker.bootstrap, postgres.dsn)
        return
    parts = read_parts(os.environ)
    kafka = RealKafka(parts=parts, timestamp_type="CreateTime")  # the time at which it arrived
    timescale = RealTimescale(parts=parts, settings=_PARAMETERS)
    await asyncio.to_thread(kafka.start)
    try:
        await asyncio.to_thread(timescale.start)
        await _create_topics(kafka.bootstrap)
        dsn = await asyncio.to_thread(timescale.create_database)
        yield Servers(kafka.bootstrap, dsn)
    finally:
        await asyncio.to_thread(timescale.stop)
        await asyncio.to_thread(kafka.stop)


async def _create_topics(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics(
            [NewTopic(topic, N_PARTITIONS, 1) for topic in (READINGS, EVENTS, _LETTERS)]
        )
    finally:
        await admin.close()
