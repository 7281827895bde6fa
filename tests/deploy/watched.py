"""A small district run by the service with Prometheus beside it, and every query of the dashboards asked once."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer

from service.domain.register_files import Kind
from service.settings import Settings
from service.simulate.plan import plan_of
from service.simulate.simulation import simulate_into
from service.store.register_imports import import_register_file
from tests.backends import IS_REAL
from tests.deploy.dashboards import Query, promql_queries, sql_queries
from tests.deploy.expander import ALL, Scene, promql_of, sql_of
from tests.deploy.trouble import Trouble, trouble_of
from tests.district.run import Options, Run, running
from tests.district.servers import EVENTS, READINGS
from tests.real.parts import read_parts
from tests.real.prometheus import RealPrometheus
from tests.simulate.district import District

PLAN: dict[str, object] = {"seed": 11, "meters": 200, "feeders": 2, "days": 3}
SETTLED_WITHIN_S = 400.0
_ANSWERED_WITHIN_S = 120.0  # budgets are worked out each half minute
_ASK_AGAIN_S = 1.0
# Of the data source: a busy machine may miss some of the scrapes, which are a second apart.
_SCRAPE_INTERVAL_S = 5
_QUICK = {"VOLTPASS_CHECKPOINT_INTERVAL_S": "3", "VOLTPASS_SETTLE_INTERVAL_S": "2"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of the queries by their text: a complaint, empty where there is none."""

    complaints: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # of SQL


def asked(folder: Path) -> Asked:
    """Run everything and ask everything; takes about a minute."""
    return asyncio.run(_asked(folder))


async def _asked(folder: Path) -> Asked:
    plan = plan_of(PLAN, ())
    district = District(folder, plan, simulate_into(folder, plan))
    from_at, to_at = (datetime.fromisoformat(district.figures[edge]) for edge in ("from", "to"))
    trouble = trouble_of(folder, to_at)
    options = Options(IS_REAL, SETTLED_WITHIN_S, lambda _text: None, _QUICK)
    async with running(district, options) as run:
        jobs = {f"voltpass-{role}": address for role, address in run.metrics.items()}
        parts = read_parts(os.environ)
        with RealPrometheus(parts=parts, targets=jobs) as prometheus:
            began_at = datetime.now(UTC)
            await _wait_for_scrapes(prometheus, len(jobs))
            await _send(run.bootstrap, trouble)
            await _enter(run.settings, trouble, folder)
            await _ask_the_api(run, trouble)
            found = Asked()
            await _ask_prometheus(prometheus, began_at, found)
            await _ask_database(run.settings, _scene_of(from_at, trouble), found)
            return found


def _scene_of(from_at: datetime, trouble: Trouble) -> Scene:
    """Return the time from the first reading to now: data are old here, and Kafka's records are new."""
    return Scene(
        from_at=from_at,
        to_at=datetime.now(UTC),
        choices={
            "organisation": ALL,
            "region": ALL,
            "feeder": ALL,
            "transformer": ALL,
            "point": trouble.dark_point,
        },
    )


async def _wait_for_scrapes(prometheus: RealPrometheus, n_targets: int) -> None:
    """Wait until every target was scraped twice: a rate needs a value from before what is counted."""
    async with (
        httpx.AsyncClient(base_url=prometheus.url, timeout=30) as client,
        asyncio.timeout(60),
    ):
        while True:
            query = {"query": f"count(sum_over_time(up[10m]) >= 2) == {n_targets}"}
            answer = await client.post("/api/v1/query", data=query)
            if answer.json()["data"]["result"]:
                return
            await asyncio.sleep(_ASK_AGAIN_S)


async def _send(bootstrap: str, trouble: Trouble) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for message in trouble.messages():
            topic = EVENTS if message.is_event else READINGS
            await producer.send(topic, message.value, key=message.key.encode())
        await producer.flush()


async def _enter(settings: Settings, trouble: Trouble, folder: Path) -> None:
    for kind, path in trouble.register_files(folder).items():
        report = await import_register_file(settings, cast("Kind", kind), path, "test")
        assert not report.is_refused, str(report)


async def _ask_the_api(run: Run, trouble: Trouble) -> None:
    async with httpx.AsyncClient(base_url=f"http://{run.api}", timeout=60) as client:
        for path in (f"/v1/points/{trouble.dark_point}", "/v1/interruptions", "/v1/no-such-thing"):
            await client.get(path)


async def _ask_prometheus(prometheus: RealPrometheus, began_at: datetime, found: Asked) -> None:
    """Ask until all queries have an answer: what was sent has to be folded, shown and scraped first."""
    pending = {query.text: query for query in promql_queries()}
    deadline_s = time.monotonic() + _ANSWERED_WITHIN_S
    async with httpx.AsyncClient(base_url=prometheus.url, timeout=30) as client:
        while pending and time.monotonic() < deadline_s:
            scene = Scene(
                from_at=began_at,
                to_at=datetime.now(UTC),
                scrape_interval_s=_SCRAPE_INTERVAL_S,
                choices={"region": ALL, "feeder": ALL},
            )
            for query in list(pending.values()):
                complaint = await _promql_complaint(client, query, scene)
                found.complaints[query.text] = complaint
                if not complaint:
                    del pending[query.text]
            await asyncio.sleep(_ASK_AGAIN_S)


async def _promql_complaint(client: httpx.AsyncClient, query: Query, scene: Scene) -> str:
    asked_for = {
        "query": promql_of(query.text, scene),
        "start": scene.from_at.timestamp(),
        "end": scene.to_at.timestamp(),
        "step": scene.interval_s,
    }
    answer = await client.post("/api/v1/query_range", data=asked_for)
    body = answer.json()
    if body["status"] != "success":
        return f"error: {body.get('error')}"
    if body.get("warnings"):
        return f"warnings: {body['warnings']}"
    if not any(value != "NaN" for one in body["data"]["result"] for _, value in one["values"]):
        return "nothing comes back"
    return ""


async def _ask_database(settings: Settings, scene: Scene, found: Asked) -> None:
    """Ask with the rights that Grafana has; again for a while, as interruptions are derived later."""
    pending = {query.text: query for query in sql_queries()}
    deadline_s = time.monotonic() + _ANSWERED_WITHIN_S
    connection = await asyncpg.connect(settings.database_dsn)
    try:
        await connection.execute("SET ROLE voltpass_reader")
        while pending and time.monotonic() < deadline_s:
            for query in list(pending.values()):
                try:
                    rows = [dict(row) for row in await connection.fetch(sql_of(query.text, scene))]
                except asyncpg.PostgresError as error:
                    found.complaints[query.text] = f"error: {error}"
                    del pending[query.text]
                    continue
                found.rows[query.text] = rows
                found.complaints[query.text] = _sql_complaint(rows)
                if not found.complaints[query.text]:
                    del pending[query.text]
            await asyncio.sleep(_ASK_AGAIN_S)
    finally:
        await connection.close()


def _sql_complaint(rows: Sequence[Mapping[str, object]]) -> str:
    values = [value for row in rows for name, value in row.items() if name != "time"]
    return "" if any(value is not None for value in values) else "nothing comes back"
