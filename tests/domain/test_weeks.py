"""A week under its limits: the exact edges, the left-out values, and the plain twin."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import CELL_NONE, INTERRUPTED, RANK_ESTIMATED, RANK_SHIFT
from service.domain.bands import interruption_below
from service.domain.registry import Wiring
from service.domain.rule_rows import WeekLimitRow
from service.domain.rules import RuleSet
from service.domain.week_limits import (
    FlagEvent,
    LimitCounts,
    Standing,
    WeekVerdict,
    count_week,
    limits_of,
    standing,
    week_edges,
    week_verdict,
)
from service.domain.weeks import (
    HourCells,
    WeekMinutes,
    percentiles,
    week_minutes,
    week_of,
)
from tests.domain.builders import GOOD, make_point
from tests.domain.week_sets import AS, EN, week_set
from tests.oracle.weeks import Minute, Told, percentile, values_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEEK = week_of(date(2024, 3, 6), SHANGHAI)  # a Wednesday
ALWAYS = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
FLOOR = Fraction(9, 10)
N_WEEK = 10_080


def laid(
    cells: Sequence[Sequence[int]], zone: ZoneInfo = SHANGHAI, day: date = date(2024, 3, 6)
) -> WeekMinutes:
    """Return a week whose first minutes are ``cells``, by phase; CELL_NONE and the rest are silent."""
    week = week_of(day, zone)
    first = int(week.from_at.timestamp()) // 60
    lead = first % 60
    n_hours = -(-(lead + len(cells[0])) // 60)
    grid = np.full((len(cells), n_hours * 60), CELL_NONE, np.int16)
    grid[:, lead : lead + len(cells[0])] = cells
    hours = [
        HourCells(
            hour=first // 60 + nth,
            cell=grid[:, 60 * nth : 60 * nth + 60],
            mark=np.where(grid[:, 60 * nth : 60 * nth + 60] == CELL_NONE, 0, GOOD).astype(np.uint8),
        )
        for nth in range(n_hours)
    ]
    return week_minutes(week, hours, len(cells), ALWAYS)


def counted(
    minutes: WeekMinutes,
    rule_set: RuleSet = EN,
    events: Sequence[FlagEvent] = (),
    wiring: Wiring = "1p",
) -> list[tuple[int, int, int, int]]:
    """Return due, valid, outside and flagged values for each limit."""
    point = make_point(230, wiring)
    return [
        (one.n_due, one.n_values, one.n_outside, one.n_flagged)
        for one in count_week(minutes, events, rule_set, point)
    ]


def judged(
    minutes: WeekMinutes, rule_set: RuleSet = EN, events: Sequence[FlagEvent] = ()
) -> WeekVerdict:
    point = make_point(230)
    return week_verdict(
        [
            standing(one, rule_set.week_limits[one.limit_no], FLOOR)
            for one in count_week(minutes, events, rule_set, point)
        ]
    )


def tens(n_values: int, cell: int) -> list[int]:
    return [cell] * (10 * n_values)


# ---------------------------------------------------------------------------------------- the week


@pytest.mark.parametrize(
    ("zone", "day", "monday", "n_minutes"),
    [
        ("Asia/Shanghai", date(2024, 3, 10), date(2024, 3, 4), N_WEEK),
        ("Europe/Berlin", date(2024, 3, 31), date(2024, 3, 25), N_WEEK - 60),
        ("Europe/Berlin", date(2024, 10, 27), date(2024, 10, 21), N_WEEK + 60),
        ("Australia/Lord_Howe", date(2024, 4, 1), date(2024, 4, 1), N_WEEK + 30),
        ("Asia/Kathmandu", date(2024, 3, 4), date(2024, 3, 4), N_WEEK),
    ],
)
def test_a_week_goes_from_monday_to_monday_on_the_clocks_of_its_zone(
    zone: str, day: date, monday: date, n_minutes: int
) -> None:
    week = week_of(day, ZoneInfo(zone))

    assert week.monday == monday
    assert (week.to_at - week.from_at) // timedelta(minutes=1) == n_minutes
    assert week.from_at.astimezone(ZoneInfo(zone)).strftime("%a %H:%M") == "Mon 00:00"


@pytest.mark.parametrize(
    ("day", "n_values"), [(date(2024, 3, 31), 1002), (date(2024, 10, 27), 1014)]
)
def test_a_week_in_which_clocks_change_has_its_own_number_of_values(
    day: date, n_values: int
) -> None:
    minutes = laid([tens(n_values, 0)], ZoneInfo("Europe/Berlin"), day)

    assert counted(minutes) == [(n_values, n_values, 0, 0)] * 2


def test_ten_minutes_that_straddle_the_end_belong_to_the_week_in_which_they_begin() -> None:
    zone = ZoneInfo("Asia/Kathmandu")  # a week begins at a quarter past in UTC
    week = week_of(date(2024, 3, 6), zone)
    cells = [0] * N_WEEK + [1200] * 5

    minutes = laid([cells], zone)

    # The five minutes before the first ten of UTC are the week before's; the last five minutes over 10 % follow it.
    assert week.complete_at == week.to_at + timedelta(minutes=5)
    assert counted(minutes)[0] == (1008, 1008, 0, 0)
    assert percentiles(minutes).n_values == N_WEEK
    assert percentiles(minutes).v99 == 0


# ---------------------------------------------------------------------------------- exact edges


@pytest.mark.parametrize(
    ("cells", "n_outside"),
    [
        ([1000] * 10, 0),  # at the edge
        ([1001] + [1000] * 9, 1),  # by a hundredth of a percent in one minute
        (
            [1001, 999] + [1000] * 8,
            1,
        ),  # the mean of squares is above that of the edge, the mean is not
        ([1001, 998] + [1000] * 8, 0),
        ([-1000] * 10, 0),
        ([-1001, -999] + [-1000] * 8, 0),  # the root of the mean of squares is above the mean
        ([-1001] + [-1000] * 9, 1),
    ],
)
def test_a_value_is_judged_by_its_mean_of_squares_to_the_last_unit(
    cells: list[int], n_outside: int
) -> None:
    assert counted(laid([cells]))[0][2] == n_outside


@pytest.mark.parametrize(
    ("n_outside", "verdict"),
    [(50, "compliant"), (51, "not_compliant")],
)
def test_exactly_five_percent_outside_is_kept(n_outside: int, verdict: str) -> None:
    minutes = laid([tens(n_outside, -1200) + tens(1000 - n_outside, 0)])

    assert counted(minutes)[0] == (1008, 1000, n_outside, 0)
    assert judged(minutes) == verdict


@pytest.mark.parametrize(("cell", "verdict"), [(-1500, "compliant"), (-1501, "not_compliant")])
def test_no_value_at_all_may_lie_outside_the_wider_limits(cell: int, verdict: str) -> None:
    minutes = laid([tens(1, cell) + tens(1007, 0)])

    assert judged(minutes) == verdict


@pytest.mark.parametrize(
    ("n_low", "n_high", "verdict"),
    [
        (100, 0, "compliant"),  # exactly 1 %
        (101, 0, "not_compliant"),
        (0, 100, "compliant"),
        (0, 101, "not_compliant"),
        (100, 100, "compliant"),  # 1 % on each side
    ],
)
def test_one_percent_of_minutes_may_lie_below_and_one_percent_above(
    n_low: int, n_high: int, verdict: str
) -> None:
    # 216 V of 230 V is -6.087 %, snapped outward to -6.09 %; 253 V is +10 % exactly.
    cells = [-610] * n_low + [1001] * n_high + [-609, 1000] * 5000

    minutes = laid([cells[:10_000]])

    assert counted(minutes, AS) == [(10_080, 10_000, n_low, 0), (10_080, 10_000, n_high, 0)]
    assert judged(minutes, AS) == verdict


@pytest.mark.parametrize(
    ("volts", "expected"), [(230, (-609, None)), (240, (-1000, None)), (216, (0, None))]
)
def test_an_edge_in_volts_is_snapped_outward(
    volts: int, expected: tuple[int | None, int | None]
) -> None:
    assert week_edges(AS.week_limits[0], volts * 1000) == expected


# --------------------------------------------------------------------------- what takes part in it


@pytest.mark.parametrize(("n_minutes", "n_values"), [(4, 0), (5, 1), (10, 1)])
def test_half_of_ten_minutes_have_to_be_measured(n_minutes: int, n_values: int) -> None:
    minutes = laid([[0] * n_minutes])

    assert counted(minutes)[0] == (1008, n_values, 0, 0)


def test_an_estimated_minute_is_not_measured() -> None:
    minutes = laid([[0] * 10])
    minutes.mark[:, :6] = RANK_ESTIMATED << RANK_SHIFT

    assert counted(minutes)[0][1] == 0


def start_s(minute: float) -> float:
    return WEEK.from_at.timestamp() + 60 * minute


@pytest.mark.parametrize(
    ("events", "n_flagged"),
    [
        ([FlagEvent("dip", start_s(12), start_s(13))], 1),
        ([FlagEvent("dip", start_s(19.5), start_s(20))], 1),  # ends where the next value begins
        ([FlagEvent("dip", start_s(19.5), start_s(20.5))], 2),
        ([FlagEvent("swell", start_s(20), start_s(20))], 1),  # no longer than its reading
        ([FlagEvent("dip", start_s(12), start_s(13.1))], 0),  # longer than a minute: measured
        ([FlagEvent("swell", start_s(12), None)], 0),  # nor does one that goes on
        ([FlagEvent("interruption", start_s(12), start_s(35))], 3),
        ([FlagEvent("interruption", start_s(10_060), None)], 2),
        ([FlagEvent("dip", start_s(12), start_s(13)), FlagEvent("swell", start_s(15), start_s(15.5))], 1),
        ([FlagEvent("dip", start_s(-1), start_s(0))], 0),
    ],
)  # fmt: skip
def test_values_with_an_event_in_them_are_left_out(events: list[FlagEvent], n_flagged: int) -> None:
    minutes = laid([tens(1008, 1100)])

    assert (
        counted(minutes, EN, events) == [(1008, 1008 - n_flagged, 1008 - n_flagged, n_flagged)] * 2
    )
    assert counted(minutes, AS, events)[0] == (10_080, 10_080, 0, 0)  # flags nothing


def test_a_value_with_a_minute_without_supply_is_left_out_of_its_phase() -> None:
    dark = tens(2, 0) + [-9500] * 3 + [0] * 7 + tens(1005, 0)
    minutes = laid([dark, tens(1008, 1100), tens(1008, 0)])

    # Phase 2 decides: all of its values are outside, and none of them is flagged.
    assert counted(minutes, EN, wiring="3p4w")[0] == (1008, 1008, 1008, 0)
    assert counted(laid([dark]))[0] == (1008, 1007, 0, 1)


def test_minutes_known_to_be_without_supply_are_not_missing() -> None:
    minutes = laid([tens(900, 0)])
    minutes.mark[:, 9000:] |= INTERRUPTED

    assert counted(minutes)[0] == (1008, 900, 0, 108)
    assert judged(minutes) == "compliant"
    assert counted(minutes, AS)[0] == (9000, 9000, 0, 0)
    assert judged(minutes, AS) == "compliant"


@pytest.mark.parametrize(
    ("n_values", "verdict"), [(908, "compliant"), (907, "not_enough_data"), (0, "not_enough_data")]
)
def test_below_the_coverage_floor_a_week_is_not_compliant_but_unknown(
    n_values: int, verdict: str
) -> None:
    assert judged(laid([tens(n_values, 0) or [CELL_NONE]])) == verdict


def test_what_missing_values_could_not_mend_is_exceeded_however_few_there_are() -> None:
    few = tens(51, -1200)

    assert judged(laid([tens(50, -1200)])) == "not_enough_data"
    assert judged(laid([few])) == "not_compliant"
    assert judged(laid([tens(1, -1501)])) == "not_compliant"


def test_a_phase_that_may_be_absent_is_not_missing() -> None:
    whole, silent = tens(1008, 0), [CELL_NONE] * N_WEEK

    assert counted(laid([whole, silent, whole]), wiring="3p3w")[0] == (1008, 1008, 0, 0)
    assert counted(laid([whole, silent, whole]), wiring="3p4w")[0] == (1008, 0, 0, 0)
    assert counted(laid([whole, tens(1008, 1100), whole]), wiring="3p3w")[0][2] == 1008


def test_only_minutes_in_service_are_due() -> None:
    week = WEEK
    part = (week.from_at + timedelta(minutes=25), week.from_at + timedelta(hours=5))

    minutes = week_minutes(week, [], 1, part)

    # From the half of the value that begins at minute 20 on.
    assert counted(minutes)[0] == (28, 0, 0, 0)
    assert counted(minutes, AS)[0] == (275, 0, 0, 0)


def test_a_point_that_no_limit_covers_has_no_verdict() -> None:
    point = make_point(10_000, "3p3w")

    assert limits_of(EN, point) == []
    assert count_week(laid([[0], [0], [0]]), [], EN, point) == []
    assert week_verdict([]) == "no_rule"


# --------------------------------------------------------------------------------------- standings


def row_of(share_max: str) -> WeekLimitRow:
    row: WeekLimitRow = EN.week_limits[0].model_copy(
        update={"outside_share_max": Decimal(share_max)}
    )
    return row


@pytest.mark.parametrize(
    ("n_due", "n_values", "n_outside", "n_flagged", "expected"),
    [
        (1000, 900, 45, 0, "kept"),
        (1000, 900, 46, 0, "exceeded"),
        (1000, 899, 45, 0, "unknown"),
        (1000, 899, 50, 0, "unknown"),
        (1000, 899, 51, 0, "exceeded"),
        (1000, 450, 22, 500, "kept"),
        (10, 0, 0, 10, "unknown"),
        (0, 0, 0, 0, "unknown"),
    ],
)
def test_a_limit_is_kept_exceeded_or_unknown(
    n_due: int, n_values: int, n_outside: int, n_flagged: int, expected: Standing
) -> None:
    counts = LimitCounts(
        limit_no=0, n_due=n_due, n_values=n_values, n_outside=n_outside, n_flagged=n_flagged
    )

    assert standing(counts, row_of("0.05"), FLOOR) == expected


def test_bounds_hold_whatever_the_missing_values_are() -> None:
    counts = LimitCounts(limit_no=0, n_due=1000, n_values=900, n_outside=9, n_flagged=20)

    assert counts.share_outside == Fraction(1, 100)
    assert counts.coverage == Fraction(900, 980)
    assert counts.bounds == (Fraction(9, 980), Fraction(89, 980))


@pytest.mark.parametrize(
    ("standings", "expected"),
    [
        (["kept", "kept"], "compliant"),
        (["kept", "unknown"], "not_enough_data"),
        (["exceeded", "unknown"], "not_compliant"),
    ],
)
def test_a_week_is_compliant_only_if_every_limit_is_kept(
    standings: list[Standing], expected: WeekVerdict
) -> None:
    assert week_verdict(standings) == expected


# ------------------------------------------------------------------------------------- percentiles


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (list(range(1, 101)), (100, 1, 5, 95, 99)),
        (list(range(1, 102)), (101, 2, 6, 96, 100)),
        ([7], (1, 7, 7, 7, 7)),
        ([CELL_NONE], (0, None, None, None, None)),
    ],
)
def test_percentiles_are_measured_values_at_the_nearest_rank(
    values: list[int], expected: tuple[int | None, ...]
) -> None:
    found = percentiles(laid([values]))

    assert (found.n_values, found.v1, found.v5, found.v95, found.v99) == expected


def test_percentiles_look_at_all_phases_and_pass_over_interrupted_minutes() -> None:
    minutes = laid([[100] * 50, [-300] * 50, [-10_000] * 50])
    minutes.mark[2, :50] |= INTERRUPTED

    found = percentiles(minutes)

    assert (found.n_values, found.v1, found.v99) == (100, -300, 100)


@given(st.lists(st.integers(-2000, 2000), min_size=1, max_size=300))
def test_percentiles_are_those_of_the_plain_twin(values: list[int]) -> None:
    found = percentiles(laid([values]))

    wanted = [percentile(values, percent) for percent in (1, 5, 95, 99)]
    assert [found.v1, found.v5, found.v95, found.v99] == wanted


# ---------------------------------------------------------------------------------------- the twin

CELLS = st.one_of(
    st.sampled_from([-10_000, -9001, -1501, -1500, -1001, -1000, 0, 1000, 1001, CELL_NONE]),
    st.integers(-1100, 1100),
)
RUNS = st.lists(st.tuples(st.integers(1, 35), st.lists(CELLS, min_size=1, max_size=6)), max_size=8)
EVENTS = st.lists(
    st.builds(
        lambda kind, start, length: FlagEvent(
            kind, start_s(start), None if length is None else start_s(start) + length
        ),
        st.sampled_from(["dip", "swell", "interruption"]),
        st.integers(-20, 400),
        st.one_of(st.none(), st.sampled_from([0, 1, 59, 60, 61, 600, 1000])),
    ),
    max_size=3,
)


def test_of_phases_that_stand_alike_the_one_with_most_outside_decides() -> None:
    minutes = laid([tens(1008, 0), tens(20, 1100) + tens(988, 0), tens(10, 1100) + tens(998, 0)])
    one = week_set(
        "one",
        "known_minutes_min = 5\nleaves_out_flagged = true",
        "value_s = 600\nupper_percent = 10\noutside_share_max = 0.05",
    )

    assert counted(minutes, one, wiring="3p4w") == [(1008, 1008, 20, 0)]


@given(
    runs=RUNS,
    events=EVENTS,
    served=st.tuples(st.integers(-30, 60), st.integers(61, 500)),
    told=st.sets(st.integers(0, 300), max_size=40),
    rules=st.tuples(st.integers(1, 10), st.booleans(), st.sampled_from([60, 600])),
)
def test_a_week_is_what_the_plain_twin_makes_of_it(
    runs: list[tuple[int, list[int]]],
    events: list[FlagEvent],
    served: tuple[int, int],
    told: set[int],
    rules: tuple[int, bool, int],
) -> None:
    known_min, flags, value_s = rules
    cells = [cell for length, some in runs for cell in (some * length)[:length]] or [CELL_NONE]
    minutes = laid([cells])
    first = minutes.first_minute
    for place in told:
        minutes.mark[0, place] |= INTERRUPTED if minutes.mark[0, place] == 0 else 0
    n = minutes.due.size
    minutes.due[:] = [served[0] <= place < served[1] for place in range(n)]
    rule_set = week_set(
        "twin",
        f"known_minutes_min = {known_min}\nleaves_out_flagged = {str(flags).lower()}",
        f"value_s = {value_s}\nlower_percent = -10\nupper_percent = 10\noutside_share_max = 0",
    )
    phase = {
        first + place: Minute(
            None if place >= len(cells) or cells[place] == CELL_NONE else cells[place],
            place in told,
        )
        for place in range(n)
        if served[0] <= place < served[1]
    }
    rule = Told(
        n_minutes=value_s // 60,
        lower=-1000,
        upper=1000,
        n_known_min=known_min,
        leaves_out_flagged=flags,
        dark_below=interruption_below(rule_set),
    )

    found = counted(minutes, rule_set, events)

    span = (first, first + minutes.n_in_week)
    heard = [(one.kind, one.start_s, one.end_s) for one in events]
    assert found == [values_of(phase, span, rule, heard)]
