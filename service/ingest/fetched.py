"""Records that become our messages as they are unpacked, without the client's own object in between.

With one reading a message the client costs more than all that we do: 1.4 us for each record, of which 0.7 us go into a
``ConsumerRecord`` that is thrown away at once (measured; a record takes 0.1 us to parse). The client offers no other
way, so one function of its unpacking is replaced, in the results of this consumer only. Everything else stays the
client's: checksums, aborted transactions, control records, positions. What has another shape than the one known here
is left as it is, and costs more.
"""

from collections import OrderedDict
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.ingest.kafka_records import message_of
from service.logs import logger

_log = logger(__name__)


class _Results(OrderedDict[TopicPartition, Any]):
    """What was fetched and not polled yet, by partition: records or an error."""

    def __setitem__(self, key: TopicPartition, result: Any) -> None:
        records = getattr(result, "_partition_records", None)
        if records is not None:
            records._consumer_record = _unpacked  # noqa: SLF001  (see above)
        super().__setitem__(key, result)


def unpack_messages(consumer: AIOKafkaConsumer) -> None:
    """Have ``consumer`` return messages where it would return records; call it after ``start``."""
    fetcher = getattr(consumer, "_fetcher", None)
    results = getattr(fetcher, "_records", None)
    if fetcher is None or not isinstance(results, OrderedDict) or results:
        _log.warning("records_unpacked_slowly", fetcher=type(fetcher).__name__)
        return
    fetcher._records = _Results()  # noqa: SLF001  (see above)


def _unpacked(_key: TopicPartition, record: Any) -> Any:
    return message_of(record)
