"""Sums over readings that were folded, against counting them one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels import account
from kernels.layout import (
    LANE_SETTINGS,
    LANES_PER_BLOCK,
    LATE,
    N_OUTCOMES,
    NO_TIME,
    NONE,
    UNKNOWN_DEVICE,
    Folded,
)
from tests.kernels.builders import records

N_LANES = 2 * LANES_PER_BLOCK + 10
READINGS = st.lists(
    st.tuples(st.integers(0, N_OUTCOMES - 1), st.integers(0, N_LANES - 1), st.integers(-10, 10**9)),
    max_size=20,
)


@given(READINGS)
def test_agrees_with_counting_one_by_one(readings: list[tuple[int, int, int]]) -> None:
    settings = records(N_LANES, LANE_SETTINGS)
    settings["interval_ms"] = 1000 + np.arange(N_LANES)
    found = [
        (outcome, NONE if outcome == UNKNOWN_DEVICE else lane, start)
        for outcome, lane, start in readings
    ]
    folded = Folded(
        np.array([one[0] for one in found], np.uint8),
        np.array([one[1] for one in found], np.int32),
        np.array([one[2] for one in found], np.int64),
        np.zeros((len(found), 3), np.int32),
    )
    counts, touched = np.ones(N_OUTCOMES, np.int64), np.zeros(3, np.uint8)

    newest_ms = account(settings, folded, counts, touched)

    ends = [start + 1000 + lane for outcome, lane, start in found if outcome < LATE]
    assert newest_ms == max(ends, default=NO_TIME)
    assert counts.tolist() == [
        1 + sum(one[0] == outcome for one in found) for outcome in range(N_OUTCOMES)
    ]
    blocks = {lane // LANES_PER_BLOCK for _, lane, _ in found if lane != NONE}
    assert set(np.flatnonzero(touched).tolist()) == blocks
