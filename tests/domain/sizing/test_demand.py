"""What a point asks for, held against the engine and the code that it is counted from."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import LANES_PER_BLOCK
from service.domain.bands import event_limits
from service.domain.batch import Message
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.judging import make_judge
from service.domain.lane_book import LaneBook
from service.domain.lanes import lane_directory
from service.domain.registry import Device, Point, Registry
from service.domain.rules import load_rule_set
from service.domain.sizing.coefficients import load_coefficients, parse_coefficients
from service.domain.sizing.demand import (
    consume_s_per_million,
    demand_of,
    log_bytes_per_reading,
    page_writes_per_minute,
    touched_share,
)
from service.domain.sizing.workload import Encoding, Workload, WorkloadError
from service.errors import SettingsError
from service.ingest.checkpoint_policy import CheckpointPolicy
from service.settings.parts import DatabaseSettings
from service.wire import Decoder
from service.wiring import consume, settle

KNOWN = load_coefficients()
RULES = load_rule_set("sgcc-2003")
ONE_SECOND = Workload(n_points=100_000, interval_s=1)
T0 = datetime(2026, 1, 1, tzinfo=UTC)
T0_MS = 1_767_225_600_000


def dirty_checkpoints(interval_s: int, checkpoint_s: int, n_minutes: int) -> int:
    """Return how many checkpoints of one point's readings have its page, after the first ones."""
    registry = Registry(
        judgement=1,
        points=[
            Point(
                point_id=1,
                point="P1",
                nominal_mv=220_000,
                wiring="1p",
                point_class="D",
                valid_from=T0,
            )
        ],
        devices=[
            Device(device_id=1, device="M1", point_id=1, interval_s=interval_s, valid_from=T0)
        ],
    )
    directory = lane_directory(registry, make_judge(registry, RULES).live_bands)
    engine = PartitionEngine(LaneBook(directory), FoldPolicy(events=event_limits(RULES)))
    n_dirty, waiting = 0, list[Message]()
    from_s = max(300, 2 * interval_s)  # until then the first minutes open
    for second in range(0, from_s + 60 * n_minutes, interval_s):
        stamp_ms = T0_MS + 1000 * second
        reading = json.dumps({"device": "M1", "ts": stamp_ms, "v1": 220 + second % 7}).encode()
        waiting.append(Message(second, stamp_ms + 1000 * interval_s, reading))
        if (second + interval_s) // checkpoint_s > second // checkpoint_s:
            engine.fold(Decoder().decode(waiting).batches)
            waiting.clear()
            n_dirty += (engine.take_image().pages.n_pages > 0) and second >= from_s
    return n_dirty


@pytest.mark.parametrize(
    ("interval_s", "checkpoint_s", "n_minutes"),
    [
        (1, 5, 4),
        (1, 60, 4),
        (2, 5, 4),
        (5, 5, 4),
        (10, 5, 6),
        (30, 5, 6),
        (60, 5, 10),
        (900, 5, 60),
    ],
)
def test_pages_change_as_often_as_the_engine_changes_them(
    interval_s: int, checkpoint_s: int, n_minutes: int
) -> None:
    workload = replace(ONE_SECOND, interval_s=interval_s, checkpoint_s=checkpoint_s)

    expected = page_writes_per_minute(workload) * n_minutes

    assert dirty_checkpoints(interval_s, checkpoint_s, n_minutes) == expected


def test_what_is_counted_from_the_code_is_what_the_code_says() -> None:
    counted = {one.name: int(one.value) for one in KNOWN if one.certainty == "counted"}

    assert counted == {
        "lanes_per_block": LANES_PER_BLOCK,
        "consumer_connections": consume._CONNECTIONS,  # noqa: SLF001
        "serve_connections": DatabaseSettings(database_dsn="").reader_pool_size,
        "settle_connections": settle.CONNECTIONS,
        "consumer_pages": CheckpointPolicy(interval_s=1).max_pages,
    }


@pytest.mark.parametrize(
    ("encoding", "per_message", "form"),
    [
        ("arrow", 1000, "arrow_1000"),
        ("arrow", 37, "arrow_37"),
        ("json", 37, "json_37"),
        ("json", 1, "json_1"),
    ],
)
def test_a_format_that_was_measured_costs_what_was_measured(
    encoding: Encoding, per_message: int, form: str
) -> None:
    workload = replace(ONE_SECOND, encoding=encoding, per_message=per_message, compression="zstd")

    assert round(consume_s_per_million(workload, KNOWN), 9) == KNOWN[f"consume_{form}_1p"]
    assert round(log_bytes_per_reading(workload, KNOWN), 9) == KNOWN[f"log_{form}_zstd_1p"]


