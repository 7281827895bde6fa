"""Memory that was freed, given back to the system.

An image of a million points is hundreds of megabytes of arrays and blocks that live for seconds. The C library keeps
what was freed in the middle of its heap, and the process stays as large as its largest checkpoint.
"""

import ctypes
from collections.abc import Callable
from typing import Final

_M_ARENA_MAX: Final = -8  # of malloc.h


def _found(name: str) -> Callable[..., int] | None:
    """Return a function of the C library; None where there is none of that name, as on musl and macOS."""
    try:
        found = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None
    found.restype = ctypes.c_int
    return lambda *arguments: int(found(*arguments))


_TRIM: Final = _found("malloc_trim")
_OPTION: Final = _found("mallopt")


def keep_one_heap() -> None:
    """Let all threads share one heap; call it before there are some.

    Else each has its own, and of those ``give_back`` leaves what is free at the end: tens of megabytes of a thread that
    made the rows of a checkpoint.
    """
    if _TRIM is not None and _OPTION is not None:
        _OPTION(ctypes.c_int(_M_ARENA_MAX), ctypes.c_int(1))


def give_back() -> None:
    """Give freed memory back; call it off the event loop, it walks through the whole heap."""
    if _TRIM is not None:
        _TRIM(ctypes.c_size_t(0))
