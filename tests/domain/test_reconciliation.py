"""A day counted twice: whatever a device counts otherwise is put down to the habit that makes the difference."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import CELL_NONE, EXEMPT, INTERRUPTED, MISSING, OVER, PASS, UNDER
from service.domain.monitor_files import read_monitor_days
from service.domain.reconciliation import (
    NOTHING,
    Counted,
    LedgerDay,
    Limits,
    MonitorDay,
    limits_of,
    reconcile,
)

NOMINAL_MV = 220_000
SEVEN = (Fraction("204.6"), Fraction("235.4"))  # what many meters leave the works with: +-7 %
NORM = (Fraction(198), Fraction("235.4"))
WIDE = (Fraction(154), Fraction(264))


def told(counted: Counted, **limits: tuple[Fraction, Fraction] | None) -> MonitorDay:
    return MonitorDay(
        point="P1",
        day=date(2026, 3, 1),
        phase=None,
        counted=counted,
        qualified_v=limits.get("qualified_v"),
        assessment_v=limits.get("assessment_v"),
    )


def ledger(*parts: tuple[int, int, int]) -> LedgerDay:
    """Return a day of runs of (minutes, cell, verdict)."""
    cell = np.concatenate([np.full(n, one, np.int16) for n, one, _ in parts])
    verdict = np.concatenate([np.full(n, code, np.uint8) for n, _, code in parts])
    return LedgerDay(cell=cell[np.newaxis], verdict=verdict)


# The day of the field's own example: 1350 good, 36 high, 24 low, 20 outage, 10 missing.
GOLDEN = ledger(
    (1350, 100, PASS),
    (36, 800, OVER),
    (24, -1100, UNDER),
    (20, -10_000, INTERRUPTED),
    (10, CELL_NONE, MISSING),
)
OURS = Counted(1410, 36, 24, 1350)


@pytest.mark.parametrize(
    ("theirs", "steps", "rate"),
    [
        (OURS, {}, "95.7447"),
        (Counted(1430, 36, 44, 1350), {"interrupted": Counted(20, 0, 20, 0)}, "94.4056"),
        (
            Counted(1440, 36, 24, 1380),
            {"interrupted": Counted(20, 0, 0, 20), "missing": Counted(10, 0, 0, 10)},
            "95.8333",
        ),
        (Counted(1420, 36, 24, 1360), {"missing": Counted(10, 0, 0, 10)}, "95.7746"),
    ],
)
def test_each_habit_of_the_example_is_found(
    theirs: Counted, steps: dict[str, Counted], rate: str
) -> None:
    found = reconcile(told(theirs, qualified_v=NORM), GOLDEN, NOMINAL_MV)

    assert found.ours == OURS
    assert found.steps == steps
    assert found.is_explained
    assert theirs.rate is not None
    assert f"{float(theirs.rate * 100):.4f}" == rate


def test_limits_of_a_device_are_put_on_our_voltages() -> None:
    day = ledger(
        (1000, 100, PASS), (300, -800, PASS), (100, -1100, UNDER), (40, -9000, INTERRUPTED)
    )
    theirs = Counted(
        1440, 0, 400, 1040
    )  # 300 minutes at 202.4 V are under 204.6 V; the outage is good

    found = reconcile(told(theirs, qualified_v=SEVEN), day, NOMINAL_MV)

    assert found.steps == {
        "limits": Counted(0, 0, 300, -300),
        "interrupted": Counted(40, 0, 0, 40),
    }
    assert found.is_explained


def test_minutes_beyond_the_assessment_limits_may_leave_the_day() -> None:
    day = ledger((1400, 100, PASS), (30, -2000, UNDER), (10, -4000, UNDER))
    theirs = Counted(1430, 0, 30, 1400)

    found = reconcile(told(theirs, qualified_v=NORM, assessment_v=WIDE), day, NOMINAL_MV)

    assert found.steps == {"assessment": Counted(-10, 0, -10, 0)}
    assert found.is_explained


def test_exempt_minutes_are_counted_by_a_device_that_knows_no_power_factor() -> None:
    day = ledger((1380, 100, PASS), (60, -1100, EXEMPT))
    theirs = Counted(1440, 0, 60, 1380)

    found = reconcile(told(theirs, qualified_v=NORM), day, NOMINAL_MV)

    assert found.steps == {"exempt": Counted(60, 0, 60, 0)}


def test_minutes_near_a_limit_are_put_down_to_the_method_and_others_are_not() -> None:
    near = ledger((1430, 100, PASS), (10, 690, PASS))  # 235.18 V: one of its seconds may be over
    far = ledger((1440, 100, PASS))
    theirs = told(Counted(1440, 10, 0, 1430), qualified_v=NORM)

    explained, left = (reconcile(theirs, day, NOMINAL_MV) for day in (near, far))

    assert explained.steps == {"method": Counted(0, 10, 0, -10)}
    assert explained.is_explained
    assert left.unexplained == Counted(0, 10, 0, -10)


def test_a_row_that_contradicts_itself_is_told_so() -> None:
    wrong = told(Counted(1600, 36, 24, 1350), qualified_v=WIDE, assessment_v=NORM)

    found = reconcile(wrong, GOLDEN, NOMINAL_MV)

    assert found.remarks == (
        "over + under + qualified = 1410 min, monitored = 1600 min",
        "monitored = 1600 min, more than a day has",
        "the assessment limits do not lie outside the qualified ones",
    )
    assert not found.is_explained


def test_limits_in_volts_are_moved_outward_like_the_cells() -> None:
    assert limits_of(SEVEN, NOMINAL_MV) == Limits(lower=-700, upper=700)
    assert limits_of((Fraction("204.61"), Fraction("235.41")), NOMINAL_MV) == Limits(
        lower=-700, upper=701
    )


Count = Callable[[LedgerDay], Counted]


def counted_plainly(day: LedgerDay, limits: Limits, outages: str, missing: str) -> Counted:
    """Return the counters of a device, minute by minute."""
    over = under = good = 0
    for minute, verdict in enumerate(day.verdict.tolist()):
        cells = [one for one in day.cell[:, minute].tolist() if one != CELL_NONE]
        if verdict in (PASS, OVER, UNDER):
            above, below = max(cells) - limits.upper, limits.lower - min(cells)
            if above > 0 and above > below:
                over += 1
            elif below > 0:
                under += 1
            else:
                good += 1
        elif verdict == INTERRUPTED:
            under += outages == "under"
            good += outages == "qualified"
        else:
            good += missing == "qualified"
    return Counted(over + under + good, over, under, good)


def judged(cells: list[int]) -> int:
    """Return the verdict of the norm over some phases."""
    above, below = max(cells) - 700, -1000 - min(cells)
    if above > 0 and above > below:
        return OVER
    return UNDER if below > 0 else PASS


cells = st.integers(-1500, 1500)
minutes = st.one_of(
    st.lists(cells, min_size=3, max_size=3).map(lambda some: (some, judged(some))),
    st.just(([-10_000] * 3, INTERRUPTED)),
    st.just(([CELL_NONE] * 3, INTERRUPTED)),
    st.just(([CELL_NONE] * 3, MISSING)),
)


@given(
    st.lists(minutes, min_size=1, max_size=60),
    st.sampled_from(("excluded", "qualified", "under")),
    st.sampled_from(("excluded", "qualified")),
    st.sampled_from((SEVEN, NORM)),
)
def test_a_device_with_any_known_habits_is_explained_to_the_minute(
    some: list[tuple[list[int], int]],
    outages: str,
    missing: str,
    limits_v: tuple[Fraction, Fraction],
) -> None:
    day = LedgerDay(
        cell=np.array([cells for cells, _ in some], np.int16).T,
        verdict=np.array([verdict for _, verdict in some], np.uint8),
    )
    theirs = counted_plainly(day, limits_of(limits_v, NOMINAL_MV), outages, missing)

    found = reconcile(told(theirs, qualified_v=limits_v), day, NOMINAL_MV)

    assert found.is_explained
    assert "method" not in found.steps
    total = found.ours
    for step in found.steps.values():
        total = total + step
    assert total == theirs


FILE = """\
监测点,日期,相别,监测时间(min),越上限时间(min),越下限时间(min),合格时间(min),合格下限(V),合格上限(V)
P1,2026/03/01,,1440,36,24,1380,204.6,235.4
P1,2026-03-02,1,1440,0,0,1440,,
"""


def test_a_file_of_a_monitor_is_read() -> None:
    found = read_monitor_days(FILE)

    assert not found.bad_rows
    assert [(one.day.day, one.phase, one.qualified_v) for one in found.rows] == [
        (1, None, SEVEN),
        (2, 1, None),
    ]
    assert found.rows[0].counted == Counted(1440, 36, 24, 1380)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("P1,2026-03-01,,1440,36,24,1380,204.6,", "upper_limit_v"),
        ("P1,2026-03-01,,1440,36,24,1380,235.4,204.6", "upper_limit_v"),
        ("P1,2026-02-30,,1440,36,24,1380,,", "日期"),
        ("P1,2026-03-01,4,1440,36,24,1380,,", "相别"),
        ("P1,2026-03-01,,-1,36,24,1380,,", "监测时间(min)"),
        ("P1,2026-03-01,,1440,36,24,1380,0,235.4", "合格下限(V)"),
    ],
)
def test_a_wrong_field_is_named(line: str, column: str) -> None:
    found = read_monitor_days(FILE.splitlines()[0] + "\n" + line + "\n")

    assert [bad.column for bad in found.bad_rows] == [column]
    assert not found.rows


def test_a_day_that_stands_twice_is_refused() -> None:
    found = read_monitor_days(FILE + FILE.splitlines()[1] + "\n")

    assert [(bad.line, bad.column) for bad in found.bad_rows] == [(4, "point")]


def test_nothing_is_no_difference() -> None:
    assert NOTHING.size == 0
    assert NOTHING.rate is None
