"""The numeric core: folding readings into cells, joining, judging and counting them. Pure, and numpy and numba only."""

from kernels._jit import warm_up
from kernels.events import EventLimits, watch
from kernels.fold import fold
from kernels.join import join, join_into
from kernels.score import score
from kernels.tally import tally
from kernels.verdict import judge

__all__ = [
    "EventLimits",
    "fold",
    "join",
    "join_into",
    "judge",
    "score",
    "tally",
    "warm_up",
    "watch",
]
