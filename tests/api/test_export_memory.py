"""An export of any size holds what one batch needs, and no more."""

import asyncio
import tracemalloc
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from starlette.types import Message

from service.api.export_pace import ExportPace, PaceState
from service.settings import Settings
from tests.api.clients import application
from tests.api.seeding import NewPoint, Seeder
from tests.api.test_leaving import scope_of

START = datetime(2024, 3, 1, tzinfo=UTC)
N_POINTS = 240
MEBIBYTE = 1 << 20
_PAGES = """
    INSERT INTO page (hour, judgement, point_id, nominal_mv, revision, interval_s, n_phases, n_missing, n_pass, n_over,
                      n_under, n_interrupted, n_exempt, n_invalid, cell_min, cell_max, cells, marks)
    SELECT hour, 0, point_id, 220000, 1, 60, 1, 0, 60, 0, 0, 0, 0, 0, 0, 0,
           decode(repeat('d200', 60), 'hex'), decode(repeat('f9', 60), 'hex')
      FROM generate_series($1::timestamptz, $1::timestamptz + interval '23 hours', interval '1 hour') AS hour
     CROSS JOIN point
"""


async def seed(seeder: Seeder) -> None:
    await seeder.points(
        *(NewPoint(point=f"P{n:04}", feeder="FEW" if n < 40 else "MANY") for n in range(N_POINTS))
    )
    await seeder.run(_PAGES, START)
    await seeder.reach(START + timedelta(days=1))
    await seeder.run("UPDATE partition_progress SET stored_at = data_through")  # nobody is at work


async def held_and_sent(settings: Settings, feeder: str) -> tuple[int, int]:
    """Return the most bytes that were held when something was sent, and how many were sent."""
    app = application(settings)
    scope = scope_of("GET", "/v1/minutes")
    scope["query_string"] = (
        f"from=2024-03-01T00:00:00Z&to=2024-03-02T00:00:00Z&feeder={feeder}".encode()
    )
    held: list[int] = []
    n_sent = 0
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await forever.wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal n_sent
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        n_sent += len(message.get("body", b""))
        held.append(tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes())

    forever = asyncio.Event()
    async with app.router.lifespan_context(app):
        desk = app.state.context.exports
        desk.pace = ExportPace(level_share=1.0, points_max=20)
        desk.state = PaceState(n_points=20)
        before = pa.total_allocated_bytes()
        tracemalloc.start()
        try:
            await app(scope, receive, send)
        finally:
            tracemalloc.stop()
    return max(held) - before, n_sent


@pytest.mark.slow
@pytest.mark.integration
async def test_six_times_the_points_need_no_more_memory(seeded: Settings) -> None:
    await held_and_sent(seeded, "FEW")  # imports and caches are there from now on

    few_held, few_sent = await held_and_sent(seeded, "FEW")
    many_held, many_sent = await held_and_sent(seeded, "MANY")

    assert many_sent > 4.5 * few_sent > 10 * MEBIBYTE
    assert many_held < 1.5 * few_held + MEBIBYTE
    assert many_held < many_sent / 2
