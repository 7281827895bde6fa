"""Whatever part of the evidence of an outage is there, the truth lies inside the edges.

Readings are made by what meters do, one interval after the other, and share no code with the product.
"""

from hypothesis import given
from hypothesis import strategies as st

from service.domain.supply.meter_events import MeterEvent
from tests.supply.builders import DARK, LIVE, SILENT, found, meter, point, second, told

N_INTERVALS = 16
STEP_S = 900


def seen(off_s: int, on_s: int, *, self_powered: bool, instant: bool) -> list[tuple[str, int]]:
    """Return what a meter reads of an outage, minutes."""
    runs = []
    for begin in range(0, N_INTERVALS * STEP_S, STEP_S):
        end = begin + STEP_S
        dark_s = max(0, min(end, on_s) - max(begin, off_s))
        if instant:
            is_dark = is_silent = off_s <= begin < on_s
        else:
            is_dark = dark_s == STEP_S
            is_silent = off_s < end <= on_s or 2 * dark_s > STEP_S
        kind = SILENT if self_powered and is_silent else DARK if is_dark else LIVE
        runs.append((kind if kind != DARK or not self_powered else SILENT, STEP_S // 60))
    return runs


def words(
    off_s: int, on_s: int, hold_off_s: int, boot_s: int, *, self_powered: bool
) -> list[MeterEvent]:
    """Return all that a meter may say of it."""
    log = told("power_failure_log", off_s, on_s)
    if not self_powered:
        return [told("power_off", off_s), told("power_on", on_s), log]
    return [told("last_gasp", off_s + hold_off_s), told("restored", on_s + boot_s), log]


@given(
    off_s=st.integers(2 * STEP_S, 6 * STEP_S),
    length_s=st.one_of(st.integers(61, STEP_S), st.integers(61, 8 * STEP_S)),
    delays_s=st.tuples(st.integers(30, 45), st.integers(5, 60)),  # of the gasp, of the boot
    self_powered=st.booleans(),
    instant=st.booleans(),
    data=st.data(),
)
def test_edges_hold_the_truth_of_an_outage_of_which_any_part_is_told(
    off_s: int,
    length_s: int,
    delays_s: tuple[int, int],
    self_powered: bool,
    instant: bool,
    data: st.DataObject,
) -> None:
    on_s = off_s + length_s
    all_words = words(off_s, on_s, *delays_s, self_powered=self_powered)
    some = data.draw(st.lists(st.sampled_from(all_words), min_size=1, max_size=5))
    runs = seen(off_s, on_s, self_powered=self_powered, instant=instant)
    how = meter(15, self_powered=self_powered, kind="instant" if instant else "mean")

    evidence = point(runs, some, how=how)
    interruptions = found(evidence)

    if evidence.n_false_alarms:  # only a gasp, and no reading missed it
        assert {one.event for one in some} == {"last_gasp"}
        assert interruptions == ()
        return
    (one,) = interruptions
    assert one.end is not None
    assert one.latest is not None
    assert one.earliest <= second(off_s) <= one.start
    assert one.end <= second(on_s) <= one.latest
