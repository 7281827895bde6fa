"""``voltpass worst-served``."""

import asyncio
import csv
import io
from fractions import Fraction
from typing import Final, Literal, TypedDict, Unpack, get_args

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service import clock
from service.api.parameters import check_length, span_of
from service.api.routes.worst_served import HOURS_MAX, LONGEST
from service.api.worst_served import (
    WorstAsked,
    WorstServedList,
    WorstServedShape,
    read_worst_served,
    shown_list,
)
from service.domain.catalogue import chosen_rule_sets
from service.domain.registry import UserClass
from service.domain.reliability.causes import CAUSES, CHILDREN, CauseNode
from service.domain.reliability.grades import Declarations
from service.domain.reliability.worst_served import Criterion, Index
from service.settings import Settings, read_settings
from service.store.deployment import require_rule_set
from service.store.deployment_reads import reading
from service.store.pool import Pool

_NODES: Final = (*CHILDREN, *CAUSES)
_COLUMNS: Final = tuple(WorstServedShape.model_fields)
_WIDTH_OF_A_FILE: Final = 140  # columns, where the output is no terminal
_HOURS: Final = click.FloatRange(min=0, min_open=True, max=HOURS_MAX)
_UNITS: Final[dict[Index, str]] = {
    "cemi": "interruptions",
    "celid_s": "hours in one interruption",
    "celid_t": "hours without supply together",
}


class _Given(TypedDict):
    """The options, as they are read."""

    n: int | None
    single_hours: float | None
    total_hours: float | None
    users: UserClass
    cause: CauseNode
    declarations: Declarations
    region: str | None
    feeder: str | None
    from_: str | None
    to: str | None
    rule_set: str | None
    limit: int | None


@click.command(short_help="List the customers with many, or long, interruptions.")
@click.option("--n", type=click.IntRange(1), help="CEMI_n: so many interruptions.")
@click.option("--single-hours", type=_HOURS, help="CELID-s: one interruption so long.")
@click.option("--total-hours", type=_HOURS, help="CELID-t: so long without supply together.")
@click.option("--users", type=click.Choice(["LV", "MV", "HV"]), default="LV", show_default=True)
@click.option(
    "--cause",
    type=click.Choice(_NODES),
    default="all",
    help="Only outages of this node of the tree.",
)
@click.option(
    "--declarations",
    type=click.Choice(get_args(Declarations)),
    default="with",
    show_default=True,
    help="without: as if nobody had declared an outage, nor the cause of one.",
)
@click.option("--region", help="Only users of this region.")
@click.option("--feeder", help="Only users of this feeder.")
@click.option("--from", "from_", help="Day or instant, inclusive.  [default: the month reached]")
@click.option("--to", help="The same, exclusive.")
@click.option("--rule-set", help="Says what is sustained.  [default: the statutory set]")
@click.option("--limit", type=click.IntRange(1), help="Show the worst of them only.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
)
def worst_served(format_: Literal["table", "json", "csv"], **given: Unpack[_Given]) -> None:
    """List the users that CEMI_n or CELID count, the worst first, from the database of the settings.

    Give one of --n, --single-hours, --total-hours. At most 400 days.
    """
    criterion = _criterion(given)
    found = asyncio.run(_read(read_settings(), criterion, given))
    if format_ == "json":
        click.echo(found.model_dump_json(by_alias=True))
    elif format_ == "csv":
        click.echo(_csv_text(found))
    else:
        _print_table(Console(), found)


def _criterion(given: _Given) -> Criterion:
    numbers: dict[Index, int | float | None] = {
        "cemi": given["n"],
        "celid_s": given["single_hours"],
        "celid_t": given["total_hours"],
    }
    chosen = [
        Criterion(index=index, at_least=Fraction(str(number)))
        for index, number in numbers.items()
        if number is not None
    ]
    if len(chosen) != 1:
        raise click.UsageError("give one of --n, --single-hours and --total-hours")
    return chosen[0]


async def _read(settings: Settings, criterion: Criterion, given: _Given) -> WorstServedList:
    """Return the list from one snapshot of the database."""
    chosen = chosen_rule_sets(settings)
    name = given["rule_set"]
    rules = chosen.statutory if name is None else chosen.catalogue.load(name)
    asked = WorstAsked(
        criterion=criterion,
        users=given["users"],
        cause=given["cause"],
        declarations=given["declarations"],
        region=given["region"],
        feeder=given["feeder"],
    )
    async with Pool(settings, "reader", max_size=1) as pool, reading(pool) as snapshot:
        await require_rule_set(snapshot.connection, chosen.statutory)
        span = span_of(given["from_"], given["to"], snapshot, clock.now())
        check_length(*span, LONGEST)
        every = await read_worst_served(snapshot, span, asked, rules)
        shown = every[: given["limit"]]
        return shown_list(snapshot, span, asked, rules, (shown, len(every), None))


def _csv_text(found: WorstServedList) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: "" if value is None else value for name, value in one.model_dump().items()}
        for one in found.worst
    )
    return out.getvalue().removesuffix("\n")


def _print_table(console: Console, found: WorstServedList) -> None:
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_A_FILE)
    words = f"{found.at_least:g} {_UNITS[found.index]}"
    words = f"{words} or more" if found.inclusive else f"more than {words}"
    told = f"causes: {found.cause}, {found.declarations} declarations"
    console.print(
        Text(
            f"{found.found:,} {found.users} users with {words}, {found.from_at:%Y-%m-%d %H:%M} to "
            f"{found.to_at:%Y-%m-%d %H:%M} ({found.zone}), rule set {found.rule_set}, {told}",
            style="bold",
        ),
        highlight=False,
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("user", "region", "feeder", "area"):
        table.add_column(heading, no_wrap=True)
    for heading in ("interruptions", "longest min", "min"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found.worst:
        table.add_row(
            one.customer or f"transformer {one.transformer}",
            one.region,
            one.feeder,
            one.area or "-",
            str(one.interruptions),
            f"{one.longest_minutes:,.2f}",
            f"{one.minutes:,.2f}",
        )
    console.print(table, highlight=False)
    if found.found > len(found.worst):
        console.print(Text(f"  {found.found - len(found.worst):,} more", style="dim"))