@given(
    st.sampled_from(["arrow", "json"]),
    st.integers(1, 100_000),
    st.integers(1, 100_000),
    st.sampled_from([1, 3]),
)
def test_longer_messages_never_cost_more(
    encoding: Encoding, one: int, other: int, phases: int
) -> None:
    short, long = (
        replace(ONE_SECOND, encoding=encoding, per_message=size, n_phases=phases)
        for size in sorted((one, other))
    )

    assert consume_s_per_million(long, KNOWN) <= consume_s_per_million(short, KNOWN)
    plain = [replace(one, compression="none") for one in (long, short)]
    assert log_bytes_per_reading(plain[0], KNOWN) <= log_bytes_per_reading(plain[1], KNOWN)
    assert 0 < log_bytes_per_reading(short, KNOWN) < log_bytes_per_reading(plain[1], KNOWN)


def test_arrow_messages_of_a_reading_take_more_than_the_shortest_that_was_measured() -> None:
    one, few = (replace(ONE_SECOND, per_message=size) for size in (1, 37))

    assert log_bytes_per_reading(one, KNOWN) > 10 * log_bytes_per_reading(few, KNOWN)


def test_blocks_of_lanes_that_report_together_are_touched_together() -> None:
    minute = replace(ONE_SECOND, interval_s=60)

    assert touched_share(ONE_SECOND, KNOWN) == 1
    assert round(touched_share(minute, KNOWN) * 12, 9) == 1  # five of sixty seconds
    assert touched_share(replace(minute, per_message=37), KNOWN) > Decimal("0.9")


def test_a_block_is_touched_as_often_as_a_plain_count_says() -> None:
    """Two messages of half a block each, in any two of the twelve checkpoints of a minute."""
    workload = replace(ONE_SECOND, interval_s=60, per_message=LANES_PER_BLOCK // 2)
    pairs = [(a, b) for a in range(12) for b in range(12)]

    touched = sum(checkpoint in pair for pair in pairs for checkpoint in range(12))

    assert round(touched_share(workload, KNOWN), 12) == round(
        Decimal(touched) / (12 * len(pairs)), 12
    )


@given(st.sampled_from([1, 5, 30, 60, 300, 900, 3600]), st.sampled_from([1, 5, 60]))
def test_slower_readings_ask_for_no_more(interval_s: int, checkpoint_s: int) -> None:
    slow = demand_of(replace(ONE_SECOND, interval_s=interval_s, checkpoint_s=checkpoint_s), KNOWN)
    fast = demand_of(replace(ONE_SECOND, checkpoint_s=checkpoint_s), KNOWN)

    assert slow.readings <= fast.readings
    assert slow.pages <= fast.pages
    assert slow.lanes <= fast.lanes
    assert slow.database_s <= fast.database_s
    assert slow.page_bytes_repacked == fast.page_bytes_repacked


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"n_points": 0}, "points: 0; give 1 to 1,000,000,000"),
        ({"interval_s": 0}, "interval: 0; give 1 to 3,600"),
        ({"interval_s": 7}, "a divisor of 60, or whole minutes"),
        ({"interval_s": 90}, "a divisor of 60, or whole minutes"),
        ({"per_message": 100_001}, "readings per message: 100001; give 1 to 100,000"),
        ({"n_points": 10, "per_message": 11}, "readings per message: 11 of 10 points"),
        ({"n_phases": 2}, "phases: 2; give 1 or 3"),
        ({"retention_days": 2}, "retention days: 2; give 3 to"),
        ({"headroom": Decimal("0.9")}, "headroom: 0.9; give 1 to 10"),
        ({"headroom": Decimal("NaN")}, "headroom: NaN; give 1 to 10"),
    ],
)
def test_a_workload_out_of_bounds_says_what_is_allowed(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(WorkloadError, match=says):
        replace(ONE_SECOND, **changed)


HEAD = """
machine = "m"
checkpoint = []
[run.r]
certainty = "measured"
source = "s"
on = 2026-01-01
"""
ROW = '[x]\nvalue = "1"\nunit = "B"\nwhat = "w"\nrun = "r"\n'


@pytest.mark.parametrize(
    "text",
    [
        "machine = ",
        HEAD.replace('machine = "m"', "") + ROW,
        HEAD + ROW.replace('"1"', '"0"'),
        HEAD + ROW.replace('"1"', '"NaN"'),
        HEAD + ROW.replace('"1"', '"many"'),
        HEAD + ROW.replace('run = "r"', 'run = "other"'),
        HEAD + ROW + 'note = "x"\n',
        HEAD.replace("measured", "guessed") + ROW,
        HEAD.replace("2026-01-01", '"soon"') + ROW,
    ],
)
def test_coefficients_without_number_source_or_date_are_refused(text: str) -> None:
    assert parse_coefficients(HEAD + ROW)["x"] == 1
    with pytest.raises(SettingsError, match=r"coefficients\.toml"):
        parse_coefficients(text)
