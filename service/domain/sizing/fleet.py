"""A fleet of consumers before one database: an event simulation, fed by recorded checkpoints.

Each consumer folds the log of its partitions, at most ``headroom`` times as fast as it grows, and makes a checkpoint
every so many seconds; the server shares its cores among the checkpoints that are open. One consumer may die: its
partitions wait for the session to time out, then all stop, store what they hold, restore and go on.

It shows what a database and a broker are asked for. That consumers have nothing in common but these two is what it
is built on, not what it shows: ``tests/store/test_nothing_shared.py`` does that, on a real database. Same input and
seed, same result.
"""

import heapq
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from service.domain.sizing.coefficients import Coefficients, RecordedCheckpoint

_SHOWN_S: Final = (31, 39, 46, 54, 60)  # of each minute of one-second data: when a page changes
_THOUSAND: Final = 1000
_US: Final = 1e-6
_NOTHING_S: Final = 1e-9  # of work left: the clock is a float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is simulated."""

    n_consumers: int
    n_partitions: int
    n_points: int
    database_cores: int
    checkpoint_s: float = 5.0
    headroom: float = 2.0  # a consumer folds so many times as fast as readings come
    commit_s: float = 0.005  # assumed: the disk's, and the network's way there and back
    session_s: float = 30.0  # VOLTPASS_SESSION_TIMEOUT_S
    hot_factor: float = 1.0  # the first partition has so many times the points of each other
    dies_at_s: float | None = None  # the last consumer
    until_s: float = 600.0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """What came of it. Seconds; steady is before the death, or all the time without one."""

    checkpoints_per_s: float
    pages_per_s: float  # rows
    busy_cores: float  # of the database, mean
    checkpoint_p50_s: float  # steady
    checkpoint_p99_s: float  # steady
    checkpoint_most_s: float  # steady
    age_p99_s: float  # of what a consumer stored last, just before it stores more, steady
    open_most: int  # checkpoints at once: connections that are busy
    stopped_s: float  # from the death until all partitions are read again
    age_most_s: float
    recovered_s: (
        float  # from the death until nothing is older than before, but for half an interval
    )


@dataclass(slots=True)
class _Consumer:
    number: int
    n_points: float
    through_s: float = 0.0  # readings up to here are folded
    folded_at_s: float = 0.0
    began_s: float = 0.0
    stored_s: float = 0.0  # readings up to here are stored
    is_alive: bool = True


@dataclass(slots=True)
class _Job:
    consumer: _Consumer
    through_s: float
    begun_s: float
    left_s: float  # of a core of the server
    n_pages: float
    is_last: bool = False  # before letting go


@dataclass(slots=True)
class _Seen:
    durations: list[tuple[float, float]] = field(default_factory=list)  # when, how long
    ages: list[tuple[float, float]] = field(default_factory=list)
    n_pages: float = 0.0
    busy_s: float = 0.0
    open_most: int = 0
    stopped_s: float = 0.0


def simulate_fleet(fleet: Fleet, known: Coefficients) -> FleetReport:
    """Return what a fleet asks of its database, and how old its figures get."""
    return _Run(fleet, known).run()


