"""Names of points into numbers, in the order in which they come."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.wire.fields import DEVICE_CHARS_MAX, faulty_devices

_REPLACED = "\N{REPLACEMENT CHARACTER}"
ALLOWED = f"a name of 1 to {DEVICE_CHARS_MAX} characters, no control characters, in UTF-8"


class PointNames:
    """Numbers names; a file without column ``point`` has one point."""

    def __init__(self, default: str) -> None:
        self._default = default
        self._code_of: dict[str, int] = {}

    def read(self, texts: Sequence[str]) -> tuple[NDArray[np.int32], dict[int, str]]:
        """Return the code of each name, and what is allowed where it is none."""
        codes = self._code_of
        found = [codes.setdefault(text.strip(), len(codes)) for text in texts]
        code = np.array(found, np.int32)
        names = list(codes)
        wrong = {*faulty_devices(names), *(i for i, name in enumerate(names) if _REPLACED in name)}
        faulty = np.flatnonzero(np.isin(code, list(wrong))) if wrong else np.zeros(0, np.int64)
        return code, dict.fromkeys(faulty.tolist(), f"allowed: {ALLOWED}")

    def absent(self, n_rows: int) -> NDArray[np.int32]:
        """Return the code of the one point of a file without names."""
        return np.full(n_rows, self._code_of.setdefault(self._default, 0), np.int32)

    def used(self, code: NDArray[np.int32]) -> tuple[list[str], NDArray[np.int32]]:
        """Return the names that occur in ``code``, in the order in which they first came."""
        chosen, index = np.unique(code, return_inverse=True)
        names = list(self._code_of)
        return [names[i] for i in chosen.tolist()], index.astype(np.int32)
