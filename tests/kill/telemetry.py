"""What the meters say in six hours, and when it arrives: the same for the same seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from tests.kill.street import METERS, N_METERS, N_PARTITIONS, Meter
from tests.oracle.words import Quality

N_HOURS = 6
HOUR_MS = 3_600_000
SPAN_MS = N_HOURS * HOUR_MS
SHUFFLED_MS = 50_000
LATEST_MS = 3 * 24 * HOUR_MS
LATE_SHARE, REPEATED_SHARE = 0.02, 0.05
STRANGER = N_METERS  # a device that nobody has registered
# Silent from here to there, then three hours of readings in half an hour, among the live ones.
BACKLOG_FROM_MS, BACKLOG_TO_MS, BACKLOG_LASTS_MS = HOUR_MS, 4 * HOUR_MS, HOUR_MS // 2
N_REFUSED = 100  # of each kind
_YEAR_MS = 365 * 24 * HOUR_MS

# kind, share of nominal from, to, seconds from, to
_FAULTS = (
    ("level", 0.70, 0.89, 1, 30),  # dip
    ("level", 1.11, 1.25, 1, 30),  # swell
    ("level", 0.0, 0.05, 2, 900),  # interruption
    ("level", 1.071, 1.10, 60, 1200),
    ("level", 0.88, 0.93, 60, 1200),
    ("nan", 0, 0, 5, 120),
    ("silent", 0, 0, 10, 600),
    ("estimated", 0, 0, 10, 300),
    ("invalid", 0, 0, 10, 300),
)


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Readings in the order in which they arrive, as columns."""

    meter: NDArray[np.int32]
    stamp_ms: NDArray[np.int64]
    v1: NDArray[np.float64]  # volts as the meter reads them; NaN is none
    v2: NDArray[np.float64]
    v3: NDArray[np.float64]
    quality: NDArray[np.uint8]
    arrival_ms: NDArray[np.int64]  # after the beginning
    partition: NDArray[np.int8]

    def part(self, chosen: NDArray[np.int64] | slice) -> "Telemetry":
        """Return some of the readings."""
        return Telemetry(*(getattr(self, each.name)[chosen] for each in fields(self)))


