"""``voltpass scorecard``."""

import asyncio
from typing import Literal, TextIO

import click
from rich.console import Console

from service import clock
from service.api.scorecard_shapes import Scorecard, YearBudget
from service.settings import read_settings
from service.terminal.scorecard_csv import csv_text
from service.terminal.scorecard_sources import Asked, from_database, from_serve
from service.terminal.scorecard_table import print_scorecard


@click.command(short_help="Show which targets are kept, and how much of the year's budget is used.")
@click.option("--rule-set", help="Whose targets.  [default: the statutory set]")
@click.option("--from", "from_", help="First day, inclusive.  [default: the month reached]")
@click.option("--to", help="Last day, exclusive; the budget is shown as it stood then.")
@click.option(
    "--year", type=click.IntRange(1970, 2199), help="A whole year instead of --from, --to."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
)
@click.option("--url", help="Ask this `voltpass serve` instead of the database of the settings.")
@click.option(
    "--key-file",
    type=click.File(encoding="utf-8"),
    help="With --url: file with the API key or token to show; - is standard input.",
)
def scorecard(  # noqa: PLR0913 (its options)
    *,
    rule_set: str | None,
    from_: str | None,
    to: str | None,
    year: int | None,
    format_: Literal["table", "json", "csv"],
    url: str | None,
    key_file: TextIO | None,
) -> None:
    """Show each target of a rule set with what was reached, its margin and a verdict, and the year's budget.

    Judged unrounded, by region; shown figures are cut. Days are those of the deployment's zone.
    """
    if year is not None:
        if from_ is not None or to is not None:
            raise click.UsageError("give --year, or --from and --to, not both")
        from_, to = f"{year}-01-01", f"{year + 1}-01-01"
    if key_file is not None and url is None:
        raise click.UsageError("--key-file goes with --url")
    key = None if key_file is None else key_file.read().strip()
    asked = Asked(rule_set=rule_set, from_=from_, to=to)
    card, budget = _from_database(asked) if url is None else from_serve(url, asked, key)
    if format_ == "table":
        print_scorecard(Console(), card, budget)
    elif format_ == "csv":
        click.echo(csv_text(card, budget))
    else:
        card_text, budget_text = (one.model_dump_json(by_alias=True) for one in (card, budget))
        click.echo(f'{{"scorecard": {card_text}, "budget": {budget_text}}}')


def _from_database(asked: Asked) -> tuple[Scorecard, YearBudget]:
    return asyncio.run(from_database(read_settings(), asked, clock.now()))
