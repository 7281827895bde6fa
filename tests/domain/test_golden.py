"""The golden cases: numbers that were worked out by hand, through the real kernels and pages."""

from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest

from kernels.layout import CELL_NONE, OVER, PASS, UNDER
from service.domain.bands import event_limits
from service.domain.batch import EMPTY, Batch
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.judging import make_judge
from service.domain.lane_book import LaneBook
from service.domain.lanes import lane_directory
from service.domain.pages import PageColumns
from service.domain.rates import Rate, VerdictCounts, rate_of
from service.domain.registry import Declaration, Device, Point, Registry
from service.domain.rules import load_rule_set
from service.domain.spread import DaySpread, day_spread
from tests.domain.builders import START, START_HOUR, abnormal, day_pages, make_point, outage

SGCC = load_rule_set("sgcc-2003")
ABNORMAL_FROM, DARK_FROM = 1300, 1410
DAY = (
    [400] * ABNORMAL_FROM
    + [800] * 40  # in declared abnormal state
    + [800] * 20
    + [-950] * 20
    + [-1200] * 30
    + [-10000] * 20  # inside a declared outage
    + [CELL_NONE] * 10
)


def _minute(minute: int) -> timedelta:
    return timedelta(minutes=minute)


IN_ABNORMAL_STATE = abnormal(START + _minute(ABNORMAL_FROM), START + _minute(ABNORMAL_FROM + 40))
IN_OUTAGE = outage(START + _minute(DARK_FROM), START + _minute(DARK_FROM + 20))


def _counts(pages: PageColumns, point: Point, *declarations: Declaration) -> VerdictCounts:
    registry = Registry(judgement=5, points=[point], declarations=declarations)
    make_judge(registry, SGCC).judge(pages)
    return VerdictCounts.of(pages.scores.counter.sum(axis=0))


def _rounded(rate: Rate) -> tuple[float | None, ...]:
    values = (rate.rate, rate.lower, rate.upper, rate.coverage)
    return tuple(None if value is None else round(float(value), 6) for value in values)


def test_the_golden_day_at_220_v() -> None:
    assert len(DAY) == 1440
    pages = day_pages([DAY])

    counts = _counts(pages, make_point(220), IN_ABNORMAL_STATE, IN_OUTAGE)

    assert counts == VerdictCounts(
        n_pass=1360, n_over=20, n_under=30, n_interrupted=20, n_missing=10
    )
    assert counts.n_due == 1440
    assert _rounded(rate_of(counts)) == (0.964539, 0.957746, 0.964789, 0.992958)


def test_the_golden_day_without_the_declaration_of_abnormal_state() -> None:
    counts = _counts(day_pages([DAY]), make_point(220), IN_OUTAGE)

    assert (counts.n_pass, counts.n_over, counts.n_under) == (1320, 60, 30)
    assert _rounded(rate_of(counts))[0] == 0.936170


@pytest.mark.parametrize("wiring", ["3p4w", "3p3w"])
def test_the_golden_day_as_380_v_three_phase(wiring) -> None:  # type: ignore[no-untyped-def]
    counts = _counts(day_pages([DAY] * 3), make_point(380, wiring), IN_ABNORMAL_STATE, IN_OUTAGE)

    assert (counts.n_pass, counts.n_over, counts.n_under) == (1340, 20, 50)
    assert counts.n_interrupted == 20
    assert _rounded(rate_of(counts))[0] == 0.950355


def test_a_declaration_made_after_the_pages_gives_the_same_as_one_made_before() -> None:
    late, early = day_pages([DAY]), day_pages([DAY])
    _counts(late, make_point(220))

    after = _counts(late, make_point(220), IN_ABNORMAL_STATE, IN_OUTAGE)
    before = _counts(early, make_point(220), IN_ABNORMAL_STATE, IN_OUTAGE)

    assert after == before
    assert np.array_equal(late.planes.mark, early.planes.mark)
    assert np.array_equal(late.scores.spread_max, early.scores.spread_max)


def test_dark_minutes_without_measurement_are_interrupted_only_by_declaration() -> None:
    silent = [CELL_NONE if cell == -10000 else cell for cell in DAY]

    declared = _counts(day_pages([silent]), make_point(220), IN_ABNORMAL_STATE, IN_OUTAGE)
    undeclared = _counts(day_pages([silent]), make_point(220), IN_ABNORMAL_STATE)

    assert (declared.n_interrupted, declared.n_missing) == (20, 10)
    assert (undeclared.n_interrupted, undeclared.n_missing) == (0, 30)


def test_the_reference_day_of_the_rate_and_its_bounds() -> None:
    day = [0] * 1350 + [800] * 36 + [-1100] * 24 + [-10000] * 20 + [CELL_NONE] * 10

    counts = _counts(day_pages([day]), make_point(220))

    assert counts == VerdictCounts(
        n_pass=1350, n_over=36, n_under=24, n_interrupted=20, n_missing=10
    )
    rate = rate_of(counts)
    assert rate.rate == Fraction(1350, 1410)
    assert _rounded(rate) == (0.957447, 0.950704, 0.957746, 0.992958)


