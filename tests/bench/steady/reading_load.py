"""The load of readers beside ingestion: months of points, and rankings of feeders."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx

POINT_EVERY_S = 0.2
RANKING_EVERY_S = 10.0
_SEED = 11


@dataclass(slots=True)
class ReadingLoad:
    """Readers of a month; the times that answers took stand in seconds."""

    base_url: str
    points: Sequence[str]  # with pages in the month
    days: tuple[date, date]
    region: str
    point_month_s: list[float] = field(default_factory=list)
    ranking_s: list[float] = field(default_factory=list)
    n_feeders: int = 0

    async def run(self, until_s: float) -> None:
        """Ask until then."""
        async with (
            httpx.AsyncClient(base_url=self.base_url, timeout=60) as client,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._point_months(client, until_s))
            tasks.create_task(self._rankings(client, until_s))

    def forget(self) -> None:
        """Forget the times so far: they were of the warm-up."""
        self.point_month_s.clear()
        self.ranking_s.clear()

    async def _point_months(self, client: httpx.AsyncClient, until_s: float) -> None:
        chosen = random.Random(_SEED + len(self.point_month_s))
        while (began_s := time.time()) < until_s:
            point = chosen.choice(self.points)
            took_s, answer = await self._ask(client, f"/v1/points/{point}/pass-rate", {"by": "day"})
            if not answer["total"]["rate"]:
                raise ValueError(f"no rate of {point} in the month")
            self.point_month_s.append(took_s)
            await asyncio.sleep(max(0.0, began_s + POINT_EVERY_S - time.time()))

    async def _rankings(self, client: httpx.AsyncClient, until_s: float) -> None:
        while (began_s := time.time()) < until_s:
            asked = {"group_by": "feeder", "region": self.region}
            took_s, answer = await self._ask(client, "/v1/pass-rate", asked)
            self.n_feeders = sum(group["rate"] is not None for group in answer["groups"])
            self.ranking_s.append(took_s)
            await asyncio.sleep(max(0.0, began_s + RANKING_EVERY_S - time.time()))

    async def _ask(
        self, client: httpx.AsyncClient, path: str, asked: dict[str, str]
    ) -> tuple[float, Any]:
        first, after = self.days
        began_s = time.perf_counter()
        span = {"from": f"{first}T00:00:00+08:00", "to": f"{after}T00:00:00+08:00"}
        answer = await client.get(path, params=span | asked)
        answer.raise_for_status()
        return time.perf_counter() - began_s, answer.json()
