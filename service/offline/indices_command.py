"""The command ``voltpass indices``."""

from fractions import Fraction
from pathlib import Path
from typing import TypedDict, Unpack
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from service.domain.reliability.interruption_indices import Asked
from service.domain.reliability.outages import Span
from service.errors import ScoreInputError, ServiceError
from service.offline.asking import (
    FORMAT_OPTION,
    InputFailure,
    OutputFormat,
    all_parsed,
    asked_rule_set,
    parsed,
    rule_set_option,
    zone_option,
)
from service.offline.index_options import (
    IndexOptions,
    parse_customers,
    parse_hours,
    parse_kva,
    parse_many,
    parse_sustained,
)
from service.offline.index_rendering import csv_text, json_text, print_tables
from service.offline.indices import work_out
from service.offline.instants import read_edge


class _Given(TypedDict):
    """The options, as they are given."""

    n_customers: int
    from_text: str
    to_text: str
    zone: ZoneInfo
    rule_set: str
    sustained_over_s: int | None
    sustained_inclusive: bool | None
    kva: Fraction | None
    daily_saidi: Path | None
    cemi: tuple[int, ...]
    celid: tuple[Fraction, ...]


@click.command(short_help="Work out reliability indices of a file of interruptions.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--customers",
    "n_customers",
    callback=parsed(parse_customers),
    metavar="N",
    required=True,
    help="How many customers are supplied, on average over the period.",
)
@click.option(
    "--from",
    "from_text",
    metavar="TIME",
    required=True,
    help="First instant of the period: a day, or a time.",
)
@click.option(
    "--to",
    "to_text",
    metavar="TIME",
    required=True,
    help="First instant after it: 2025-01-01 for a period that ends with 2024.",
)
@rule_set_option("Says what counts as an interruption.")
@click.option(
    "--sustained-over",
    "sustained_over_s",
    callback=parsed(parse_sustained),
    metavar="SECONDS",
    help="Longer ones are sustained.  [default: the rule set's]",
)
@click.option(
    "--sustained-inclusive/--sustained-exclusive",
    "sustained_inclusive",
    default=None,
    help="Exactly as long is sustained, or is not.  [default: the rule set's]",
)
@click.option(
    "--kva",
    callback=parsed(parse_kva),
    metavar="KVA",
    help="Connected capacity of all customers, for ASIFI and ASIDI.",
)
@click.option(
    "--daily-saidi",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="CSV with columns date, saidi_minutes: years before the period set T_MED, and the indices "
    "are also given without major event days.",
)
@zone_option("Zone of times without offset, and of days.")
@click.option(
    "--cemi",
    callback=all_parsed(parse_many),
    metavar="N",
    multiple=True,
    default=("1", "2", "3", "4", "5"),
    show_default=True,
    help="CEMI and CEMSMI for this number; may be given several times.",
)
@click.option(
    "--celid",
    callback=all_parsed(parse_hours),
    metavar="HOURS",
    multiple=True,
    default=("4", "8", "12"),
    show_default=True,
    help="CELID-s and CELID-t for this time; may be given several times.",
)
@FORMAT_OPTION
def indices(file: Path, output_format: OutputFormat, **given: Unpack[_Given]) -> None:
    """Work out the indices of DL/T 836 and IEEE 1366 of FILE, a CSV of interruptions.

    Columns: start, end (ISO 8601; no end: it still goes on), customers (how many); if wanted
    customer_ids (with ; between them), kva, cause (a word of the tree in docs/reliability.md, such
    as fault_internal or planned), momentary (yes, no; nothing: by its length), event_id (records
    with one are one event), served_share (rationing without tripping). A field that is wrong
    refuses the file.
    """
    try:
        report = work_out(file, _options(given))
    except ServiceError as error:
        raise InputFailure(str(error)) from error
    if output_format == "table":
        print_tables(report, Console())
        return
    click.echo(json_text(report) if output_format == "json" else csv_text(report))
    for remark in report.remarks:
        click.echo(remark, err=True)


def _options(given: _Given) -> IndexOptions:
    zone = given["zone"]
    period = Span(
        read_edge("--from", given["from_text"], zone), read_edge("--to", given["to_text"], zone)
    )
    if not period.length_us:
        raise ScoreInputError(
            f"--from is {given['from_text']} and --to is {given['to_text']}; --to has to be later: "
            "it is the first instant that does not belong to the period"
        )
    return IndexOptions(
        n_customers=given["n_customers"],
        period=period,
        zone=zone,
        rule_set=asked_rule_set(given["rule_set"]),
        sustained_over_s=given["sustained_over_s"],
        sustained_inclusive=given["sustained_inclusive"],
        kva=given["kva"],
        daily_saidi=given["daily_saidi"],
        asked=Asked(many=given["cemi"], single_hours=given["celid"], total_hours=given["celid"]),
    )
