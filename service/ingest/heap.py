"""Memory that a checkpoint freed, given back to the system.

An image of a million points is hundreds of megabytes of arrays and blocks that live for seconds. The C library keeps
what was freed in the middle of its heap, and the process stays as large as its largest checkpoint.
"""

import ctypes
from collections.abc import Callable
from typing import Final


def _trim() -> Callable[[int], int] | None:
    """Return the C library's ``malloc_trim``; None where there is none, as on musl and macOS."""
    try:
        found = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    found.argtypes, found.restype = (ctypes.c_size_t,), ctypes.c_int
    return lambda pad: int(found(pad))


_TRIM: Final = _trim()


def give_back() -> None:
    """Give freed memory back; call it off the event loop, it walks through the whole heap."""
    if _TRIM is not None:
        _TRIM(0)
