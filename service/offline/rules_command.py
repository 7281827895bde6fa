"""The command ``voltpass rules``: which rule sets there are, what is in one, and whether a file is one."""

import sys
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from service.domain.catalogue import Catalogue, read_catalogue, read_rule_set
from service.domain.rules import RuleSet
from service.errors import RuleSetError
from service.offline.rule_lines import in_force, lines_of, n_to_confirm
from service.settings import read_judging_settings

_WIDTH_OF_A_FILE = 150  # columns, where the output is no terminal

_FOLDER = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of rule sets of one's own.  [default: VOLTPASS_RULE_SET_FOLDER]",
)


@click.group(short_help="Show the rule sets and check one of your own.")
def rules() -> None:
    """Show the rule sets, packaged and of one's own folder, and check files of new ones.

    docs/rules.md has all packaged rows on one page.
    """


@rules.command("list")
@_FOLDER
def list_(folder: Path | None) -> None:
    """List the rule sets, with how many rows have to be compared with the paper standard."""
    catalogue = _catalogue(folder)
    table = _table("name", "title", "in force from, to")
    for name in ("rows", "confirm"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in catalogue.names():
        one = catalogue.load(name)
        numbers = (str(len(one.rows())), str(n_to_confirm(one)))
        table.add_row(one.name, one.title, in_force(one), *numbers)
    _print(table)


@rules.command("show")
@click.argument("name")
@_FOLDER
def show(name: str, folder: Path | None) -> None:
    """Show every row of the rule set NAME: value, unit, source, certainty, dates."""
    catalogue = _catalogue(folder)
    rule_set = catalogue.load(name)
    table = _table("limit", "value", "for", "source", "certainty", "in force from, to", "given by")
    for line in lines_of(catalogue, rule_set):
        style = "yellow" if line.certainty == "confirm" else ""
        cells = (line.limit, line.value, line.scope, line.source)
        table.add_row(*cells, Text(line.certainty, style=style), line.in_force, line.given_by)
    _print(
        Text(f"{rule_set.name}: {rule_set.title}", style="bold"),
        Text(_summary(catalogue, rule_set)),
        table,
    )


@rules.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_FOLDER
def check(file: Path, folder: Path | None) -> None:
    """Check that FILE (TOML) is a rule set; say what is wrong with it, field by field.

    It may extend a packaged set, one of the folder, or one in the same place as FILE.
    """
    try:
        rule_set = read_rule_set(file, folder or read_judging_settings().rule_set_folder)
    except RuleSetError as error:
        for problem in error.problems:
            click.echo(f"{file}: {problem}", err=True)
        sys.exit(1)
    n_rows, n_open = len(rule_set.rows()), n_to_confirm(rule_set)
    click.echo(f"{file}: rule set {rule_set.name}, {n_rows} rows, {n_open} of them to be confirmed")


def _catalogue(folder: Path | None) -> Catalogue:
    return read_catalogue(folder or read_judging_settings().rule_set_folder)


def _summary(catalogue: Catalogue, rule_set: RuleSet) -> str:
    extends = "" if rule_set.extends is None else f"; extends {rule_set.extends}"
    return (
        f"in force {in_force(rule_set)}{extends}; {n_to_confirm(rule_set)} of {len(rule_set.rows())} rows to be "
        f"confirmed; checksum {catalogue.checksum(rule_set.name)}"
    )


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name in {"name", "certainty", "given by"})
    return table


def _print(*parts: Table | Text) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_A_FILE)
    console.print(Group(*parts), highlight=False)
