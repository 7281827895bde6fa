"""The rows that `make bench` measures, and what the figures of a row say together."""

from collections.abc import Iterable
from typing import Final

from tests.bench.figure import Figure, Verdict

ROWS: Final[dict[int, str]] = {
    1: "fold kernel, 10^5 points, one-second data",
    2: "fold cost per reading, 10^6 points against 10^3",
    3: "consume, durable, Arrow, 1,000 points a message, checkpoint every 5 s",
    4: "consume, durable, JSON, one reading a message",
    5: "the same job by what else would be picked",
    6: "checkpoint of 10^5 dirty points",
    7: "durable end to end, 300,000 points, 10 minutes",
    8: "memory of `consume` per point at 10^6 points",
    9: "re-scoring a month of 2,000 points, counters written",
    10: "storage per minute of a single-phase point, index included",
    11: "API while row 7 runs",
    12: "cold start of `consume` with 10^6 known points",
    13: "two `consume` processes against one, 8 partitions",
}
NOT_MEASURED: Final = "not measured"
_WORST_FIRST: Final = (Verdict.MISSED, Verdict.NOT_VERIFIED, Verdict.MET)


def verdict_of(figures: Iterable[Figure]) -> str:
    """Return the verdict of a row: the worst of its figures, ``NOT_MEASURED`` where none is held to anything."""
    found = {figure.verdict for figure in figures}
    return next((verdict for verdict in _WORST_FIRST if verdict in found), NOT_MEASURED)
