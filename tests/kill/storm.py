"""What happens to the consumers while they read: kills, a freeze, restarts, one and three of them."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.kill.consumers import SESSION_S, Consumer
from tests.kill.fleet import Fleet
from tests.kill.sight import Backend, Standing, client_ports

N_KILLS, N_IN_TRANSACTION = 20, 5  # that count, at least
FROZEN_S = 20.0
_SEEN_WITHIN_S = 8.0
_COPY_WITHIN_S = 60.0
_GONE_WITHIN_S = 15.0
_STEP_S = 0.002  # that a consumer runs between two looks at it, near a COPY
_BACK_WITHIN_S = 60.0

assert FROZEN_S > 2 * SESSION_S


@dataclass(slots=True)
class Losses:
    """What was done."""

    n_kills: int = 0  # with readings folded since the last checkpoint
    n_in_transaction: int = 0  # of these, inside an open transaction
    n_uncounted: int = 0  # nothing was lost, or the commit came through
    n_readings_lost: int = 0  # folded, and to be read again
    killed_in: list[str] = field(default_factory=list)  # statements
    frozen_in: str = ""  # statement of the backend whose client was stopped
    fenced_after_freeze: float = 0
    rejoined_after_freeze: float = 0
    n_stopped: int = 0  # in order
    n_settlers_killed: int = 0


@dataclass(slots=True)
class Storm:
    """Strikes until enough has happened, then goes on gently until the feed is done."""

    fleet: Fleet
    server_port: int  # of the database
    random: random.Random
    losses: Losses = field(default_factory=Losses)

    @property
    def is_enough(self) -> bool:
        done = self.losses
        return (
            done.n_kills >= N_KILLS
            and done.n_in_transaction >= N_IN_TRANSACTION
            and bool(done.frozen_in)
        )

    async def rage(self, at_least_s: float) -> None:
        """Strike until it is enough and the time is over."""
        until = time.monotonic() + at_least_s
        self.fleet.grow_to(2)
        self.fleet.settle_anew()
        deck: list[Callable[[], Awaitable[None]]] = []
        while not self.is_enough or time.monotonic() < until:
            if not deck:
                deck = self._deck()
            await deck.pop()()

    def _deck(self) -> list[Callable[[], Awaitable[None]]]:
        """Return strikes in a random order; gentle ones when it was enough."""
        deck: list[Callable[[], Awaitable[None]]] = [self._restart, self._three, self._alone]
        if not self.is_enough:
            deck += [self._kill, self._kill, self._kill_both, self._kill_settler]
            deck += [self._kill_in_transaction] * 4
        if not self.losses.frozen_in:
            deck.append(self._freeze)
        self.random.shuffle(deck)
        return deck

    async def _kill(self) -> None:
        self.fleet.grow_to(2)
        await self._strike(await self.fleet.folding())

    async def _kill_both(self) -> None:
        """Kill one, and the other before the group notices."""
        self.fleet.grow_to(2)
        first = await self.fleet.folding()
        await self._strike(first)
        await asyncio.sleep(self.random.random())
        for other in list(self.fleet.alive):
            if await self.fleet.is_folding(other):
                await self._strike(other)

    async def _kill_in_transaction(self) -> None:
        self.fleet.grow_to(2)
        victim = await self.fleet.folding()
        seen = await self._transaction_of(victim, within_s=_SEEN_WITHIN_S, kill=True)
        if seen is None:
            return
        backend, before, ports = seen
        await self._count(victim, before, ports, backend)

    async def _kill_settler(self) -> None:
        self.fleet.settle_anew()
        self.losses.n_settlers_killed += 1

    async def _restart(self) -> None:
        self.fleet.grow_to(2)
        victim = await self.fleet.folding()
        await self.fleet.stop(victim)
        self.losses.n_stopped += 1

    async def _three(self) -> None:
        self.fleet.grow_to(3)
        newest = self.fleet.alive[-1]
        async with asyncio.timeout(_BACK_WITHIN_S):
            while not await self.fleet.owned_by(newest):  # noqa: ASYNC110 (of another process)
                await asyncio.sleep(0.2)
        await self.fleet.stop(self.random.choice(self.fleet.alive))
        self.losses.n_stopped += 1

    async def _alone(self) -> None:
        while len(self.fleet.alive) > 1:
            await self.fleet.stop(self.fleet.alive[0])
            self.losses.n_stopped += 1
        self.fleet.grow_to(1)
        await self.fleet.folding()
        await asyncio.sleep(3.0)

    async def _strike(self, victim: Consumer) -> None:
        """Kill a consumer that has just said what it has not stored."""
        before, ports = await self._before(victim)
        await victim.ask()
        victim.kill()
        await self._count(victim, before, ports, None)

    async def _before(self, victim: Consumer) -> tuple[list[Standing], set[int]]:
        return await self.fleet.owned_by(victim), client_ports(victim.pid, self.server_port)

    async def _count(
        self, victim: Consumer, before: list[Standing], ports: set[int], inside: Backend | None
    ) -> None:
        """Count a kill, if what was folded before it is lost: no checkpoint came through since."""
        n_unstored = victim.n_unstored
        self.fleet.forget(victim)
        async with asyncio.timeout(_GONE_WITHIN_S):
            while await self.fleet.sight.backends(ports):  # noqa: ASYNC110 (of the server)
                await asyncio.sleep(0.02)
        stored_at = {one.partition: one.stored_at for one in await self.fleet.sight.standing()}
        was_lost = before and all(stored_at[one.partition] == one.stored_at for one in before)
        if not was_lost or not n_unstored:
            self.losses.n_uncounted += 1
            return
        self.losses.n_kills += 1
        self.losses.n_readings_lost += n_unstored
        if inside is not None:
            self.losses.n_in_transaction += 1
            self.losses.killed_in.append(" ".join(inside.query.split())[:40])

    async def _transaction_of(
        self, victim: Consumer, *, within_s: float, kill: bool
    ) -> tuple[Backend, list[Standing], set[int]] | None:
        """Wait for a checkpoint's transaction; with ``kill``, end the consumer in it at once."""
        before, ports = await self._before(victim)
        if kill and not (await victim.ask() and victim.n_unstored):
            return None
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            for backend in await self.fleet.sight.backends(ports):
                if backend.is_in_checkpoint:
                    if kill:
                        victim.kill()
                    return backend, before, ports
            await asyncio.sleep(_STEP_S)
            ports |= client_ports(victim.pid, self.server_port)
        return None

    async def _freeze(self) -> None:
        """Stop a consumer in the middle of a COPY, for longer than its session; then let it go on."""
        self.fleet.grow_to(2)
        victim = await self.fleet.folding()
        await self.fleet.folding(but=victim)  # somebody is there to take over
        until = time.monotonic() + _COPY_WITHIN_S
        while not victim.is_frozen and time.monotonic() < until:
            if await self._transaction_of(victim, within_s=_SEEN_WITHIN_S, kill=False):
                await self._step_to_copy(victim)
        if not victim.is_frozen:
            return
        before = dict(victim.told)
        await asyncio.sleep(FROZEN_S)
        assert not await self.fleet.owned_by(victim), "nobody took over from the frozen consumer"
        victim.thaw()
        await self._wait_until_back(victim, before)

    async def _step_to_copy(self, victim: Consumer) -> None:
        """Let a consumer run for moments only, until it stands in a COPY or is out of the transaction."""
        await victim.ask()
        while True:
            victim.freeze()
            ports = client_ports(victim.pid, self.server_port)
            first = await self._open_backends(ports)
            await asyncio.sleep(10 * _STEP_S)
            second = await self._open_backends(ports)
            copying = [one for one in second if one.is_copying and one in first]
            if copying:
                self.losses.frozen_in = " ".join(copying[0].query.split())[:60]
                return
            victim.thaw()
            if not second:
                return
            await asyncio.sleep(_STEP_S)

    async def _open_backends(self, ports: set[int]) -> list[Backend]:
        return [one for one in await self.fleet.sight.backends(ports) if one.is_open]

    async def _wait_until_back(self, victim: Consumer, before: dict[str, float]) -> None:
        """Wait for a thawed consumer to be fenced or to rejoin."""
        fenced, joined = "voltpass_fenced_total", "voltpass_rebalances_total"
        async with asyncio.timeout(_BACK_WITHIN_S):
            while True:
                assert victim.is_alive, "the thawed consumer ended by itself"
                told = await victim.ask()
                n_joined = told.get(joined, 0) - before.get(joined, 0)
                if told and n_joined > 0:
                    break
                await asyncio.sleep(0.2)
        self.losses.rejoined_after_freeze = n_joined
        self.losses.fenced_after_freeze = told.get(fenced, 0) - before.get(fenced, 0)
