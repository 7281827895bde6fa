"""What Prometheus is given."""

import dataclasses
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from service.metrics import ConsumeMetrics, FeederState, ServeMetrics, new_registry, render
from tests.metrics.specimens import (
    BUDGET,
    FEEDER,
    FIGURE,
    filled_consume,
    filled_serve,
    filled_settle,
)

Fill = Callable[[], CollectorRegistry]
REGISTRIES: list[Fill] = [filled_consume, filled_settle, filled_serve]


def values(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    """Return the series of ``name``: label values in the order of the label names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def feeder(name: str, **counts: int) -> FeederState:
    none = {"n_under": 0, "n_over": 0, "n_high": 0, "n_interrupted": 0}
    found = {**none, **counts}
    return FeederState(
        region="R",
        feeder=name,
        n_points=10,
        n_under=found["n_under"],
        n_over=found["n_over"],
        n_high=found["n_high"],
        n_interrupted=found["n_interrupted"],
    )


@pytest.mark.parametrize("fill", REGISTRIES)
def test_every_series_begins_with_the_name_of_the_service(fill: Fill) -> None:
    names = {sample.name for family in fill().collect() for sample in family.samples}

    assert [n for n in names if not n.startswith(("voltpass_", "process_"))] == []


@pytest.mark.parametrize("fill", REGISTRIES)
def test_both_expositions_parse_and_say_the_same(fill: Fill) -> None:
    registry = fill()

    plain, plain_type = render(registry)
    open_, open_type = render(registry, "application/openmetrics-text; version=1.0.0")

    assert plain_type.startswith("text/plain")
    assert open_type.startswith("application/openmetrics-text")
    texts = (
        parse_text(plain.decode()),
        parse_openmetrics(open_.decode()),  # type: ignore[no-untyped-call]
    )
    series = [
        {(s.name, *sorted(s.labels.items())) for f in families for s in f.samples}
        for families in texts
    ]
    assert series[0] == series[1]


@pytest.mark.parametrize("fill", REGISTRIES)
def test_every_metric_says_what_it_is(fill: Fill) -> None:
    assert [family.name for family in fill().collect() if not family.documentation] == []


def test_no_counter_brings_its_birthday() -> None:
    names = {s.name for fill in REGISTRIES for f in fill().collect() for s in f.samples}

    assert [name for name in names if name.endswith("_created")] == []


def test_three_roles_fit_on_one_registry() -> None:
    registry = new_registry()
    ConsumeMetrics(registry)
    ServeMetrics(registry)

    assert values(registry, "voltpass_messages_total") == {(): 0.0}


def test_closed_sets_are_there_from_the_start() -> None:
    registry = ConsumeMetrics(new_registry()).registry

    assert len(values(registry, "voltpass_readings_total")) == 5
    assert len(values(registry, "voltpass_dead_letters_total")) == 9
    assert len(values(registry, "voltpass_points_in_breach")) == 12
    assert len(values(registry, "voltpass_open_interruptions")) == 4


def test_a_calm_feeder_has_no_series() -> None:
    metrics = ConsumeMetrics(new_registry())

    metrics.show_feeders([feeder("calm"), feeder("dark", n_interrupted=1)])

    assert values(metrics.registry, "voltpass_feeder_points") == {("dark", "dark", "", "R"): 10}
    assert values(metrics.registry, "voltpass_feeder_open_interruptions") == {
        ("dark", "dark", "", "R"): 1
    }


def test_a_feeder_that_calms_down_vanishes() -> None:
    metrics = ConsumeMetrics(new_registry())

    metrics.show_feeders([FEEDER])
    metrics.show_feeders([])

    assert values(metrics.registry, "voltpass_feeder_points_in_breach") == {}


def test_above_the_set_number_the_worst_feeders_stay_and_the_rest_is_counted() -> None:
    metrics = ConsumeMetrics(new_registry(), max_feeders=2)

    metrics.show_feeders(
        [feeder("a", n_under=2), feeder("b", n_under=8), feeder("c", n_high=1), feeder("calm")]
    )

    assert values(metrics.registry, "voltpass_feeder_points").keys() == {
        ("b", "b", "", "R"),
        ("c", "c", "", "R"),
    }
    assert values(metrics.registry, "voltpass_feeder_series_dropped") == {(): 1}


def test_lag_is_shown_for_assigned_partitions_only() -> None:
    registry = filled_consume()
    metrics = ConsumeMetrics(new_registry())

    metrics.show_lag([])

    assert values(registry, "voltpass_lag_seconds") == {("0", "t"): 1.5}
    assert values(metrics.registry, "voltpass_lag_seconds") == {}


def test_checkpoint_age_is_asked_for_at_every_scrape() -> None:
    metrics = ConsumeMetrics(new_registry())
    ages = iter((1.0, 7.0))
    metrics.measure_checkpoint_age(lambda: next(ages))

    assert values(metrics.registry, "voltpass_checkpoint_age_seconds") == {(): 1.0}
    assert values(metrics.registry, "voltpass_checkpoint_age_seconds") == {(): 7.0}


def test_a_ratio_without_a_denominator_has_no_series() -> None:
    metrics = ServeMetrics(new_registry())

    metrics.show_figures([dataclasses.replace(FIGURE, pass_ratio=None)])

    assert values(metrics.registry, "voltpass_pass_ratio") == {}
    assert len(values(metrics.registry, "voltpass_coverage_ratio")) == 1


def test_a_budget_of_which_nothing_is_known_shows_its_target_alone() -> None:
    metrics = ServeMetrics(new_registry())
    unknown = dataclasses.replace(
        BUDGET, used_ratio=None, projected_ratio=None, burn_rates={"1h": None, "30d": 0.5}
    )

    metrics.show_budgets([unknown])

    key = ("urban", "pass_rate", "residential_points", "sgcc-2003")
    assert values(metrics.registry, "voltpass_target_ratio") == {key: 0.95}
    assert values(metrics.registry, "voltpass_budget_used_ratio") == {}
    assert values(metrics.registry, "voltpass_budget_projected_ratio") == {}
    assert values(metrics.registry, "voltpass_budget_burn_rate") == {(*key, "30d"): 0.5}


def test_a_method_that_a_client_made_up_makes_no_series() -> None:
    metrics = ServeMetrics(new_registry())

    for method in ("GET", "BREW", "X1", "X2"):
        metrics.record_request("/v1/points", method, 405, 0.001)

    assert values(metrics.registry, "voltpass_http_requests_total") == {
        ("GET", "/v1/points", "405"): 1,
        ("OTHER", "/v1/points", "405"): 3,
    }
