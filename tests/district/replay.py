"""Sending what a district sent, in the order of its arrival, readings and meter events side by side.

Each record has the time at which it arrived, as a broker would have stamped it then: whether news are
old, and what was known when, is told by it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from service.simulate.frames import arriving
from tests.district.servers import EVENTS, READINGS

_IN_FLIGHT = 2000  # messages sent before the producer is waited for
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Sent:
    """How many messages went to each topic."""

    n_readings: int = 0
    n_events: int = 0


async def replay(folder: Path, bootstrap: str, tell: Callable[[str], None]) -> Sent:
    """Send a whole folder of ``voltpass simulate``; ``tell`` hears of each day."""
    async with _producer(bootstrap) as producer:
        events = _events(folder)
        event = next(events, None)
        n_readings = n_events = 0
        waiting: list[asyncio.Future[object]] = []
        day = -1
        for frame in arriving(folder / "readings"):
            while event is not None and event[0] <= frame.arrives_ms:
                waiting.append(await _send_event(producer, event))
                n_events += 1
                event = next(events, None)
            waiting.append(
                await producer.send(
                    READINGS, frame.value, key=frame.key, timestamp_ms=frame.arrives_ms
                )
            )
            n_readings += 1
            if len(waiting) >= _IN_FLIGHT:
                await asyncio.gather(*waiting)
                waiting.clear()
            if frame.arrives_ms // _DAY_MS != day:
                day = frame.arrives_ms // _DAY_MS
                tell(f"day {day}: {n_readings} messages with readings, {n_events} with events")
        while event is not None:
            waiting.append(await _send_event(producer, event))
            n_events += 1
            event = next(events, None)
        await asyncio.gather(*waiting)
    return Sent(n_readings, n_events)


async def _send_event(
    producer: AIOKafkaProducer, event: tuple[int, bytes, bytes]
) -> asyncio.Future[object]:
    arrives_ms, key, value = event
    sent: asyncio.Future[object] = await producer.send(
        EVENTS, value, key=key, timestamp_ms=arrives_ms
    )
    return sent


def _events(folder: Path) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield arrival, key and message of each meter event; the line is the message as it is."""
    with (folder / "meter_events.jsonl").open("rb") as lines:
        for line in lines:
            event = msgspec.json.decode(line, type=dict[str, object])
            arrives = datetime.fromisoformat(str(event["arrives_at"]))
            yield int(arrives.timestamp() * 1000), str(event["device"]).encode(), line.strip()


@asynccontextmanager
async def _producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=20, max_batch_size=1_000_000, acks=1
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
