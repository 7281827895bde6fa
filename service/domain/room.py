"""How much room growing arrays get: rows move seldom, and a large array is never half empty."""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

S = TypeVar("S", np.int64, np.int32, np.int16, np.uint8, np.void)

_DOUBLED_MAX: Final = 4096  # rows; what is larger grows by an eighth
_EIGHTH: Final = 8


def room_for(n_rows: int, n_room: int) -> int:
    """Return for how many rows there is to be room, when ``n_rows`` are needed and there is some for ``n_room``.

    Rows are moved eight times on their way to a large array, where doubling moves them once; for that a sixteenth of
    it is empty on average, and not a quarter.
    """
    if n_rows <= n_room:
        return n_room
    return max(n_rows, n_room + min(n_room, max(_DOUBLED_MAX, n_room // _EIGHTH)))


def enlarged(rows: NDArray[S], n_room: int) -> NDArray[S]:
    """Return an array with room for ``n_room`` rows that begins with ``rows``; the others are zeros.

    Zeros that nobody has written are no memory yet.
    """
    larger: NDArray[S] = np.zeros((n_room, *rows.shape[1:]), rows.dtype)
    larger[: rows.shape[0]] = rows
    return larger
