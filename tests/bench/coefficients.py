"""The coefficients of ``docs/sizing.md``, measured: ``python -m tests.bench coefficients``.

Nearly all of them are counts or processor seconds, which a busy machine hardly moves. What comes out is printed as the
rows of ``service/domain/sizing/coefficients.toml``; whoever measures puts them there, with date and machine, and runs
``make docs``. It takes about ten minutes on two idle cores, so it is not part of ``make bench``.
"""

import asyncio
import os
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console

from kernels import warm_up
from tests.bench.checkpoints import Recorded, record_checkpoints, weigh_day
from tests.bench.consumed import Consumed, Servers, log_bytes_per_reading, run_consume, servers
from tests.bench.figure import Figure
from tests.bench.formats import FORMATS, Format, Meters
from tests.real.parts import read_parts

_BY_NAME = {form.name: form for form in FORMATS}
_COMPRESSIONS = (None, "lz4", "zstd")
_EVERY_S = 5  # the default of VOLTPASS_CHECKPOINT_INTERVAL_S
_N_WEIGHED = 2000  # meters whose messages are weighed
_WEIGHED_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Meters that send in a format for so long."""

    form: Format
    n_points: int
    n_seconds: int
    n_phases: int = 1

    @property
    def meters(self) -> Meters:
        """Who sends."""
        return Meters(n_points=self.n_points, n_phases=self.n_phases)


_FEW, _MANY = 10_000, 60_000
RUNS = (
    Run(form=_BY_NAME["arrow_1000"], n_points=_FEW, n_seconds=800),
    Run(form=_BY_NAME["arrow_1000"], n_points=_MANY, n_seconds=133),
    Run(form=_BY_NAME["arrow_37"], n_points=_FEW, n_seconds=150),
    Run(form=_BY_NAME["json_37"], n_points=_FEW, n_seconds=70),
    Run(form=_BY_NAME["json_1"], n_points=_FEW, n_seconds=40),
    Run(form=_BY_NAME["arrow_1000"], n_points=_FEW, n_seconds=400, n_phases=3),
    Run(form=_BY_NAME["arrow_1000"], n_points=_MANY, n_seconds=66, n_phases=3),
)


def measure(console: Console) -> list[Figure]:
    """Return all coefficients, and print them as rows of the file that holds them."""
    console.print(f"coefficients: {warm_up()} kernels ready")
    parts = os.environ.get("COEFFICIENTS", "consume,log,checkpoint,day").split(",")
    figures: list[Figure] = []
    with servers(read_parts(os.environ)) as those:
        for name, measured in (
            ("consume", _consume),
            ("log", _log),
            ("checkpoint", _checkpoint),
            ("day", _day),
        ):
            if name in parts:
                figures += _shown(console, measured(those, console))
    return figures


def _shown(console: Console, figures: Iterable[Figure]) -> list[Figure]:
    found = list(figures)
    for one in found:
        console.print(f'{one.name} = {{ value = "{one.value:.4g}", unit = "{one.unit}" }}')
    return found


def _consume(those: Servers, console: Console) -> Iterable[Figure]:
    done: list[tuple[Run, Consumed]] = []
    for run in RUNS:
        console.print(
            f"coefficients: {run.n_points:,} meters, {run.n_phases} phases, {run.form.name}"
        )
        found = run_consume(those, run.meters, run.form, run.n_seconds)
        console.print(f"  {found}")
        done.append((run, found))
    for run, found in done:
        if run.n_points == _FEW:
            name = f"consume_{run.form.name}_{run.n_phases}p"
            yield Figure(name=name, value=found.processor_s_per_million, unit="s/million readings")
    for n_phases in (1, 3):
        few, many = (
            found.peak_memory_bytes
            for run, found in done
            if run.n_phases == n_phases and run.form.name == "arrow_1000"
        )
        per_point = (many - few) / (_MANY - _FEW)
        yield Figure(name=f"memory_point_{n_phases}p", value=per_point, unit="bytes")
        yield Figure(
            name=f"memory_process_{n_phases}p", value=few - per_point * _FEW, unit="bytes"
        )


def _log(those: Servers, _: Console) -> Iterable[Figure]:
    for n_phases in (1, 3):
        meters = Meters(n_points=_N_WEIGHED, n_phases=n_phases)
        for form in FORMATS:
            for compression in _COMPRESSIONS:
                n_bytes = log_bytes_per_reading(those, meters, form, _WEIGHED_S, compression)
                name = f"log_{form.name}_{compression or 'none'}_{n_phases}p"
                yield Figure(name=name, value=n_bytes, unit="bytes/reading")


def _checkpoint(those: Servers, console: Console) -> Iterable[Figure]:
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
        getattr(one, attribute) / one.n_lanes
        for one in recorded
        if bool(one.n_pages) == with_pages
    )


def _day(those: Servers, _: Console) -> Iterable[Figure]:
    for n_phases, n_points in ((1, 400), (3, 400)):
        meters = Meters(n_points=n_points, n_phases=n_phases, interval_s=60)
        found = asyncio.run(weigh_day(those.timescale, meters, every_minutes=5))
        for name in ("as_written", "repacked", "index"):
            yield Figure(
                name=f"day_{name}_{n_phases}p",
                value=getattr(found, name),
                unit="bytes/point-day",
            )
