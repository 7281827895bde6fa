"""Classified events as text: a table for people, CSV and JSON for programs."""

import csv
import io
import json
from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.domain.event_classes import CLASS_NAMES
from service.domain.sarfi import Sarfi
from service.offline.event_report import EventReport, as_json, event_fields
from service.offline.rendering import bad_row_lines

_WIDTH_OF_A_FILE = 110  # columns, where the output is no terminal
_EVENT_PLACES = Decimal("0.000001")
_SARFI_PLACES = Decimal("0.0001")
_ABSENT = "-"


def json_text(report: EventReport, *, with_summary: bool) -> str:
    """Return ``{"events": [...]}``, with a summary if it is wanted."""
    return json.dumps(as_json(report, with_summary=with_summary), ensure_ascii=False, indent=2)


def csv_text(report: EventReport) -> str:
    """Return one line an event below a header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    rows = [event_fields(*pair) for pair in zip(report.file.events, report.classes, strict=True)]
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return out.getvalue().removesuffix("\n")


def warnings(report: EventReport) -> list[str]:
    """Return, line by line, which rows could not be read."""
    return bad_row_lines(report.file.n_rows, report.file.n_bad, report.file.bad_rows)


def print_table(report: EventReport, console: Console) -> None:
    """Print the report for people."""
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_A_FILE)
    console.print(Group(*_parts(report)), highlight=False)


def _parts(report: EventReport) -> Iterable[RenderableType]:
    yield Text(f"{len(report.classes)} events at {report.frequency_hz} Hz", style="bold")
    yield _events_table(report)
    yield _counts_table(report)
    if report.sarfi is not None:
        yield _sarfi_table(report, report.sarfi)
    for line in report.remarks:
        yield Text(f"  {line}", style="dim")
    if found := warnings(report):
        yield Text("")
        yield Text("Warning: " + "\n".join(found), style="yellow")


def _events_table(report: EventReport) -> Table:
    table = _table("events")
    if report.file.has_points:
        table.add_column("point", overflow="fold")
    table.add_column("residual\npu", justify="right", no_wrap=True)
    table.add_column("duration\ns", justify="right", no_wrap=True)
    for name in ("IEEE 1159", "EN 50160", "ITIC", "SEMI F47"):
        table.add_column(name, overflow="fold")
    for one, classes in zip(report.file.events, report.classes, strict=True):
        table.add_row(
            *([] if one.point is None else [Text(one.point)]),
            _short(one.event.voltage_pu),
            _short(one.event.duration_s),
            *(str(getattr(classes, kind)) for kind in CLASS_NAMES),
        )
    return table


def _counts_table(report: EventReport) -> Table:
    table = _table("events by class")
    table.add_column("kind")
    table.add_column("class", overflow="fold")
    table.add_column("events", justify="right", no_wrap=True)
    for kind in CLASS_NAMES:
        for i, (name, n_events) in enumerate(report.counts[kind].items()):
            table.add_row("" if i else kind, name, f"{n_events:,}")
    return table


def _sarfi_table(report: EventReport, sarfi: dict[str, Sarfi]) -> Table:
    over = report.monitoring
    days = "" if over is None or over.days is None else f", {over.days:f} days"
    table = _table(f"SARFI, {0 if over is None else over.n_points} points{days}")
    table.add_column("index")
    table.add_column("events", justify="right", no_wrap=True)
    table.add_column("events\na point", justify="right", no_wrap=True)
    periods = next(iter(sarfi.values())).per_days
    for period in periods:
        table.add_column(f"in\n{period} days", justify="right", no_wrap=True)
    for name, one in sarfi.items():
        table.add_row(
            f"SARFI-{name}",
            f"{one.n_events:,}",
            _cut(one.per_point),
            *(_cut(value) for value in one.per_days.values()),
        )
    return table


def _table(title: str) -> Table:
    return Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)


def _short(number: Fraction) -> str:
    """Return a number with six places at most, cut: 0.8999999 is a sag and does not read as 0.9."""
    shown = f"{_cut_to(number, _EVENT_PLACES):f}"
    return shown.rstrip("0").rstrip(".")


def _cut(number: Fraction | None) -> str:
    """Return a number with four places, cut."""
    return _ABSENT if number is None else f"{_cut_to(number, _SARFI_PLACES):f}"


def _cut_to(number: Fraction, places: Decimal) -> Decimal:
    return (Decimal(number.numerator) / number.denominator).quantize(places, ROUND_FLOOR)
