"""Arrays whose rows begin where cache lines do, so that a row of one line is fetched as one line."""

from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

LINE_BYTES: Final = 64


def zeros_on_lines(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array of zeros that begins at the start of a cache line; numpy alone begins 16 bytes behind one."""
    kind = np.dtype(dtype)
    n_bytes = int(np.prod(shape)) * kind.itemsize
    room = np.zeros(n_bytes + LINE_BYTES, np.uint8)
    first = -room.ctypes.data % LINE_BYTES
    return room[first : first + n_bytes].view(kind).reshape(shape)


def joined_on_lines(first: NDArray[Any], then: NDArray[Any]) -> NDArray[Any]:
    """Return the rows of both, one after another, in such an array."""
    joined = zeros_on_lines((first.shape[0] + then.shape[0], *first.shape[1:]), first.dtype)
    joined[: first.shape[0]] = first
    joined[first.shape[0] :] = then
    return joined
