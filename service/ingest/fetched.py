# ruff: noqa: SLF001  (see below)
"""Records that become our messages as they are unpacked, without the client's own object in between.

With one reading a message the client costs more than all that we do: 1.2 us for each record, most of it for a
``ConsumerRecord`` that is thrown away at once (measured; a record takes 0.1 us to parse, and 0.5 us as it is done
here). The client offers no other way, so two functions of what it fetched are replaced, for this consumer only: what it
makes of a record, and how it takes many of them. Everything else stays the client's: checksums, aborted transactions,
control records, positions. What has another shape than the one known here is left as it is, and costs more.
"""

from collections import OrderedDict
from functools import partial
from itertools import islice
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.ingest.kafka_records import message_of
from service.logs import logger

_log = logger(__name__)


class _Results(OrderedDict[TopicPartition, Any]):
    """What was fetched and not polled yet, by partition: records or an error."""

    def __setitem__(self, key: TopicPartition, result: Any) -> None:
        records = getattr(result, "_partition_records", None)
        if records is not None and hasattr(records, "_records_iterator"):
            records._consumer_record = message_of
            result.getall = partial(_taken, result)
        super().__setitem__(key, result)


def unpack_messages(consumer: AIOKafkaConsumer) -> None:
    """Have ``consumer`` return messages where it would return records; call it after ``start``."""
    fetcher = getattr(consumer, "_fetcher", None)
    results = getattr(fetcher, "_records", None)
    if fetcher is None or not isinstance(results, OrderedDict) or results:
        _log.warning("records_unpacked_slowly", fetcher=type(fetcher).__name__)
        return
    fetcher._records = _Results()


def _taken(result: Any, max_records: int) -> list[Any]:
    """Return the next messages of a partition, as the client's ``getall`` does, in one call of its generator."""
    if not result.check_assignment(result._topic_partition) or not result.has_more():
        return []
    iterator = result._partition_records._records_iterator
    taken = [] if iterator is None else list(islice(iterator, max_records))
    result._update_position()
    if len(taken) < max_records:
        result._partition_records = None
    return taken
