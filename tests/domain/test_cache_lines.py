"""Lanes begin where cache lines do, however often their arrays have grown."""

import numpy as np
import pytest

from kernels.layout import LANE_SETTINGS, LANE_WORDS
from service.domain.cache_lines import LINE_BYTES, enlarged_on_lines, zeros_on_lines


@pytest.mark.parametrize("n_rows", [0, 1, 3, 1000])
def test_an_array_begins_at_the_start_of_a_line_and_holds_zeros(n_rows: int) -> None:
    array = zeros_on_lines((n_rows, LANE_WORDS), np.dtype(np.int64))

    assert array.shape == (n_rows, LANE_WORDS)
    assert n_rows == 0 or array.ctypes.data % LINE_BYTES == 0
    assert not array.any()


def test_a_larger_array_begins_with_the_same_rows_at_the_start_of_a_line() -> None:
    rows = np.arange(6).reshape(3, 2)

    larger = enlarged_on_lines(rows, 5)

    assert larger.tolist() == [[0, 1], [2, 3], [4, 5], [0, 0], [0, 0]]
    assert larger.ctypes.data % LINE_BYTES == 0


def test_what_a_reading_needs_of_its_lane_is_one_line_of_each_array() -> None:
    cold = {"point", "next_lane", "pad2"}
    fields = dict(LANE_SETTINGS.fields or {})

    hot_end = max(
        int(at) + kind.itemsize for name, (kind, at, *_) in fields.items() if name not in cold
    )

    assert hot_end <= LINE_BYTES
    assert LANE_SETTINGS.itemsize % LINE_BYTES == 0
    assert LANE_WORDS * 8 % LINE_BYTES == 0
