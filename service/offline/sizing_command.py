"""The command ``voltpass sizing``."""

import json
from collections.abc import Iterable
from decimal import Decimal

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.domain.sizing.coefficients import load_coefficients
from service.domain.sizing.limits import Limit
from service.domain.sizing.plan import Plan, plan_for
from service.domain.sizing.workload import Compression, Encoding, Workload, WorkloadError
from service.errors import ScoreInputError
from service.offline.asking import InputFailure, parsed
from service.offline.sizing_words import points_text, quantity_text

_WIDTH_OF_A_FILE = 130  # columns, where the output is no terminal
_PER_MESSAGE = {"arrow": 1000, "json": 1}


def _factor(text: str) -> Decimal:
    """Return a number, exactly as it is written."""
    if text.replace(".", "", 1).isdecimal():
        return Decimal(text)
    raise ScoreInputError(f"{text!r} is no number like 2 or 1.5")


@click.command(short_help="Print what a number of points takes.")
@click.option("--points", "n_points", type=int, required=True, help="Monitoring points.")
@click.option(
    "--interval", "interval_s", type=int, required=True, help="Seconds between readings of a point."
)
@click.option(
    "--format",
    "encoding",
    type=click.Choice(["arrow", "json"]),
    default="arrow",
    show_default=True,
    help="Of the messages.",
)
@click.option(
    "--per-message", type=int, help="Readings a message.  [default: 1000 in Arrow, 1 in JSON]"
)
@click.option("--phases", "n_phases", type=int, default=1, show_default=True, help="1 or 3.")
@click.option(
    "--compression",
    type=click.Choice(["none", "lz4", "zstd"]),
    default="lz4",
    show_default=True,
    help="Of the topic.",
)
@click.option(
    "--retention-days", type=int, default=400, show_default=True, help="Days that pages are kept."
)
@click.option(
    "--log-days", type=int, default=7, show_default=True, help="Days that Kafka keeps readings."
)
@click.option(
    "--checkpoint-interval",
    "checkpoint_s",
    type=int,
    default=5,
    show_default=True,
    help="Seconds, as VOLTPASS_CHECKPOINT_INTERVAL_S.",
)
@click.option(
    "--headroom",
    callback=parsed(_factor),
    metavar="NUMBER",
    default="2",
    show_default=True,
    help="Build for so many times the load: with 2 an hour's backlog takes an hour.",
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON, for machines.")
def sizing(  # noqa: PLR0913, PLR0917  (one a question)
    n_points: int,
    interval_s: int,
    encoding: Encoding,
    per_message: int | None,
    n_phases: int,
    compression: Compression,
    retention_days: int,
    log_days: int,
    checkpoint_s: int,
    headroom: Decimal,
    is_json: bool,
) -> None:
    """Print partitions, consumers, databases, disk and network for a number of points, and why.

    The coefficients were measured; docs/sizing.md has them with date and machine, and says what is not counted.
    """
    try:
        workload = Workload(
            n_points=n_points,
            interval_s=interval_s,
            encoding=encoding,
            per_message=min(_PER_MESSAGE[encoding], max(1, n_points))
            if per_message is None
            else per_message,
            n_phases=n_phases,
            compression=compression,
            retention_days=retention_days,
            log_days=log_days,
            headroom=headroom,
            checkpoint_s=checkpoint_s,
        )
    except WorkloadError as error:
        raise InputFailure(str(error)) from error
    plan = plan_for(workload, load_coefficients())
    if is_json:
        click.echo(json.dumps(as_json(plan), indent=2))
        return
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_A_FILE)
    console.print(Group(*_parts(plan)), highlight=False)


def as_json(plan: Plan) -> dict[str, object]:
    """Return a plan for machines: whole numbers of things, floats of what was measured."""
    asked = plan.workload
    return {
        "points": asked.n_points,
        "interval_s": asked.interval_s,
        "format": asked.encoding,
        "per_message": asked.per_message,
        "phases": asked.n_phases,
        "compression": asked.compression,
        "retention_days": asked.retention_days,
        "log_days": asked.log_days,
        "checkpoint_interval_s": asked.checkpoint_s,
        "headroom": float(asked.headroom),
        "databases": plan.n_databases,
        "points_per_database": plan.points_per_database,
        "consumers": plan.n_consumers,
        "consumers_per_database": plan.consumers_per_database,
        "partitions": plan.n_partitions,
        "partitions_per_database": plan.partitions_per_database,
        "brokers": plan.n_brokers,
        "lines": [
            {
                "section": line.section,
                "name": line.name,
                "value": float(line.value),
                "unit": line.unit,
                "reason": line.reason,
            }
            for line in plan.lines
        ],
        "limits_of_one_database": [_limit_json(limit) for limit in plan.limits],
        "limits_of_one_consumer": [_limit_json(limit) for limit in plan.consumer_limits],
    }


def _limit_json(limit: Limit) -> dict[str, object]:
    return {
        "name": limit.name,
        "points": limit.n_points,
        "reason": limit.reason,
        "remedy": limit.remedy,
    }


def _parts(plan: Plan) -> Iterable[RenderableType]:
    asked = plan.workload
    yield Text(
        f"{asked.n_points:,} points, a reading every {asked.interval_s} s, {asked.encoding} of {asked.per_message:,},"
        f" {asked.n_phases} phase{'s' if asked.n_phases > 1 else ''}, headroom {asked.headroom}",
        style="bold",
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("figure", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("why")
    section = ""
    for line in plan.lines:
        if section and line.section != section:
            table.add_section()
        table.add_row(
            line.section if line.section != section else "",
            line.name,
            quantity_text(line.value, line.unit),
            line.reason,
        )
        section = line.section
    yield table
    yield Text("What breaks first: points that one carries, with headroom", style="bold")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("limit", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("because")
    table.add_column("then")
    for whose, limits in (("database", plan.limits), ("consumer", plan.consumer_limits)):
        for nth, limit in enumerate(limits):
            points = points_text(limit.n_points)
            table.add_row("" if nth else whose, limit.name, points, limit.reason, limit.remedy)
        table.add_section()
    yield table
