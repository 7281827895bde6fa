"""Meters, consumers and what they have stored: an integration test from end to end."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import asyncpg

from service import clock
from service.settings import Settings
from service.wiring.consume import run_consume
from tests.ingest.brokers import Broker

JSON = [("content-type", b"application/json")]
_WITHIN_S = 60.0
_REGISTER = """
    WITH made AS (
        INSERT INTO point (point, nominal_mv, wiring, class, feeder, region, valid_from)
        SELECT 'P-' || device, 220000, '1p', 'D', 'F1', 'R1', '1960-01-01Z'
          FROM unnest($1::text[]) AS device
        RETURNING point_id, point
    )
    INSERT INTO device (device, point_id, voltage_ratio, reading_kind, interval_s, stamp_at, zone,
                        delivery_delay_s, self_powered, valid_from)
    SELECT substr(point, 3), point_id, 1, 'mean', $2, 'start', 'UTC', 0, false, '1960-01-01Z'
      FROM made
"""


@dataclass(slots=True)
class RunningConsumer:
    """A consumer in the event loop of the test."""

    task: asyncio.Task[None]
    stop: asyncio.Event

    async def end(self) -> None:
        """Stop it in order."""
        self.stop.set()
        async with asyncio.timeout(_WITHIN_S):
            await self.task


@dataclass(slots=True)
class Network:
    """What the tests act on."""

    broker: Broker
    settings: Settings
    connection: "asyncpg.Connection[asyncpg.Record]"
    running: list[RunningConsumer] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def between(cls, broker: Broker, settings: Settings) -> AsyncIterator[Self]:
        connection = await asyncpg.connect(settings.database_dsn)
        network = cls(broker, settings, connection)
        try:
            yield network
        finally:
            for consumer in network.running:
                if not consumer.task.done():
                    await consumer.end()
            await connection.close()

    @property
    def topic(self) -> str:
        return self.settings.topics[0]

    def consume(self, **changed: object) -> RunningConsumer:
        """Start a consumer, with other settings if asked for."""
        settings = Settings.model_validate({**self.settings.model_dump(), **changed})
        stop = asyncio.Event()
        consumer = RunningConsumer(asyncio.create_task(run_consume(settings, stop)), stop)
        self.running.append(consumer)
        return consumer

    async def register(self, *devices: str, interval_s: int = 60) -> None:
        """Register devices, each on a single-phase point of its own of 220 V."""
        async with self.connection.transaction():
            await self.connection.execute(_REGISTER, list(devices), interval_s)
            await self.connection.execute(
                "UPDATE judgement SET number = number + 1, registry_number = number + 1"
            )

    async def send(
        self,
        *values: bytes | Sequence[Mapping[str, Any]] | None,
        partition: int = 0,
        headers: Sequence[tuple[str, bytes]] = (),
        timestamp_ms: int | None = None,
        topic: str | None = None,
    ) -> None:
        """Send messages: bytes as they are, readings as JSON; to the topic of readings by default."""
        async with self.broker.producer() as producer:
            for value in values:
                is_json = not isinstance(value, bytes | None)
                await producer.send(
                    topic or self.topic,
                    json.dumps(value).encode() if is_json else value,
                    key=b"k",
                    partition=partition,
                    headers=JSON if is_json else headers,
                    timestamp_ms=timestamp_ms,
                )

    async def stored(self, n_consumed: int, topic: str | None = None) -> dict[str, int]:
        """Return the conservation sums of a topic, once ``n_consumed`` readings are stored."""
        async with asyncio.timeout(_WITHIN_S):
            while (sums := await self.sums(topic))["consumed"] < n_consumed:
                await self._look_again()
        return sums

    async def until(self, is_true: str) -> None:
        """Wait until a query says that something is true."""
        async with asyncio.timeout(_WITHIN_S):
            while not await self.connection.fetchval(is_true):
                await self._look_again()

    async def _look_again(self) -> None:
        """Wait a little; a consumer that has failed, and was not killed, fails the test."""
        for consumer in self.running:
            if consumer.task.done() and not consumer.task.cancelled():
                consumer.task.result()
        await asyncio.sleep(0.05)

    async def sums(self, topic: str | None = None) -> dict[str, int]:
        row = await self.connection.fetchrow(
            """
            SELECT coalesce(sum(consumed), 0)::bigint AS consumed,
                   coalesce(sum(folded), 0)::bigint AS folded,
                   coalesce(sum(duplicate), 0)::bigint AS duplicate,
                   coalesce(sum(late), 0)::bigint AS late,
                   coalesce(sum(invalid), 0)::bigint AS invalid,
                   coalesce(sum(dead_lettered), 0)::bigint AS dead_lettered
              FROM partition_progress
             WHERE topic = $1
            """,
            topic or self.topic,
        )
        assert row is not None
        return dict(row)

    async def letters(self) -> list[asyncpg.Record]:
        return await self.connection.fetch("SELECT * FROM dead_letter ORDER BY dead_letter_id")


def reading(device: str, ts: int, volts: float, **others: object) -> dict[str, Any]:
    return {"device": device, "ts": ts, "v1": volts, **others}


def this_minute_ms() -> int:
    return clock.now_ms() // 60_000 * 60_000
