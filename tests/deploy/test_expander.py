"""The expander of the tests makes of a query what Grafana makes of it."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.deploy.expander import ALL, NotExpandedError, Scene, promql_of, sql_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SCENE = Scene(
    from_at=NOON - timedelta(hours=6),
    to_at=NOON,
    choices={"region": ["R1"], "feeder": ["F.1", "F2"], "transformer": ALL, "point": "O'Hara"},
)


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("region ~ '^(${region:regex})$'", "region ~ '^(R1)$'"),
        ("feeder ~ '^(${feeder:regex})$'", r"feeder ~ '^((F\.1|F2))$'"),
        ("transformer ~ '^(${transformer:regex})$'", "transformer ~ '^(.*)$'"),
        ("point = ${point:sqlstring}", "point = 'O''Hara'"),
        ("feeder IN (${feeder:sqlstring})", "feeder IN ('F.1','F2')"),
        ("at > $__timeFrom()", "at > '2026-03-02T06:00:00.000Z'"),
        (
            "$__timeFilter(start_at)",
            "start_at BETWEEN '2026-03-02T06:00:00.000Z' AND '2026-03-02T12:00:00.000Z'",
        ),
        ("greatest($__interval_ms, 60000)", "greatest(22000, 60000)"),
    ],
)
def test_sql_is_spelled_out(query: str, sent: str) -> None:
    assert sql_of(query, SCENE) == sent


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ('m{region=~"$region"}', 'm{region=~"R1"}'),
        ('m{feeder=~"$feeder"}', r'm{feeder=~"(F\\.1|F2)"}'),
        ('m{transformer=~"$transformer"}', 'm{transformer=~".*"}'),
        ("rate(m[$__rate_interval])", "rate(m[60s])"),
    ],
)
def test_promql_is_spelled_out(query: str, sent: str) -> None:
    assert promql_of(query, SCENE) == sent


@pytest.mark.parametrize(
    "query", ["$__timeGroup(at, '1h')", "${region}", "$nobody", "${point:json}"]
)
def test_what_is_not_known_is_an_error(query: str) -> None:
    with pytest.raises(NotExpandedError):
        sql_of(query, SCENE)
