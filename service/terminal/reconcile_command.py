"""``voltpass reconcile``."""

import asyncio
import csv
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, Literal

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from service.domain import reconciliation
from service.domain.monitor_files import read_monitor_days
from service.domain.reconciliation import NOTHING, STEPS, Counted, MonitorDay, Reconciled, Step
from service.domain.table_files import text_of
from service.errors import RegistryFileError
from service.settings import Settings, read_settings
from service.store.deployment_reads import reading
from service.store.ledger_days import due_bounds, read_point_days
from service.store.point_reads import find_point
from service.store.pool import Pool
from service.terminal.numbers import percent

_COUNTERS: Final = ("monitored", "over", "under", "qualified")
_WORDS: Final[dict[Step, str]] = {
    "limits": "their limits instead of ours",
    "exempt": "minutes that we exempt for the power factor",
    "assessment": "minutes beyond their assessment limits",
    "interrupted": "minutes of interruptions, taken as {}",
    "missing": "minutes of which we know nothing, taken as {}",
    "method": "minutes near the limits, judged by another method",
}
_SHOWN_MAX: Final = 50
_WIDTH_OF_A_FILE: Final = 140  # columns, where the output is no terminal


@dataclass(frozen=True, slots=True)
class _NotCompared:
    told: MonitorDay
    reason: str


@dataclass(frozen=True, slots=True)
class _Found:
    compared: list[Reconciled]
    not_compared: list[_NotCompared]


@click.command(short_help="Explain the daily counters of meters or voltage monitors by ours.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv"]),
    default="table",
    show_default=True,
    help="csv: a line for each day of the file.",
)
def reconcile(file: Path, format_: Literal["table", "csv"]) -> None:
    """Hold daily {monitored, over, under, qualified} minutes of a CSV or xlsx FILE against the ledger.

    Columns: point, day, phase (empty: the point), monitored_min, over_min, under_min, qualified_min, and, where the
    device says them, lower_limit_v, upper_limit_v, assessment_lower_v, assessment_upper_v; Chinese headers are
    understood. Each difference is put down to limits, exempt minutes, interruptions, missing minutes or the method.
    The exit status is 1 where a minute is left unexplained, or a day could not be compared.
    """
    days = _days_of(file)
    found = asyncio.run(_compare(read_settings(), days))
    if format_ == "csv":
        click.echo(_csv_text(found), nl=False)
    else:
        _print(Console(), found)
    is_clean = not found.not_compared and all(one.is_explained for one in found.compared)
    sys.exit(0 if is_clean else 1)


def _days_of(file: Path) -> list[MonitorDay]:
    found = read_monitor_days(text_of(file.read_bytes()))
    if found.bad_rows:
        n_wrong = len(found.bad_rows)
        told = "\n".join([f"{file}: {n_wrong} fields are wrong", *map(str, found.bad_rows)])
        raise RegistryFileError(told)
    return found.rows


async def _compare(settings: Settings, days: Sequence[MonitorDay]) -> _Found:
    found = _Found([], [])
    by_point = [
        (name, list(some))
        for name, some in groupby(sorted(days, key=_place_in_order), key=lambda one: one.point)
    ]
    async with Pool(settings, "reader", max_size=1) as pool:
        for name, some in track(by_point, "points", console=Console(stderr=True), transient=True):
            await _compare_point(pool, name, some, found)
    return found


def _place_in_order(told: MonitorDay) -> tuple[object, ...]:
    return told.point, told.day, told.phase or 0


async def _compare_point(pool: Pool, name: str, days: Sequence[MonitorDay], found: _Found) -> None:
    async with reading(pool) as snapshot:
        point = await find_point(snapshot.connection, name)
        if point is None:
            found.not_compared.extend(_NotCompared(one, "no such point") for one in days)
            return
        minutes = await read_point_days(snapshot, point, [one.day for one in days])
    for told in days:
        bounds = due_bounds(told.day, point, snapshot.zone)
        if bounds is None:
            found.not_compared.append(_NotCompared(told, "the point is not in service"))
        elif snapshot.data_through is None or bounds[1] > snapshot.data_through:
            found.not_compared.append(_NotCompared(told, "our data do not reach its end yet"))
        elif told.phase is not None and told.phase > point.n_phases:
            reason = f"the point has {point.n_phases} phases"
            found.not_compared.append(_NotCompared(told, reason))
        else:
            ledger = minutes.day(bounds, told.phase)
            found.compared.append(reconciliation.reconcile(told, ledger, minutes.nominal_mv))


