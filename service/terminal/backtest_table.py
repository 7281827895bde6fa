"""The answer of the back-test as text for people, and as CSV."""

import csv
import io
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.terminal.backtest_shapes import AlertShape, BacktestShape, by_organisation

_COLUMNS: Final = tuple(AlertShape.model_fields)
_WIDTH_OF_A_FILE: Final = 140  # columns, where the output is no terminal
_MINUTE: Final = "%Y-%m-%d %H:%M"
_SECOND: Final = "%m-%d %H:%M:%S"
_MEANINGS: Final = {
    "communication_incident": "communications incident: silence is no outage",
    "declared_window": "inside a declared window",
    "no_meter_evidence": "no meter said so",
    "stale": "known too late",
    "reclosed": "supply was back within the wait for reclosing",
    "below_threshold": "too few points",
    "feeder_outage": "told by the outage of its feeder",
    "storm": "told by the notification of a storm",
    "breach_interval": "over before breaches could be told again",
}


def csv_text(found: BacktestShape) -> str:
    """Return a line for each alert, those that were held too."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for one in found.alerts:
        values = one.model_dump(mode="json")
        writer.writerow({name: "" if value is None else value for name, value in values.items()})
    return out.getvalue().removesuffix("\n")


def print_table(console: Console, found: BacktestShape, limit: int) -> None:
    """Print what was told and what was held, at most ``limit`` notifications of it."""
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_A_FILE)
    span = f"{found.from_at:{_MINUTE}} to {found.to_at:{_MINUTE}} ({found.zone})"
    console.print(
        Text(
            f"{found.n_alerts:,} alerts, {found.n_told:,} told in {len(found.notifications):,} "
            f"notifications, {span}, rule set {found.rule_set}",
            style="bold",
        ),
        highlight=False,
    )
    console.print(_organisations(found), highlight=False)
    if found.n_held or found.n_pending:
        console.print(_held(found), highlight=False)
    if found.notifications:
        console.print(_notifications(found, limit), highlight=False)
    if len(found.notifications) > limit:
        console.print(Text(f"  {len(found.notifications) - limit:,} more", style="dim"))
    console.print(_budget(found), highlight=False)


def _organisations(found: BacktestShape) -> Table:
    table = _table("organisation", "alerts", "told", "notifications", "most in the budget's time")
    for name, figures in by_organisation(found).items():
        table.add_row(name or "-", *(f"{figure:,}" for figure in figures))
    return table


def _held(found: BacktestShape) -> Table:
    table = _table("held because", "alerts")
    for reason, n in found.n_held.items():
        table.add_row(f"{reason}: {_MEANINGS[reason]}", f"{n:,}")
    if found.n_pending:
        table.add_row("not yet told when the span ended", f"{found.n_pending:,}")
    return table


def _notifications(found: BacktestShape, limit: int) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("told at", "organisation", "kind"):
        table.add_column(heading, no_wrap=True)
    for heading in ("alerts", "points", "customers"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("of what")
    for one in found.notifications[:limit]:
        told = [
            alert
            for alert in found.alerts
            if alert.told_at == one.at and alert.organisation == one.organisation
        ]
        table.add_row(
            f"{one.at:{_SECOND}}",
            one.organisation or "-",
            one.kind,
            f"{one.alerts:,}",
            f"{one.points:,}",
            f"{one.customers:,}",
            "; ".join(_words(alert) for alert in told),
        )
    return table


def _words(alert: AlertShape) -> str:
    overrun = ", overruns its window" if alert.is_overrun else ""
    return f"{alert.rule} {alert.place} {alert.code} since {alert.starts_at:%H:%M:%S}{overrun}"


def _budget(found: BacktestShape) -> Text:
    budget = found.budget
    words = f"{budget.notifications} notification(s) per organisation and {budget.within_s} s"
    if budget.is_kept:
        return Text(f"budget of {words}: kept", style="green")
    first = budget.broken[0]
    return Text(
        f"budget of {words}: broken {len(budget.broken):,} times, first by {first.organisation} with "
        f"{first.notifications} from {first.from_at:{_SECOND}}",
        style="bold red",
    )


def _table(first: str, *figures: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
