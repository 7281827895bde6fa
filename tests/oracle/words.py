"""The words of the twin: readings, assignments, candidates, and what becomes of a reading."""

from enum import IntEnum
from typing import NamedTuple

CELL_NONE = -32768  # no voltage is known
PPM_MAX = 4_000_000
INTERRUPTION_PPM = 100_000  # below a tenth of nominal there is no supply
MINUTE_MS = 60_000
HOUR_MINUTES = 60
FOREVER_MS = 2**62

NOT_READ = -2  # a phase without a voltage
NOT_VALID = -1  # a phase that was read, but not validly


class Verdict(IntEnum):
    """What a minute is, exactly one of these."""

    MISSING = 0
    PASS = 1
    OVER = 2
    UNDER = 3
    INTERRUPTED = 4
    EXEMPT = 5
    INVALID = 6


class Rank(IntEnum):
    """Where a cell comes from, in the order in which they win."""

    MISSING = 0
    INVALID = 1
    ESTIMATED = 2
    GOOD = 3


class Quality(IntEnum):
    """What the device thinks of its reading."""

    GOOD = 0
    ESTIMATED = 1
    INVALID = 2


class Outcome(IntEnum):
    """What became of a reading."""

    FOLDED = 0
    DUPLICATE = 1
    INVALID = 2
    LATE = 3
    UNKNOWN_DEVICE = 4
    OUTSIDE_SERVICE = 5
    WRONG_PHASES = 6
    STAMP_AHEAD = 7
    STAMP_TOO_OLD = 8

    @property
    def is_dead_letter(self) -> bool:
        """Whether the reading is refused."""
        return self >= Outcome.UNKNOWN_DEVICE


class Candidate(NamedTuple):
    """One cell and its source. Candidates compare as the join orders them: the greatest wins."""

    rank: int
    share: int  # eighths of the expected readings, 0 .. 7
    size: int  # |cell|
    cell: int  # deviation from nominal, 0.01 %

    @property
    def mark(self) -> int:
        """The mark without its verdict."""
        return self.rank << 3 | self.share << 5


def candidate(rank: int, share: int, cell: int) -> Candidate:
    """Return the candidate with this rank, share and cell."""
    return Candidate(rank, share, abs(cell), cell)


NOTHING = candidate(Rank.MISSING, 0, CELL_NONE)


class Reading(NamedTuple):
    """What a device says of one interval. A voltage or a power that is not there is None or NaN."""

    device: str
    stamp_ms: int
    record_ms: int  # time of the Kafka record
    v1: float | None  # volts as the device reads them
    v2: float | None = None
    v3: float | None = None
    quality: int = Quality.GOOD
    p_w: float | None = None
    q_var: float | None = None
