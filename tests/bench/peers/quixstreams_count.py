# mypy: disable-error-code="import-not-found,misc"
"""Quix Streams: Kafka in, counts by device, nothing out. ``... BROKER TOPIC N_WARM N_TIMED``."""

from typing import Any
from uuid import uuid4

from quixstreams import Application
from quixstreams.models import Deserializer, SerializationContext

from tests.bench.peers.counting import (
    N_VERDICTS,
    Counts,
    PeerReading,
    arguments,
    decode,
    verdict_of,
)


class _Reading(Deserializer):
    """Msgspec in place of the deserializer of its own, which makes a dictionary."""

    def __call__(self, value: bytes, ctx: SerializationContext) -> PeerReading:  # noqa: ARG002
        return decode(value)


def main() -> None:
    """Run until the stretch is over."""
    bootstrap, topic, stretch = arguments()
    counts = Counts()
    by_device = counts.by_device

    def count(reading: PeerReading, *_: Any) -> None:
        mine = by_device.get(reading.device)
        if mine is None:
            mine = by_device[reading.device] = [0] * N_VERDICTS
        mine[verdict_of(reading.v1)] += 1
        stretch.saw(1, counts)

    application = Application(
        broker_address=bootstrap,
        consumer_group=f"peer-{uuid4()}",
        auto_offset_reset="earliest",
        use_changelog_topics=False,
        loglevel="ERROR",
    )
    readings = application.topic(topic, value_deserializer=_Reading(), key_deserializer="bytes")
    application.dataframe(readings).update(count)
    application.run()


if __name__ == "__main__":
    main()