class _Run:
    def __init__(self, fleet: Fleet, known: Coefficients) -> None:
        self._fleet = fleet
        self._random = random.Random(fleet.seed)  # noqa: S311 (nothing secret)
        self._with_pages = [one for one in known.recorded if one.with_pages]
        self._without = [one for one in known.recorded if not one.with_pages]
        self._restore_s = float(known["restore_lane"]) * _US
        self._seen = _Seen()
        self._jobs: list[_Job] = []
        self._due: list[tuple[float, int]] = []  # a heap: when, whose checkpoint
        self._ready: list[tuple[float, _Job]] = []  # when its client is done
        points = _points_of(fleet)
        self._consumers = [
            _Consumer(number, sum(points[number :: fleet.n_consumers]))
            for number in range(fleet.n_consumers)
        ]

    def run(self) -> FleetReport:
        fleet = self._fleet
        for consumer in self._consumers:
            phase = self._random.uniform(0.0, fleet.checkpoint_s)
            heapq.heappush(self._due, (phase, consumer.number))
        now = 0.0
        death_s = math.inf if fleet.dies_at_s is None else fleet.dies_at_s
        rebalance_s = math.inf
        while now < fleet.until_s:
            following = min(self._next_s(now), death_s, rebalance_s, fleet.until_s)
            self._serve(now, following)
            now = following
            self._finish(now)
            if now >= death_s:
                self._die(now)
                death_s, rebalance_s = math.inf, now + fleet.session_s
            if now >= rebalance_s:
                self._rebalance(now)
                rebalance_s = math.inf
            self._begin(now)
        return self._report()

    def _next_s(self, now: float) -> float:
        following = min(
            self._due[0][0] if self._due else math.inf,
            min((at for at, _ in self._ready), default=math.inf),
        )
        if self._jobs:
            following = min(following, now + min(job.left_s for job in self._jobs) / self._rate())
        return following

    def _rate(self) -> float:
        """Return cores that each open checkpoint gets: one at most."""
        return min(1.0, self._fleet.database_cores / len(self._jobs))

    def _serve(self, now: float, until: float) -> None:
        if not self._jobs:
            return
        done_s = (until - now) * self._rate()
        for job in self._jobs:
            job.left_s -= done_s
        self._seen.busy_s += done_s * len(self._jobs)

    def _finish(self, now: float) -> None:
        done = [job for job in self._jobs if job.left_s <= _NOTHING_S]
        self._jobs = [job for job in self._jobs if job.left_s > _NOTHING_S]
        for job in done:
            consumer = job.consumer
            if not consumer.is_alive:
                continue
            stored_at = now + self._fleet.commit_s
            self._seen.durations.append((job.begun_s, stored_at - job.begun_s))
            self._seen.ages.append((now, stored_at - consumer.stored_s))
            self._seen.n_pages += job.n_pages
            consumer.stored_s = job.through_s
            if not job.is_last:
                again_s = max(stored_at, job.begun_s + self._fleet.checkpoint_s)
                heapq.heappush(self._due, (again_s, consumer.number))
        for at, job in [one for one in self._ready if one[0] <= now]:
            self._ready.remove((at, job))
            self._jobs.append(job)
        self._seen.open_most = max(self._seen.open_most, len(self._jobs))

    def _begin(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            consumer = self._consumers[heapq.heappop(self._due)[1]]
            if consumer.is_alive:
                self._start(consumer, now, is_last=False)

    def _start(self, consumer: _Consumer, now: float, *, is_last: bool) -> None:
        former_s = consumer.through_s
        self._fold(consumer, now)
        has_pages = _crosses(former_s, consumer.through_s)
        recorded = self._random.choice(self._with_pages if has_pages else self._without)
        client_s, server_s = _work_s(recorded, consumer.n_points)
        job = _Job(
            consumer=consumer,
            through_s=consumer.through_s,
            begun_s=now,
            left_s=server_s,
            n_pages=consumer.n_points if has_pages else 0.0,
            is_last=is_last,
        )
        self._ready.append((now + client_s, job))

    def _fold(self, consumer: _Consumer, now: float) -> None:
        """Take what has come since the last fold, as far as the processor goes."""
        could_s = (now - consumer.folded_at_s) * self._fleet.headroom
        consumer.through_s = min(now, consumer.through_s + could_s)
        consumer.folded_at_s = now

    def _die(self, now: float) -> None:
        """Its checkpoint, if one is open, is lost; its readings are not."""
        dead = self._consumers[-1]
        dead.is_alive = False
        self._jobs = [job for job in self._jobs if job.consumer is not dead]
        self._ready = [one for one in self._ready if one[1].consumer is not dead]
        self._due = [one for one in self._due if one[1] != dead.number]
        heapq.heapify(self._due)
        self._seen.stopped_s = now

    def _rebalance(self, now: float) -> None:
        """All store what they hold at one time, and go on with their new shares when the slowest has restored.

        Restoring is added as work of the server that follows the last checkpoint. A consumer that takes partitions of
        the dead one is as far as the dead one was.
        """
        fleet, dead = self._fleet, self._consumers[-1]
        alive = [one for one in self._consumers if one.is_alive]
        share = dead.n_points / len(alive)
        for consumer in alive:
            consumer.n_points += share
        work_s = sum(_work_s(self._with_pages[0], one.n_points)[1] for one in alive)
        restore_s = self._restore_s * fleet.n_points
        cores = min(fleet.database_cores, len(alive))
        slowest_s = max(_work_s(self._with_pages[0], one.n_points)[1] for one in alive)
        goes_on_s = now + max((work_s + restore_s) / cores, slowest_s)
        self._seen.busy_s += work_s + restore_s
        self._seen.open_most = max(self._seen.open_most, len(alive))
        self._jobs, self._ready, self._due = [], [], []
        for consumer in alive:
            consumer.through_s = consumer.stored_s = min(consumer.stored_s, dead.stored_s)
            consumer.folded_at_s = goes_on_s
            phase = self._random.uniform(0.0, fleet.checkpoint_s)
            heapq.heappush(self._due, (goes_on_s + phase, consumer.number))
        self._seen.stopped_s = goes_on_s - self._seen.stopped_s

    def _report(self) -> FleetReport:
        fleet, seen = self._fleet, self._seen
        steady_until = fleet.until_s if fleet.dies_at_s is None else fleet.dies_at_s
        steady = [lasted for at, lasted in seen.durations if at < steady_until]
        ages = [age for at, age in seen.ages if at < steady_until]
        later = [(at, age) for at, age in seen.ages if at >= steady_until]
        usual_s = max(ages, default=0.0)
        old = [at for at, age in later if age > usual_s + fleet.checkpoint_s / 2]
        return FleetReport(
            checkpoints_per_s=len(seen.durations) / fleet.until_s,
            pages_per_s=seen.n_pages / fleet.until_s,
            busy_cores=seen.busy_s / fleet.until_s,
            checkpoint_p50_s=_quantile(steady, 0.5),
            checkpoint_p99_s=_quantile(steady, 0.99),
            checkpoint_most_s=max(steady, default=0.0),
            age_p99_s=_quantile(ages, 0.99),
            open_most=seen.open_most,
            stopped_s=seen.stopped_s,
            age_most_s=max((age for _, age in seen.ages), default=0.0),
            recovered_s=max(old) - steady_until if old else 0.0,
        )


def _points_of(fleet: Fleet) -> list[float]:
    """Return the points of each partition."""
    of_one = fleet.n_points / (fleet.n_partitions - 1 + fleet.hot_factor)
    return [of_one * fleet.hot_factor, *[of_one] * (fleet.n_partitions - 1)]


def _work_s(recorded: RecordedCheckpoint, n_points: float) -> tuple[float, float]:
    """Return processor seconds of client and server for a checkpoint of so many points."""
    share = n_points / _THOUSAND * _US
    return float(recorded.client_us) * share, float(recorded.server_us) * share


def _crosses(after_s: float, until_s: float) -> bool:
    """Return whether pages of one-second data change in ``(after_s, until_s]``."""
    return any(after_s < at <= until_s for at in _moments(after_s, until_s))


def _moments(after_s: float, until_s: float) -> Iterator[float]:
    for minute in range(int(after_s // 60), int(until_s // 60) + 1):
        for second in _SHOWN_S:
            yield minute * 60.0 + second


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
