"""Exports give way to ingestion, and yet no client hears nothing for long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.export_pace import ExportPace, PaceState


@pytest.mark.parametrize(
    ("lag_s", "share"),
    [(-60, 0.5), (0, 0.5), (300, 0.5), (1050, 0.265), (1800, 0.03), (1e9, 0.03)],
)
def test_an_export_works_less_the_further_ingestion_lags(lag_s: float, share: float) -> None:
    assert ExportPace().share(lag_s) == pytest.approx(share)


@given(
    seconds_per_point=st.floats(0.0005, 0.5),
    fixed_s=st.floats(0.001, 0.5),
    lags_s=st.lists(st.floats(0, 4000), max_size=6),
    n_open=st.integers(1, 4),
)
def test_no_client_hears_nothing_for_long_and_ingestion_has_its_share(
    seconds_per_point: float, fixed_s: float, lags_s: list[float], n_open: int
) -> None:
    pace, state = ExportPace(), PaceState()
    lags_s += [4000.0] * 40
    budget_s = pace.silence_s / n_open * pace.behind_share
    least_s = fixed_s + seconds_per_point  # a batch of one point
    worked_s = rested_s = 0.0

    for n, lag_s in enumerate(lags_s):
        n_points = state.size(pace, lag_s=lag_s, n_open=n_open)
        work_s = fixed_s + n_points * seconds_per_point
        state.learn(work_s, n_points, n_points)
        pause_s = state.pause_s(pace, work_s, lag_s=lag_s, n_open=n_open)
        assert 1 <= n_points <= pace.points_max
        assert n_open * pause_s <= pace.silence_s
        if n >= len(lags_s) - 30:  # behind for a while: batches have become small
            assert work_s <= max(2 * budget_s, least_s)
            worked_s, rested_s = worked_s + work_s, rested_s + pause_s

    if 2 * least_s < budget_s:
        assert worked_s / (worked_s + rested_s) <= pace.behind_share * 1.05


def test_a_batch_is_small_at_once_when_ingestion_falls_behind() -> None:
    pace, state = ExportPace(), PaceState(n_points=200, point_s=0.01)

    level = state.size(pace, lag_s=0, n_open=1)
    behind = state.size(pace, lag_s=3600, n_open=1)
    behind_by_turns = state.size(pace, lag_s=3600, n_open=2)

    assert (level, behind, behind_by_turns) == (200, 30, 15)


def test_an_export_of_one_point_does_not_make_points_seem_cheap() -> None:
    pace, state = ExportPace(), PaceState(n_points=200)

    state.learn(0.02, 200, 1)

    assert state.size(pace, lag_s=3600, n_open=1) == 15


def test_rest_that_was_cut_short_is_made_up_for_while_ingestion_is_behind() -> None:
    pace, state = ExportPace(), PaceState()

    first_s = state.pause_s(pace, 1.0, lag_s=9999, n_open=1)  # 32 s were due
    later_s = [state.pause_s(pace, 0.1, lag_s=9999, n_open=1) for _ in range(4)]
    level_s = state.pause_s(pace, 0.1, lag_s=0, n_open=1)

    assert first_s == pace.silence_s
    assert later_s[:3] == [pace.silence_s] * 3
    assert first_s + sum(later_s) == pytest.approx(1.4 * 0.97 / 0.03)
    assert level_s == pytest.approx(0.1)
