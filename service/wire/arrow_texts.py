"""Text columns of Arrow: codes, and the texts they stand for, without a Python string for each row.

A concentrator sends the same device column again and again, so what its bytes mean is remembered.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from service.domain.texts import texts_of

Column: TypeAlias = "pa.Array[pa.Scalar[pa.DataType]]"
Integers: TypeAlias = "pa.Array[pa.Int64Scalar]"

_TEXT_BYTES = (
    14  # about what one short text and its place take, besides the key that it is found by
)
_serials = itertools.count(1)  # of the process: two decoders never give one key to different texts


@dataclass(frozen=True, slots=True)
class Texts:
    """A text column: the texts that occur, and which of them each row holds."""

    texts: Sequence[str]
    key: bytes  # equal only for equal texts; empty if they are not remembered
    faulty: list[int]  # places in texts that are not allowed
    code: NDArray[np.int32]  # place in texts of each row; 0 for a row without text
    absent: NDArray[np.bool_] | None = None  # rows without text

    def faulty_rows(self, *, may_be_absent: bool) -> NDArray[np.bool_] | None:
        """Return the rows that are not allowed, None if there are none."""
        if not self.faulty and (may_be_absent or self.absent is None):
            return None
        rows = np.isin(self.code, self.faulty)
        if self.absent is not None:
            rows = rows & ~self.absent if may_be_absent else rows | self.absent
        return rows

    def text_of(self, row: int) -> str | None:
        """Return the text of a row, None if it is absent."""
        if self.absent is not None and self.absent[row]:
            return None
        return self.texts[int(self.code[row])]


class TextMemory:
    """Reads text columns; remembers the last ones by their bytes, the oldest make room."""

    def __init__(self, faulty: Callable[[Sequence[str]], list[int]], max_bytes: int) -> None:
        """Remember about ``max_bytes``; ``faulty`` gives the places of texts not allowed."""
        self._faulty = faulty
        self._max_bytes = max_bytes
        self.n_bytes = 0
        self._known: dict[bytes, Texts] = {}

    def read(self, column: Column) -> Texts:
        """Return the texts of a validated column: utf8, large_utf8 or a dictionary of one."""
        if isinstance(column, pa.DictionaryArray):
            known = self._texts(column.dictionary, True)
            code = _codes(column.indices)
            if len(known.texts) > code.size:
                known, code = self._used(known, code)
        else:
            known = self._texts(column, False)
            code = known.code
        absent = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
        return Texts(known.texts, known.key, known.faulty, code, absent)

    def forget(self, key: bytes) -> None:
        """Forget the column that was remembered last, if ``key`` is its."""
        if self._known:
            bytes_, newest = self._known.popitem()
            if newest.key == key:
                self.n_bytes -= size_of(bytes_, newest)
            else:
                self._known[bytes_] = newest

    def _used(self, known: Texts, code: NDArray[np.int32]) -> tuple[Texts, NDArray[np.int32]]:
        """Return only the texts that occur, of a dictionary that is larger than its column."""
        used, code_of_used = np.unique(code, return_inverse=True)
        texts = [known.texts[place] for place in used.tolist()]
        return Texts(texts, b"", self._faulty(texts), code), code_of_used.astype(np.int32)

    def _texts(self, column: Column, is_dictionary: bool) -> Texts:
        if column.null_count:  # what stands under a null is undefined, and so are the bytes
            return self._parse(column, b"", is_dictionary)
        bytes_ = _bytes(column, is_dictionary)
        known = self._known.get(bytes_)
        if known is None:
            known = self._parse(column, b"%d" % next(_serials), is_dictionary)
            size = size_of(bytes_, known)
            if size > self._max_bytes:
                return Texts(known.texts, b"", known.faulty, known.code)
            # As bytes: whoever remembers the lanes of the key does not ask for names again.
            packed = replace(known, texts=texts_of(known.texts))
            self._remember(bytes_, packed, size)
            return packed
        return known

    def _parse(self, column: Column, key: bytes, is_dictionary: bool) -> Texts:
        if is_dictionary:
            code = np.zeros(0, np.int32)
        else:
            encoded = column.dictionary_encode()
            column, code = encoded.dictionary, _codes(encoded.indices)
        found: list[str | None] = column.to_numpy(zero_copy_only=False).tolist()
        texts = [text or "" for text in found] or [""]
        return Texts(texts, key, self._faulty(texts), code)

    def _remember(self, bytes_: bytes, known: Texts, size: int) -> None:
        self.n_bytes += size
        self._known[bytes_] = known
        while self.n_bytes > self._max_bytes:
            oldest = next(iter(self._known))
            self.n_bytes -= size_of(oldest, self._known.pop(oldest))


def _codes(indices: Column) -> NDArray[np.int32]:
    if indices.null_count:
        indices = cast("Integers", indices).fill_null(0)
    return indices.to_numpy(zero_copy_only=False).astype(np.int32)


def _bytes(column: Column, is_dictionary: bool) -> bytes:
    """Return what the texts of a column without nulls are made of, and nothing else."""
    _, offsets, characters = column.buffers()
    width = 8 if pa.types.is_large_string(column.type) else 4
    first, n = column.offset * width, (len(column) + 1) * width
    head = b"%d,%d,%d;" % (is_dictionary, width, len(column))
    return b"".join((head, memoryview(offsets or b"")[first : first + n], characters or b""))


def size_of(bytes_: bytes, known: Texts) -> int:
    """Return about how much memory it takes to remember ``known`` by ``bytes_``."""
    return len(bytes_) + _TEXT_BYTES * len(known.texts) + known.code.nbytes
