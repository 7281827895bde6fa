"""Readiness, and the gauges of areas and of single points."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from kernels.layout import CELL_NONE
from service.api.figures import read_figures
from service.settings import Settings
from service.settings.parts import DatabaseSettings
from service.store.migrations import head_revision
from tests.api.clients import application, client_of, get, problem, settings_of
from tests.api.seeding import NewPoint, Seeder

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # 1 March, midnight in Shanghai
DAY = timedelta(days=1)
Series = dict[tuple[str, ...], float]


async def seed(seeder: Seeder) -> None:
    """Put two days of two points; the second is open, and one point is dark at its start."""
    await seeder.points(
        NewPoint(point="P1", area="urban", feeder="F1", transformer="T1"),
        NewPoint(point="P2", area="rural", feeder="F1", transformer="T2"),
        NewPoint(point="P3", feeder="F2", transformer="T3"),
        NewPoint(point='a"b\\c', feeder="F2", transformer="T3"),
    )
    dark = [100] * 1430 + [-10000] * 20 + [100] * 700
    await seeder.minutes("P1", START, [dark])
    await seeder.minutes("P2", START, [[0] * 1000 + [900] * 440 + [CELL_NONE] * 60 + [0] * 650])
    await seeder.reach(START + DAY + timedelta(minutes=710))
    await seeder.settle()


async def series(client: httpx.AsyncClient, path: str, **params: str) -> dict[str, Series]:
    """Return the series of an exposition by name: label values in the order of the label names."""
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found: dict[str, Series] = {}
    for metric in parse_text(answer.text):
        for one in metric.samples:
            key = tuple(value for _, value in sorted(one.labels.items()))
            found.setdefault(one.name, {})[key] = one.value
    return found


async def test_gauges_of_points_are_those_of_the_running_day_and_month(
    reader: httpx.AsyncClient,
) -> None:
    found = await series(reader, "/metrics/points", feeder="F1")

    minutes = found["voltpass_point_minutes"]  # period, point, verdict
    assert len(minutes) == 2 * 2 * 7
    assert minutes["day", "P1", "pass"] == 700
    assert minutes["day", "P1", "interrupted"] == 10
    assert minutes["month", "P1", "pass"] == 2130
    assert minutes["month", "P1", "interrupted"] == 20
    assert minutes["month", "P2", "over"] == 440
    assert minutes["day", "P2", "missing"] == 60
    ratio = found["voltpass_point_pass_ratio"]  # period, point
    assert ratio["month", "P2"] == 1650 / 2090
    assert ratio["day", "P2"] == 1.0
    seconds = found["voltpass_point_interruption_seconds"]
    assert (seconds["day", "P1"], seconds["month", "P1"]) == (600.0, 1200.0)
    assert seconds["day", "P2"] == 0.0
    n_times = found["voltpass_point_interruptions"]
    assert (n_times["day", "P1"], n_times["month", "P1"], n_times["month", "P2"]) == (1, 1, 0)


async def test_gauges_of_points_are_what_the_pass_rate_says(reader: httpx.AsyncClient) -> None:
    answer = await get(reader, "/v1/points/P2/pass-rate", by="month")

    found = await series(reader, "/metrics/points", point="P2")

    month = answer["total"]
    assert month["minutes"].pop("due") == 2150
    for verdict, n in month["minutes"].items():
        assert found["voltpass_point_minutes"]["month", "P2", verdict] == n
    assert found["voltpass_point_pass_ratio"]["month", "P2"] == month["rate"]


async def test_points_are_chosen_by_transformer_and_by_name(reader: httpx.AsyncClient) -> None:
    by_transformer = await series(reader, "/metrics/points", transformer="T2")
    by_name = await series(reader, "/metrics/points", point=" P1, P3,P1 ")
    odd = await series(reader, "/metrics/points", point='a"b\\c')

    def points(found: dict[str, Series]) -> set[str]:
        return {point for _, point, _ in found["voltpass_point_minutes"]}

    assert points(by_transformer) == {"P2"}
    assert points(by_name) == {"P1", "P3"}
    assert points(odd) == {'a"b\\c'}
    assert "voltpass_point_pass_ratio" not in odd  # nothing was judged


async def test_openmetrics_is_given_to_who_asks_for_it(reader: httpx.AsyncClient) -> None:
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}

    for path in ("/metrics/points?feeder=F1", "/metrics"):
        answer = await reader.get(path, headers=accept)
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert list(parse_openmetrics(answer.text))  # type: ignore[no-untyped-call]


async def test_more_series_than_are_given_at_once_are_refused_with_what_to_do(
    seeded: Settings,
) -> None:
    few = seeded.model_copy(update={"point_series_max": 39})

    async with client_of(application(few)) as client:
        found = await problem(client, "/metrics/points", feeder="F1")
        one = await series(client, "/metrics/points", transformer="T1")

    assert (found["status"], found["code"]) == (422, "too_much")
    for says in ("2 points", "40 series", "39", "VOLTPASS_POINT_SERIES_MAX"):
        assert says in found["detail"]
    assert sum(len(values) for values in one.values()) == 20


@pytest.mark.parametrize(
    ("params", "status", "says"),
    [
        ({}, 422, "exactly one"),
        ({"feeder": "F1", "point": "P1"}, 422, "exactly one"),
        ({"point": " , "}, 422, "exactly one"),
        ({"point": "P1,X,Y"}, 404, "'X', 'Y'"),
        ({"feeder": "F9"}, 404, "feeder 'F9'"),
        ({"transformer": "\0"}, 422, "transformer"),
        ({"point": "\0"}, 422, "point"),
    ],
)
async def test_points_that_are_not_there_are_named(
    reader: httpx.AsyncClient, params: dict[str, str], status: int, says: str
) -> None:
    found = await problem(reader, "/metrics/points", **params)

    assert found["status"] == status
    assert says in found["detail"]


async def test_figures_of_areas_are_those_of_the_groups(seeded: Settings) -> None:
    app = application(seeded)
    async with client_of(app) as client:
        app.state.context.metrics.show_figures(await read_figures(app.state.context))
        found = await series(client, "/metrics")
        groups = {
            "day": (await get(client, "/v1/pass-rate", group_by="area", **{"from": "2024-03-02"})),
            "month": (await get(client, "/v1/pass-rate", group_by="area")),
        }

    ratio = found["voltpass_pass_ratio"]  # area, class, period, rule_set
    for period, answer in groups.items():
        for one in answer["groups"]:
            key = (one["group"], "D", period, "sgcc-2003")
            assert ratio.get(key) == one["rate"]
            assert found["voltpass_coverage_ratio"].get(key) == one["pooled"]["coverage"]
    dark = found["voltpass_interruption_minutes"]
    assert dark["urban", "D", "month", "sgcc-2003"] == 20.0
    assert dark["urban", "D", "day", "sgcc-2003"] == 10.0
    assert dark["none", "D", "month", "sgcc-2003"] == 0.0


async def test_ready_means_that_the_schema_is_current(
    client: httpx.AsyncClient, empty_database: Callable[[], DatabaseSettings], seeder: Seeder
) -> None:
    ready = await get(client, "/readyz")
    async with client_of(application(settings_of(empty_database()))) as other:
        nothing = await problem(other, "/readyz")
    await seeder.run("UPDATE alembic_version SET version_num = '0001'")
    old = await problem(client, "/readyz")
    await seeder.run("UPDATE alembic_version SET version_num = '9999'")
    newer = await get(client, "/readyz")

    assert ready == {"status": "ready", "revision": head_revision(), "zone": "Asia/Shanghai"}
    for found in (nothing, old):
        assert (found["status"], found["code"]) == (503, "schema_mismatch")
        assert "voltpass migrate" in found["next"]
    assert newer["revision"] == "9999"


async def test_it_is_not_ready_while_the_server_counts_days_otherwise(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.run(
        """
        CREATE OR REPLACE FUNCTION day_start(day date, zone text) RETURNS timestamptz
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN (day::timestamp AT TIME ZONE zone) + interval '1 hour'
        """
    )

    found = await problem(client, "/readyz")

    assert (found["status"], found["code"]) == (503, "zone_data_differ")
    assert "tzdata" in found["next"]
