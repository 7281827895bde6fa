"""A report as text: a table for people, CSV and JSON for programs."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.offline.columns import BadRow
from service.offline.report import PointScore, ScoreReport, as_float, as_json

BAD_ROWS_SHOWN = 20
_WIDTH_OF_A_FILE = 110  # columns, where the output is no terminal
_PERCENT_PLACES = Decimal("0.0001")
_ABSENT = "-"


def json_text(report: ScoreReport) -> str:
    """Return ``{"points": [...]}``."""
    return json.dumps(as_json(report), ensure_ascii=False, indent=2)


def csv_text(report: ScoreReport) -> str:
    """Return one line a point below a header; of days only how many there are and hold."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for i, score in enumerate(report.points):
        row = _csv_row(score)
        if i == 0:
            writer.writerow(row)
        writer.writerow("" if value is None else value for value in row.values())
    return out.getvalue().removesuffix("\n")


def warnings(report: ScoreReport) -> list[str]:
    """Return, line by line, which rows could not be read."""
    return bad_row_lines(report.n_rows, report.n_bad, report.bad_rows)


def bad_row_lines(n_rows: int, n_bad: int, bad_rows: Sequence[BadRow]) -> list[str]:
    """Return, line by line, which of ``n_rows`` rows could not be read; nothing if all could."""
    if not n_bad:
        return []
    lines = [f"{n_bad} of {n_rows} rows could not be read and are not counted:"]
    for bad in bad_rows[:BAD_ROWS_SHOWN]:
        column = f"column {bad.column}, " if bad.column else ""
        lines.append(f"  line {bad.line}: {column}value {_shown(bad.value)}: {bad.reason}")
    if n_bad > BAD_ROWS_SHOWN:
        lines.append(f"  and {n_bad - BAD_ROWS_SHOWN} more")
    return lines


def remarks(report: ScoreReport) -> list[str]:
    """Return, line by line, what a reader of the figures has to know."""
    lines = list(report.notes)
    for score in report.points:
        lines += [f"{score.point}: {remark}" for remark in score.remarks]
    return lines


def print_table(report: ScoreReport, console: Console) -> None:
    """Print the report for people."""
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_A_FILE)
    console.print(Group(*_parts(report)), highlight=False)


def _parts(report: ScoreReport) -> Iterable[RenderableType]:
    volts = f"{Decimal(report.nominal_mv) / 1000:f}"
    rule_sets = ", ".join(sorted({score.rule_set for score in report.points}))
    yield Text(
        f"Nominal {volts} V, {report.wiring}, rule set {rule_sets}, times in {report.zone}",
        style="bold",
    )
    yield _minutes_table(report.points)
    yield _rates_table(report.points, report.zone)
    if any(score.days is not None for score in report.points):
        yield _days_table(report.points)
    for line in remarks(report):
        yield Text(f"  {line}", style="dim")
    found = warnings(report)
    if found:
        yield Text("")
        yield Text("Warning: " + "\n".join(found), style="yellow")


def _minutes_table(scores: Sequence[PointScore]) -> Table:
    table = _table("minutes by verdict")
    for name in scores[0].counts.by_verdict():
        table.add_column(name, justify="right", no_wrap=True)
    for score in scores:
        minutes = score.counts.by_verdict().values()
        table.add_row(Text(score.point), *(f"{n_minutes:,}" for n_minutes in minutes))
    return table


def _rates_table(scores: Sequence[PointScore], zone: str) -> Table:
    table = _table("rates")
    table.add_column(f"from / to\n{zone}", no_wrap=True)
    for name in ("pass rate\n%", "at least / most\n%", "coverage\n%", "min / max\nV"):
        table.add_column(name, justify="right", no_wrap=True)
    for score in scores:
        rate = score.rate
        table.add_row(
            Text(score.point),
            f"{score.from_at:%Y-%m-%d %H:%M}\n{score.to_at:%Y-%m-%d %H:%M}",
            Text(_percent(rate.rate), style="bold"),
            f"{_percent(rate.lower)}\n{_percent(rate.upper)}",
            _percent(rate.coverage),
            f"{_volts(score.v_min)}\n{_volts(score.v_max)}",
        )
    return table


def _days_table(scores: Sequence[PointScore]) -> Table:
    table = _table("spread of each day")
    table.add_column("day", no_wrap=True)
    table.add_column("spread\n% of nominal", justify="right", no_wrap=True)
    table.add_column("finding")
    for score in scores:
        for day in score.days or ():
            finding = {True: "within the limit", False: "limit exceeded", None: "not measured"}
            spread = _ABSENT if day.spread_percent is None else f"{day.spread_percent:.2f}"
            table.add_row(Text(score.point), f"{day.date}", spread, finding[day.within])
    return table


def _table(title: str) -> Table:
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    table.add_column("point", overflow="fold")
    return table


def _csv_row(score: PointScore) -> dict[str, object]:
    days = score.days
    return {
        "point": score.point,
        **score.counts.by_verdict(),
        "pass_rate": as_float(score.rate.rate),
        "lower": as_float(score.rate.lower),
        "upper": as_float(score.rate.upper),
        "coverage": as_float(score.rate.coverage),
        "v_min": score.v_min,
        "v_max": score.v_max,
        "from": score.from_at.isoformat(),
        "to": score.to_at.isoformat(),
        "rule_set": score.rule_set,
        "method": score.method,
        "days": None if days is None else sum(day.within is not None for day in days),
        "days_within": None if days is None else sum(day.within is True for day in days),
    }


def _percent(share: Fraction | None) -> str:
    """Return a share in percent, rounded down: what is short of 100 % never reads as 100 %."""
    if share is None:
        return _ABSENT
    percent = Decimal(100 * share.numerator) / Decimal(share.denominator)
    return f"{percent.quantize(_PERCENT_PLACES, ROUND_FLOOR)}"


def _volts(volts: float | None) -> str:
    return _ABSENT if volts is None else f"{volts:,.2f}"


def _shown(value: str) -> str:
    """Return a value as it may stand in a line: quoted, without control characters."""
    return f"'{value}'" if value.isprintable() else ascii(value)
