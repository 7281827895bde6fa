"""The peers of the benches count what we count: a peer that counts wrongly is no peer."""

import struct

import numpy as np

from kernels.layout import VERDICT_NAMES
from service.domain.bands import event_limits
from service.domain.batch import Batch, Message
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.judging import make_judge
from service.domain.lane_book import LaneBook
from service.domain.lanes import lane_directory
from service.domain.rules import load_rule_set
from service.wire import Decoder
from tests.bench import json_telemetry
from tests.bench.peers import counting, environment, sql_ingest
from tests.ingest.fakes import MINUTE_MS, T0_MS, registry

PEER_VERDICTS = ("pass", "over", "under", "interrupted", "missing")

VOLTS = (
    "220",
    "235.4",
    "235.5",
    "235.404",
    "198",
    "197.9",
    "198.0001",
    "22",
    "21.9",
    "0",
    "253",
    "null",
)
FIRST_MS = T0_MS + 3_600_000
OURS = dict(enumerate(VERDICT_NAMES))


def messages() -> list[Message]:
    """Every voltage at every device, a minute each."""
    return [
        Message(
            offset,
            FIRST_MS + (minute + 1) * MINUTE_MS,
            f'{{"device":"{device}","ts":{FIRST_MS + minute * MINUTE_MS},"v1":{volts}}}'.encode(),
        )
        for offset, (minute, volts, device) in enumerate(
            (minute, volts, device) for minute, volts in enumerate(VOLTS) for device in ("M1", "M2")
        )
    ]


def test_a_stream_peer_counts_by_point_what_we_count() -> None:
    known, rules = registry("M1", "M2"), load_rule_set("sgcc-2003")
    judge = make_judge(known, rules)
    engine = PartitionEngine(
        book=LaneBook(lane_directory(known, judge.live_bands)),
        policy=FoldPolicy(events=event_limits(rules)),
    )
    counts = counting.Counts()

    engine.fold(Decoder().decode(messages()).batches)
    for one in messages():
        counts.add(one.value)

    pages = engine.take_image().pages
    judge.judge(pages)
    for point, device in ((1, "M1"), (2, "M2")):
        ours = pages.scores.counter[pages.point == point].sum(axis=0)
        by_name = {OURS[code]: int(n) for code, n in enumerate(ours)}
        theirs = dict(zip(PEER_VERDICTS, counts.by_device[device], strict=True))
        assert {name: by_name[name] for name in ("pass", "over", "under", "interrupted")} == {
            name: theirs[name] for name in ("pass", "over", "under", "interrupted")
        }
    assert sum(counts.total()) == len(messages())


def test_telemetry_has_voltages_of_every_verdict() -> None:
    verdicts = {counting.verdict_of(float(volts)) for volts in json_telemetry.voltages()}

    assert verdicts == {counting.PASS, counting.OVER, counting.UNDER, counting.INTERRUPTED}


def test_the_sql_peer_copies_every_reading_with_its_point() -> None:
    batches = Decoder().decode(messages()[:4]).batches

    stream = sql_ingest.stream_of(batches, sql_ingest.Points({"M1": 11, "M2": 12}))

    head, row_bytes = 19, 2 + 4 + 8 + 4 + 4 + 4 + 4
    assert (stream[:11], stream[-2:]) == (b"PGCOPY\n\xff\r\n\0", b"\xff\xff")
    found = [
        struct.unpack(">hiqiiif", stream[at : at + row_bytes])
        for at in range(head, len(stream) - 2, row_bytes)
    ]
    first_us = FIRST_MS * 1000 - 946_684_800_000_000
    assert [(row[2] - first_us, row[4], round(row[6], 3)) for row in found] == [
        (0, 11, 220.0),
        (0, 12, 220.0),
        (60_000_000, 11, 235.4),
        (60_000_000, 12, 235.4),
    ]


def test_the_lock_of_the_peers_names_no_host_and_has_every_hash() -> None:
    lines = environment.REQUIREMENTS.read_text().splitlines()

    assert not [line for line in lines if "://" in line or line.startswith("--index")]
    pins = [line for line in lines if "==" in line and not line.startswith("#")]
    assert any(line.startswith("bytewax==0.21.1") for line in pins)
    assert all(line.endswith("\\") for line in pins)


def test_the_points_of_names_that_come_behind_others_are_looked_up_too() -> None:
    points = sql_ingest.Points({"M1": 1, "M2": 2, "M3": 3})

    def of(names: list[str], *device: int) -> list[int]:
        n = len(device)
        batch = Batch(
            names=names,
            names_key=b"key",
            device=np.array(device, np.int32),
            stamp_ms=np.zeros(n, np.int64),
            has_zone=np.zeros(0, np.uint8),
            v1=np.zeros(n),
            quality=np.zeros(n, np.uint8),
            offset=np.zeros(n, np.int64),
            record_ms=np.zeros(n, np.int64),
            index=np.zeros(n, np.int32),
        )
        return [int(point) for point in points.of(batch)]

    assert of(["M3"], 0, 0) == [3, 3]
    assert of(["M3", "M1", "M2"], 2, 0, 1) == [2, 3, 1]
