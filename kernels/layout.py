"""What the kernels work on: codes, record layouts and array bundles, each with its unit, said once.

Vocabulary: *ppm* is a voltage in millionths of nominal (``1_000_000`` is nominal); a *cell* is a deviation from
nominal in 0.01 % (``700`` is +7.00 %); *minute* and *hour* count from the Unix epoch in UTC.
"""

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

MINUTES_PER_HOUR = 60
N_PHASES_MAX = 3

# Verdicts: what a minute is, exactly one of these.
MISSING = 0
PASS = 1
OVER = 2
UNDER = 3
INTERRUPTED = 4
EXEMPT = 5
INVALID = 6
N_VERDICTS = 7
VERDICT_NAMES = ("missing", "pass", "over", "under", "interrupted", "exempt", "invalid")

# Ranks of a cell's source, in the order in which they win.
RANK_MISSING = 0
RANK_INVALID = 1
RANK_ESTIMATED = 2
RANK_GOOD = 3

# A mark is one byte: verdict | rank << RANK_SHIFT | share << SHARE_SHIFT, share in eighths of the expected readings.
VERDICT_MASK = 0b0000_0111
RANK_SHIFT = 3
RANK_MASK = 0b0000_0011
SHARE_SHIFT = 5
SHARE_FULL = 7  # at least seven eighths

CELL_NONE = -32768  # no voltage is known
CELL_MIN = -32768  # bounds of the type
CELL_MAX = 32767
PPM_NOMINAL = 1_000_000
PPM_MAX = 4_000_000  # above this, and below zero, a voltage is invalid
PPM_PER_CELL = 100
PPM_INVALID = -1  # a phase that was read, but not validly
PPM_ABSENT = -2  # a phase that was not read
NO_BAND = -32768  # lower edge of a band that does not exist: no rule covers the point

# Quality of a reading.
QUALITY_GOOD = 0
QUALITY_ESTIMATED = 1
QUALITY_INVALID = 2

# Outcomes of a reading. The first four and the late ones are accounted for by count, the others are dead letters.
FOLDED = 0
DUPLICATE = 1
INVALID_READING = 2
LATE = 3
UNKNOWN_DEVICE = 4
OUTSIDE_SERVICE = 5
WRONG_PHASES = 6
STAMP_AHEAD = 7
STAMP_TOO_OLD = 8
N_OUTCOMES = 9

NO_TIME = -(2**62)  # a minute or millisecond that has not been seen
NONE = -1  # an index that points nowhere

# A lane's state is one row of words (int64), so that a single-phase reading touches one cache line of it.
# A pair is two neighbouring words, one for each open minute, by parity.
HEAD_MINUTE = 0  # last minute filled by the newest reading; NO_TIME before the first
AHEAD_MS = 1  # start of the unconfirmed reading far ahead; NO_TIME if none
SEEN = 2  # pair: bit mask of the places already read; of a minute or more, bit n: n minutes before the newest
SUM_GOOD = 4  # pair, phase 1: sum of squares of the good readings, ppm squared
COUNTS = 6  # pair, phase 1: n_good | n_estimated << 8 | n_invalid << 16
PAGE = 8  # newest page in memory, NONE if none
SUM_ESTIMATED = 9  # six words: phase 1 pair, phase 2 pair, phase 3 pair
SUM_GOOD_OTHERS = 15  # four words: phase 2 pair, phase 3 pair
COUNTS_OTHERS = 19  # four words: phase 2 pair, phase 3 pair
INTERVAL_MS = 23  # of the readings that the open minutes were made of
LANE_WORDS = 24
LANES_PER_BLOCK = 1000  # whose states are stored together

# Two cache lines, of which a reading needs the first: a record of 72 bytes lay across two.
LANE_SETTINGS = np.dtype(
    [
        ("ppm_per_volt", "<f8"),
        ("places_per_ms", "<f8"),  # 1 / interval below a minute: the hot loop does not divide
        # bit n: the n-th good reading of a minute completes a further eighth, from the half on
        ("show_at", "<i8"),
        ("from_ms", "<i8"),  # the device serves its point from here, inclusive
        ("to_ms", "<i8"),  # to here, exclusive
        ("interval_ms", "<i4"),
        ("shift_ms", "<i4"),  # subtracted from a stamp to get the start of its interval
        ("live_lower_ppm", "<i4"),  # band in which a single reading is no live breach
        ("live_upper_ppm", "<i4"),
        ("expected", "u1"),  # readings a minute, 1 for a minute or more
        ("minutes", "u1"),  # minutes a reading fills, 0 below a minute
        ("n_phases", "u1"),  # 1 or 3
        (
            "zero_is_invalid",
            "u1",
        ),  # 1: all phases below a tenth of nominal say nothing about supply
        ("wants_power", "u1"),  # 1: active and reactive energy are kept
        ("pad", "u1", (3,)),
        ("point", "<i4"),  # database id of the point
        ("next_lane", "<i4"),  # lane of the same device's next assignment, NONE if none
        ("pad2", "u1", (56,)),
    ],
    align=True,
)

