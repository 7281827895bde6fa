"""The generated dashboards, taken apart."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.grafana.generate import dashboards

DASHBOARDS: dict[str, Any] = {name: json.loads(text) for name, text in dashboards().items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query of a panel or of a variable, with the place it stands at."""

    place: str  # dashboard, panel and letter
    text: str
    legend: str = ""

    def __str__(self) -> str:
        return self.place


def panels() -> list[Any]:
    """Return the panels of all dashboards, without the rows."""
    return [
        panel | {"dashboard": name}
        for name, dashboard in DASHBOARDS.items()
        for panel in dashboard["panels"]
        if panel["type"] != "row"
    ]


def sql_queries() -> Iterator[Query]:
    """Yield the SQL of all panels and variables."""
    for panel, target in _targets():
        if "rawSql" in target:
            yield Query(place=_place(panel, target), text=target["rawSql"])
    for name, dashboard in DASHBOARDS.items():
        for variable in dashboard["templating"]["list"]:
            yield Query(place=f"{name}: variable {variable['name']}", text=variable["query"])


def promql_queries() -> Iterator[Query]:
    """Yield the PromQL of all panels."""
    for panel, target in _targets():
        if "expr" in target:
            yield Query(
                place=_place(panel, target), text=target["expr"], legend=target["legendFormat"]
            )


def _targets() -> Iterator[tuple[Any, Any]]:
    for panel in panels():
        for target in panel["targets"]:
            yield panel, target


def _place(panel: Any, target: Any) -> str:
    return f"{panel['dashboard']}: {panel['title']}: {target['refId']}"
