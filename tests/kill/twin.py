"""What the topic means, read back from Kafka and folded by the slow plain twin."""

import asyncio
import json
import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import aiokafka
import pyarrow as pa

from service.domain.bands import event_limits
from service.domain.rules import load_rule_set
from tests.kill.feed import ARROW, JSON, POISON, QUALITIES
from tests.kill.street import N_PARTITIONS
from tests.oracle.folding import Devices, fold_log
from tests.oracle.ledger import Ledger, join_ledgers
from tests.oracle.watching import Event, EventLimits, Kind, events_of
from tests.oracle.words import Outcome, Reading

N_PROCESSES = 2
_READ_WITHIN_S = 60.0
_CODES = {name: code for code, name in enumerate(QUALITIES)}


@dataclass(frozen=True, slots=True)
class PartitionTwin:
    """What the log of one partition means."""

    ledger: Ledger  # by point and hour, late readings merged
    counts: Counter[str]  # readings, as the conservation sums name them
    events: dict[tuple[int, Kind, int], Event]


def fold_topic(bootstrap: str, topic: str, devices: Devices) -> tuple[Ledger, list[PartitionTwin]]:
    """Return the pages of the whole topic, and what each partition means."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(N_PROCESSES, mp_context=spawn) as processes:
        same = (repeat(bootstrap), repeat(topic), repeat(devices))
        twins = list(processes.map(_fold, *same, range(N_PARTITIONS)))
    return join_ledgers(twin.ledger for twin in twins), twins


async def log_ends(bootstrap: str, topic: str) -> dict[int, int]:
    """Return the offset after the last message of each partition."""
    partitions = [aiokafka.TopicPartition(topic, number) for number in range(N_PARTITIONS)]
    async with aiokafka.AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        ends = await consumer.end_offsets(partitions)
    return {key.partition: end for key, end in ends.items()}


def _fold(bootstrap: str, topic: str, devices: Devices, partition: int) -> PartitionTwin:
    records = asyncio.run(_records(bootstrap, topic, partition))
    n_poison = sum(record.value == POISON for record in records)
    readings = [reading for record in records for reading in _readings(record)]
    events = event_limits(load_rule_set("sgcc-2003"))
    folded = fold_log(readings, devices, events=EventLimits(**events._asdict()))
    counts = Counter(_name_of(outcome) for outcome in folded.outcomes)
    counts["dead_lettered"] += n_poison
    counts["consumed"] = len(readings) + n_poison
    return PartitionTwin(folded.ledger(), counts, events_of(folded.edges))


async def _records(bootstrap: str, topic: str, partition: int) -> Sequence[Any]:
    """Return every record of a partition."""
    key, records = aiokafka.TopicPartition(topic, partition), []
    async with asyncio.timeout(_READ_WITHIN_S):
        consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        async with consumer:
            consumer.assign([key])
            await consumer.seek_to_beginning(key)
            end = (await consumer.end_offsets([key]))[key]
            while await consumer.position(key) < end:
                polled = await consumer.getmany(timeout_ms=1000, max_records=1000)
                records += polled.get(key, [])
    return records


def _readings(record: Any) -> Iterator[Reading]:
    if tuple(record.headers) == tuple(ARROW):
        yield from _arrow_readings(record)
    elif tuple(record.headers) == tuple(JSON):
        for one in json.loads(record.value):
            volts = (one["v1"], one["v2"], one["v3"])
            quality = _CODES[one["quality"]]
            yield Reading(one["device"], one["ts"], record.timestamp, *volts, quality)
    else:
        assert record.value == POISON


def _arrow_readings(record: Any) -> Iterator[Reading]:
    table = pa.ipc.open_stream(record.value).read_all()
    stamps = table.column("ts").cast(pa.int64())
    columns = [table.column(name).to_pylist() for name in ("device", "v1", "v2", "v3", "quality")]
    for stamp, device, v1, v2, v3, quality in zip(stamps.to_pylist(), *columns, strict=True):
        yield Reading(device, stamp, record.timestamp, v1, v2, v3, _CODES[quality])


def _name_of(outcome: Outcome) -> str:
    return "dead_lettered" if outcome.is_dead_letter else outcome.name.lower()
