# ruff: noqa: SLF001  (see below)
"""Records that become our messages as they are unpacked, without the client's own object in between.

With one reading a message the client costs more than all that we do: 1.2 us for each record, most of it for a
``ConsumerRecord`` that is thrown away at once (measured; a record takes 0.1 us to parse, and 0.5 us as a message). The
client offers no other way, so some functions are replaced, for this consumer only: what its connection answers is
looked at on its way; and of what it fetched, how batches are read, what is made of a record, and how many are taken.
Where many small records came in one batch, they stay packed (0.05 us). Everything else stays the client's: checksums,
aborted transactions, control records, positions. What has another shape than the one known here is left as it is, and
costs more.
"""

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.protocol.fetch import FetchRequest

from service.domain.batch import Message
from service.domain.packed_messages import PackedMessages, joined
from service.ingest.kafka_records import message_of
from service.ingest.packed_records import PackedBatches, Room, Run
from service.logs import logger

_log = logger(__name__)


class _Answers:
    """What the last answer to a fetch has of each partition, from its arrival until it is in the results."""

    def __init__(self, send: Any) -> None:
        self.contents: dict[TopicPartition, bytes] = {}
        self._send = send

    async def send(self, node_id: Any, request: Any, **others: Any) -> Any:
        """Send a request as the client does. Its answer goes on to the results before anything else runs."""
        response = await self._send(node_id, request, **others)
        if isinstance(request, FetchRequest):
            self.contents = {
                TopicPartition(topic, number): answer[-1]
                for topic, partitions in response.topics
                for number, *answer in partitions
            }
        return response


class _Results(OrderedDict[TopicPartition, Any]):
    """What was fetched and not polled yet, by partition: records or an error."""

    def __init__(self, answers: _Answers) -> None:
        super().__init__()
        self._answers = answers

    def __setitem__(self, key: TopicPartition, result: Any) -> None:
        content = self._answers.contents.pop(key, None)
        records = getattr(result, "_partition_records", None)
        if records is not None and hasattr(records, "_records_iterator"):
            room = Room()
            size_of = getattr(getattr(records, "_records", None), "size_in_bytes", None)
            if isinstance(content, bytes) and size_of is not None and size_of() == len(content):
                records._records = PackedBatches(
                    records._records, content, records.next_fetch_offset, room
                )
            records._consumer_record = _taken_up
            result.getall = partial(_taken, result, room)
        super().__setitem__(key, result)


def unpack_messages(consumer: AIOKafkaConsumer) -> None:
    """Have ``consumer`` return messages where it would return records; call it after ``start``."""
    fetcher: Any = getattr(consumer, "_fetcher", None)
    results = getattr(fetcher, "_records", None)
    client: Any = getattr(fetcher, "_client", None)
    send = getattr(client, "send", None)
    if send is None or not isinstance(results, OrderedDict) or results:
        _log.warning("records_unpacked_slowly", fetcher=type(fetcher).__name__)
        return
    answers = _Answers(send)
    client.send = answers.send
    fetcher._records = _Results(answers)


def _taken_up(key: TopicPartition, record: Any) -> PackedMessages | Message:
    return record.messages if type(record) is Run else message_of(key, record)


def _taken(result: Any, room: Room, max_records: int) -> Sequence[Message]:
    """Return the next messages of a partition, as the client's ``getall`` does."""
    if not result.check_assignment(result._topic_partition) or not result.has_more():
        return []
    taken: list[PackedMessages | Message] = []
    n_left = max_records
    iterator = result._partition_records._records_iterator
    while n_left > 0 and iterator is not None:
        room.n_messages = n_left
        one = next(iterator, None)
        if one is None:
            break
        taken.append(one)
        n_left -= len(one) if type(one) is PackedMessages else 1
    result._update_position()
    if n_left > 0:
        result._partition_records = None
    return _together(taken)


def _together(taken: "list[PackedMessages | Message]") -> Sequence[Message]:
    """Return messages packed if all of them are, and with the same headers."""
    runs = [one for one in taken if isinstance(one, PackedMessages)]
    if not runs:
        return taken  # type: ignore[return-value]
    if len(runs) == len(taken) and all(run.headers == runs[0].headers for run in runs):
        return joined(runs)
    messages: list[Message] = []
    for one in taken:
        if isinstance(one, PackedMessages):
            messages += one
        else:
            messages.append(one)
    return messages