EVENT_STATE = np.dtype(
    [
        ("last_ms", "<i8"),  # end of the newest reading judged; NO_TIME before the first
        ("start_ms", "<i8", (4,)),  # by kind of event, while open
        ("earliest_ms", "<i8", (4,)),  # end of the last reading before the start
        ("extreme_ppm", "<i4", (4,)),  # residual (lowest) or swell (highest) voltage, while open
        ("phases", "u1", (4,)),  # bit mask of the phases that took part
        ("open_kinds", "u1"),  # bit mask of the open kinds
        ("breach", "u1"),  # 0 inside the band, 1 below, 2 above, 3 above +20 %
        ("pad", "u1", (2,)),
    ],
    align=True,
)

PAGE_HEAD = np.dtype(
    [
        ("lane", "<i4"),
        ("hour", "<i4"),
        ("older", "<i4"),  # the same lane's page of an older hour, NONE if none
        ("plane", "<i4"),  # first of the page's n_phases planes
        ("revision", "<i4"),  # of the stored row as last known, 0 if none
        ("n_phases", "u1"),
        ("dirty", "u1"),  # 1: differs from the stored row
        ("pad", "u1", (2,)),
        ("power_s", "<i4"),  # seconds of the hour whose power is known
        (
            "former_point",
            "<i4",
        ),  # whose page it is, if its lane serves another point by now; else 0
        ("active_ws", "<i8"),  # active energy of those seconds, watt seconds
        ("reactive_vars", "<i8"),  # reactive energy, var seconds
    ],
    align=True,
)

# Kinds of event, in the order of EVENT_STATE's columns.
DIP = 0
SWELL = 1
INTERRUPTION = 2
PHASE_LOSS = 3
EVENT_KINDS = ("dip", "swell", "interruption", "phase_loss")

EVENT_EDGE = np.dtype(
    [
        ("lane", "<i4"),
        ("kind", "u1"),
        ("closed", "u1"),  # 0 when the event opened, 1 when it ended
        ("phases", "u1"),
        ("pad", "u1"),
        ("start_ms", "<i8"),
        ("earliest_ms", "<i8"),  # the start lies in [earliest_ms, start_ms]
        ("end_ms", "<i8"),  # of the last reading inside the event
        ("latest_ms", "<i8"),  # the end lies in [end_ms, latest_ms]; NO_TIME while open
        ("extreme_ppm", "<i4"),
        ("pad2", "<i4"),
    ],
    align=True,
)

LaneStates = Annotated[NDArray[np.int64], np.int64, (1, LANE_WORDS)]
LaneSettings = Annotated[NDArray[np.void], LANE_SETTINGS, (1,)]
EventStates = Annotated[NDArray[np.void], EVENT_STATE, (1,)]
EventEdges = Annotated[NDArray[np.void], EVENT_EDGE, (1,)]
PageHeads = Annotated[NDArray[np.void], PAGE_HEAD, (1,)]
Cells = Annotated[NDArray[np.int16], np.int16, (1, MINUTES_PER_HOUR)]
Marks = Annotated[NDArray[np.uint8], np.uint8, (1, MINUTES_PER_HOUR)]
Int16s = Annotated[NDArray[np.int16], np.int16, (0,)]
Int32s = Annotated[NDArray[np.int32], np.int32, (0,)]
Int64s = Annotated[NDArray[np.int64], np.int64, (0,)]
UInt64s = Annotated[NDArray[np.uint64], np.uint64, (0,)]
Bytes = Annotated[NDArray[np.uint8], np.uint8, (0,)]
Floats = Annotated[NDArray[np.float64], np.float64, (0,)]
Phases = Annotated[NDArray[np.int32], np.int32, (0, N_PHASES_MAX)]
Counters = Annotated[NDArray[np.int16], np.int16, (0, N_VERDICTS)]
TALLY_ROOM = 12 * 64  # rows of lanes that ``tally`` works in
TallyRoom = Annotated[NDArray[np.int16], np.int16, (TALLY_ROOM,)]
Edges = Annotated[NDArray[np.int16], np.int16, (0, 0)]
Sums = Annotated[NDArray[np.int32], np.int32, (0, 0, N_VERDICTS)]


