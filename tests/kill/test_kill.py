"""Consumers are killed, frozen and moved about for minutes; the ledger is as if nothing had happened."""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from service.settings import Settings
from service.wiring.migrate import run_migrate
from tests.kill.consumers import Surroundings
from tests.kill.fleet import Fleet
from tests.kill.sight import Sight
from tests.kill.stored import (
    Stored,
    differences,
    event_row,
    in_words_of_the_twin,
    judged,
    settle,
    stored,
)
from tests.kill.storm import N_IN_TRANSACTION, N_KILLS, Losses, Storm
from tests.kill.street import METERS, N_PARTITIONS, assignments, register
from tests.kill.telemetry import HOUR_MS, N_HOURS
from tests.kill.twin import PartitionTwin, fold_topic, log_ends
from tests.oracle.folding import Devices
from tests.oracle.ledger import Ledger
from tests.real.kafka import RealKafka
from tests.real.parts import read_parts
from tests.real.timescale import RealTimescale

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(1500)]

TOPIC = "voltpass.readings"
SEED = int(os.environ.get("KILL_SEED", "20261123"))
FEED_S = float(os.environ.get("KILL_FEED_S", "300"))
_CAUGHT_UP_WITHIN_S = 240.0
_HURRIES_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Servers:
    """The real ones."""

    kafka: RealKafka
    timescale: RealTimescale
    folder: Path

    async def database(self) -> str:
        """Return the DSN of a migrated database with every meter registered."""
        dsn = self.timescale.create_database()
        await run_migrate(Settings(database_dsn=dsn))
        await register(dsn)
        return dsn

    def surroundings(self, dsn: str, group: str) -> Surroundings:
        return Surroundings(
            bootstrap=self.kafka.bootstrap, topic=TOPIC, dsn=dsn, group=group, folder=self.folder
        )


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    parts = read_parts(os.environ)
    with RealKafka(parts=parts) as kafka, RealTimescale(parts=parts) as timescale:
        yield Servers(kafka, timescale, tmp_path)


