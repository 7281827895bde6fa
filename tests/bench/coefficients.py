"""The coefficients of ``docs/sizing.md``, measured: ``python -m tests.bench coefficients``.

Nearly all of them are counts or processor seconds, which a busy machine hardly moves. Whoever measures puts what is
printed into ``service/domain/sizing/coefficients.toml``, with date and machine, and runs ``make docs``. Parts are
chosen by ``COEFFICIENTS=log,day``. It takes about ten minutes on two idle cores, so ``make bench`` leaves it out.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console

from kernels import warm_up
from tests.bench.checkpoints import (
    Recorded,
    record_checkpoints,
    registered_bytes,
    restore_us,
    weigh_day,
)
from tests.bench.consumed import Servers, log_bytes_per_reading, make_ledger, run_consume, servers
from tests.bench.figure import Figure
from tests.bench.formats import FORMATS, Meters
from tests.real.parts import read_parts

_BY_NAME = {form.name: form for form in FORMATS}
_COMPRESSIONS = (None, "lz4", "zstd")
_FEW, _MANY = 10_000, 60_000  # points whose memory is compared
_EVERY_S = 5  # the default of VOLTPASS_CHECKPOINT_INTERVAL_S
_N_WEIGHED = 20_000  # meters whose messages are weighed; one batch has each of them once
_WEIGHED_S = 1


_SINGLE = Meters(n_points=5_000)
_THREE = Meters(n_points=5_000, n_phases=3, first=100_001)
_REGISTERED = Meters(n_points=40_000, first=200_001)  # they do not report
RUNS = (  # meters, format, seconds
    (_SINGLE, _BY_NAME["arrow_1000"], 600),
    (_THREE, _BY_NAME["arrow_1000"], 400),
    (_SINGLE, _BY_NAME["arrow_37"], 120),
    (_SINGLE, _BY_NAME["json_37"], 80),
    (_SINGLE, _BY_NAME["json_1"], 30),
)
_TIMES = 3  # the second run is longer: pages that are opened, names that are seen first cost both the same


def measure(console: Console) -> list[Figure]:
    """Return all coefficients, and print them as rows of the file that holds them."""
    console.print(f"coefficients: {warm_up()} kernels ready")
    parts = os.environ.get("COEFFICIENTS", ",".join(PARTS)).split(",")
    figures: list[Figure] = []
    with servers(read_parts(os.environ)) as those:
        for name in parts:
            for one in PARTS[name](those, console):
                console.print(f"{one.name}: {one.value:.4g} {one.unit}")
                figures.append(one)
    return figures


def _consume(those: Servers, console: Console) -> Iterable[Figure]:
    dsn = make_ledger(those, (_SINGLE, _THREE))
    first_s = int(time.time()) // 3600 * 3600 - 24 * 3600
    for nth, (meters, form, n_seconds) in enumerate(RUNS):
        console.print(f"coefficients: {meters}, {form}, {n_seconds} s, and {_TIMES} times as long")
        # Hours of their own: no page is written by two runs.
        short, long = (
            run_consume(those, dsn, meters, form, first_s + hours * 3600, times * n_seconds)
            for hours, times in ((2 * nth, 1), (2 * nth + 1, _TIMES))
        )
        console.print(f"  {short}, {long}")
        more_s = long.processor_s - short.processor_s
        yield Figure(
            name=f"consume_{form.name}_{meters.n_phases}p",
            value=more_s / (long.n_readings - short.n_readings) * 1e6,
            unit="s/million readings",
        )


def _memory(those: Servers, console: Console) -> Iterable[Figure]:
    found = asyncio.run(registered_bytes(those.timescale, _REGISTERED))
    yield Figure(name="memory_registered", value=found, unit="bytes")
    form = _BY_NAME["arrow_1000"]
    for n_phases in (1, 3):
        peaks = []
        for n_points in (_FEW, _MANY):
            meters = Meters(n_points=n_points, n_phases=n_phases)
            dsn = make_ledger(those, (meters,))
            console.print(f"coefficients: {meters}, {form}")
            n_seconds = 6_000_000 // n_points
            run = run_consume(those, dsn, meters, form, int(time.time()) - n_seconds, n_seconds)
            peaks.append(run.peak_memory_bytes)
        per_point = (peaks[1] - peaks[0]) / (_MANY - _FEW)
        yield Figure(name=f"memory_lane_{n_phases}p", value=per_point - found, unit="bytes")
        if n_phases == 1:
            yield Figure(name="memory_process", value=peaks[0] - per_point * _FEW, unit="bytes")


def _log(those: Servers, _: Console) -> Iterable[Figure]:
    for n_phases in (1, 3):
        meters = Meters(n_points=_N_WEIGHED, n_phases=n_phases)
        for form in FORMATS:
            for compression in _COMPRESSIONS:
                n_bytes = log_bytes_per_reading(those, meters, form, _WEIGHED_S, compression)
                name = f"log_{form.name}_{compression or 'none'}_{n_phases}p"
                yield Figure(name=name, value=n_bytes, unit="bytes/reading")


def _checkpoint(those: Servers, console: Console) -> Iterable[Figure]:
    restored = asyncio.run(restore_us(those.timescale, Meters(n_points=5_000), 10))
    yield Figure(name="restore_lane", value=restored, unit="us")
    for n_phases, n_points in ((1, 10_000), (3, 5_000)):
        meters = Meters(n_points=n_points, n_phases=n_phases)
        recorded, ratio = asyncio.run(
            record_checkpoints(those.timescale, meters, n_minutes=2, every_s=_EVERY_S)
        )
        for one in recorded:
            console.print(f"  {one}")
        yield Figure(name=f"server_all_{n_phases}p", value=ratio, unit="x")
        yield from _costs(recorded, n_phases)


def _costs(recorded: Sequence[Recorded], n_phases: int) -> Iterable[Figure]:
    """Return costs of a lane state, from checkpoints without pages, and of a page, from the rest of the others."""
    for attribute, unit, what in (
        ("client_us", "us", "client"),
        ("server_us", "us", "server"),
        ("wal_bytes", "bytes", "wal"),
    ):
        for is_first in (False, True) if what == "wal" else (False,):
            some = [one for one in recorded if one.is_first_touch == is_first or what != "wal"]
            lane = _mean(some, attribute, with_pages=False)
            page = _mean(some, attribute, with_pages=True) - lane
            first = "_first" if is_first else ""
            yield Figure(name=f"{what}_lane{first}_{n_phases}p", value=lane, unit=unit)
            yield Figure(name=f"{what}_page{first}_{n_phases}p", value=page, unit=unit)


def _mean(recorded: Sequence[Recorded], attribute: str, *, with_pages: bool) -> float:
    return statistics.fmean(
        getattr(one, attribute) / one.n_lanes for one in recorded if bool(one.n_pages) == with_pages
    )


def _day(those: Servers, _: Console) -> Iterable[Figure]:
    for n_phases, n_points in ((1, 200), (3, 200)):
        meters = Meters(n_points=n_points, n_phases=n_phases, interval_s=60)
        found = asyncio.run(weigh_day(those.timescale, meters, every_minutes=5))
        for name in ("as_written", "repacked", "index"):
            yield Figure(
                name=f"day_{name}_{n_phases}p",
                value=getattr(found, name),
                unit="bytes/point-day",
            )


PARTS: dict[str, Callable[[Servers, Console], Iterable[Figure]]] = {
    "consume": _consume,
    "log": _log,
    "day": _day,
    "memory": _memory,
    "checkpoint": _checkpoint,
}
