"""What targets are held against is what the domain makes of each point by itself."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from kernels.layout import CELL_NONE
from service.domain.pass_figures import PassFigure, figure_of_point
from service.domain.rates import VerdictCounts
from service.store.deployment_reads import reading
from service.store.target_reads import AreaFigure, class_figures, pass_figures, targets_of
from tests.api.seeding import SGCC, NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight in Shanghai
DAY = timedelta(days=1)
DAYS = (date(2024, 3, 1), date(2024, 3, 4))
FLOOR = Fraction(SGCC.coverage.floor)


def good(n_pass: int, n_over: int = 0, n_silent: int = 0) -> list[int]:
    return [100] * n_pass + [800] * n_over + [CELL_NONE] * n_silent


# By point: region, area, class, nominal in volts, whether its customer is residential, minutes.
POINTS = {
    "A1": ("R1", "urban", "D", 220.0, True, good(4286, 34)),
    "A2": ("R1", "urban", "D", 220.0, True, good(3800, 200, 320)),  # exactly 95 %
    "A3": ("R1", "urban", "D", 220.0, True, good(3799, 201, 320)),  # a minute below it
    "A4": ("R1", "rural", "D", 220.0, True, good(1000, 1, 3319)),  # not monitored
    "A5": ("R1", "rural", "C", 10_000.0, False, good(4320)),
    "A6": ("R1", None, "A", 10_000.0, False, good(4000, 320)),
    "B1": ("R2", "urban", "D", 220.0, False, good(4320)),
    "B2": ("R2", "urban", "D", 220.0, True, good(3000, 900)),
    "B3": ("R2", "rural", "B", 9_999.0, False, good(4320)),  # just below 10 kV
    "B4": ("R2", "special_remote", "D", 220.0, True, []),
}
HIGH = {"A5", "A6"}


async def seed(seeder: Seeder) -> None:
    for name, (region, area, point_class, volts, residential, cells) in POINTS.items():
        one = NewPoint(
            point=name, region=region, area=area, point_class=point_class, nominal_v=volts
        )
        await seeder.points(one)
        customer = "UPDATE customer SET residential = $2 WHERE customer = $1"
        await seeder.run(customer, f"C-{name}", residential)
        if cells:
            interval_s = 900 if name == "B2" else 60
            await seeder.minutes(name, START, [cells], interval_s=interval_s)
    exemption = "INSERT INTO power_factor_exemption VALUES ($1, $2, 0.8, 0.9)"
    await seeder.run(exemption, seeder.point_ids["A6"], date(2024, 3, 1))
    await seeder.run(exemption, seeder.point_ids["A5"], date(2024, 2, 1))  # another month
    await seeder.run(exemption, seeder.point_ids["A1"], date(2024, 3, 1))  # residential: never
    await seeder.reach(START + 3 * DAY)
    await seeder.settle()
    # Beyond what is stored: a dirty day, and the day that is open.
    await seeder.minutes("A5", START + DAY, [[-2000] * 30])
    await seeder.minutes("A1", START + 3 * DAY, [good(300, 45, 30)])
    await seeder.reach(START + 3 * DAY + timedelta(minutes=375))


async def expected(stored: Seeder, days: tuple[date, date]) -> Iterator[tuple[str, PassFigure]]:
    """Return the figure of each point by itself, from v_point_day."""
    rows = await stored.rows(
        "SELECT * FROM v_point_day WHERE day >= $1 AND day < $2 ORDER BY point", *days
    )
    counts: dict[str, VerdictCounts] = {}
    for row in rows:
        of_day = {name: int(n) for name, n in row.items() if name in VerdictCounts.__slots__}
        point = row["point"]
        counts[point] = counts.get(point, VerdictCounts()) + VerdictCounts(**of_day)
    targets = {"urban": Fraction(95, 100), "rural": Fraction(90, 100)}
    figures = []
    for point, of_point in counts.items():
        _, area, _, _, residential, _ = POINTS[point]
        figure = figure_of_point(
            point,
            of_point,
            FLOOR,
            at_least=targets.get(area or "none") if residential else None,
            is_sampled=point == "B2",
        )
        figure.n_exempt = int(point == "A6")
        figures.append((point, figure))
    return iter(figures)


def shown(figure: PassFigure) -> tuple[object, ...]:
    means = (figure.rate, figure.lower, figure.upper, figure.coverage)
    return (
        *(mean.value() for mean in means),
        figure.counts,
        figure.n_points,
        figure.n_monitored,
        figure.n_sampled,
        figure.n_below,
        figure.n_exempt,
        figure.lowest,
    )


def chosen(found: list[AreaFigure], population: str) -> dict[tuple[str, str], PassFigure]:
    return {(one.region, one.area): one.figure for one in found if one.population == population}


@pytest.mark.parametrize(
    "days", [DAYS, (date(2024, 3, 1), date(2024, 4, 1)), (date(2024, 3, 2), date(2024, 3, 3))]
)
async def test_figures_are_exactly_those_of_their_points(
    seeded: object, stored: Seeder, days: tuple[date, date]
) -> None:
    wanted: dict[str, dict[tuple[str, str], PassFigure]] = {}
    of_class: dict[str, PassFigure] = {}
    for point, figure in await expected(stored, days):
        region, area, point_class, _, residential, _ = POINTS[point]
        without_target = figure_without_target(figure)
        members = {
            "all_points": without_target,
            **({"residential_points": figure} if residential else {}),
            **({"points_from_10kv": without_target} if point in HIGH else {}),
        }
        for population, part in members.items():
            by_place = wanted.setdefault(population, {})
            by_place.setdefault((region, area or "none"), PassFigure()).include(part)
        of_class.setdefault(point_class, PassFigure()).include(without_target)

    async with reading(stored.pool) as snapshot:
        found = await pass_figures(snapshot.connection, days, SGCC)
        classes = await class_figures(snapshot.connection, days, SGCC)

    assert set(wanted) == {one.population for one in found}
    for population, by_place in wanted.items():
        assert {place: shown(one) for place, one in chosen(found, population).items()} == {
            place: shown(one) for place, one in by_place.items()
        }
    assert {name: shown(one) for name, one in classes.items()} == {
        name: shown(one) for name, one in of_class.items()
    }


def figure_without_target(figure: PassFigure) -> PassFigure:
    copied = PassFigure()
    copied.include(figure)
    copied.n_below = 0
    return copied


async def test_a_point_exactly_at_the_target_is_not_below_it(stored: Seeder) -> None:
    async with reading(stored.pool) as snapshot:
        found = await pass_figures(snapshot.connection, DAYS, SGCC, ("residential_points",))

    urban = chosen(found, "residential_points")["R1", "urban"]
    assert (urban.n_monitored, urban.n_below) == (3, 1)
    assert urban.lowest is not None
    assert (urban.lowest.point, urban.lowest.rate) == ("A3", Fraction(3799, 4000))
    assert {one.population for one in found} == {"residential_points"}


async def test_all_regions_together_are_the_mean_of_all_points(stored: Seeder) -> None:
    async with reading(stored.pool) as snapshot:
        found = await pass_figures(snapshot.connection, DAYS, SGCC, ("residential_points",))

    urban = PassFigure()
    for one in found:
        if one.area == "urban":
            urban.include(one.figure)

    rates = [Fraction(4286, 4320), Fraction(3800, 4000), Fraction(3799, 4000), Fraction(3000, 3900)]
    mean = sum(rates, Fraction(0)) / 4
    assert urban.rate.value() == mean
    assert urban.rate.reaches(mean)
    assert not urban.rate.reaches(mean + Fraction(1, 10**60))
    assert urban.method == "sampled"
    assert urban.n_not_monitored == 0


async def test_before_the_first_reading_there_are_no_figures(seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P", area="urban"))

    async with reading(seeder.pool) as snapshot:
        assert await pass_figures(snapshot.connection, DAYS, SGCC) == []
        assert await class_figures(snapshot.connection, DAYS, SGCC) == {}


def test_the_targets_are_those_of_the_rule_set() -> None:
    found = targets_of(SGCC)

    assert found == {
        ("residential_points", "urban"): Decimal("0.95"),
        ("residential_points", "rural"): Decimal("0.90"),
    }
