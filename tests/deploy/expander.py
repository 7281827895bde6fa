"""What Grafana makes of a query before it sends it: variables in their formats, macros of time.

As `templateSrv` and the macro engine of the PostgreSQL data source do it (Grafana 12). What is not
known here is an error and no guess: a query that needs more has to be looked at.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

ALL = "$__all"  # the choice of everything, which becomes `.*`
Choice: TypeAlias = str | Sequence[str]

_REGEX_SPECIAL = re.compile(r"[\\^$.*+?()\[\]{}|/]")
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(?!__)(\w+)")


class NotExpandedError(Exception):
    """The query has something in it that Grafana would leave standing, or that is not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is chosen above a dashboard, and how wide its panels are."""

    from_at: datetime
    to_at: datetime
    scrape_interval_s: int = 15  # timeInterval of the Prometheus data source
    n_points_max: int = 1000  # of a panel: about its pixels
    choices: Mapping[str, Choice] = field(default_factory=dict)

    @property
    def interval_s(self) -> int:
        """Seconds between two points of a series, not below the scrape interval; whole ones here."""
        length_s = (self.to_at - self.from_at).total_seconds()
        return max(self.scrape_interval_s, round(length_s / self.n_points_max))

    @property
    def rate_interval_s(self) -> int:
        """``$__rate_interval``: four scrapes at least, and one more than the interval."""
        scrape_s = self.scrape_interval_s
        return max(self.interval_s + scrape_s, 4 * scrape_s)


def sql_of(query: str, scene: Scene) -> str:
    """Return a query as the PostgreSQL data source sends it.

    Raises:
        NotExpandedError: Something is left.
    """
    text = _VARIABLE.sub(lambda found: _sql_value(found, scene), query)
    text = re.sub(
        r"\$__timeFilter\(([\w.]+)\)",
        lambda found: f"{found[1]} BETWEEN {_instant(scene.from_at)} AND {_instant(scene.to_at)}",
        text,
    )
    text = text.replace("$__timeFrom()", _instant(scene.from_at))
    text = text.replace("$__timeTo()", _instant(scene.to_at))
    text = text.replace("$__interval_ms", str(1000 * scene.interval_s))
    return _whole(text)


def promql_of(query: str, scene: Scene) -> str:
    """Return a query as the Prometheus data source sends it.

    Raises:
        NotExpandedError: Something is left.
    """
    text = _VARIABLE.sub(lambda found: _promql_value(found, scene), query)
    text = text.replace("$__rate_interval", f"{scene.rate_interval_s}s")
    return _whole(text)


def _sql_value(found: "re.Match[str]", scene: Scene) -> str:
    values, is_all = _chosen(found, scene)
    match found[2]:
        case "regex":
            escaped = values if is_all else [_escaped(value) for value in values]
            return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
        case "sqlstring":
            return ",".join("'" + value.replace("'", "''") + "'" for value in values)
        case _:
            raise NotExpandedError(f"{found[0]}: a value without a format is no SQL")


def _promql_value(found: "re.Match[str]", scene: Scene) -> str:
    values, is_all = _chosen(found, scene)
    if found[2] is not None:
        raise NotExpandedError(f"{found[0]}: the data source formats values by itself")
    # in a string of PromQL a backslash stands as two
    escaped = values if is_all else [_escaped(one).replace("\\", "\\\\") for one in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _chosen(found: "re.Match[str]", scene: Scene) -> tuple[list[str], bool]:
    name = found[1] or found[3]
    if name not in scene.choices:
        raise NotExpandedError(f"{found[0]}: nothing is chosen for {name}")
    choice = scene.choices[name]
    values = [choice] if isinstance(choice, str) else list(choice)
    return ([".*"], True) if values == [ALL] else (values, False)


def _escaped(value: str) -> str:
    return _REGEX_SPECIAL.sub(lambda found: "\\" + found[0], value)


def _instant(at: datetime) -> str:
    return f"'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z'"


def _whole(text: str) -> str:
    left = re.search(r"\$[_{a-zA-Z]\w*", text)
    if left:
        raise NotExpandedError(f"{left[0]} is left in: {text}")
    return text
