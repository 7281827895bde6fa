"""A fresh schema and the topics of a run."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from service.settings import Settings
from service.wiring.migrate import run_migrate

TOPIC = "voltpass.readings"
EVENT_TOPIC = "voltpass.meter-events"
DEAD_LETTER_TOPIC = "voltpass.dead-letters"
N_PARTITIONS = 4


async def make_schema_and_topics(bootstrap: str, dsn: str) -> None:
    """Migrate the database and make the topics of readings, meter events and dead letters."""
    await run_migrate(Settings(database_dsn=dsn))
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics(
            [
                NewTopic(TOPIC, N_PARTITIONS, 1),
                NewTopic(EVENT_TOPIC, 1, 1),
                NewTopic(DEAD_LETTER_TOPIC, 1, 1),
            ]
        )
    finally:
        await admin.close()
