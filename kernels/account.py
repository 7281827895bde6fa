"""What became of readings, in sums: by outcome, which lanes' blocks changed, and how far the data reach."""

from kernels._jit import kernel, signed
from kernels.layout import (
    LANES_PER_BLOCK,
    LATE,
    NO_TIME,
    NONE,
    Bytes,
    Folded,
    Int64s,
    LaneSettings,
)


@kernel
def account(settings: LaneSettings, folded: Folded, counts: Int64s, touched: Bytes) -> int:
    """Add to ``counts`` how many readings had each outcome, and set ``touched`` of the blocks of their lanes to 1.

    Shapes: ``settings`` ``(n_lanes,)``; ``counts`` ``(N_OUTCOMES,)``; ``touched`` one a block of lanes.
    Order: any.
    Requires: ``fold`` has written all of ``folded``.

    Returns:
        End of the newest reading that is not late, milliseconds since the Unix epoch; NO_TIME without one.
    """
    newest = NO_TIME
    for i in range(folded.lane.size):
        outcome = folded.outcome[i]
        counts[outcome] += 1
        lane = signed(folded.lane[i])
        if lane == NONE:
            continue
        touched[lane // LANES_PER_BLOCK] = 1
        if outcome < LATE:
            newest = max(newest, folded.start_ms[i] + settings[lane].interval_ms)
    return newest
