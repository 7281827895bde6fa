"""Live breaches for everybody who listens: the database is looked at once for all of them, and only while some do."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import uuid4

from service.api.lasting_access import ASK_AGAIN_S
from service.api.refusals import BusyError
from service.clock import monotonic_s
from service.domain.live_breaches import (
    BreachChange,
    LiveBreach,
    changes_between,
    live_breaches,
)
from service.errors import StoreError
from service.logs import logger
from service.store.breach_reads import seen_in_trouble
from service.store.deployment_reads import reading
from service.store.pool import Pool

log = logger(__name__)

_KEPT_CHANGES: Final = 10_000  # who missed more gets everything anew


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """All breaches at one look."""

    breaches: Mapping[str, LiveBreach]
    number: int  # of the newest change that is in it
    data_through: datetime | None
    n_left_out: Mapping[tuple[str, str], int]  # lanes, by region and feeder


@dataclass(slots=True)
class LiveDesk:
    """What listeners share."""

    listeners_max: int
    stale_after: timedelta  # older readings say nothing of now
    breaches_max: int = 20_000  # lanes in trouble that are looked at
    ask_again_s: float = ASK_AGAIN_S  # for the access of whoever listens
    look_every_s: float = 5.0  # as often as checkpoints are, by default
    pause_per_work: float = 10.0  # at most a tenth of the time is spent on it
    run: str = field(default_factory=lambda: uuid4().hex[:12])  # numbers count within it
    state: LiveState | None = None  # None: nobody has looked yet
    _changes: deque[BreachChange] = field(default_factory=lambda: deque(maxlen=_KEPT_CHANGES))
    _n_listeners: int = 0
    _is_fresh: bool = False  # nobody stopped looking since
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Let somebody listen as long as the block lasts.

        Raises:
            BusyError: There are as many listeners as may be.
        """
        if self._n_listeners >= self.listeners_max:
            raise BusyError(
                f"{self._n_listeners} listen to live breaches, as many as VOLTPASS_LISTENERS_MAX allows"
            )
        self._n_listeners += 1
        try:
            yield
        finally:
            self._n_listeners -= 1

    async def after(self, number: int | None, within_s: float) -> LiveState | None:
        """Return the state as soon as it is newer than ``number``; None if it is not within so many seconds."""
        async with self._news:
            self._news.notify_all()  # wakes who looks, if it sleeps for want of listeners
            try:
                async with asyncio.timeout(within_s):
                    await self._news.wait_for(lambda: self._is_newer(number))
            except TimeoutError:
                return None
            return self.state

    def changes_since(self, number: int) -> list[BreachChange] | None:
        """Return the changes after ``number``, None where not all of them are kept, or there was no such number."""
        newest = 0 if self.state is None else self.state.number
        n_missed = newest - number
        if not 0 <= n_missed <= len(self._changes):
            return None
        return list(islice(self._changes, len(self._changes) - n_missed, None))

    async def keep(self, pool: Pool) -> None:
        """Look at the database again and again while somebody listens; until cancelled."""
        while True:
            async with self._news:
                self._is_fresh = self._is_fresh and self._n_listeners > 0
                await self._news.wait_for(lambda: self._n_listeners > 0)
            started_s = monotonic_s()
            try:
                await self._look(pool)
            except StoreError as error:
                log.warning("live_breaches_not_read", code=error.code, error=str(error))
            except Exception:
                log.exception("live_breaches_failed")
            work_s = monotonic_s() - started_s
            await asyncio.sleep(max(self.look_every_s, self.pause_per_work * work_s))

    def _is_newer(self, number: int | None) -> bool:
        if self.state is None or not self._is_fresh:
            return False
        return number is None or self.state.number != number

    async def _look(self, pool: Pool) -> None:
        async with reading(pool) as snapshot:
            through = snapshot.data_through
            since_ms = (
                0 if through is None else int((through - self.stale_after).timestamp() * 1000)
            )
            lanes = await seen_in_trouble(snapshot.connection, since_ms, self.breaches_max)
        found = live_breaches(lanes)
        before = self.state
        changes = [] if before is None else changes_between(before.breaches, found)
        self._changes.extend(changes)
        self.state = LiveState(
            breaches=found,
            number=(0 if before is None else before.number) + len(changes),
            data_through=through,
            n_left_out=lanes.n_left_out,
        )
        self._is_fresh = True
        async with self._news:
            self._news.notify_all()
