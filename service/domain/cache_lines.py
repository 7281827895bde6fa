"""Arrays whose rows begin where cache lines do, so that a row of one line is fetched as one line."""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

S = TypeVar("S", np.int64, np.void)  # what lanes are made of

LINE_BYTES: Final = 64


def zeros_on_lines(shape: tuple[int, ...], dtype: np.dtype[S]) -> NDArray[S]:
    """Return an array of zeros that begins at the start of a cache line; numpy alone begins 16 bytes behind one."""
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    room = np.zeros(n_bytes + LINE_BYTES, np.uint8)
    first = -room.ctypes.data % LINE_BYTES
    return room[first : first + n_bytes].view(dtype).reshape(shape)


def enlarged_on_lines(rows: NDArray[S], n_room: int) -> NDArray[S]:
    """Return such an array with room for ``n_room`` rows that begins with ``rows``; the others are zeros.

    Zeros that nobody has written are no memory yet.
    """
    larger = zeros_on_lines((n_room, *rows.shape[1:]), rows.dtype)
    larger[: rows.shape[0]] = rows
    return larger
