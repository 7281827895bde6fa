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
        return texts_of(self[row] for row in rows.tolist())


def texts_of(texts: Iterable[str]) -> Texts:
    """Return texts in their order."""
    encoded = [text.encode() for text in texts]
    return joined_texts(b"".join(encoded), [len(one) for one in encoded])


def joined_texts(content: bytes, lengths: Iterable[int]) -> Texts:
    """Return texts whose bytes stand one behind the other in ``content``."""
    ends = np.cumsum(np.fromiter(lengths, np.int64))
    if len(content) > np.iinfo(np.uint32).max:
        raise OverflowError(f"texts of {len(content)} bytes; there is room for 4 GiB of names")
    return Texts(content, np.concatenate([np.zeros(1, np.uint32), ends.astype(np.uint32)]))