def telemetry(seed: int, first_ms: int) -> Telemetry:
    """Return six hours of readings from ``first_ms`` on."""
    random = np.random.default_rng(seed)
    whole = _joined([_readings_of(meter, random, first_ms) for meter in METERS])
    whole = _repeated(whole, random)
    _refuse_some(whole, random, first_ms)
    moves = np.array([*(meter.moves for meter in METERS), False])[whole.meter]
    whole.partition[moves & (whole.arrival_ms >= SPAN_MS // 2)] += 1
    whole.partition[:] %= N_PARTITIONS
    return whole.part(np.argsort(whole.arrival_ms, kind="stable"))


def messages(log: Telemetry, seed: int) -> Iterator[tuple[int, bool, Telemetry]]:
    """Yield partition, whether it is JSON, and the readings of each message, as they arrive."""
    random = np.random.default_rng(seed + 1)
    found: list[tuple[int, int, bool, Telemetry]] = []
    for partition in range(N_PARTITIONS):
        mine = log.part(np.flatnonzero(log.partition == partition))
        first = 0
        while first < mine.meter.size:
            is_json = bool(random.random() < 0.06)
            last = first + int(random.integers(1, 60) if is_json else random.integers(50, 400))
            part = mine.part(slice(first, last))
            found.append((int(part.arrival_ms[-1]), partition, is_json, part))
            first = last
    found.sort(key=lambda one: one[:2])
    for _, partition, is_json, part in found:
        yield partition, is_json, part


def _readings_of(meter: Meter, random: np.random.Generator, first_ms: int) -> Telemetry:
    n, interval_ms = SPAN_MS // (1000 * meter.interval_s), 1000 * meter.interval_s
    start_ms = np.arange(n, dtype=np.int64) * interval_ms
    slow = np.cumsum(random.normal(0, 0.002, n // max(1, 60 // meter.interval_s) + 1))
    level = 1 + 0.05 * np.tanh(slow)[np.arange(n) // max(1, 60 // meter.interval_s)]
    volts = level[:, None] * (1 + random.normal(0, 0.002, (n, 3)))
    quality = np.full(n, Quality.GOOD, np.uint8)
    is_silent = np.zeros(n, np.bool_)
    for _ in range(int(random.poisson(10))):
        _fail(meter, random, volts, quality, is_silent)
    _scatter(random, volts, quality)
    volts = np.round(volts * meter.volts, 2)
    if meter.wiring == "1p":
        volts[:, 1:] = np.nan
    if meter.wiring == "3p3w":
        volts[:, 1] = np.nan
    end_ms = start_ms + interval_ms
    readings = Telemetry(
        meter=np.full(n, meter.number, np.int32),
        stamp_ms=first_ms + (end_ms if meter.stamps_end else start_ms),
        v1=volts[:, 0],
        v2=volts[:, 1],
        v3=volts[:, 2],
        quality=quality,
        arrival_ms=_arrival(meter, random, end_ms),
        partition=np.full(n, meter.partition, np.int8),
    )
    return readings.part(np.flatnonzero(~is_silent))


def _fail(
    meter: Meter,
    random: np.random.Generator,
    volts: NDArray[np.float64],
    quality: NDArray[np.uint8],
    is_silent: NDArray[np.bool_],
) -> None:
    """Let something happen to a meter for a while."""
    kind, low, high, shortest_s, longest_s = _FAULTS[random.integers(len(_FAULTS))]
    n = max(1, int(random.integers(shortest_s, longest_s + 1)) // min(meter.interval_s, 60))
    first = int(random.integers(len(volts)))
    when = slice(first, first + (n if meter.interval_s <= 60 else max(1, n // 15)))
    phases = slice(0, 3) if random.random() < 0.6 else random.integers(3)
    if kind == "level":
        volts[when, phases] = random.uniform(low, high)
    elif kind == "nan":
        volts[when, phases] = np.nan
    elif kind == "silent":
        is_silent[when] = True
    else:
        quality[when] = Quality.ESTIMATED if kind == "estimated" else Quality.INVALID


def _scatter(
    random: np.random.Generator, volts: NDArray[np.float64], quality: NDArray[np.uint8]
) -> None:
    """Let single readings be bad."""
    what = random.random(quality.size)
    volts[what < 0.003] = np.nan
    volts[(what > 0.003) & (what < 0.0032)] = -0.02
    volts[(what > 0.0032) & (what < 0.0034)] = 4e6
    quality[(what > 0.01) & (what < 0.013)] = Quality.ESTIMATED
    quality[(what > 0.02) & (what < 0.023)] = Quality.INVALID


def _arrival(
    meter: Meter, random: np.random.Generator, end_ms: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return when readings arrive, by the end of their interval."""
    at_ms = end_ms.astype(np.float64)
    if meter.has_backlog:
        stored = (end_ms > BACKLOG_FROM_MS) & (end_ms <= BACKLOG_TO_MS)
        done = (at_ms - BACKLOG_FROM_MS) / (BACKLOG_TO_MS - BACKLOG_FROM_MS)
        at_ms = np.where(stored, BACKLOG_TO_MS + done * BACKLOG_LASTS_MS, at_ms)
    at_ms += random.uniform(0, SHUFFLED_MS, at_ms.size)
    is_late = random.random(at_ms.size) < LATE_SHARE
    at_ms[is_late] += _delays(random, int(is_late.sum()))
    return at_ms.astype(np.int64)


def _delays(random: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Return delays from a minute to three days, each order of size alike."""
    delays: NDArray[np.float64] = np.exp(random.uniform(np.log(60_000), np.log(LATEST_MS), n))
    return delays


def _repeated(whole: Telemetry, random: np.random.Generator) -> Telemetry:
    """Return the readings with some of them sent again, a few of those with another voltage."""
    again = whole.part(np.flatnonzero(random.random(whole.meter.size) < REPEATED_SHARE))
    n = again.meter.size
    again.arrival_ms[:] += random.uniform(0, SHUFFLED_MS, n).astype(np.int64)
    is_late = random.random(n) < LATE_SHARE
    again.arrival_ms[is_late] += _delays(random, int(is_late.sum())).astype(np.int64)
    again.v1[random.random(n) < 0.05] *= 1.01
    return _joined([whole, again])


def _refuse_some(whole: Telemetry, random: np.random.Generator, first_ms: int) -> None:
    """Make dead letters of some readings."""
    chosen = random.choice(whole.meter.size, 4 * N_REFUSED, replace=False).reshape(4, N_REFUSED)
    whole.meter[chosen[0]] = STRANGER
    whole.stamp_ms[chosen[1]] = first_ms + _YEAR_MS
    whole.stamp_ms[chosen[2]] = first_ms - _YEAR_MS
    whole.v2[chosen[3]] = 220.0  # wrong where one phase is wired


def _joined(parts: Sequence[Telemetry]) -> Telemetry:
    columns = (np.concatenate([getattr(p, each.name) for p in parts]) for each in fields(Telemetry))
    return Telemetry(*columns)
