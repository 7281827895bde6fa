"""Whatever comes: it ends as a dead letter or as invalid, is counted, and the consumer goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from service.store.device_clocks import device_clocks
from tests.ingest.network import JSON, Network, reading, this_minute_ms

pytestmark = pytest.mark.integration

ARROW = [("content-type", b"application/vnd.apache.arrow.stream")]
HOUR_MS = 3_600_000
NOW_MS = this_minute_ms()
Value = bytes | Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Poison:
    """A message of one reading, and how it ends."""

    value: Value
    reason: str | None  # of its dead letter; None: it has none
    outcome: str = "dead_lettered"
    detail: str = ""  # part of the letter's
    headers: Sequence[tuple[str, bytes]] = ()


def arrow(**columns: Any) -> bytes:
    batch = pa.RecordBatch.from_pydict(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def stamps(*ms: int) -> "pa.Array[Any]":
    return pa.array(ms, pa.timestamp("ms", "UTC"))


NO_STAMPS, NO_VOLTS = stamps(), pa.array([], pa.float64())
EMPTY_BATCH = arrow(device=pa.array([], pa.utf8()), ts=NO_STAMPS, v1=NO_VOLTS)
NO_TS = arrow(device=["M1"], v1=[220.0])
NAN = arrow(device=["M1"], ts=stamps(NOW_MS - HOUR_MS), v1=[np.nan])

POISON = {
    "a message that is no reading": Poison(b"{not json", "undecodable_message", headers=JSON),
    "an unknown device": Poison(
        [reading("M404", NOW_MS - HOUR_MS, 220.0)], "unknown_device", detail="is registered"
    ),
    "a NaN": Poison(NAN, None, outcome="invalid"),
    "a negative voltage": Poison([reading("M1", NOW_MS - HOUR_MS, -1.0)], None, outcome="invalid"),
    "1e9 V": Poison([reading("M1", NOW_MS - HOUR_MS, 1e9)], None, outcome="invalid"),
    "a stamp in 1970": Poison([reading("M1", 0, 220.0)], "stamp_too_old"),
    "a stamp in 2100": Poison([reading("M1", 4_102_444_800_000, 220.0)], "stamp_ahead"),
    "an empty Arrow batch": Poison(EMPTY_BATCH, "empty_message", headers=ARROW),
    "an Arrow batch without stamps": Poison(
        NO_TS, "undecodable_message", detail="column ts is missing"
    ),
    "1 MB of random bytes": Poison(Random(6).randbytes(1_000_000), "undecodable_message"),
    "a message without a value": Poison(None, "empty_message"),
    "three voltages of one phase": Poison(
        [reading("M1", NOW_MS - HOUR_MS, 220.0, v2=220.0, v3=220.0)], "wrong_phases"
    ),
    "an array with one wrong reading": Poison(
        b'[{"device": "M1", "ts": %d, "v1": "high"}]' % NOW_MS, "malformed_reading", headers=JSON
    ),
    "a name that no database stores": Poison(
        [reading("M\x001", NOW_MS - HOUR_MS, 220.0)], "malformed_reading"
    ),
    "infinite volts of an unknown device": Poison(
        arrow(device=["M404"], ts=stamps(NOW_MS), v1=[np.inf]), "malformed_reading"
    ),
}


async def test_each_is_refused_and_counted_and_the_consumer_goes_on(network: Network) -> None:
    await network.register("M1", "M2")
    network.consume(oldest_reading_age_s=864_000)

    async def good(minute: int) -> None:
        at_ms = NOW_MS - 2 * HOUR_MS + 60_000 * minute
        await network.send([reading("M2", at_ms, 220.0)])

    await good(0)
    for minute, (name, poison) in enumerate(POISON.items(), 1):
        before = await network.stored(2 * minute - 1)
        await network.send(poison.value, headers=poison.headers)
        await good(minute)
        after = await network.stored(2 * minute + 1)

        counted = {outcome: after[outcome] - before[outcome] for outcome in after}
        gone_on = dict.fromkeys(after, 0) | {"consumed": 2, "folded": 1, poison.outcome: 1}
        assert counted == gone_on, name
        letters = [one for one in await network.letters() if one["kafka_offset"] == 2 * minute - 1]
        reasons = [] if poison.reason is None else [poison.reason]
        assert [letter["reason"] for letter in letters] == reasons, name
        assert all(poison.detail in letter["detail"] for letter in letters), name


async def test_the_good_readings_of_a_message_with_a_wrong_one_are_kept(network: Network) -> None:
    await network.register("M1")
    network.consume()

    await network.send(
        [
            reading("M1", NOW_MS - 2 * HOUR_MS, 220.0),
            reading("M404", NOW_MS - 2 * HOUR_MS, 220.0),
            {"device": "M1", "ts": "yesterday", "v1": 220.0},
            reading("M1", NOW_MS - 2 * HOUR_MS + 60_000, 220.0),
        ]
    )
    sums = await network.stored(4)

    assert (sums["folded"], sums["dead_lettered"]) == (2, 2)
    letters = {letter["index_in_message"]: letter["reason"] for letter in await network.letters()}
    assert letters == {1: "unknown_device", 2: "malformed_reading"}


async def test_a_record_of_a_time_that_no_calendar_has_stops_nothing(network: Network) -> None:
    await network.register("M1")
    network.consume()

    await network.send([reading("M1", NOW_MS - HOUR_MS, 220.0)], timestamp_ms=2**62)
    await network.send(b"\x00", timestamp_ms=2**62)
    sums = await network.stored(2)

    assert (sums["folded"], sums["dead_lettered"]) == (1, 1)


async def test_clocks_are_seen_also_by_readings_that_are_refused(network: Network) -> None:
    await network.register("RIGHT", "AHEAD")
    network.consume()

    now_ms = this_minute_ms()
    await network.send(
        [reading("RIGHT", now_ms - 60_000, 220.0), reading("AHEAD", now_ms + 8 * HOUR_MS, 220.0)]
    )
    sums = await network.stored(2)
    await network.until("SELECT count(*) = 2 FROM device_clock")

    assert (sums["folded"], sums["dead_lettered"]) == (1, 1)
    found = await device_clocks(network.connection)
    assert {one.device: one.clock.finding for one in found} == {"AHEAD": "zone", "RIGHT": "right"}
