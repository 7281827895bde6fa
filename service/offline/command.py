"""The command ``voltpass score``."""

from decimal import Decimal
from pathlib import Path
from typing import Literal, TypedDict, Unpack
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from service.domain.registry import StampAt, Wiring
from service.errors import ServiceError
from service.offline.asking import (
    FORMAT_OPTION,
    InputFailure,
    OutputFormat,
    parsed,
    rule_set_option,
    zone_option,
)
from service.offline.options import (
    ScoreOptions,
    parse_band,
    parse_interval,
    parse_nominal,
    parse_power_factor,
)
from service.offline.rendering import csv_text, json_text, print_table, remarks, warnings
from service.offline.scoring import score_file
from service.settings import read_judging_settings


class _Given(TypedDict):
    """The options, as they are given."""

    nominal_mv: int
    phases: Literal["1", "3"] | None
    wiring: Wiring | None
    interval_s: int | None
    stamp_at: StampAt
    zone: ZoneInfo
    rule_set: str
    band: tuple[int, int] | None
    pf_required: Decimal | None


@click.command(short_help="Score a file of readings, without any service running.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--nominal",
    "nominal_mv",
    callback=parsed(parse_nominal),
    metavar="VOLTS",
    default="220",
    show_default=True,
    help="Nominal of the voltage that was measured, volts.",
)
@click.option("--phases", type=click.Choice(["1", "3"]), help="3 is --wiring 3p4w.")
@click.option(
    "--wiring",
    type=click.Choice(["1p", "3p4w", "3p3w"]),
    help="3p3w: line voltages, of which v2 may be absent.  [default: by the columns]",
)
@click.option(
    "--interval",
    "interval_s",
    callback=parsed(parse_interval),
    metavar="SECONDS",
    help="Length of a reading: a divisor of 60, or whole minutes up to 60.  "
    "[default: the median step]",
)
@click.option(
    "--stamp",
    "stamp_at",
    type=click.Choice(["start", "end"]),
    default="start",
    show_default=True,
    help="Where in its interval a stamp stands.",
)
@zone_option("Zone of stamps without offset, and of days and months.")
@rule_set_option("Judge by this one.")
@click.option(
    "--band",
    callback=parsed(parse_band),
    metavar="LOW..HIGH",
    help="The point's own band in percent of nominal, both edges inside: -10..+7.",
)
@click.option(
    "--pf-required",
    callback=parsed(parse_power_factor),
    metavar="FACTOR",
    help="Months whose power factor at peak load is below this are exempt; needs column pf, or "
    "p_kw and q_kvar.",
)
@FORMAT_OPTION
def score(file: Path, output_format: OutputFormat, **given: Unpack[_Given]) -> None:
    """Score FILE, a CSV of readings (plain or gzip), without any service running.

    Columns: ts (ISO 8601, or milliseconds since 1970), v or v1,v2,v3 (volts); if wanted point,
    quality (good, estimated, invalid), pf, p_kw, q_kvar. Rows that cannot be read are listed.
    """
    try:
        report = score_file(file, _options(given))
    except ServiceError as error:
        raise InputFailure(str(error)) from error
    if output_format == "table":
        print_table(report, Console())
        return
    click.echo(json_text(report) if output_format == "json" else csv_text(report))
    for line in [*remarks(report), *warnings(report)]:
        click.echo(line, err=True)


def _options(given: _Given) -> ScoreOptions:
    wiring = given["wiring"]
    if given["phases"] is not None:
        if wiring is not None and wiring[0] != given["phases"]:
            raise click.UsageError(f"--phases {given['phases']} contradicts --wiring {wiring}")
        wiring = wiring or ("1p" if given["phases"] == "1" else "3p4w")
    return ScoreOptions(
        nominal_mv=given["nominal_mv"],
        wiring=wiring,
        interval_s=given["interval_s"],
        stamp_at=given["stamp_at"],
        zone=given["zone"],
        rule_set=given["rule_set"],
        rule_set_folder=read_judging_settings().rule_set_folder,
        band=given["band"],
        pf_required=given["pf_required"],
    )
