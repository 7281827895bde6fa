"""A scorecard says of each target whether it is kept, exactly, and how sure that is."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.means import ShareMean
from service.domain.scorecard import (
    Commitment,
    MemberFigure,
    PlacedFigure,
    scorecard,
    together,
)
from service.domain.target_rows import TargetRow
from tests.oracle.scorecard import Member, verdict

REGIONS = st.sampled_from(["", "R1", "R2"])
AREAS = st.sampled_from(["urban", "rural", "none"])
SHARES = st.integers(1, 6).flatmap(
    lambda whole: st.integers(0, whole).map(lambda part: Fraction(part, whole))
)
MEMBERS = st.lists(st.tuples(REGIONS, AREAS, st.none() | SHARES), max_size=12)
TARGETS = st.none() | st.sampled_from([Decimal(n) / 20 for n in range(21)])


def target(**given: Any) -> TargetRow:
    usual: dict[str, Any] = {
        "figure": "pass_rate",
        "area": "urban",
        "population": "residential_points",
        "reach": "each",
        "at_least": Decimal("0.95"),
        "source": "a test",
        "certainty": "confirmed",
        "effective_from": date(2003, 11, 1),
    }
    return TargetRow(**{**usual, **given})


def share_mean(*shares: Fraction) -> ShareMean:
    made = ShareMean()
    for share in shares:
        made.add(share.numerator, share.denominator)
    return made


def figure(
    actual: str | None, lower: str | None = None, upper: str | None = None, **given: Any
) -> MemberFigure:
    """Return the figure of one member, all of it known unless bounds are given."""
    if actual is None:
        return MemberFigure(n_members=1)
    return MemberFigure(
        actual=share_mean(Fraction(actual)),
        lower=share_mean(Fraction(lower or actual)),
        upper=share_mean(Fraction(upper or actual)),
        coverage=share_mean(Fraction(1)),
        n_members=1,
        n_known=1,
        **given,
    )


def placed(figures: Sequence[tuple[str, str, MemberFigure]]) -> list[PlacedFigure]:
    return [
        PlacedFigure(region=region, area=area, figure=one)  # type: ignore[arg-type]
        for region, area, one in figures
    ]


def judged(of: TargetRow, *figures: tuple[str, str, MemberFigure]) -> Commitment:
    (commitment,) = scorecard([of], {(of.figure, of.population): placed(figures)})
    return commitment


@pytest.mark.parametrize(
    ("actual", "expected", "margin"),
    [
        ("0.95", "kept", 0.0),  # exactly the target
        ("950000000000000000001/1000000000000000000000", "kept", 0.0),
        ("949999999999999999999/1000000000000000000000", "broken", -0.0),
        ("0.9501", "kept", 0.01),
        ("0.90", "broken", -5.0),
    ],
)
def test_a_figure_is_judged_unrounded(actual: str, expected: str, margin: float) -> None:
    found = judged(target(), ("R1", "urban", figure(actual)))

    assert found.verdict == expected
    assert found.is_certain
    assert found.together.margin_points == pytest.approx(margin, abs=1e-12)
    assert (found.together.margin_points or 0.0) < 0 if expected == "broken" else True


@pytest.mark.parametrize(
    ("actual", "lower", "upper", "expected", "is_certain"),
    [
        ("0.96", "0.95", "0.97", "kept", True),  # the worst of it still is the target
        ("0.96", "0.9499", "0.97", "kept", False),
        ("0.94", "0.90", "0.9499", "broken", True),
        ("0.94", "0.90", "0.95", "broken", False),  # the best of it would keep it
    ],
)
def test_a_verdict_is_certain_when_both_bounds_say_the_same(
    actual: str, lower: str, upper: str, expected: str, *, is_certain: bool
) -> None:
    found = judged(target(), ("R1", "urban", figure(actual, lower, upper)))

    assert (found.verdict, found.is_certain) == (expected, is_certain)


@pytest.mark.parametrize(
    ("actual", "n_silent", "expected", "is_certain"),
    [
        ("0.99", 999, "kept", False),  # one point of a thousand says nothing of the others
        ("1", 0, "kept", True),
        ("0.5", 1, "broken", True),  # the other one at its best: 75 %
        ("0.5", 9, "broken", False),  # 95 %
    ],
)
@pytest.mark.parametrize("reach", ["each", "average"])
def test_a_verdict_that_members_not_known_could_change_is_not_certain(
    actual: str, n_silent: int, expected: str, reach: str, *, is_certain: bool
) -> None:
    silent = [("R1", "urban", figure(None))] * n_silent

    found = judged(target(reach=reach), ("R1", "urban", figure(actual)), *silent)

    assert (found.verdict, found.is_certain) == (expected, is_certain)
    assert found.together.figure.lower.value() == Fraction(actual)  # what is shown is of the known


@pytest.mark.parametrize(
    ("actual", "at_least", "margin"),
    [("0.94", "0.90", 4.0), ("1", "0.9989", 0.11), ("0.9", "0.95", -5.0), ("0.97", "0.96", 1.0)],
)
def test_a_margin_has_no_dust_of_floats(actual: str, at_least: str, margin: float) -> None:
    found = judged(target(at_least=Decimal(at_least)), ("R1", "urban", figure(actual)))

    assert found.together.margin_points == margin


def test_each_is_broken_by_one_region_that_the_average_hides() -> None:
    figures = (
        ("R1", "urban", figure("0.99")),
        ("R2", "urban", figure("0.94")),
        ("R3", "urban", figure("0.99")),
        ("R4", "rural", figure("0.10")),
    )

    each = judged(target(), *figures)
    average = judged(target(reach="average"), *figures)

    assert (each.verdict, average.verdict) == ("broken", "kept")
    assert each.decisive.region == "R2"
    assert average.decisive.region is None
    assert average.decisive.figure.actual.value() == Fraction(292, 300)
    assert [one.region for one in each.regions] == ["R1", "R2", "R3"]
    assert [one.verdict for one in each.regions] == ["kept", "broken", "kept"]


def test_each_is_not_kept_while_a_region_is_not_known() -> None:
    known, silent = ("R1", "urban", figure("0.99")), ("R2", "urban", figure(None))
    bad = ("R3", "urban", figure("0.5"))

    assert judged(target(), known, silent).verdict == "not_enough_data"
    assert judged(target(), known, silent).decisive.region == "R1"
    assert judged(target(), known, silent, bad).verdict == "broken"
    assert judged(target(reach="average"), known, silent).verdict == "kept"
    assert judged(target()).verdict == "not_enough_data"


def test_a_target_that_somebody_else_sets_has_no_verdict() -> None:
    elsewhere = target(at_least=None, set_by="the province")

    found = judged(elsewhere, ("R1", "urban", figure("0.2")))

    assert (found.verdict, found.is_certain) == ("no_target", False)
    assert found.decisive.margin_points is None
    assert found.decisive.figure.actual.value() == Fraction(1, 5)


def test_any_area_takes_in_points_without_customers() -> None:
    found = judged(
        target(area="any", population="points_from_10kv", at_least=Decimal("0.98")),
        ("R1", "urban", figure("1")),
        ("R1", "none", figure("0.96")),
    )

    assert found.verdict == "kept"
    assert [one.figure.n_members for one in found.regions] == [2]
    assert found.together.figure.actual.value() == Fraction(98, 100)


def test_generality_is_the_share_of_members_that_keep_the_limits() -> None:
    wanted = target(
        figure="compliant_share", population="all_points", area="any", reach="generality"
    )

    def compliant(n_keeping: int, n_known: int, n_members: int) -> MemberFigure:
        made = MemberFigure(n_members=n_members, n_known=n_known)
        made.actual.add(n_keeping, 1, n_known)
        made.lower.add(n_keeping, 1, n_members)
        made.upper.add(n_keeping + n_members - n_known, 1, n_members)
        return made

    exactly = judged(
        wanted, ("R1", "urban", compliant(18, 20, 20)), ("R2", "none", compliant(20, 20, 20))
    )
    unsure = judged(wanted, ("R1", "urban", compliant(95, 100, 101)))

    assert (exactly.verdict, exactly.is_certain) == ("kept", True)
    assert (unsure.verdict, unsure.is_certain) == ("kept", False)


def of_member(region: str, area: str, share: Fraction | None) -> tuple[str, str, MemberFigure]:
    return region, area, figure(None if share is None else str(share))


@given(
    MEMBERS,
    st.sampled_from(["urban", "rural", "any"]),
    st.sampled_from(["each", "average"]),
    TARGETS,
)
def test_agrees_with_the_plain_twin(
    members: list[Member], area: str, reach: str, at_least: Decimal | None
) -> None:
    set_by = "" if at_least is not None else "somebody"
    wanted = target(area=area, reach=reach, at_least=at_least, set_by=set_by)

    found = judged(wanted, *(of_member(*one) for one in members))

    share = None if at_least is None else Fraction(at_least)
    assert found.verdict == verdict(members, area, reach, share)


@given(MEMBERS.flatmap(lambda members: st.tuples(st.just(members), st.permutations(members))))
def test_the_order_of_members_does_not_matter(orders: tuple[list[Member], list[Member]]) -> None:
    shown = []
    for order in orders:
        found = judged(target(), *(of_member(*one) for one in order))
        values = [(one.region, one.verdict, one.figure.actual.value()) for one in found.regions]
        shown.append(
            (found.verdict, found.is_certain, found.together.figure.actual.value(), values)
        )

    assert shown[0] == shown[1]


@given(st.lists(SHARES, max_size=8), st.integers(0, 8))
def test_figures_add_up_however_they_are_cut(shares: list[Fraction], cut: int) -> None:
    figures = [figure(str(share)) for share in shares]

    parts = together([together(figures[:cut]), together(figures[cut:])])

    assert parts == together(figures)
    assert parts.n_members == len(shares)
    assert parts.actual.value() == (sum(shares, Fraction(0)) / len(shares) if shares else None)


def test_putting_figures_together_leaves_them_as_they_were() -> None:
    one, other = figure("0.9"), figure("0.5")

    together([one, other])

    assert one == figure("0.9")
    assert other == figure("0.5")
