"""The numeric core: folding readings into cells, joining, judging and counting them. Pure, and numpy and numba only."""

from kernels._jit import warm_up
from kernels.account import account
from kernels.events import EventLimits, watch
from kernels.fold import fold
from kernels.join import join, join_into
from kernels.locate import locate
from kernels.parse import parse
from kernels.remember import remember
from kernels.score import score
from kernels.shorten import shorten
from kernels.tally import tally
from kernels.unpack import unpack
from kernels.verdict import judge

__all__ = [
    "EventLimits",
    "account",
    "fold",
    "join",
    "join_into",
    "judge",
    "locate",
    "parse",
    "remember",
    "score",
    "shorten",
    "tally",
    "unpack",
    "warm_up",
    "watch",
]
