"""The recordings through the engine of the log, late readings merged, give what scoring gives."""

import csv
import gzip
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from kernels.layout import LATE
from service.domain.bands import event_limits
from service.domain.batch import Batch
from service.domain.checkpoint import concatenated, join_pages
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.judging import make_judge
from service.domain.lane_book import LaneBook
from service.domain.lanes import lane_directory, live_of_one
from service.domain.late import merge_late
from service.domain.pages import PageColumns
from service.domain.rates import VerdictCounts
from service.domain.registry import Device, Point, Registry
from service.domain.rules import load_rule_set
from service.offline.options import ScoreOptions
from service.offline.scoring import score_file
from service.recordings import SECHA_FEEDER, UCI_HOUSEHOLD, Recording

SGCC = load_rule_set("sgcc-2003")
BAND = (-300, 100)


def registry_of(recording: Recording) -> Registry:
    point = Point(
        point_id=1,
        point="P",
        nominal_mv=recording.nominal_v * 1000,
        wiring=recording.wiring,
        point_class="D",
        band_lower=BAND[0],
        band_upper=BAND[1],
        valid_from=datetime(1990, 1, 1, tzinfo=UTC),
    )
    device = Device(
        device_id=1,
        device="D",
        point_id=1,
        interval_s=recording.interval_s,
        stamp_at=recording.stamp_at,
        zone=recording.zone,
        valid_from=datetime(1990, 1, 1, tzinfo=UTC),
    )
    return Registry(judgement=1, points=[point], devices=[device])


def batch_of(recording: Recording) -> Batch:
    """Return the recording as a log, one reading a message."""
    text = gzip.decompress(recording.file().read_bytes()).decode()
    rows = list(csv.DictReader(text.splitlines()))
    zone = ZoneInfo(recording.zone)
    at = [datetime.fromisoformat(row["ts"]).replace(tzinfo=zone) for row in rows]
    stamp_ms = np.array([round(each.timestamp() * 1000) for each in at])

    def column(*names: str) -> NDArray[np.float64]:
        texts = [row[name] for name in names if name in rows[0] for row in rows]
        return np.array(texts, np.float64)

    return Batch(
        ["D"],
        b"D",
        np.zeros(len(rows), np.int32),
        stamp_ms,
        np.zeros(0, np.uint8),
        column("v", "v1"),
        column("v2"),
        column("v3"),
        quality=np.zeros(len(rows), np.uint8),
        offset=np.arange(len(rows)),
        record_ms=stamp_ms + recording.interval_s * 1000,
        index=np.zeros(len(rows), np.int32),
    )


def joined(pages: PageColumns, others: PageColumns) -> PageColumns:
    """Return the pages, with those of ``others`` that are new, all joined."""
    row_of = {hour: i for i, hour in enumerate(pages.hour.tolist())}
    into = np.array([row_of.get(hour, -1) for hour in others.hour.tolist()], np.int64)
    assert (into >= 0).all()
    join_pages(pages, into, others)
    return pages


@pytest.mark.parametrize(("recording", "n_late"), [(UCI_HOUSEHOLD, 0), (SECHA_FEEDER, 2)])
def test_a_recording_gives_the_same_live_and_as_a_file(recording: Recording, n_late: int) -> None:
    registry = registry_of(recording)
    with recording.path() as path:
        options = ScoreOptions(
            nominal_mv=recording.nominal_v * 1000,
            wiring=recording.wiring,
            stamp_at=recording.stamp_at,
            zone=ZoneInfo(recording.zone),
            band=BAND,
        )
        (score,) = score_file(path, options).points

    directory = lane_directory(registry, live_of_one((0, 4_000_000)))
    engine = PartitionEngine(LaneBook(directory), FoldPolicy(events=event_limits(SGCC)))
    counts = engine.fold([batch_of(recording)])
    image = engine.take_image()
    pages = concatenated([image.pages])
    for late in image.late:
        pages = joined(pages, merge_late(late, directory).pages)
    point = replace(registry.points[0], valid_from=score.from_at, valid_to=score.to_at)
    make_judge(replace(registry, points=[point]), SGCC).judge(pages)

    assert counts[LATE] == n_late  # the first reading after each long gap
    assert (
        VerdictCounts.of_due(score.counts.n_due, pages.scores.counter.sum(axis=0)) == score.counts
    )
