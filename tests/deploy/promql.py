"""What is wrong with a PromQL expression, judged by the metrics that the service really shows."""

import re
from functools import cache
from typing import get_args

import promql_parser as promql
from prometheus_client import CollectorRegistry

from service.metrics import Area, Kind, Method, Outcome, Period, PointClass, Reason, Table
from tests.metrics.specimens import (
    filled_consume,
    filled_meter_events,
    filled_serve,
    filled_settle,
)

ROLES = {
    "consume": filled_consume,
    "meter events": filled_meter_events,
    "settle": filled_settle,
    "serve": filled_serve,
}
TARGET_LABELS = frozenset({"job", "instance"})  # added by the scrape
_CLOSED = {
    "outcome": Outcome,
    "reason": Reason,
    "area": Area,
    "kind": Kind,
    "class": PointClass,
    "period": Period,
    "table": Table,
    "method": Method,
}
_VECTOR_FUNCTIONS = {"scalar", "vector", "time"}  # their result has no labels of its own


@cache
def exposed() -> dict[str, frozenset[str]]:
    """Return the labels of every series name that a scrape of the roles yields."""
    labels: dict[str, frozenset[str]] = {"up": TARGET_LABELS}
    for fill in ROLES.values():
        labels |= _labels(fill())
    return labels


def faults(text: str) -> list[str]:
    """Return what is wrong with an expression; Grafana's variables may stand in it."""
    found: list[str] = []
    result_labels(text, found)
    return found


def result_labels(text: str, found: list[str] | None = None) -> frozenset[str]:
    """Return the labels that the result can have; add to ``found`` what is wrong."""
    plain = re.sub(r"\$__(rate_interval|interval|range)", "5m", text)
    return _check(promql.parse(plain), [] if found is None else found)


def _labels(registry: CollectorRegistry) -> dict[str, frozenset[str]]:
    return {
        sample.name: frozenset(sample.labels) | TARGET_LABELS
        for family in registry.collect()
        for sample in family.samples
    }


def _check(node: promql.Expr, found: list[str]) -> frozenset[str]:
    """Return the labels of the result of ``node``."""
    labels: frozenset[str] = frozenset()
    match node:
        case promql.VectorSelector():
            labels = _check_selector(node, found)
        case promql.MatrixSelector():
            labels = _check_selector(node.vector_selector, found)
        case promql.AggregateExpr():
            labels = _check_aggregate(node, found)
        case promql.BinaryExpr():
            labels = _check_binary(node, found)
        case promql.Call():
            labels = _check_call(node, found)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            labels = _check(node.expr, found)
    return labels


def _check_call(node: promql.Call, found: list[str]) -> frozenset[str]:
    labels = [_check(argument, found) for argument in node.args]
    if node.func.name in _VECTOR_FUNCTIONS:
        return frozenset()
    all_labels = frozenset().union(*labels)
    return all_labels - {"le"} if node.func.name == "histogram_quantile" else all_labels


def _check_selector(node: promql.VectorSelector, found: list[str]) -> frozenset[str]:
    name = node.name or ""
    if name not in exposed():
        found.append(f"{name} is no metric of the service")
        return TARGET_LABELS
    for matcher in node.matchers.matchers:
        if matcher.name not in exposed()[name]:
            found.append(f"{name} has no label {matcher.name}")
        elif matcher.name in _CLOSED and "$" not in matcher.value:
            allowed = get_args(_CLOSED[matcher.name])
            if not set(matcher.value.split("|")) <= set(allowed):
                found.append(f"{name}: {matcher.name} is one of {allowed}, not {matcher.value}")
    return exposed()[name]


def _check_aggregate(node: promql.AggregateExpr, found: list[str]) -> frozenset[str]:
    labels = _check(node.expr, found)
    if node.modifier is None:
        return labels if str(node.op) in {"topk", "bottomk"} else frozenset()
    named = frozenset(node.modifier.labels)
    if not named <= labels:
        found.append(f"there are no labels {sorted(named - labels)} to aggregate: {node}")
    return named if node.modifier.type == promql.AggModifierType.By else labels - named


def _check_binary(node: promql.BinaryExpr, found: list[str]) -> frozenset[str]:
    left, right = _check(node.lhs, found), _check(node.rhs, found)
    if node.modifier is not None and node.modifier.matching is not None:
        named = frozenset(node.modifier.matching.labels)
        if not named <= left & right:
            found.append(f"both sides need the labels {sorted(named)}: {node}")
    elif left and right and left != right and str(node.op) != "or":
        found.append(f"the sides never match, {sorted(left)} and {sorted(right)}: {node}")
    return left | right
