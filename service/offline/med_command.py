"""The command ``voltpass med``."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.domain.reliability.major_event_days import MajorEventThreshold
from service.errors import ServiceError
from service.offline.asking import (
    FORMAT_OPTION,
    InputFailure,
    OutputFormat,
    asked_rule_set,
    rule_set_option,
)
from service.offline.index_rendering import decimal_text
from service.offline.index_report import Json, threshold_json
from service.offline.major_events import MajorEventReport, find_major_events


@click.command(short_help="Find major event days in a file of daily SAIDI.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--year",
    type=click.IntRange(1900, 2200),
    help="Whose days are judged, by the years before it.  [default: the last one of the file]",
)
@rule_set_option("Says how many years count, and how far beyond them a day has to be.")
@FORMAT_OPTION
def med(file: Path, output_format: OutputFormat, year: int | None, rule_set: str) -> None:
    """Print alpha, beta, T_MED (IEEE 1366, 2.5 beta) and the major event days of FILE.

    Columns: date, saidi_minutes (0 or more). The years before the one that is judged set T_MED; of
    a file of one year, T_MED is that of the year after it.
    """
    try:
        report = find_major_events(file, asked_rule_set(rule_set), year)
    except ServiceError as error:
        raise InputFailure(str(error)) from error
    if output_format == "table":
        Console().print(Group(*_parts(report)), highlight=False)
        return
    click.echo(_json_text(report) if output_format == "json" else _csv_text(report))
    for remark in report.remarks:
        click.echo(remark, err=True)


def _as_json(report: MajorEventReport) -> Json:
    following = report.following
    return {
        "year": report.year,
        **threshold_json(report.threshold),
        "days": [day.isoformat() for day in report.days],
        "following_year": None if following is None else threshold_json(following),
        "rule_set": report.rule_set,
        "remarks": list(report.remarks),
    }


def _json_text(report: MajorEventReport) -> str:
    return json.dumps(_as_json(report), ensure_ascii=False, indent=2)


def _csv_text(report: MajorEventReport) -> str:
    """Return the major event days, a line each, with the threshold that each of them passed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["date", "saidi_minutes", "t_med_minutes"])
    for day, saidi in report.days.items():
        writer.writerow([day.isoformat(), float(saidi), report.threshold.t_med_minutes])
    return out.getvalue().removesuffix("\n")


def _parts(report: MajorEventReport) -> Iterable[RenderableType]:
    yield Text(f"Major event days of {report.year}, rule set {report.rule_set}", style="bold")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("T_MED of", "alpha", "beta", "T_MED min", "days"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row(*_row(report.year, report.threshold))
    if report.following is not None:
        table.add_row(*_row(report.year + 1, report.following))
    yield table
    days = Table(box=SIMPLE_HEAD, pad_edge=False)
    days.add_column("major event day", no_wrap=True)
    days.add_column("SAIDI min", justify="right", no_wrap=True)
    for day, saidi in report.days.items():
        days.add_row(day.isoformat(), decimal_text(saidi))
    yield days if report.days else Text("No major event days.")
    for remark in report.remarks:
        yield Text(f"  {remark}", style="dim")


def _row(year: int, threshold: MajorEventThreshold) -> tuple[str, ...]:
    return (
        str(year),
        f"{threshold.alpha:.7f}",
        f"{threshold.beta:.7f}",
        f"{threshold.t_med_minutes:,.6f}",
        str(threshold.n_days),
    )
