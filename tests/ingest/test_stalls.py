"""What hangs without an error ends the process, so that it is started again."""

import os
import signal

import pytest

from service.embedded.broker import EmbeddedBroker
from service.errors import SourceUnavailableError, StalledError
from tests.faults.proxy import Proxy
from tests.ingest.brokers import Broker
from tests.ingest.network import Network, reading, this_minute_ms

pytestmark = [pytest.mark.integration, pytest.mark.slow]

STALL_S = 3.0


async def test_a_database_that_hangs_in_a_checkpoint_ends_the_process(network: Network) -> None:
    await network.register("M1")
    async with Proxy.to_dsn(network.settings.database_dsn) as (proxy, dsn):
        consumer = network.consume(database_dsn=dsn, stall_s=STALL_S)
        await network.until("SELECT count(*) = 4 FROM partition_progress")

        proxy.flows.clear()
        await network.send([reading("M1", this_minute_ms(), 220.0)])

        with pytest.raises(StalledError, match="a checkpoint neither fails nor ends"):
            await consumer.task


async def test_a_broker_that_hangs_ends_the_process(network: Network) -> None:
    async with EmbeddedBroker() as frozen:
        await Broker(frozen.bootstrap).create_topic(network.topic, 1)
        consumer = network.consume(
            kafka_bootstrap=frozen.bootstrap, stall_s=STALL_S, session_timeout_s=1.0
        )
        await network.until("SELECT count(*) = 1 FROM partition_progress")

        os.kill(frozen.pid, signal.SIGSTOP)
        try:
            with pytest.raises(StalledError, match=r"no broker answers|does not return"):
                await consumer.task
        finally:
            os.kill(frozen.pid, signal.SIGCONT)


async def test_without_a_broker_the_process_says_so_and_ends(network: Network) -> None:
    consumer = network.consume(kafka_bootstrap="127.0.0.1:1", stall_s=1.0)

    with pytest.raises(SourceUnavailableError, match=r"127\.0\.0\.1:1"):
        await consumer.task
