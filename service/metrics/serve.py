"""What ``serve`` tells: figures by area and class, and the requests it answered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from prometheus_client import CollectorRegistry

from service.metrics.exposition import counter, histogram, snapshot
from service.metrics.words import (
    Area,
    BurnWindow,
    Method,
    Period,
    PointClass,
    PromiseRisk,
    TargetArea,
    TargetFigure,
    TargetPopulation,
)

_REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_FIGURE = ("area", "class", "rule_set", "period")
_TARGET = ("figure", "area", "population", "rule_set")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The running day or month of one area, class and rule set."""

    area: Area
    point_class: PointClass
    rule_set: str
    period: Period
    pass_ratio: float | None  # 0..1, unweighted mean of the points; None without a denominator
    coverage_ratio: float | None  # 0..1
    interruption_minutes: float  # mean minutes without supply of a point


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetFigure:
    """A target of a rule set, and the year's budget that it gives; None without a denominator."""

    figure: TargetFigure
    area: TargetArea
    population: TargetPopulation
    rule_set: str
    target_ratio: float  # 0..1
    used_ratio: float | None  # of what is allowed in the year
    projected_ratio: float | None  # at the end of the year, at this year's rate
    burn_rates: Mapping[BurnWindow, float | None]  # 1 is exactly on budget


class ServeMetrics:
    """The metrics of one process in the role ``serve``."""

    def __init__(self, registry: CollectorRegistry):
        self.registry = registry
        self._pass_ratio = snapshot(
            registry, "pass_ratio", "Voltage pass rate, 0..1, mean of the points.", _FIGURE
        )
        self._coverage = snapshot(
            registry, "coverage_ratio", "Share of the minutes due that were measured.", _FIGURE
        )
        self._minutes = snapshot(
            registry, "interruption_minutes", "Mean minutes without supply of a point.", _FIGURE
        )
        self._target = snapshot(
            registry, "target_ratio", "What the figure has to reach, 0..1.", _TARGET
        )
        self._used = snapshot(
            registry,
            "budget_used_ratio",
            "Bad minutes of the year so far, as a share of those that the target allows.",
            _TARGET,
        )
        self._projected = snapshot(
            registry,
            "budget_projected_ratio",
            "The same at the end of the year, if it goes on at this year's rate.",
            _TARGET,
        )
        self._burn_rate = snapshot(
            registry,
            "budget_burn_rate",
            "Share of bad minutes in the window over the share that the target allows; 1 is on budget.",
            (*_TARGET, "window"),
        )
        self._promises = snapshot(
            registry,
            "promises_at_risk",
            "Promises to customers that are about to break, or broken and still open.",
            ("risk",),
        )
        self._requests = counter(
            registry, "http_requests", "Requests answered.", ("route", "method", "status")
        )
        self._request_s = histogram(
            registry,
            "http_request_duration_seconds",
            "Duration of a request.",
            _REQUEST_BUCKETS_S,
            ("route",),
        )

    def show_figures(self, figures: Iterable[Figure]) -> None:
        """Show the running day and month; a ratio that is None has no series."""
        keyed = [((f.area, f.point_class, f.rule_set, f.period), f) for f in figures]
        self._minutes.show({key: f.interruption_minutes for key, f in keyed})
        self._pass_ratio.show({key: f.pass_ratio for key, f in keyed if f.pass_ratio is not None})
        self._coverage.show(
            {key: f.coverage_ratio for key, f in keyed if f.coverage_ratio is not None}
        )

    def show_budgets(self, budgets: Iterable[BudgetFigure]) -> None:
        """Show targets and budgets; a ratio that is None has no series."""
        keyed = [((b.figure, b.area, b.population, b.rule_set), b) for b in budgets]
        self._target.show({key: b.target_ratio for key, b in keyed})
        self._used.show({key: b.used_ratio for key, b in keyed if b.used_ratio is not None})
        self._projected.show(
            {key: b.projected_ratio for key, b in keyed if b.projected_ratio is not None}
        )
        self._burn_rate.show(
            {
                (*key, window): rate
                for key, b in keyed
                for window, rate in b.burn_rates.items()
                if rate is not None
            }
        )

    def show_promise_risks(self, n_cases: Mapping[PromiseRisk, int] | None) -> None:
        """Show how many promises are at risk; a risk left out has none, None shows nothing."""
        self._promises.show(
            {}
            if n_cases is None
            else {(risk,): n_cases.get(risk, 0) for risk in get_args(PromiseRisk)}
        )

    def record_request(self, route: str, method: str, status: int, duration_s: float) -> None:
        """Record an answer; ``route`` is the template of the path, never the path itself."""
        known = method if method in get_args(Method) else "OTHER"
        self._requests.labels(route, known, str(status)).inc()
        self._request_s.labels(route).observe(duration_s)
