"""``voltpass alerts``: what people are told, tried on what is stored."""

import asyncio
import sys
from typing import Literal

import click
from rich.console import Console
from rich.progress import Progress

from service.domain.alerts.words import RULES, AlertRule
from service.settings import Settings, read_settings
from service.terminal.backtest import Backtest, BacktestAsked, run_backtest
from service.terminal.backtest_shapes import shape_of
from service.terminal.backtest_table import csv_text, print_table


@click.group(short_help="Try the notification policy on stored history.")
def alerts() -> None:
    """What people are told, and what is held: docs/alerts.md."""


@alerts.command(
    short_help="Say how many notifications a span of history would have made, and which."
)
@click.option(
    "--rule",
    "rules",
    type=click.Choice(RULES),
    multiple=True,
    help="Only this one, as if there were no others; may be given several times.  [default: all]",
)
@click.option("--organisation", help="Only this one.")
@click.option("--from", "from_", help="Day or instant, inclusive.  [default: the month reached]")
@click.option("--to", help="The same, exclusive.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="Of notifications in the table.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
)
def backtest(
    *,
    rules: tuple[AlertRule, ...],
    organisation: str | None,
    from_: str | None,
    to: str | None,
    limit: int,
    format_: Literal["table", "json", "csv"],
) -> None:
    """Run the notification policy over the database of the settings; nobody is told anything.

    The numbers are those of [alerts] in the statutory rule set. At most 400 days. The exit status is
    1 when an organisation gets more notifications than the budget allows.
    """
    asked = BacktestAsked(
        rules=frozenset(rules or RULES), organisation=organisation, from_=from_, to=to
    )
    found = shape_of(_tested(read_settings(), asked))
    if format_ == "json":
        click.echo(found.model_dump_json())
    elif format_ == "csv":
        click.echo(csv_text(found))
    else:
        print_table(Console(), found, limit)
    sys.exit(0 if found.budget.is_kept else 1)


def _tested(settings: Settings, asked: BacktestAsked) -> Backtest:
    """Run it, with the days done on standard error where that is a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("days", total=None)

        def tell(n_done: int, n_days: int) -> None:
            shown.update(task, completed=n_done, total=n_days)

        return asyncio.run(run_backtest(settings, asked, tell))
