"""Many short texts in two arrays: their bytes one behind the other, and where each begins."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

_Slice: TypeAlias = "slice[int | None, int | None, int | None]"

_AT_ONCE = 10_000  # a million numbers as objects would leave holes in memory


@dataclass(frozen=True, slots=True, eq=False)
class Texts(Sequence[str]):
    """Texts that never change; a Python string of ten letters takes sixty bytes, here it takes fourteen."""

    content: bytes  # UTF-8
    start: NDArray[np.uint32]  # (n_texts + 1,); the last is the end of all

    def __len__(self) -> int:
        return self.start.size - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: "_Slice") -> list[str]: ...
    def __getitem__(self, index: "int | _Slice") -> str | list[str]:
        if isinstance(index, slice):
            return list(self)[index]
        place = range(len(self))[index]
        return self.content[self.start[place] : self.start[place + 1]].decode()

    def __iter__(self) -> Iterator[str]:
        for some in range(0, len(self), _AT_ONCE):
            edges = self.start[some : some + _AT_ONCE + 1].tolist()
            for first, after in pairwise(edges):
                yield self.content[first:after].decode()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Texts):
            return self.content == other.content and np.array_equal(self.start, other.start)
        return isinstance(other, list | tuple) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def chosen(self, rows: NDArray[np.int64]) -> "Texts":
        """Return the texts of these rows, in their order."""
        content = np.frombuffer(self.content, np.uint8)
        first = self.start[rows].astype(np.int64)
        lengths = self.start[rows + 1] - first
        parts = []
        for some in range(0, rows.size, _AT_ONCE):
            length = lengths[some : some + _AT_ONCE]
            before = np.cumsum(length) - length
            places = np.repeat(first[some : some + _AT_ONCE] - before, length)
            parts.append(content[places + np.arange(places.size)].tobytes())
        return joined_texts(b"".join(parts), lengths)

    def compared_with_next(self) -> NDArray[np.int8]:
        """Return -1, 0 or 1 where a text is before, like or behind the next in the order of their characters.

        Shapes: one less than texts. The order of UTF-8 is that of its characters, so bytes are compared, column by
        column, where none before has differed.
        """
        content, start = np.frombuffer(self.content, np.uint8), self.start.astype(np.int64)
        lengths = np.diff(start)
        # Of one that begins the other, the shorter is before it.
        order: NDArray[np.int8] = np.sign(lengths[:-1] - lengths[1:]).astype(np.int8)
        n_common = np.minimum(lengths[:-1], lengths[1:])
        alike, place = np.arange(order.size), 0
        while alike.size:
            alike = alike[n_common[alike] > place]
            one, following = content[start[alike] + place], content[start[alike + 1] + place]
            differs = one != following
            order[alike[differs]] = np.where(one < following, -1, 1)[differs]
            alike, place = alike[~differs], place + 1
        return order


def texts_of(texts: Iterable[str]) -> Texts:
    """Return texts in their order."""
    encoded = [text.encode() for text in texts]
    return joined_texts(b"".join(encoded), [len(one) for one in encoded])


def joined_texts(
    content: bytes, lengths: Iterable[int] | NDArray[np.int64] | NDArray[np.int32]
) -> Texts:
    """Return texts whose bytes stand one behind the other in ``content``."""
    if not isinstance(lengths, np.ndarray):
        lengths = np.fromiter(lengths, np.int64)
    ends = np.cumsum(lengths, dtype=np.int64)
    if len(content) > np.iinfo(np.uint32).max:
        raise OverflowError(f"texts of {len(content)} bytes; there is room for 4 GiB of names")
    return Texts(content, np.concatenate([np.zeros(1, np.uint32), ends.astype(np.uint32)]))
