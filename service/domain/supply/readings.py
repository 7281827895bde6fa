"""What the judged minutes of a point say: when it was surely dark, when surely live."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.layout import INTERRUPTED, MINUTES_PER_HOUR, RANK_GOOD, RANK_MASK, RANK_SHIFT
from service.domain.instants import MINUTE_US
from service.domain.registry import ReadingKind


class Ledger(NamedTuple):
    """Minutes of one point, ``(n_minutes,)`` each; one that is not in it was not measured."""

    minute: NDArray[np.int64]  # minutes since the Unix epoch, sorted, each once
    verdict: NDArray[np.uint8]  # of the point
    measured: NDArray[np.bool_]  # at least one phase has a good cell
