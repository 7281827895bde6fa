"""The producer, a process of its own: every reading is sent when its interval is over, not earlier and not later.

``python -m tests.bench.steady.pacing BOOTSTRAP TOPIC SECONDS SHIFT GROUPS`` with groups as ``250000x1,25000x60``;
stamps are so many seconds behind the clock. It writes a line of JSON for each second (``sent``: readings so far) and
for each last reading of a minute (``minute``: by the clock).
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import aiokafka
import uvloop

from tests.bench.steady.fleet import PER_MESSAGE, Concentrator, Group, concentrators

_TICK_S = 0.02
_MINUTE_S = 60
_SLOWEST_SPREAD_S = 60  # slow meters are sent within a minute after their interval


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A message and when it is to be sent, seconds since the Unix epoch."""

    at_s: float
    number: int
    stamp_s: int  # the start of its interval


def due_between(senders: Sequence[Concentrator], from_s: float, to_s: float) -> Iterator[Due]:
    """Yield what is due in ``[from_s, to_s)``, in no order.

    The interval of a reading ends at ``k * interval``, and its concentrator's turn comes at a fixed time after it:
    those of a second share that second, slower ones share a minute.
    """
    of_interval: dict[int, list[Concentrator]] = {}
    for sender in senders:
        of_interval.setdefault(sender.group.interval_s, []).append(sender)
    for interval_s, members in of_interval.items():
        spread_s = min(interval_s, _SLOWEST_SPREAD_S)
        for place, sender in enumerate(members):
            after_s = spread_s * place / len(members)
            k = -(
                (after_s - from_s) // interval_s
            )  # the first interval whose turn is not before from_s
            end_s = int(k) * interval_s
            while end_s + after_s < to_s:
                yield Due(end_s + after_s, sender.number, end_s - interval_s)
                end_s += interval_s


def read_groups(text: str) -> list[Group]:
    """Return the groups that ``text`` names."""
    pairs = (part.split("x") for part in text.split(","))
    return [Group(n_points=int(n_points), interval_s=int(interval)) for n_points, interval in pairs]


@dataclass(frozen=True, slots=True)
class Where:
    """Where messages go."""

    bootstrap: str
    topic: str


async def produce(where: Where, seconds: int, senders: Sequence[Concentrator]) -> None:
    """Send from the next whole second on, for so many seconds."""
    producer = aiokafka.AIOKafkaProducer(
        bootstrap_servers=where.bootstrap, linger_ms=10, max_batch_size=1_000_000, acks=1
    )
    await producer.start()
    try:
        begin_s = int(time.time()) + 1
        await _keep_time(producer, where, senders, range(begin_s, begin_s + seconds))
    finally:
        await producer.stop()


async def _keep_time(
    producer: aiokafka.AIOKafkaProducer,
    where: Where,
    senders: Sequence[Concentrator],
    span: range,
) -> None:
    n_sent = 0
    for second in span:
        for due in sorted(due_between(senders, second, second + 1)):
            await _until(due.at_s)
            sender = senders[due.number]
            value = sender.message(due.stamp_s * 1000)
            await producer.send(where.topic, value, partition=sender.partition)
            n_sent += PER_MESSAGE
            if (due.stamp_s + sender.group.interval_s) % _MINUTE_S == 0:
                minute_s = due.stamp_s + sender.group.interval_s - _MINUTE_S
                _tell(minute=minute_s, concentrator=due.number, at=time.time(), due=due.at_s)
        await _until(second + 1)
        _tell(at=time.time(), sent=n_sent, processor_s=time.process_time())


async def _until(at_s: float) -> None:
    """Sleep in steps of a tick: what is due within one is sent at once."""
    wait_s = at_s - time.time()
    if wait_s > 0:
        await asyncio.sleep(max(_TICK_S, wait_s))


def _tell(**facts: float) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _bootstrap, _topic, _seconds, _groups = sys.argv[1:]
    _senders = concentrators(read_groups(_groups))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(produce(Where(_bootstrap, _topic), int(_seconds), _senders))
