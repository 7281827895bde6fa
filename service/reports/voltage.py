"""The figures of 电压合格率月报: by class, composite, residential, by region, with the points behind them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Final, Literal

from service.domain.composite import CLASSES, composite_rate
from service.domain.means import ShareMean
from service.domain.pass_figures import PassFigure
from service.domain.rates import VerdictCounts, method_of, rate_of
from service.domain.registry import PointClass
from service.domain.rules import RuleSet
from service.domain.target_rows import Population
from service.metrics.words import Area
from service.reports.figures import Row, Tables, Value
from service.reports.sources import source_rows
from service.reports.targets import target_rows
from service.store.deployment_reads import Snapshot
from service.store.report_reads import (
    ListedPoint,
    MethodMean,
    method_means,
    place_names,
    points_not_monitored,
    worst_points,
)
from service.store.target_reads import AreaFigure, class_figures, pass_figures, targets_of

WORST: Final = 50
LISTED_MAX: Final = 5000  # points that a list has, at most; the summary says how many there are
_AREAS: Final[tuple[Area, ...]] = ("urban", "rural", "special_remote", "none")
_BOUNDS: Final = ("rate", "lower", "upper", "coverage")
_POPULATIONS: Final[tuple[Population, ...]] = ("residential_points", "all_points")
_Mean = Literal["rate", "lower", "upper", "coverage"]


async def voltage_tables(snapshot: Snapshot, days: tuple[date, date], rule_set: RuleSet) -> Tables:
    """Return the tables of the report over half-open days; the figures are those that the API answers with."""
    connection, floor = snapshot.connection, rule_set.coverage.floor
    classes = await class_figures(connection, days, rule_set)
    placed = await pass_figures(connection, days, rule_set)
    names = await place_names(connection)
    figures = _by_item(classes, placed)
    return {
        "summary": _summary(figures, classes, rule_set),
        "targets": await target_rows(
            snapshot, days, rule_set, ("pass_rate", "composite_pass_rate")
        ),
        "minutes": [_minutes(item, figure) for item, figure in figures.items()],
        "regions": _regions(placed, names, rule_set),
        "methods": _methods(await method_means(connection, days, floor), rule_set),
        "worst_points": [
            _listed(one) for one in await worst_points(connection, days, floor, WORST)
        ],
        "not_monitored": [
            _listed(one) for one in await points_not_monitored(connection, days, floor, LISTED_MAX)
        ],
        "sources": source_rows("voltage", rule_set),
    }


def _by_item(
    classes: Mapping[PointClass, PassFigure], placed: Sequence[AreaFigure]
) -> dict[str, PassFigure]:
    """Return the figures of the summary: classes, residential areas, points from 10 kV on, all; empty ones too."""
    found = {f"class_{name}": classes.get(name, PassFigure()) for name in CLASSES}
    found |= {f"residential_{area}": PassFigure() for area in _AREAS[:3]}
    found |= {"points_from_10kv": PassFigure(), "all_points": PassFigure()}
    for one in placed:
        item = f"residential_{one.area}"
        if one.population != "residential_points":
            item = one.population
        found.setdefault(item, PassFigure()).include(one.figure)
    return found


def _summary(
    figures: Mapping[str, PassFigure],
    classes: Mapping[PointClass, PassFigure],
    rule_set: RuleSet,
) -> list[Row]:
    targets = _targets(rule_set)
    rows: list[Row] = [
        {"item": item, **_rates(figure, targets.get(item))} for item, figure in figures.items()
    ]
    if rule_set.composite is not None:
        rows.insert(len(CLASSES), _composite(classes, rule_set))
    return rows


def _targets(rule_set: RuleSet) -> dict[str, Fraction]:
    """Return what the items of the summary have to reach, where the rule set says so."""
    found: dict[str, Fraction] = {}
    for (population, area), share in targets_of(rule_set).items():
        item = population if population != "residential_points" else f"residential_{area}"
        found[item] = max(Fraction(share), found.get(item, Fraction(0)))
    for target in rule_set.targets:
        if target.figure == "composite_pass_rate" and target.at_least is not None:
            found["composite"] = Fraction(target.at_least)
    return found


def _rates(figure: PassFigure, target: Fraction | None) -> dict[str, Value]:
    rate = figure.rate.value()
    return {
        "rate": rate,
        "target": target,
        "margin": None if rate is None or target is None else rate - target,
        "lower": figure.lower.value(),
        "upper": figure.upper.value(),
        "coverage": figure.coverage.value(),
        "pooled": figure.pooled.rate,
        "points": figure.n_points,
        "monitored": figure.n_monitored,
        "not_monitored": figure.n_not_monitored,
        "sampled": figure.n_sampled,
        "method": figure.method or "",
    }


def _composite(classes: Mapping[PointClass, PassFigure], rule_set: RuleSet) -> Row:
    """Return the composite row: null as long as a class is missing, and ``missing`` names it."""
    rule = rule_set.composite
    if rule is None:
        raise AssertionError  # the caller has looked

    def of(name: _Mean) -> Fraction | None:
        means: dict[PointClass, ShareMean] = {
            one: getattr(figure, name) for one, figure in classes.items()
        }
        return composite_rate({one: mean.value() for one, mean in means.items()}, rule).rate

    monitored = {one: figure for one, figure in classes.items() if figure.n_monitored}
    pooled = composite_rate({one: figure.pooled.rate for one, figure in monitored.items()}, rule)
    rate, target = of("rate"), _targets(rule_set).get("composite")
    is_sampled = any(figure.n_sampled for figure in monitored.values())
    return {
        "item": "composite",
        "rate": rate,
        "target": target,
        "margin": None if rate is None or target is None else rate - target,
        "lower": of("lower"),
        "upper": of("upper"),
        "coverage": of("coverage"),
        "pooled": pooled.rate,
        "points": sum(figure.n_points for figure in classes.values()),
        "monitored": sum(figure.n_monitored for figure in classes.values()),
        "not_monitored": sum(figure.n_not_monitored for figure in classes.values()),
        "sampled": sum(figure.n_sampled for figure in classes.values()),
        "method": "" if rate is None else "sampled" if is_sampled else "continuous",
        "missing": ", ".join(one for one in CLASSES if one not in monitored),
    }


def _minutes(item: str, figure: PassFigure) -> Row:
    lowest = figure.lowest
    return {
        "item": item,
        **_counts(figure.counts),
        "below": figure.n_below,
        "exempt_points": figure.n_exempt,
        "lowest_point": "" if lowest is None else lowest.point,
        "lowest_rate": None if lowest is None else lowest.rate,
    }


def _counts(counts: VerdictCounts) -> dict[str, Value]:
    minutes = counts.by_verdict()
    n_missing = minutes.pop("missing")
    return {"due": counts.n_due, **minutes, "missing_minutes": n_missing}


def _regions(
    placed: Sequence[AreaFigure], names: Mapping[tuple[str, str], str], rule_set: RuleSet
) -> list[Row]:
    targets = targets_of(rule_set)
    rows: list[Row] = []
    for population in _POPULATIONS:
        for one in placed:
            if one.population != population:
                continue
            share = targets.get((population, one.area))
            rows.append(
                {
                    "population": population,
                    "region": one.region,
                    "region_name": names.get(("region", one.region), ""),
                    "area": one.area,
                    **_rates(one.figure, None if share is None else Fraction(share)),
                    "below": one.figure.n_below,
                    "over": one.figure.counts.n_over,
                    "under": one.figure.counts.n_under,
                }
            )
    return rows


def _methods(found: Sequence[MethodMean], rule_set: RuleSet) -> list[Row]:
    """Return the rates by method, apart: those of points that give less than a value a minute are not statutory."""
    means: dict[tuple[str, str], ShareMean] = defaultdict(ShareMean)
    for one in found:
        means[f"class_{one.point_class}", one.method].include(one.mean)
        means["all_points", one.method].include(one.mean)
        if one.is_residential:
            means[f"residential_{one.area}", one.method].include(one.mean)
    rows: list[Row] = []
    for method in ("continuous", "sampled"):
        own = {item: mean for (item, of), mean in sorted(means.items()) if of == method}
        rows += [
            _of_method(item, method, mean.value(), mean.n_values) for item, mean in own.items()
        ]
        if rule_set.composite is not None and own:
            of_class = {
                one: mean.value()
                for one in CLASSES
                if (mean := own.get(f"class_{one}")) is not None
            }
            rate = composite_rate(of_class, rule_set.composite).rate
            rows.append(_of_method("composite", method, rate, own["all_points"].n_values))
    return rows


def _of_method(item: str, method: str, rate: Fraction | None, n_points: int) -> Row:
    return {"item": item, "method": method, "rate": rate, "monitored": n_points}


def _listed(one: ListedPoint) -> Row:
    rate = rate_of(one.counts)
    return {
        "point": one.point,
        "class": one.point_class,
        "area": one.area,
        "region": one.region,
        "region_name": one.region_name,
        "feeder": one.feeder,
        "feeder_name": one.feeder_name,
        "transformer": one.transformer,
        "transformer_name": one.transformer_name,
        "rate": rate.rate,
        "coverage": rate.coverage,
        **_counts(one.counts),
        "method": "" if one.interval_s is None else method_of(one.interval_s),
    }
