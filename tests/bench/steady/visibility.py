"""When minutes become visible: a client that asks the API for minutes of some points until each is whole."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from tests.bench.steady.fleet import Concentrator, point_of

_MINUTE_S = 60
_WHOLE = 7  # eighths, the share of a minute with all of its readings
_EVERY_S = 1.0  # between two questions about the same minute; what is found is late by as much
GIVE_UP_S = 50.0
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Watched:
    """A point, and the concentrator that sends its readings."""

    point: str
    concentrator: int
    ready_s: float  # after the end of a minute, when its last reading is sent


def watched_points(
    senders: Sequence[Concentrator], interval_s: int, n_points: int
) -> list[Watched]:
    """Return one point of each of ``n_points`` concentrators, evenly spread over those of an interval."""
    those = [sender for sender in senders if sender.group.interval_s == interval_s]
    chosen = those[:: max(1, len(those) // n_points)][:n_points]
    return [
        Watched(point_of(sender.meters[sender.number % len(sender.meters)]), sender.number,
                min(interval_s, _MINUTE_S) * those.index(sender) / len(those))
        for sender in chosen
    ]  # fmt: skip


@dataclass(slots=True)
class Visibility:
    """Asks; what it has seen so far stands in ``seen_at``, by minute and concentrator."""

    base_url: str
    watched: Sequence[Watched]
    seen_at: dict[tuple[int, int], float] = field(default_factory=dict)
    n_given_up: int = 0

    async def watch(self, from_s: int, to_s: int) -> None:
        """Ask for every minute that begins, by the clock, in ``[from_s, to_s)``, each until it is there."""
        limits = httpx.Limits(max_connections=_AT_ONCE)
        turn = asyncio.Semaphore(_AT_ONCE)
        async with (
            httpx.AsyncClient(base_url=self.base_url, timeout=30, limits=limits) as client,
            asyncio.TaskGroup() as tasks,
        ):
            for minute_s in range(from_s, to_s, _MINUTE_S):
                await _until(minute_s + _MINUTE_S)
                for one in self.watched:
                    tasks.create_task(self._watch_one(client, turn, one, minute_s))

    async def _watch_one(
        self, client: httpx.AsyncClient, turn: asyncio.Semaphore, one: Watched, minute_s: int
    ) -> None:
        sent_s = minute_s + _MINUTE_S + one.ready_s
        await _until(sent_s)
        while time.time() < sent_s + GIVE_UP_S:
            async with turn:
                is_there = await _is_whole(client, one.point, minute_s)
            if is_there:
                self.seen_at[minute_s, one.concentrator] = time.time()
                return
            await asyncio.sleep(_EVERY_S)
        self.n_given_up += 1


async def _is_whole(client: httpx.AsyncClient, point: str, minute_s: int) -> bool:
    span = {"from": _text(minute_s), "to": _text(minute_s + _MINUTE_S)}
    answer = await client.get(f"/v1/points/{point}/minutes", params=span)
    answer.raise_for_status()
    minutes = answer.json()["minutes"]
    return bool(minutes and minutes[0]["phases"] and minutes[0]["phases"][0]["share"] == _WHOLE)


def _text(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _until(at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s - time.time()))
