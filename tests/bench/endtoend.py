"""Rows 7, 8 and 11: the whole service at its rated load in real time, readers beside it in every other minute.

``STEADY_S`` is the length of the load in seconds (600), ``STEADY_CHECKPOINT_S`` the interval of checkpoints (15),
``STEADY_SCALE`` the part of the fleet (1): smaller ones are
for trials, their targets for the rate shrink with them.
"""

import math
import os
import statistics
from collections.abc import Callable
from typing import Final, TypedDict

import numpy as np
from rich.console import Console

from tests.bench.database import SETTINGS
from tests.bench.figure import Figure
from tests.bench.steady.fleet import PER_MESSAGE, Group
from tests.bench.steady.running import CHECKPOINT_S, MINUTE_S, Plan, Run, run
from tests.bench.steady.trend import Trend, trend
from tests.bench.steady.visibility import GIVE_UP_S
from tests.bench.steady.watching import Sight
from tests.real.parts import read_parts
from tests.real.servers import RealKafka, RealTimescale

SECONDS: Final = int(os.environ.get("STEADY_S", "600"))
SCALE: Final = float(os.environ.get("STEADY_SCALE", "1"))
WARM_UP_S: Final = min(120, SECONDS // 3)
RATE: Final = 250_000.0  # readings a second
VISIBLE_S: Final = CHECKPOINT_S + 5.0
POINT_MONTH_MS: Final = 100.0
RANKING_S: Final = 2.0
SLOWED_PERCENT: Final = 5.0
GROWN: Final = 0.01  # of the readings of a minute, of the memory: growth, however noisy the run
_WHY_POINT_MONTH: Final = (
    "alone a point and month is 1.3 ms of the database (row 5) and few ms of `serve`; what it waits for is a processor "
    "and its turn in the one process that also answers the ranking, and the questions after minutes of this bench"
)
_WHY_RANKING: Final = (
    "EXPLAIN ANALYZE, nothing beside, 0.34 s for 100,000 points: their rows and the months of `point_month` are joined "
    "and added up; where `settle` has not added the month up yet (`month_added` in its log), 3.1 million days are read"
)
_MIB: Final = 2**20
_GROUPS: Final = ((250_000, 1), (25_000, 60), (25_000, 900))


def measure(console: Console) -> list[Figure]:
    """Return rate, lag, visibility, growth, and what readers get and cost."""
    groups = [
        Group(n_points=max(1, round(n * SCALE / PER_MESSAGE)) * PER_MESSAGE, interval_s=interval_s)
        for n, interval_s in _GROUPS
    ]
    parts = read_parts(os.environ)
    with (
        RealKafka(parts=parts) as kafka,
        RealTimescale(parts=parts, settings=SETTINGS) as timescale,
    ):
        plan = Plan(groups=groups, seconds=SECONDS, warm_up_s=WARM_UP_S)
        seen = run(kafka.bootstrap, timescale.create_database(), plan, console)
    _tell(console, seen)
    return [*_ingestion(seen, plan), *_memory(seen), *_reading(seen)]


def _ingestion(seen: Run, plan: Plan) -> list[Figure]:
    sights = _counted(seen)
    at = [one.at_s for one in sights]
    rate = float(np.polyfit(np.array(at) - at[0], [one.n_consumed for one in sights], 1)[0])
    sent_rate = _sent_rate(seen)
    lag = trend(at, [_lag(seen, one) for one in sights])
    visible_s = _visible_s(seen)
    return [
        Figure(
            row=7,
            name=f"durable end to end, {plan.n_points:,} points, {plan.seconds} s",
            value=rate,
            unit="readings/s",
            at_least=RATE * SCALE,
            against=f"sent as readings fall due: {sent_rate:,.0f} readings/s",
        ),
        Figure(
            row=7,
            name="growth of the lag; the target is its noise",
            **_per_minute(lag, sent_rate * MINUTE_S),
            unit="readings a minute",
        ),
        Figure(
            row=7,
            name=f"a minute visible in the API after its last reading, p99 of {len(visible_s):,}",
            value=GIVE_UP_S if seen.n_given_up else _percentile(visible_s, 99, GIVE_UP_S),
            unit="s",
            at_most=VISIBLE_S,
            against=f"median {_percentile(visible_s, 50, GIVE_UP_S):.1f} s, checkpoint interval {CHECKPOINT_S} s",
        ),
    ]


def _memory(seen: Run) -> list[Figure]:
    """Return how the memory grows that is left after each minute's images were given back."""
    sights = _counted(seen)
    resident = [one.memory["consume"] / _MIB for one in sights]
    found = trend([one.at_s for one in sights], resident, np.min)
    return [
        Figure(
            row=8,
            name="growth of consume's memory after warm-up; the target is its noise",
            **_per_minute(found, min(resident)),
            unit="MiB a minute",
            against=f"resident {min(resident):,.0f} MiB at least, {statistics.mean(resident):,.0f} on average",
        )
    ]


class _Held(TypedDict):
    """Parts of a figure of a trend."""

    value: float | None
    at_most: float
    why: str


def _per_minute(found: Trend, whole: float) -> _Held:
    """Return a trend's slope, and what it is held to: its noise, but no more than a hundredth of the whole a minute."""
    if math.isinf(found.noise_per_s):
        return {"value": None, "at_most": 0.0, "why": "fewer than three minutes were counted"}
    return {
        "value": found.per_s * MINUTE_S,
        "at_most": min(found.noise_per_s * MINUTE_S, GROWN * whole),
        "why": "each minute's lag, memory and processor time stand in the output of the bench",
    }


def _reading(seen: Run) -> list[Figure]:
    load = seen.load
    with_readers, without = _processor_s(seen)
    slowed = (statistics.mean(with_readers) / statistics.mean(without) - 1) * 100
    lag_with = statistics.mean(_lags_in(seen, lambda minute: minute in seen.read_minutes))
    lag_without = statistics.mean(_lags_in(seen, lambda minute: minute not in seen.read_minutes))
    return [
        Figure(
            row=11,
            name=f"one point and month, p95 of {len(load.point_month_s):,}, beside ingestion",
            value=_percentile(load.point_month_s, 95, SECONDS) * 1000,
            unit="ms",
            at_most=POINT_MONTH_MS,
            why=_WHY_POINT_MONTH,
        ),
        Figure(
            row=11,
            name=f"ranking of {load.n_feeders} feeders over a month, p95 of {len(load.ranking_s)}",
            value=_percentile(load.ranking_s, 95, SECONDS),
            unit="s",
            at_most=RANKING_S,
            why=_WHY_RANKING,
        ),
        Figure(
            row=11,
            name="processor time of consume a reading, more by readers, minutes in turn",
            value=slowed,
            unit="%",
            at_most=SLOWED_PERCENT,
            against=f"{len(with_readers)} minutes with, {len(without)} without readers",
        ),
        Figure(name="lag in minutes with readers", value=lag_with, unit="readings"),
        Figure(name="lag in minutes without", value=lag_without, unit="readings"),
    ]


def _counted(seen: Run) -> list[Sight]:
    return [one for one in seen.sights if seen.begin_s <= one.at_s <= seen.end_s]


def _lag(seen: Run, one: Sight) -> float:
    """Return how many readings were sent and not in a checkpoint at that moment."""
    at, n_sent = zip(*seen.sent, strict=True)
    return float(np.interp(one.at_s, at, n_sent)) - one.n_consumed


def _lags_in(seen: Run, chosen: Callable[[int], bool]) -> list[float]:
    return [
        _lag(seen, one) for one in _counted(seen) if chosen(int(one.at_s // MINUTE_S) * MINUTE_S)
    ] or [0.0]


def _sent_rate(seen: Run) -> float:
    chosen = [(at, n_sent) for at, n_sent in seen.sent if seen.begin_s <= at <= seen.end_s]
    return (chosen[-1][1] - chosen[0][1]) / (chosen[-1][0] - chosen[0][0])


def _visible_s(seen: Run) -> list[float]:
    """Return for each minute and point how long after its last reading was sent it was there."""
    return [
        at - seen.last_sent_at[key] for key, at in seen.seen_at.items() if key in seen.last_sent_at
    ]


def _processor_s(seen: Run) -> tuple[list[float], list[float]]:
    """Return consume's processor time in whole minutes with readers, and without: each minute has the same readings."""
    at = [one.at_s for one in seen.sights]
    used = [one.processor_s["consume"] for one in seen.sights]
    with_readers: list[float] = []
    without: list[float] = []
    for minute_s in range(seen.begin_s, seen.end_s - MINUTE_S + 1, MINUTE_S):
        begin, end = np.interp([minute_s, minute_s + MINUTE_S], at, used)
        (with_readers if minute_s in seen.read_minutes else without).append(float(end - begin))
    return with_readers, without


def _percentile(values: list[float], percent: float, without: float) -> float:
    """Return a percentile; ``without`` where there are no values: what they took at least."""
    return float(np.percentile(values, percent)) if values else without


def _tell(console: Console, seen: Run) -> None:
    """Print what explains the figures: each minute's lag, memory and processor time."""
    for minute_s in range(seen.begin_s, seen.end_s - MINUTE_S + 1, MINUTE_S):
        those = [one for one in seen.sights if minute_s <= one.at_s < minute_s + MINUTE_S]
        if len(those) < 2:
            continue
        first, last = those[0], those[-1]
        lag = statistics.mean(_lag(seen, one) for one in those)
        took_s = last.at_s - first.at_s
        used = ", ".join(
            f"{role} {(used_s - first.processor_s[role]) / took_s:.0%}"
            for role, used_s in last.processor_s.items()
        )
        resident = ", ".join(f"{role} {n / _MIB:,.0f}" for role, n in last.memory.items())
        readers = "readers" if minute_s in seen.read_minutes else ""
        console.print(f"endtoend: lag {lag:10,.0f}  processor {used}  MiB {resident}  {readers}")
    console.print(
        f"endtoend: producer late by {_percentile(seen.late_s, 99, 0.0):.2f} s (p99), its processor time"
        f" {seen.producer_s:.0f} s; readings put aside: {seen.sights[-1].n_aside};"
        f" minutes never seen: {seen.n_given_up}"
    )
