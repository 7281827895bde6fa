"""A feeder loses its supply, and somebody is told: service, Prometheus, Alertmanager and a webhook, for real.

``TEST_ALERTS_SHIPPED=1`` runs it with the intervals that ship; else they are short, the rules are the same.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service import clock
from service.domain.rules import load_rule_set
from service.embedded.broker import EmbeddedBroker
from service.embedded.ports import free_port
from service.settings import Settings
from service.settings.parts import DatabaseSettings
from service.wiring.settle import run_settle
from tests.backends import IS_REAL
from tests.deploy.alert_parts import AlertServers, Pace, Receiver, alert_servers, receiver
from tests.ingest.brokers import Broker, unique
from tests.ingest.network import Network
from tests.real.parts import RealParts, read_parts

pytestmark = [pytest.mark.real, pytest.mark.timeout(420)]

PACE = None if os.environ.get("TEST_ALERTS_SHIPPED") else Pace()
RULE = load_rule_set("sgcc-2003").alerts
WITHIN_S = 90.0  # of the first evidence, or of the end of the wait for reclosing
MINUTE_MS = 60_000
N_EACH = 12
GASP_AGO_S = 160  # last gasps come late
FEEDERS = {"F1": "城东一线", "F2": "城东二线", "F3": "城东三线"}

REGISTER = """
WITH made AS (
    INSERT INTO point (point, nominal_mv, wiring, class, organisation, region, feeder, feeder_name, transformer,
                       valid_from)
    SELECT feeder || '-' || n, 220000, '1p', 'D', 'O1', 'R1', feeder, name, feeder || '-T' || n % 3, '1960-01-01Z'
      FROM unnest($1::text[], $2::text[]) AS line (feeder, name)
     CROSS JOIN generate_series(1, $3::integer) AS n
    RETURNING point_id, point, feeder
), metered AS (
    INSERT INTO device (device, point_id, voltage_ratio, reading_kind, interval_s, stamp_at, zone, delivery_delay_s,
                        self_powered, concentrator, valid_from)
    SELECT 'M-' || point, point_id, 1, 'mean', 60, 'start', 'UTC', 0, true, 'K-' || feeder, '1960-01-01Z'
      FROM made
), supplied AS (
    INSERT INTO customer (customer, voltage_level_mv, residential, important, user_class, target_area, response_area,
                          valid_from)
    SELECT 'C-' || point || '-' || n, 220000, true, false, 'LV', 'urban', 'urban', '1960-01-01Z'
      FROM made CROSS JOIN generate_series(1, 2) AS n
    RETURNING customer_id, customer
)
INSERT INTO customer_point (customer_id, point_id)
SELECT customer_id, point_id FROM supplied JOIN made ON supplied.customer LIKE 'C-' || made.point || '-_'
"""


@pytest.fixture
def parts() -> RealParts:
    return read_parts(os.environ)


@pytest.fixture
def heard() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@asynccontextmanager
async def a_broker(parts: RealParts) -> AsyncIterator[Broker]:
    if IS_REAL:
        from tests.real.kafka import RealKafka  # noqa: PLC0415

        with RealKafka(parts=parts) as kafka:
            yield Broker(kafka.bootstrap)
        return
    embedded = EmbeddedBroker()
    await embedded.start()
    try:
        yield Broker(embedded.bootstrap)
    finally:
        await embedded.stop()


@dataclass(slots=True)
class District:
    """Three feeders, and the service that watches them."""

    network: Network
    servers: AlertServers

    async def read(self, feeder: str, from_ms: int, to_ms: int, volts: float = 225.0) -> None:
        """Let the meters of a feeder read every minute of a time."""
        minutes = range(from_ms // MINUTE_MS * MINUTE_MS, to_ms, MINUTE_MS)
        await self.network.send(
            *(
                [{"device": f"M-{feeder}-{n}", "ts": at, "v1": volts} for at in minutes]
                for n in range(1, N_EACH + 1)
            )
        )

    async def tell(self, feeder: str, word: str, at_ms: int) -> None:
        """Let the meters of a feeder send an event."""
        topic = self.network.settings.meter_event_topics[0]
        await self.network.send(
            *(
                [{"device": f"M-{feeder}-{n}", "event": word, "at": at_ms}]
                for n in range(1, N_EACH + 1)
            ),
            topic=topic,
        )


@asynccontextmanager
async def district(
    parts: RealParts, database: DatabaseSettings, folder: Path, webhook: str
) -> AsyncIterator[District]:
    async with a_broker(parts) as broker:
        topics = {name: unique(name) for name in ("readings", "events", "letters")}
        for name in topics.values():
            await broker.create_topic(name, 1)
        ports = {job: free_port() for job in ("voltpass-consume", "voltpass-settle")}
        settings = Settings(
            kafka_bootstrap=broker.bootstrap,
            topics=(topics["readings"],),
            meter_event_topics=(topics["events"],),
            dead_letter_topic=topics["letters"],
            group=unique("group"),
            database_dsn=database.database_dsn,
            metrics_port=ports["voltpass-consume"],
        )
        settle = settings.model_copy(update={"metrics_port": ports["voltpass-settle"]})
        async with Network.between(broker, settings) as network:
            await network.connection.execute(
                REGISTER, list(FEEDERS), list(FEEDERS.values()), N_EACH
            )
            await network.connection.execute(
                "UPDATE judgement SET number = number + 1, registry_number = number + 1"
            )
            stop = asyncio.Event()
            with alert_servers(parts, folder, ports, webhook, PACE) as servers:
                network.consume()
                async with asyncio.TaskGroup() as tasks:
                    it = District(network, servers)
                    now_ms = clock.now_ms()
                    for feeder in ("F1", "F3"):  # F2 has been silent for all of a slot
                        to_ms = now_ms - (GASP_AGO_S + 60) * 1000 if feeder == "F1" else now_ms
                        await it.read(feeder, now_ms - 40 * MINUTE_MS, to_ms)
                    await network.until("SELECT count(*) > 0 FROM page")
                    tasks.create_task(run_settle(settle, stop))
                    try:
                        yield it
                    finally:
                        stop.set()


async def until(is_true: Callable[[], object], within_s: float) -> None:
    """Wait for what another process brings about."""
    async with asyncio.timeout(within_s):
        while not is_true():  # noqa: ASYNC110
            await asyncio.sleep(0.2)


def outages_told(heard: Receiver, status: str = "firing") -> list[dict[str, Any]]:
    return [
        alert
        for alert in heard.alerts(status)
        if alert["labels"]["alertname"] == "VoltpassInterruption"
    ]


async def test_a_feeder_outage_is_told_once_in_time_with_its_extent_and_over_when_supply_is_back(
    fresh_database: Callable[[], DatabaseSettings],
    parts: RealParts,
    heard: Receiver,
    tmp_path: Path,
) -> None:
    assert RULE is not None
    async with district(parts, fresh_database(), tmp_path, heard.url) as one:
        sent_ms = clock.now_ms()
        went_ms = sent_ms - GASP_AGO_S * 1000
        await one.tell("F1", "last_gasp", went_ms)
        due_s = max(sent_ms / 1000, went_ms / 1000 + RULE.reclose_wait_s)

        await until(lambda: outages_told(heard), due_s - clock.now_ms() / 1000 + WITHIN_S)
        told_s = heard.told[0][0]
        silent = await one.network.connection.fetch(
            "SELECT place, code FROM communication_incident"
        )
        (alert,) = outages_told(heard)
        mute(parts, one.servers, alert["labels"]["outage"])
        back_ms = clock.now_ms()
        await one.tell("F1", "restored", back_ms)
        await one.read("F1", back_ms, back_ms + MINUTE_MS)
        await one.read("F3", sent_ms, back_ms + MINUTE_MS)
        unmute(parts, one.servers)
        if (
            PACE is not None
        ):  # as shipped, the next notification of an organisation is ten minutes later
            await until(lambda: outages_told(heard, "resolved"), 60 + WITHIN_S)

    sys.stderr.write(
        f"told {told_s - due_s:.1f} s after it could be, {told_s - sent_ms / 1000:.1f} s after its first evidence\n"
    )
    assert told_s >= due_s
    assert told_s - due_s <= WITHIN_S
    labels = alert["labels"]
    assert (labels["organisation"], labels["feeder"], labels["feeder_name"]) == (
        "O1",
        "F1",
        "城东一线",
    )
    assert alert["annotations"]["summary"] == (
        "Feeder 城东一线: 12 points without supply, 24 customers"
    )
    assert "12 个监测点，24 户，3 台配变" in alert["annotations"]["description_zh"]
    assert {one["labels"]["outage"] for one in outages_told(heard)} == {labels["outage"]}
    assert ("feeder", "F2") in {tuple(row) for row in silent}
    assert all("F2" not in json.dumps(message) for _, message in heard.told)


def amtool(parts: RealParts, servers: AlertServers, *arguments: str) -> str:
    command: list[str | Path] = [
        parts.amtool,
        f"--alertmanager.url={servers.alertmanager}",
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def mute(parts: RealParts, servers: AlertServers, outage: str) -> None:
    """Acknowledge an outage as the runbook says, and see that Alertmanager holds it."""
    amtool(
        parts, servers, "silence", "add", "--author=on duty", "--comment=crew is on its way",
        "--duration=1h", "alertname=VoltpassInterruption", f"outage={outage}",
    )  # fmt: skip
    assert "VoltpassInterruption" in amtool(parts, servers, "alert", "query", "--silenced")


def unmute(parts: RealParts, servers: AlertServers) -> None:
    for silence in amtool(parts, servers, "silence", "query", "-q").split():
        amtool(parts, servers, "silence", "expire", silence)
