"""In which of the three modes the kernels run."""

import os

import kernels

IS_PLAIN = not hasattr(kernels.fold, "py_func")  # NUMBA_DISABLE_JIT=1
IS_CHECKED = os.environ.get("NUMBA_BOUNDSCHECK", "0") == "1"


def scaled(n: int) -> int:
    """Return how many examples to try where compiled kernels try ``n``."""
    return max(3, n // 8) if IS_PLAIN or IS_CHECKED else n