@pytest.mark.parametrize(
    ("high_kv", "low_kv", "expected"),
    [
        ("117.15", "106.15", DaySpread(spread=1000, within=True)),
        ("117.15", "106.00", DaySpread(spread=1014, within=False)),  # 10.136 %, away from nominal
        ("120.45", "112.20", DaySpread(spread=950, within=True)),  # same sign: the larger one
    ],
)
def test_the_day_of_a_110_kv_bus(high_kv: str, low_kv: str, expected: DaySpread) -> None:
    point = make_point(110_000, "3p3w", "B")
    volts = [float(high_kv) * 1000] * 700 + [float(low_kv) * 1000] * 740
    pages = _folded_day(point, volts)

    counts = _counts(pages, point)
    found = day_spread(pages.scores.spread_min, pages.scores.spread_max, SGCC)

    assert found == expected
    assert counts.n_exempt == 1440  # without an operator band there is no minute rate
    assert rate_of(counts).rate is None


@pytest.mark.parametrize(
    ("is_declared", "expected"),
    [
        (True, DaySpread(spread=1000, within=True)),
        (False, DaySpread(spread=1300, within=False)),  # +9.5 and -3.5 %
    ],
)
def test_abnormal_minutes_of_a_110_kv_bus_count_in_its_spread_unless_declared(
    is_declared: bool, expected: DaySpread
) -> None:
    point = make_point(110_000, "3p3w", "B")
    volts = [117_150.0] * 700 + [106_150.0] * 725 + [120_450.0] * 15
    pages = _folded_day(point, volts)
    told = [abnormal(START + _minute(1425), START + _minute(1440))] if is_declared else []

    _counts(pages, point, *told)

    assert day_spread(pages.scores.spread_min, pages.scores.spread_max, SGCC) == expected


def test_abnormal_and_dark_minutes_leave_the_day_of_a_110_kv_bus() -> None:
    point = make_point(110_000, "3p3w", "B", band=(-350, 650))
    volts = [117_150.0] * 1380 + [106_150.0] * 30 + [100_000.0] * 20 + [0.0] * 10
    pages = _folded_day(point, volts)
    declared = abnormal(START + _minute(1410), START + _minute(1430))

    counts = _counts(pages, point, declared)

    assert day_spread(pages.scores.spread_min, pages.scores.spread_max, SGCC) == DaySpread(
        spread=1000, within=True
    )
    assert (counts.n_pass, counts.n_interrupted) == (1430, 10)  # -9.09 % is inside +-10 %


@pytest.mark.parametrize(
    ("volts", "cell", "verdict"),
    [
        (235.4, 700, PASS),
        (235.404, 701, OVER),
        (198.0, -1000, PASS),
        (197.996, -1001, UNDER),
    ],
)
@pytest.mark.parametrize("interval_s", [1, 60, 900])
def test_limits_are_inclusive_and_nothing_beyond_them_passes(
    volts: float, cell: int, verdict: int, interval_s: int
) -> None:
    point = make_point(220)
    pages = _folded_day(point, [volts] * 60, interval_s=interval_s)

    _counts(pages, point)

    assert (pages.planes.cell == cell).all()
    assert (pages.scores.verdict == verdict).all()


def _folded_day(point: Point, volts: list[float], interval_s: int = 60) -> PageColumns:
    """Return the pages that folding makes of minute values, every phase alike; judged by nobody."""
    column = np.repeat(volts[:: max(1, interval_s // 60)], max(1, 60 // interval_s))
    steps = np.arange(column.size, dtype=np.int64)
    stamp_ms = START_HOUR * 3_600_000 + steps * interval_s * 1000
    device = Device(
        device_id=1,
        device="M1",
        point_id=point.point_id,
        interval_s=interval_s,
        valid_from=point.valid_from,
    )
    registry = Registry(judgement=1, points=[point], devices=[device])
    directory = lane_directory(registry, make_judge(registry, SGCC).live_bands)
    engine = PartitionEngine(LaneBook(directory), FoldPolicy(events=event_limits(SGCC)))
    others = column if point.n_phases == 3 else EMPTY
    engine.fold(
        [
            Batch(
                names=["M1"],
                names_key=b"",
                device=np.zeros(column.size, np.int32),
                stamp_ms=stamp_ms,
                has_zone=np.zeros(0, np.uint8),
                v1=column,
                v2=others,
                v3=others,
                quality=np.zeros(column.size, np.uint8),
                offset=steps,
                record_ms=stamp_ms + interval_s * 1000,
                index=np.zeros(column.size, np.int32),
            )
        ]
    )
    return engine.take_image().pages
