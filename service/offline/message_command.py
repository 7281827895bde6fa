"""The command ``voltpass check-message``: what becomes of one message, before anything is sent."""

import sys
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Final

import click
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from service import clock
from service.domain.letters import detail_of
from service.settings import read_judging_settings
from service.wire import Batch, Decoder, Message

_WIDTH_OF_A_FILE: Final = 150  # columns, where the output is no terminal
_QUALITIES: Final = ("good", "estimated", "invalid")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Assumed:
    """What the registry says of a device; here it is told."""

    interval_ms: int
    is_stamp_at_end: bool
    zone: zoneinfo.ZoneInfo
    record_ms: int  # when the message would come


@click.command("check-message", short_help="Say what becomes of a message of readings.")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--content-type",
    default=None,
    help="The header of the message.  [default: none, the first byte tells]",
)
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(min=0, min_open=True),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="Length of a reading, as the devices are registered.",
)
@click.option(
    "--stamp",
    type=click.Choice(["start", "end"]),
    default="start",
    show_default=True,
    help="Where in its interval a stamp stands.",
)
@click.option("--zone", default=None, help="Of stamps without offset.  [default: VOLTPASS_ZONE]")
@click.option(
    "--arrives",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]),
    default=None,
    help="Time of its Kafka record, with offset.  [default: now]",
)
def check_message(
    *,
    file: BinaryIO,
    content_type: str | None,
    interval_s: float,
    stamp: str,
    zone: str | None,
    arrives: datetime | None,
) -> None:
    """Decode the message in FILE (- is standard input) as `consume` does, and say what becomes of each reading.

    Needs neither Kafka nor a database, so it does not know which devices are registered: interval, place of the
    stamp and zone are those of the options. The exit status is 1 when a reading would be refused.
    """
    settings = read_judging_settings()
    try:
        known_zone = zoneinfo.ZoneInfo(zone or settings.zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise click.BadParameter(f"{zone!r} is no IANA time zone", param_hint="--zone") from error
    assumed = _Assumed(
        interval_ms=round(interval_s * 1000),
        is_stamp_at_end=stamp == "end",
        zone=known_zone,
        record_ms=round((arrives or clock.now()).timestamp() * 1000),
    )
    headers = {"content-type": content_type.encode()} if content_type else {}
    message = Message(0, assumed.record_ms, bytes(file.read()), headers)
    decoded = Decoder().decode([message])
    bounds = (settings.stamp_ahead_s * 1000, settings.oldest_reading_age_s * 1000)

    table = Table("reading", "device", "from", "volts", "quality", "outcome", box=SIMPLE_HEAD)
    lines = [line for batch in decoded.batches for line in _lines(batch, assumed, bounds)]
    lines += [
        (one.index, "", "", "", "", f"{one.reason}: {one.detail}") for one in decoded.refusals
    ]
    for index, *cells in sorted(lines):
        table.add_row("all" if index < 0 else str(index), *cells)
    Console(width=None if Console().is_terminal else _WIDTH_OF_A_FILE).print(table)
    n_refused = sum(line[-1] not in {"taken", "taken, without voltage"} for line in lines)
    click.echo(
        f"{len(lines) - n_refused} taken, {n_refused} refused; devices are not looked up here"
    )
    sys.exit(1 if n_refused else 0)


def _lines(
    batch: Batch, assumed: _Assumed, bounds: tuple[int, int]
) -> Iterator[tuple[int, str, str, str, str, str]]:
    for i in range(batch.device.size):
        stamp_ms = int(batch.stamp_ms[i])
        if batch.has_zone.size and not batch.has_zone[i]:
            wall = datetime.fromtimestamp(stamp_ms / 1000, UTC).replace(tzinfo=assumed.zone)
            stamp_ms = round(wall.timestamp() * 1000)
        start_ms = stamp_ms - assumed.interval_ms if assumed.is_stamp_at_end else stamp_ms
        volts = [float(column[i]) for column in (batch.v1, batch.v2, batch.v3) if column.size]
        quality = _QUALITIES[int(batch.quality[i])] if batch.quality.size else "good"
        start = datetime.fromtimestamp(start_ms / 1000, UTC).astimezone(assumed.zone)
        yield (
            int(batch.index[i]),
            batch.names[int(batch.device[i])],
            start.isoformat(sep=" ", timespec="seconds"),
            ", ".join("-" if np.isnan(one) else f"{one:g}" for one in volts),
            quality,
            _outcome(start_ms, volts, quality, assumed, bounds),
        )


def _outcome(
    start_ms: int, volts: list[float], quality: str, assumed: _Assumed, bounds: tuple[int, int]
) -> str:
    """Return what `kernels.fold` would do with it, in its order."""
    ahead_ms, oldest_ms = bounds
    reason = ""
    if start_ms + assumed.interval_ms > assumed.record_ms + ahead_ms:
        reason = "stamp_ahead"
    elif oldest_ms and start_ms < assumed.record_ms - oldest_ms:
        reason = "stamp_too_old"
    if reason:
        return f"{reason}: {detail_of(reason)}"
    has_voltage = quality != "invalid" and not all(np.isnan(one) for one in volts)
    return "taken" if has_voltage else "taken, without voltage"
