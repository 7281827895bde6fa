"""All roles of the service in one process, with an embedded broker and an embedded database."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.embedded.broker import EmbeddedBroker
from service.embedded.postgres import EmbeddedPostgres
from service.settings import Settings, read_settings
from service.wiring.consume import run_consume
from service.wiring.migrate import run_migrate
from service.wiring.serve import run_serve
from service.wiring.settle import run_settle

TOPIC = "voltpass.readings"
METER_EVENT_TOPIC = "voltpass.meter-events"
DEAD_LETTER_TOPIC = "voltpass.dead-letters"
N_PARTITIONS = 4
HUNDRED_YEARS_S = 100 * 366 * 86_400
FINISH_WITHIN_S = 5.0


@asynccontextmanager
async def embedded_parts(api_port: int) -> AsyncIterator[Settings]:
    """Run broker and database for as long as the block lasts; the settings reach them, the schema is there.

    Raises:
        EmbeddedPartError: One of them does not start.
    """
    async with EmbeddedPostgres() as postgres, EmbeddedBroker() as broker:
        for topic in (TOPIC, METER_EVENT_TOPIC, DEAD_LETTER_TOPIC):
            await broker.create_topic(topic, n_partitions=N_PARTITIONS)
        settings = read_settings(
            {
                "VOLTPASS_DATABASE_DSN": postgres.dsn,
                "VOLTPASS_DATABASE_TLS": "disable",
                "VOLTPASS_KAFKA_BOOTSTRAP": broker.bootstrap,
                "VOLTPASS_RULE_SETS_BESIDE": "sgcc-pledge-2023,en-50160",
                "VOLTPASS_TOPICS": TOPIC,
                "VOLTPASS_METER_EVENT_TOPICS": METER_EVENT_TOPIC,
                "VOLTPASS_DEAD_LETTER_TOPIC": DEAD_LETTER_TOPIC,
                "VOLTPASS_SESSION_TIMEOUT_S": "6",
                "VOLTPASS_CHECKPOINT_INTERVAL_S": "1",
                "VOLTPASS_SETTLE_INTERVAL_S": "1",
                # The recordings are from 1999 and 2006.
                "VOLTPASS_OLDEST_READING_AGE_S": "0",
                "VOLTPASS_LATENESS_WINDOW_S": str(HUNDRED_YEARS_S),
                "VOLTPASS_API_PORT": str(api_port),
                "VOLTPASS_METRICS_PORT": "0",
                "VOLTPASS_LOG_LEVEL": "error",
                "VOLTPASS_LOG_FORMAT": "console",
            }
        )
        await run_migrate(settings)
        yield settings


@asynccontextmanager
async def running_roles(settings: Settings) -> AsyncIterator[str]:
    """Run consume, settle and serve for as long as the block lasts; give the address of the API.

    However the block ends, the roles are told to stop and may finish what they do, after an error or Ctrl-C for
    some seconds only.

    Raises:
        ServiceError: One of the roles cannot go on.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    url: asyncio.Future[str] = loop.create_future()
    ended_by: BaseException | None = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as tasks:
            tasks.create_task(run_serve(settings, stop, url.set_result))
            tasks.create_task(run_settle(settings, stop))
            tasks.create_task(run_consume(settings, stop))
            try:
                yield await url
            except BaseException as error:  # noqa: BLE001 (raised below; here the group would cut the roles off)
                ended_by = error
                limit.reschedule(loop.time() + FINISH_WITHIN_S)
            stop.set()
    if ended_by is not None:
        raise ended_by
