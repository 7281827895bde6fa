"""Bytes into columns: the wire formats of telemetry (docs/telemetry.md)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.batch import Batch, Message, Refusal
from service.domain.packed_messages import PackedMessages
from service.wire.arrow_readings import ArrowReadings
from service.wire.decoded import EMPTY_MESSAGE, UNDECODABLE, Decoded, ReadingsDecoder
from service.wire.json_readings import JsonReadings

__all__ = ["FORMATS", "MAX_READINGS", "Batch", "Decoded", "Decoder", "Format", "Message", "Refusal"]

MAX_READINGS = 100_000  # of one message, unless told otherwise


@dataclass(frozen=True, slots=True)
class Format:
    """A wire format."""

    content_type: str  # in lower case, without parameters
    first_bytes: bytes  # each of them tells the format of a message without content type
    decoder: Callable[[int], ReadingsDecoder]  # takes the most readings of a message


# A new format is one module, and one line here.
FORMATS = (
    Format("application/json", b"{[ \t\r\n", JsonReadings),
    Format("application/vnd.apache.arrow.stream", b"\xff", ArrowReadings),
)

_CONTENT_TYPES = "allowed: " + ", ".join(format_.content_type for format_ in FORMATS)
_HEADER = "content-type"


class Decoder:
    """Decodes messages of every format; remembers what it has seen. Not safe for threads."""

    def __init__(self, max_readings: int = MAX_READINGS) -> None:
        """Refuse messages of more than ``max_readings`` readings."""
        self._by_content_type: dict[bytes, ReadingsDecoder] = {}
        self._by_first_byte: dict[int, ReadingsDecoder] = {}
        for format_ in FORMATS:
            decoder = format_.decoder(max_readings)
            self._by_content_type[format_.content_type.encode()] = decoder
            self._by_first_byte.update(dict.fromkeys(format_.first_bytes, decoder))

    def decode(self, messages: Sequence[Message]) -> Decoded:
        """Return the readings of ``messages`` and what was refused, both in the order of the log.

        Consecutive JSON messages are one batch, each record batch of an Arrow message is one. What
        a message yields does not depend on its neighbours. Never raises, whatever the bytes.
        """
        decoded = Decoded()
        only = self._only_decoder_of(messages)
        if only is not None:
            only.decode(messages, decoded)
            return decoded
        run: list[Message] = []
        current: ReadingsDecoder | None = None
        for message in messages:
            decoder = self._decoder_of(message)
            if decoder is not current:
                if current is not None:
                    current.decode(run, decoded)
                run, current = [], decoder
            if decoder is None:
                _refuse(message, decoded)
            else:
                run.append(message)
        if current is not None:
            current.decode(run, decoded)
        return decoded

    def _only_decoder_of(self, messages: Sequence[Message]) -> ReadingsDecoder | None:
        """Return the decoder of all messages where no header says more than their first bytes do, else None.

        A third of what it takes to ask for each of them; with one reading in a message that counts.
        """
        if isinstance(messages, PackedMessages):
            return self._only_decoder_of_packed(messages)
        if any([message.headers for message in messages]):  # noqa: C419  (a list is faster)
            return None
        starts = {message.value[:1] for message in messages}
        decoders = {self._by_first_byte.get(start[0]) if start else None for start in starts}
        return decoders.pop() if len(decoders) == 1 else None

    def _only_decoder_of_packed(self, messages: PackedMessages) -> ReadingsDecoder | None:
        if not messages.length.all():  # one has no value
            return None
        first_bytes = np.unique(messages.octets[messages.start]).tolist()
        examples = [Message(0, 0, bytes([first]), messages.headers) for first in first_bytes]
        decoders = {self._decoder_of(example) for example in examples}
        return decoders.pop() if len(decoders) == 1 else None

    def _decoder_of(self, message: Message) -> ReadingsDecoder | None:
        if not message.value:
            return None
        declared = message.headers.get(_HEADER) if message.headers else None
        if not declared:
            return self._by_first_byte.get(message.value[0])
        return self._by_content_type.get(declared) or self._by_content_type.get(
            declared.partition(b";")[0].strip().lower()
        )


def _refuse(message: Message, decoded: Decoded) -> None:
    """Refuse a message that no decoder takes."""
    declared = message.headers.get(_HEADER)
    if not message.value:
        decoded.refuse(message, EMPTY_MESSAGE, "a message without value")
    elif declared:
        text = declared[:100].decode("utf-8", "replace")
        decoded.refuse(message, UNDECODABLE, f"{_HEADER} is {text!r}; {_CONTENT_TYPES}")
    else:
        start = message.value[:8].hex(" ")
        decoded.refuse(
            message,
            UNDECODABLE,
            f"starts with the bytes {start}, of no known format; {_CONTENT_TYPES}",
        )
