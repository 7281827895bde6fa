"""The generated dashboards, taken apart."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.grafana.generate import dashboards

DASHBOARDS: dict[str, Any] = {name: json.loads(text) for name, text in dashboards().items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query of a panel, of a variable or of an annotation, with the place it stands at."""

    place: str  # the first dashboard that has it, and where there
    text: str
    legend: str = ""
    fields: tuple[str, ...] = ()  # that the panel has a name for
    is_stat: bool = False  # one number

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


def sql_queries() -> list[Query]:
    """Return the SQL of all panels, variables and annotations, each text once."""
    return _each_once([*_panel_sql(), *_other_sql()])


def promql_queries() -> list[Query]:
    """Return the PromQL of all panels, each text once."""
    return _each_once(
        Query(
            place=_place(panel, target),
            text=target["expr"],
            legend=target["legendFormat"],
            fields=_fields(panel),
        )
        for panel, target in _targets()
        if "expr" in target
    )


def strings_of(value: Any) -> list[str]:
    """Return every text in a dashboard."""
    match value:
        case str():
            return [value]
        case dict():
            return [text for one in value.values() for text in strings_of(one)]
        case list():
            return [text for one in value for text in strings_of(one)]
    return []


def _each_once(queries: "Iterator[Query] | list[Query]") -> list[Query]:
    found: dict[str, Query] = {}
    for query in queries:
        found.setdefault(query.text, query)
    return list(found.values())


def _panel_sql() -> Iterator[Query]:
    for panel, target in _targets():
        if "rawSql" in target:
            yield Query(
                place=_place(panel, target),
                text=target["rawSql"],
                fields=_fields(panel),
                is_stat=panel["type"] == "stat",
            )


def _other_sql() -> Iterator[Query]:
    for name, dashboard in DASHBOARDS.items():
        for variable in dashboard["templating"]["list"]:
            yield Query(place=f"{name}: variable {variable['name']}", text=variable["query"])
        for annotation in dashboard["annotations"]["list"]:
            text = annotation["target"]["rawSql"]
            yield Query(place=f"{name}: annotation {annotation['name']}", text=text)


def _targets() -> Iterator[tuple[Any, Any]]:
    for panel in panels():
        for target in panel["targets"]:
            yield panel, target


def _fields(panel: Any) -> tuple[str, ...]:
    return tuple(
        override["matcher"]["options"] for override in panel["fieldConfig"].get("overrides", ())
    )


def _place(panel: Any, target: Any) -> str:
    title = re.sub(r"[\[\]]", "", panel["title"])  # pytest puts it between such
    return f"{panel['dashboard']}: {title}: {target['refId']}"
