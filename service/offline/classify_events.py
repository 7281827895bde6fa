"""The command ``voltpass classify-events``."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

import click
from rich.console import Console

from service.domain.event_tables import load_event_tables
from service.errors import ServiceError
from service.offline.asking import FORMAT_OPTION, InputFailure, OutputFormat
from service.offline.event_file import read_events
from service.offline.event_rendering import csv_text, json_text, print_table, warnings
from service.offline.event_report import EventReport, Monitoring, event_report

DAYS_MAX = 100_000


def _parse_days(ctx: click.Context, _param: click.Parameter, value: str | None) -> Decimal | None:
    """Return a number of days."""
    if value is None:
        return None
    try:
        days = Decimal(value)
    except InvalidOperation:
        days = Decimal("NaN")
    if not (days.is_finite() and 0 < days <= DAYS_MAX):
        allowed = f"a number above 0, up to {DAYS_MAX}"
        raise click.UsageError(f"--days is {value}; allowed: {allowed}", ctx)
    return days


@click.command(
    "classify-events", short_help="Classify a file of dips and swells, without any service running."
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--frequency",
    "frequency_hz",
    type=click.Choice(["50", "60"]),
    default="50",
    show_default=True,
    help="Of the supply, hertz: IEEE 1159 has limits in cycles.",
)
@click.option(
    "--points",
    "n_points",
    type=click.IntRange(min=1),
    metavar="N",
    help="Add SARFI, for N monitored points: all of them, with and without events.",
)
@click.option(
    "--days",
    callback=_parse_days,
    metavar="D",
    help="With --points: each was monitored for D days; SARFI is also brought to 30 and 365 days.",
)
@click.option("--summary", "with_summary", is_flag=True, help="JSON: add how many of each class.")
@FORMAT_OPTION
def classify_events(
    file: Path,
    *,
    frequency_hz: Literal["50", "60"],
    n_points: int | None,
    days: Decimal | None,
    with_summary: bool,
    output_format: OutputFormat,
) -> None:
    """Classify FILE, a CSV of voltage events (plain or gzip), without any service running.

    Columns: residual_pu (lowest voltage, of a swell the highest, per unit of nominal), duration_s
    (seconds); if wanted point. A row is one event: put the phases of an event together before.
    Gives the category of IEEE 1159, the cell of EN 50160, the verdicts of ITIC and SEMI F47.
    """
    if days is not None and n_points is None:
        raise click.UsageError("--days needs --points N, the number of monitored points")
    if output_format == "csv" and (n_points is not None or with_summary):
        raise click.UsageError("CSV has the events only; take --format json or table for the rest")
    monitoring = None if n_points is None else Monitoring(n_points=n_points, days=days)
    try:
        found = read_events(file)
        report = event_report(found, load_event_tables(), int(frequency_hz), monitoring)
    except ServiceError as error:
        raise InputFailure(str(error)) from error
    _show(report, output_format, with_summary=with_summary)


def _show(report: EventReport, output_format: OutputFormat, *, with_summary: bool) -> None:
    if output_format == "table":
        print_table(report, Console())
        return
    as_text = json_text(report, with_summary=with_summary)
    click.echo(as_text if output_format == "json" else csv_text(report))
    for line in [*report.remarks, *warnings(report)]:
        click.echo(line, err=True)