def _csv_text(found: _Found) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    parts = ("ours", "theirs", *STEPS, "unexplained")
    header = [f"{part}_{name}_min" for part in parts for name in _COUNTERS]
    writer.writerow(["point", "day", "phase", *header, "outages_are", "missing_are", "remarks"])
    for one in found.compared:
        counted = (
            one.ours,
            one.told.counted,
            *(one.steps.get(step, NOTHING) for step in STEPS),
            one.unexplained,
        )
        minutes = [getattr(part, name) for part in counted for name in _COUNTERS]
        writer.writerow(
            [*_name(one.told), *minutes, one.outages, one.missing, "; ".join(one.remarks)]
        )
    for left in found.not_compared:
        absent = [""] * (len(header) + 2)
        writer.writerow([*_name(left.told), *absent, f"not compared: {left.reason}"])
    return out.getvalue()


def _name(told: MonitorDay) -> tuple[str, str, str]:
    return told.point, told.day.isoformat(), "" if told.phase is None else str(told.phase)


def _print(console: Console, found: _Found) -> None:
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_A_FILE)
    n_same = sum(not one.steps and one.is_explained for one in found.compared)
    n_left = sum(not one.is_explained for one in found.compared)
    n_days = len(found.compared)
    console.print(
        Text(
            f"{n_days:,} days compared: {n_same:,} alike, {n_days - n_same - n_left:,} explained, "
            f"{n_left:,} with minutes left over; {len(found.not_compared):,} not compared",
            style="bold",
        ),
        highlight=False,
    )
    if n_days:
        console.print(_totals(found.compared), highlight=False)
    apart = [one for one in found.compared if not one.is_explained or one.remarks]
    if apart:
        console.print(_apart(apart[:_SHOWN_MAX]), highlight=False)
    for left in found.not_compared[:_SHOWN_MAX]:
        console.print(
            Text(
                f"  {' '.join(filter(None, _name(left.told)))}: not compared, {left.reason}",
                style="yellow",
            )
        )
    n_hidden = max(0, len(apart) - _SHOWN_MAX) + max(0, len(found.not_compared) - _SHOWN_MAX)
    if n_hidden:
        console.print(Text(f"  {n_hidden:,} more; --format csv has every day", style="dim"))


def _totals(compared: Sequence[Reconciled]) -> Table:
    """Return the way from our minutes to theirs, all days together."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("minutes", no_wrap=True)
    for name in _COUNTERS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("rate %", justify="right", no_wrap=True)
    table.add_column("days", justify="right", no_wrap=True)
    _add(table, "ours", _sum(one.ours for one in compared), len(compared), is_total=True)
    by_words: dict[str, list[Counted]] = {}
    for step in STEPS:
        for one in compared:
            if step in one.steps:
                by_words.setdefault(_words(step, one), []).append(one.steps[step])
    for words, some in by_words.items():
        _add(table, words, _sum(some), len(some))
    left = [one.unexplained for one in compared if not one.is_explained]
    if left:
        _add(table, "unexplained", _sum(left), len(left))
    theirs = _sum(one.told.counted for one in compared)
    _add(table, "theirs", theirs, len(compared), is_total=True)
    return table


def _words(step: Step, one: Reconciled) -> str:
    return _WORDS[step].format(one.outages if step == "interrupted" else one.missing)


def _add(table: Table, name: str, counted: Counted, n_days: int, *, is_total: bool = False) -> None:
    minutes = [getattr(counted, one) for one in _COUNTERS]
    texts = [f"{one:,}" if is_total else f"{one:+,}" for one in minutes]
    rate = counted.rate if is_total else None
    shown = percent(None if rate is None else float(rate)) if is_total else ""
    table.add_row(name, *texts, shown, f"{n_days:,}", style="bold" if is_total else None)


def _sum(some: Iterable[Counted]) -> Counted:
    total = NOTHING
    for one in some:
        total = total + one
    return total


def _apart(apart: Sequence[Reconciled]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("point", "day", "phase", "left over", "remarks"):
        table.add_column(heading, no_wrap=heading != "remarks")
    for one in apart:
        left = one.unexplained
        minutes = ", ".join(
            f"{name} {getattr(left, name):+d}" for name in _COUNTERS if getattr(left, name)
        )
        table.add_row(*_name(one.told), minutes, "; ".join(one.remarks))
    return table
