"""The door to numba: everything is compiled before it is needed, and nothing afterwards."""

import inspect
import typing
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import kernels
from kernels import layout
from kernels._jit import specimen
from tests.kernels import mode
from tests.kernels.builders import (
    NO_LIMITS,
    KernelLog,
    empty_lanes,
    empty_pages,
    lane_settings,
    reading_columns,
    room_for,
)
from tests.oracle import assignments, lanes, words
from tests.oracle.words import Reading

KERNELS: tuple[Callable[..., int], ...] = (
    kernels.account,
    kernels.fold,
    kernels.join,
    kernels.join_into,
    kernels.judge,
    kernels.locate,
    kernels.parse,
    kernels.remember,
    kernels.score,
    kernels.shorten,
    kernels.tally,
    kernels.unpack,
    kernels.watch,
)
compiled_only = pytest.mark.skipif(mode.IS_PLAIN, reason="nothing is compiled in this mode")


def test_warming_up_reaches_every_public_kernel(warm_kernels: int) -> None:
    verbs = [getattr(kernels, name) for name in kernels.__all__]
    others = {kernels.warm_up, kernels.EventLimits}

    assert {verb for verb in verbs if verb not in others} == set(KERNELS)
    assert warm_kernels == len(KERNELS)


@compiled_only
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_has_one_signature(kernel: Any) -> None:
    assert len(kernel.signatures) == 1
    assert len(kernel.nopython_signatures) == 1


@compiled_only
def test_warming_up_again_compiles_nothing() -> None:
    before = {kernel: kernel.signatures for kernel in typing.cast("tuple[Any, ...]", KERNELS)}

    n_ready = kernels.warm_up()

    assert n_ready == len(KERNELS)
    assert all(kernel.signatures == known for kernel, known in before.items())


@compiled_only
def test_warming_up_locks_a_kernel_that_was_called_before() -> None:
    join: Any = kernels.join
    join.disable_compile(False)  # as it is before the first warm-up

    kernels.warm_up()

    cell, mark = np.zeros((1, 60), np.int32), np.zeros((1, 60), np.uint8)
    with pytest.raises(TypeError, match="No matching definition"):
        join(cell, mark, cell, mark)


@compiled_only
@pytest.mark.parametrize("dtype", [np.int32, np.float64])
def test_a_call_with_another_dtype_is_refused_at_once(dtype: type) -> None:
    cell, mark = np.zeros((1, 60), np.int16), np.zeros((1, 60), np.uint8)

    with pytest.raises(TypeError, match="No matching definition"):
        kernels.join(cell.astype(dtype), mark, cell, mark)


@compiled_only
def test_a_read_only_column_is_refused_at_once() -> None:
    cell, mark = np.zeros((1, 60), np.int16), np.zeros((1, 60), np.uint8)
    frozen = np.frombuffer(cell.tobytes(), np.int16).reshape(1, 60)

    with pytest.raises(TypeError, match="No matching definition"):
        kernels.join(cell, mark, frozen, mark)


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_parameter_of_a_kernel_has_a_specimen(kernel: Any) -> None:
    function = getattr(kernel, "py_func", kernel)
    hints = typing.get_type_hints(function, include_extras=True)

    for name in inspect.signature(function).parameters:
        specimen(hints[name])


def test_a_parameter_without_a_specimen_is_an_error() -> None:
    with pytest.raises(KeyError, match="str"):
        specimen(str)


@pytest.mark.skipif(not mode.IS_CHECKED, reason="indices are checked in another mode")
def test_an_index_out_of_range_is_noticed_in_a_public_kernel() -> None:
    cell, mark = np.zeros((2, 60), np.int16), np.zeros((2, 60), np.uint8)
    other_cell, other_mark = np.zeros((1, 60), np.int16), np.full((1, 60), 24, np.uint8)

    with pytest.raises(IndexError):
        kernels.join_into(cell, mark, np.array([2], np.int32), other_cell, other_mark)


@pytest.mark.skipif(not mode.IS_CHECKED, reason="indices are checked in another mode")
@pytest.mark.parametrize(("n_lanes", "n_rows"), [(0, 1), (1, 0)])
def test_an_index_out_of_range_is_noticed_in_the_parts_of_the_fold(
    n_lanes: int, n_rows: int
) -> None:
    devices = {
        "meter": [assignments.Assignment(device_id=1, point_id=1, nominal_mv=1, interval_s=1)]
    }
    settings, first_lane, _ = lane_settings(devices)
    lanes_of_one = empty_lanes(settings)
    state = lanes_of_one.state[:n_lanes].copy()
    readings = reading_columns([Reading("meter", 0, 0, 220.0)], first_lane)

    with pytest.raises(IndexError):
        kernels.fold(
            layout.Lanes(state=state, settings=settings),
            empty_pages(3, 9),
            readings,
            NO_LIMITS,
            0,
            room_for(n_rows),
        )


def test_a_batch_without_readings_is_done_at_once() -> None:
    devices = {
        "meter": [assignments.Assignment(device_id=1, point_id=1, nominal_mv=1, interval_s=1)]
    }

    rows = KernelLog(devices).fold([])

    assert rows.outcomes == []


def test_the_twin_and_the_kernels_use_the_same_codes() -> None:
    verdicts = [verdict.name.lower() for verdict in words.Verdict]

    assert verdicts == list(layout.VERDICT_NAMES)
    assert [*words.Verdict] == [getattr(layout, name.upper()) for name in verdicts]
    assert [*words.Rank] == [getattr(layout, f"RANK_{rank.name}") for rank in words.Rank]
    assert [*words.Quality] == [getattr(layout, f"QUALITY_{q.name}") for q in words.Quality]
    outcomes = {"INVALID": "INVALID_READING"}
    assert [*words.Outcome] == [
        getattr(layout, outcomes.get(outcome.name, outcome.name)) for outcome in words.Outcome
    ]
    assert len(words.Outcome) == layout.N_OUTCOMES
    assert (words.NOT_READ, words.NOT_VALID) == (layout.PPM_ABSENT, layout.PPM_INVALID)
    assert (words.CELL_NONE, words.PPM_MAX) == (layout.CELL_NONE, layout.PPM_MAX)
    assert lanes.SHARE_FULL == layout.SHARE_FULL
    assert words.HOUR_MINUTES == layout.MINUTES_PER_HOUR
