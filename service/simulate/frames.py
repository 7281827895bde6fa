"""Messages in a file: bytes of Kafka records with their keys and times, in the order of their arrival.

A file begins with the eight bytes ``VPFRAME1``. Each message follows as: arrival (int64, milliseconds since
1970), length of the key (uint16), length of the value (uint32), all little-endian, then key and value.
"""

import heapq
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from service.errors.simulation import SimulationError

MAGIC: Final = b"VPFRAME1"
_HEAD: Final = struct.Struct("<qHI")


@dataclass(frozen=True, slots=True, order=True)
class Frame:
    """A message as it arrives; frames sort by arrival, and by key where that is equal."""

    arrives_ms: int  # milliseconds since 1970: the time of the record
    key: bytes
    value: bytes


def write_frames(path: Path, frames: Iterable[Frame]) -> int:
    """Write a file of frames, which are in order; return its size, bytes."""
    parts = [MAGIC]
    for frame in frames:
        parts += (
            _HEAD.pack(frame.arrives_ms, len(frame.key), len(frame.value)),
            frame.key,
            frame.value,
        )
    return path.write_bytes(b"".join(parts))


def read_frames(path: Path) -> Iterator[Frame]:
    """Yield the frames of a file in their order.

    Raises:
        SimulationError: It is not such a file, or cut off.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise SimulationError(f"{path} is no file of frames; voltpass simulate writes them")
        while head := file.read(_HEAD.size):
            try:
                arrives_ms, key_size, value_size = _HEAD.unpack(head)
            except struct.error as error:
                raise SimulationError(f"{path} is cut off; simulate it again") from error
            body = file.read(key_size + value_size)
            if len(body) < key_size + value_size:
                raise SimulationError(f"{path} is cut off; simulate it again")
            yield Frame(arrives_ms, body[:key_size], body[key_size:])


def arriving(readings: Path) -> Iterator[Frame]:
    """Yield all frames of a folder ``readings`` in the order of their arrival, a day at a time."""
    for day in sorted(path for path in readings.iterdir() if path.is_dir()):
        files: Sequence[Path] = sorted(day.glob("*.frames"))
        yield from heapq.merge(*(read_frames(path) for path in files))
