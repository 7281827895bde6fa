"""The indices of a file as text: tables for people, CSV and JSON for programs."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.domain.reliability.causes import way_up
from service.domain.reliability.interruption_indices import InterruptionIndices
from service.offline.index_report import NAMES, IndexReport, Json, as_json, sustained_words

_ABSENT = "-"
_WIDTH_OF_A_FILE = 110  # columns, where the output is no terminal
_SHARE_PLACES = Decimal("0.000001")
_LABELS = {"asai": "ASAI %", "maifi_e": "MAIFI_E"}
_LEFT_OUT = ("nothing", "external influence", "power shortage", "short interruptions")


def json_text(report: IndexReport) -> str:
    """Return one object."""
    return json.dumps(as_json(report), ensure_ascii=False, indent=2)


def csv_text(report: IndexReport) -> str:
    """Return a line of names and a line of values; parts of parts are joined by ``_``."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    values = as_json(report)
    del values["remarks"]
    del values["by_cause"]  # a file's own causes would make its own columns
    flat = dict(_flat(values))
    writer.writerow(flat)
    writer.writerow("" if value is None else value for value in flat.values())
    return out.getvalue().removesuffix("\n")


def print_tables(report: IndexReport, console: Console) -> None:
    """Print the report for people."""
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_A_FILE)
    console.print(Group(*_parts(report)), highlight=False)


def decimal_text(figure: Fraction | None, places: int = 4) -> str:
    """Return a number with so many places, a dash for none."""
    return _ABSENT if figure is None else f"{float(figure):,.{places}f}"


def _parts(report: IndexReport) -> Iterable[RenderableType]:
    yield Text(
        f"{report.n_customers:,} customers, {report.from_at:%Y-%m-%d %H:%M} to "
        f"{report.to_at:%Y-%m-%d %H:%M} ({report.from_at.tzinfo}), rule set {report.rule_set}, "
        f"sustained: {sustained_words(report.definition)}",
        style="bold",
    )
    yield _supply_table(report)
    yield _index_table(report)
    if len(report.by_cause) > 1:
        yield _cause_table(report)
    if any(share is not None for _, _, share in _shares(report.indices)):
        yield _share_table(report)
    if report.major is not None and report.major.threshold is not None:
        yield _major_line(report)
    for remark in report.remarks:
        yield Text(f"  {remark}", style="dim")


def _supply_table(report: IndexReport) -> Table:
    table = _table("DL/T 836", "", "left out")
    for name in ("RS %", "AIHC h", "AITC"):
        table.add_column(name, justify="right", no_wrap=True)
    for i, one in enumerate(report.four.in_order(), 1):
        figures = (_percent(one.rs), decimal_text(one.aihc_hours, 6), decimal_text(one.aitc))
        table.add_row(f"-{i}", _LEFT_OUT[i - 1], *figures)
    return table


def _cause_table(report: IndexReport) -> Table:
    table = _table("by cause", "")
    for name in ("AIHC-1 h", "AITC-1", "SAIDI min", "SAIFI", "MAIFI"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in report.by_cause:
        indent = "  " * (len(way_up(one.node)) - 1)
        figures = (one.first.aitc, one.indices.saidi_minutes, one.indices.saifi, one.indices.maifi)
        hours = decimal_text(one.first.aihc_hours, 6)
        table.add_row(indent + one.node, hours, *map(decimal_text, figures))
    return table


def _index_table(report: IndexReport) -> Table:
    table = _table("IEEE 1366", "")
    columns = [report.indices]
    table.add_column("", justify="right")
    if report.major is not None and report.major.without is not None:
        columns.append(report.major.without)
        table.add_column("without major event days", justify="right")
    for name in NAMES:
        label = _LABELS.get(name, name.replace("_minutes", " min").upper().replace("MIN", "min"))
        table.add_row(label, *(_index(each, name) for each in columns))
    return table


def _share_table(report: IndexReport) -> Table:
    heading = "or more" if report.definition.many_inclusive else "more than"
    table = _table("share of customers", "", heading)
    table.add_column("%", justify="right")
    for label, n, share in _shares(report.indices):
        if share is not None:
            table.add_row(label, n, _percent(share))
    return table


def _shares(indices: InterruptionIndices) -> Iterable[tuple[str, str, Fraction | None]]:
    parts: list[tuple[str, str, Mapping[int, Fraction | None] | Mapping[Fraction, Fraction | None]]]
    parts = [
        ("CEMI", "", indices.cemi),
        ("CEMSMI", "", indices.cemsmi),
        ("CELID-s", " h", indices.celid_s),
        ("CELID-t", " h", indices.celid_t),
    ]
    for label, unit, shares in parts:
        for n, share in shares.items():
            yield label, f"{float(n):g}{unit}", share


def _major_line(report: IndexReport) -> Text:
    major = report.major
    if major is None or major.threshold is None:
        return Text("")
    threshold = major.threshold
    days = ", ".join(day.isoformat() for day in major.days) or "none"
    return Text(
        f"T_MED {threshold.t_med_minutes:,.4f} min (alpha {threshold.alpha:.6f}, beta "
        f"{threshold.beta:.6f}, {threshold.n_days} days); major event days: {days}"
    )


def _index(indices: InterruptionIndices, name: str) -> str:
    figure: Fraction | None = getattr(indices, name)
    return _percent(figure) if name == "asai" else decimal_text(figure)


def _table(title: str, *columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _percent(share: Fraction | None) -> str:
    """Return a share in percent, rounded down: what is short of 100 % never reads as 100 %."""
    if share is None:
        return _ABSENT
    percent = Decimal(100 * share.numerator) / Decimal(share.denominator)
    return f"{percent.quantize(_SHARE_PLACES, ROUND_FLOOR)}"


def _flat(values: Json, prefix: str = "") -> Iterable[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}_")
        elif isinstance(value, list):
            yield prefix + name, ";".join(map(str, value))
        else:
            yield prefix + name, value