async def test_the_ledger_is_that_of_the_undisturbed_run_and_of_the_twin(
    servers: Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report()
    await _make_topics(servers.kafka.bootstrap)

    with report.timing("storm"):
        dsn = await servers.database()
        losses, totals = await _storm(servers, dsn)
    ends = await log_ends(servers.kafka.bootstrap, TOPIC)
    with report.timing("settle"):
        await settle(dsn)
    with report.timing("undisturbed run, settled"):
        calm_dsn = await _calm_run(servers, ends)
    disturbed, calm = await stored(dsn), await stored(calm_dsn)
    with report.timing("twin"):
        connection = await asyncpg.connect(dsn)
        devices = await assignments(connection)
        await connection.close()
        ledger, twins = fold_topic(servers.kafka.bootstrap, TOPIC, devices)

    report.say(losses, totals, disturbed)
    with capsys.disabled():
        sys.stdout.write(report.text)
    _same_as_the_undisturbed_run(disturbed, calm)
    _same_as_the_twin(disturbed, ledger, twins, devices)
    _nothing_is_lost_or_counted_twice(disturbed, twins)
    assert losses.n_kills >= N_KILLS
    assert losses.n_in_transaction >= N_IN_TRANSACTION
    assert losses.frozen_in.startswith("COPY")


def _same_as_the_undisturbed_run(disturbed: Stored, calm: Stored) -> None:
    assert disturbed.devices == calm.devices
    assert differences(disturbed.pages, calm.pages) == []
    assert differences(disturbed.events, calm.events) == []
    assert disturbed.interruptions == calm.interruptions
    assert disturbed.sums == calm.sums


def _dark_minutes(disturbed: Stored, point_id: int, hour: int) -> frozenset[int]:
    """Return the minutes of an hour whose middle lies in an interruption: silent ones are INTERRUPTED."""
    middles = [(m, hour * 3_600_000 + m * 60_000 + 30_000) for m in range(60)]
    spans = [(start, end) for owner, start, end in disturbed.dark if owner == point_id]
    return frozenset(m for m, at in middles if any(start <= at < end for start, end in spans))


def _same_as_the_twin(
    disturbed: Stored, ledger: Ledger, twins: Sequence[PartitionTwin], devices: Devices
) -> None:
    meters = {devices[meter.device][0].point_id: meter for meter in METERS}
    pages = {
        (key.owner, key.hour): judged(
            page, meters[key.owner].rules, _dark_minutes(disturbed, key.owner, key.hour)
        )
        for key, page in ledger.pages.items()
    }
    names = next(iter(pages.values())).keys()
    ours = {key: {name: row[name] for name in names} for key, row in disturbed.pages.items()}
    assert differences(ours, pages) == []

    rows = [event_row(key, event) for twin in twins for key, event in twin.events.items()]
    events = {
        (row["point_id"], row["kind"], row["start"]): row
        for row in rows
        if not meters[row["point_id"]].moves
    }
    stored_events = {key: in_words_of_the_twin(row) for key, row in disturbed.events.items()}
    assert differences(stored_events, events) == []


def _nothing_is_lost_or_counted_twice(disturbed: Stored, twins: Sequence[PartitionTwin]) -> None:
    for partition, twin in enumerate(twins):
        sums = disturbed.sums[partition]
        assert sums == {name: twin.counts[name] for name in sums}
        assert 2 * sums["consumed"] == sum(sums.values())  # itself and its parts
        assert sum(disturbed.late[partition]) == sums["late"]  # merged, duplicate; none pending


async def _storm(servers: Servers, dsn: str) -> tuple[Losses, dict[str, float]]:
    """Let consumers read while they are struck; return what was done, and their counters."""
    connection = await asyncpg.connect(dsn)
    where = servers.surroundings(dsn, "storm")
    first_ms = (int(time.time() * 1000) // HOUR_MS - N_HOURS - 1) * HOUR_MS
    try:
        async with Fleet.of(where, Sight(connection)) as fleet:
            storm = Storm(fleet, servers.timescale.port, random.Random(SEED))
            with _feed(servers.kafka.bootstrap, first_ms) as feed:
                await storm.rage(FEED_S)
                n_sent = int(await asyncio.to_thread(_hurried, feed))
            ends = await log_ends(servers.kafka.bootstrap, TOPIC)
            assert sum(ends.values()) > n_sent
            fleet.grow_to(2)
            await fleet.caught_up(ends, _CAUGHT_UP_WITHIN_S)
            await fleet.stop_all()
            return storm.losses, fleet.totals
    finally:
        await connection.close()


async def _calm_run(servers: Servers, ends: dict[int, int]) -> str:
    """Read the whole topic with one consumer into a database of its own; return its DSN."""
    dsn = await servers.database()
    connection = await asyncpg.connect(dsn)
    try:
        async with Fleet.of(servers.surroundings(dsn, "calm"), Sight(connection)) as fleet:
            fleet.grow_to(1)
            await fleet.caught_up(ends, _CAUGHT_UP_WITHIN_S)
            await fleet.stop_all()
    finally:
        await connection.close()
    await settle(dsn)
    return dsn


async def _make_topics(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics(
            [NewTopic(TOPIC, N_PARTITIONS, 1), NewTopic("voltpass.dead-letters", 1, 1)]
        )
    finally:
        await admin.close()


@contextlib.contextmanager
def _feed(bootstrap: str, first_ms: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the feed; it hurries when its standard input is closed."""
    arguments = [bootstrap, TOPIC, str(SEED), str(first_ms), str(FEED_S)]
    command = [sys.executable, "-m", "tests.kill.feed", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as feed:
        try:
            yield feed
        finally:
            feed.kill()


def _hurried(feed: "subprocess.Popen[bytes]") -> bytes:
    told, _ = feed.communicate(timeout=_HURRIES_WITHIN_S)
    assert feed.returncode == 0
    return told


class Report:
    """What the run was like."""

    def __init__(self) -> None:
        self.text = "\n"

    @contextlib.contextmanager
    def timing(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.text += f"kill test: {name}: {time.perf_counter() - began:.0f} s\n"

    def say(self, losses: Losses, totals: dict[str, float], disturbed: Stored) -> None:
        total = {
            name: sum(one[name] for one in disturbed.sums.values()) for name in disturbed.sums[0]
        }
        statements = ", ".join(sorted(set(losses.killed_in)))
        self.text += (
            f"kill test: seed {SEED}; kills {losses.n_kills} (+{losses.n_uncounted} not counted),"
            f" {losses.n_in_transaction} in a transaction ({statements});"
            f" {losses.n_readings_lost:,} readings folded in vain; {losses.n_stopped} stopped in order,"
            f" settle killed {losses.n_settlers_killed} times\n"
            f"kill test: frozen in {losses.frozen_in!r}, then fenced {losses.fenced_after_freeze:.0f},"
            f" assigned {losses.rejoined_after_freeze:.0f}\n"
            f"kill test: fenced {totals.get('voltpass_fenced_total', 0):.0f},"
            f" assignments {totals.get('voltpass_rebalances_total', 0):.0f}; readings {total};"
            f" {len(disturbed.pages)} pages, {len(disturbed.events)} events,"
            f" {len(disturbed.interruptions)} interruptions\n"
        )