class Readings(NamedTuple):
    """One batch of readings as columns, ``(n_readings,)`` each; an absent column has length 0."""

    lane: Int32s  # lane of the device's first assignment; NONE for an unknown device
    stamp_ms: Int64s  # as the device gave it, milliseconds since the Unix epoch, UTC
    record_ms: Int64s  # time of the Kafka record
    v1: Floats  # volts as the device reads them; NaN where there is none
    v2: Floats
    v3: Floats
    p_w: Floats  # active power, watts; NaN where there is none
    q_var: Floats  # reactive power, var
    quality: Bytes


class Lanes(NamedTuple):
    """What is known of each lane of one partition."""

    state: LaneStates  # (n_lanes, LANE_WORDS)
    settings: LaneSettings  # (n_lanes,)


class Pages(NamedTuple):
    """Pages in memory. ``used`` counts heads and planes in use; beyond them is room for new ones."""

    head: PageHeads  # (n_heads,)
    cell: Cells  # (n_planes, 60)
    mark: Marks  # (n_planes, 60); the verdict bits are 0 until a page is judged
    used: Int64s  # (2,): heads, planes


class Folded(NamedTuple):
    """What ``fold`` writes for each reading, ``(n_readings, ...)``."""

    outcome: Bytes
    lane: Int32s  # lane of the assignment in force; NONE if there is none
    start_ms: Int64s  # start of the reading's interval; undefined without a lane
    ppm: Phases  # (n_readings, 3); PPM_ABSENT, PPM_INVALID or the voltage


class StampLimits(NamedTuple):
    """Stamps that are refused, relative to the time of the Kafka record. Milliseconds."""

    ahead_ms: int  # a reading may end this much after its record at most
    oldest_ms: int  # and start this much before it at most; 0 is no limit


class PagePlanes(NamedTuple):
    """Pages to be judged, one after another; page ``i`` owns planes ``first[i] : first[i] + n_phases[i]``."""

    first: Int32s  # (n_pages,)
    n_phases: Bytes  # (n_pages,)
    cell: Cells  # (n_planes, 60)
    mark: Marks  # (n_planes, 60)


class PageRules(NamedTuple):
    """What applies to each page, ``(n_pages,)`` each. A mask has bit ``m`` for minute ``m`` of the hour."""

    lower: Int16s  # band edges in 0.01 %, both inclusive; NO_BAND where no rule covers the point
    upper: Int16s
    abnormal_lower: Int16s  # band in abnormal grid state
    abnormal_upper: Int16s
    assessment_lower: Int16s  # a minute outside this band is exempt; NO_BAND where there is none
    assessment_upper: Int16s
    interruption_below: Int16s  # a cell below this is an interruption
    optional_phases: Bytes  # bit mask of phases that may be absent
    due: UInt64s  # minutes in which the point is in service
    abnormal: UInt64s  # minutes of declared abnormal grid state
    interrupted: UInt64s  # minutes inside an interruption known without a measurement
    exempt: UInt64s  # minutes of customers below their required power factor


class PageScores(NamedTuple):
    """What judging writes beside the marks, ``(n_pages, ...)`` each."""

    verdict: Marks  # (n_pages, 60): verdict of the point
    counter: Counters  # (n_pages, 7): minutes by verdict, summing to the minutes due
    phase_counter: Counters  # (n_planes, 7)
    cell_min: Int16s  # lowest and highest cell of all measured, not interrupted minutes; CELL_NONE if none
    cell_max: Int16s
    # the same over normal, not exempt minutes and cells inside the assessment band (the day's spread, GB/T 12325)
    spread_min: Int16s
    spread_max: Int16s


class TallyPages(NamedTuple):
    """What applies to each page under every set of rules, ``(n_pages,)`` each; masks as in ``PageRules``."""

    kind: Int32s  # of its point: the column of ``SetLimits`` that holds
    slot: Int32s  # where its minutes are added
    optional_phases: Bytes
    due: UInt64s
    abnormal: UInt64s
    interrupted: UInt64s
    exempt: UInt64s


class SetLimits(NamedTuple):
    """Limits of each set of rules, ``(n_sets, n_kinds)`` or ``(n_sets,)``; units, NO_BAND as in ``PageRules``."""

    lower: Edges
    upper: Edges
    abnormal_lower: Edges
    abnormal_upper: Edges
    assessment_lower: Edges
    assessment_upper: Edges
    interruption_below: Int16s  # (n_sets,)
    exempts: Bytes  # (n_sets,): 1 where the mask of exempt minutes counts
