"""The composite rate, with the numbers of the reference; and means that add up, exactly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.composite import CLASSES, CompositeRate, composite_rate
from service.domain.means import ShareMean
from service.domain.pass_figures import PassFigure, figure_of_point
from service.domain.rates import VerdictCounts
from service.domain.registry import PointClass
from service.domain.rules import load_rule_set

RULE = load_rule_set("sgcc-2003").composite
RATES: dict[PointClass, Fraction | None] = {
    "A": Fraction("0.995"),
    "B": Fraction("0.990"),
    "C": Fraction("0.987"),
    "D": Fraction("0.978"),
}
FLOOR = Fraction(9, 10)


def test_the_worked_example_is_99_percent() -> None:
    assert RULE is not None

    assert composite_rate(RATES, RULE) == CompositeRate(rate=Fraction(99, 100), missing=())


@pytest.mark.parametrize("name", CLASSES)
def test_a_missing_class_is_named_and_there_is_no_composite(name: PointClass) -> None:
    assert RULE is not None
    without = {one: rate for one, rate in RATES.items() if one != name}

    for known in (without, {**without, name: None}):
        assert composite_rate(known, RULE) == CompositeRate(rate=None, missing=(name,))


def test_a_class_with_rate_zero_is_not_missing() -> None:
    assert RULE is not None

    found = composite_rate({**RATES, "A": Fraction(0)}, RULE)

    assert found == CompositeRate(rate=Fraction("0.4925"), missing=())


@given(st.tuples(*[st.fractions(0, 1)] * 4))
def test_a_composite_lies_between_the_least_and_the_greatest_rate(
    rates: tuple[Fraction, Fraction, Fraction, Fraction],
) -> None:
    assert RULE is not None

    found = composite_rate(dict(zip(CLASSES, rates, strict=True)), RULE)

    assert found.rate is not None
    assert min(rates) <= found.rate <= max(rates)


def test_mean_of_points_and_pooled_rate_are_told_apart() -> None:
    month = VerdictCounts(n_pass=43_200 - 432, n_over=432)
    day = VerdictCounts(n_pass=1440 - 144, n_under=144)

    both = PassFigure()
    for point, counts in (("P1", month), ("P2", day)):
        both.include(figure_of_point(point, counts, FLOOR, at_least=Fraction(95, 100)))

    assert both.rate.value() == Fraction("0.945")
    assert both.pooled.rate is not None
    assert int(both.pooled.rate * 1_000_000) == 987_096  # 98.7097 %, cut
    assert both.lowest is not None
    assert (both.lowest.point, both.lowest.rate, both.n_below) == ("P2", Fraction(9, 10), 1)


def test_a_point_that_is_not_monitored_is_in_the_pooled_rate_only() -> None:
    figure = figure_of_point("P", VerdictCounts(n_pass=89, n_missing=11), FLOOR)

    assert (figure.n_points, figure.n_monitored, figure.n_not_monitored) == (1, 0, 1)
    assert figure.rate.value() is None
    assert not figure.rate.reaches(Fraction(0))
    assert figure.pooled.rate == 1
    assert (figure.lowest, figure.method) == (None, None)


SHARES = st.lists(
    st.integers(1, 50).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))),
    min_size=1,
)


@given(SHARES, SHARES)
def test_means_add_up_to_the_mean_of_all(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    left, right = ShareMean(), ShareMean()
    for mean, shares in ((left, some), (right, others)):
        for part, whole in shares:
            mean.add(part, whole)

    left.include(right)

    wanted = sum((Fraction(*one) for one in some + others), Fraction(0)) / len(some + others)
    assert left.value() == wanted
    assert left.nearest() == pytest.approx(float(wanted), rel=1e-15, abs=0)
    for step, reached in (
        (Fraction(-1, 10**50), True),
        (Fraction(0), True),
        (Fraction(1, 10**50), False),
    ):
        assert left.reaches(wanted + step) is reached
