"""What one point asks for, each second and each day."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from service.domain.sizing.coefficients import Coefficients
from service.domain.sizing.workload import MINUTE_S, Encoding, Workload

DAY_S: Final = 86_400
_MILLION: Final = Decimal(1_000_000)
_EIGHTHS: Final = 8
_SIZES: Final[Mapping[Encoding, tuple[str, str]]] = {  # forms that were measured, long and short
    "arrow": ("arrow_1000", "arrow_37"),
    "json": ("json_37", "json_1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Of one point; seconds are of a processor, all per second of the clock unless a day is named."""

    readings: Decimal
    pages: Decimal  # rows written
    lanes: Decimal  # states written
    consumer_s: Decimal
    database_s: Decimal
    wal_bytes: Decimal
    log_bytes: Decimal  # into Kafka, one copy
    page_bytes_written: Decimal  # a day, as checkpoints leave them
    page_bytes_repacked: Decimal  # a day, written anew without room


def demand_of(workload: Workload, known: Coefficients) -> Demand:
    """Return what one point of ``workload`` asks for."""
    phases = f"{workload.n_phases}p"
    readings = Decimal(1) / workload.interval_s
    pages = page_writes_per_minute(workload) / MINUTE_S
    lanes = touched_share(workload, known) / workload.checkpoint_s
    server_s = (
        pages * known[f"server_page_{phases}"] + lanes * known[f"server_lane_{phases}"]
    ) / _MILLION
    client_s = (
        pages * known[f"client_page_{phases}"] + lanes * known[f"client_lane_{phases}"]
    ) / _MILLION
    return Demand(
        readings=readings,
        pages=pages,
        lanes=lanes,
        consumer_s=readings * consume_s_per_million(workload, known) / _MILLION + client_s,
        database_s=server_s * known[f"server_all_{phases}"],
        wal_bytes=pages * _wal_per_page(pages, phases, known) + lanes * known[f"wal_lane_{phases}"],
        log_bytes=readings * log_bytes_per_reading(workload, known),
        page_bytes_written=known[f"day_as_written_{phases}"],
        page_bytes_repacked=known[f"day_repacked_{phases}"],
    )


def page_writes_per_minute(workload: Workload) -> Decimal:
    """Return how often the page of a point changes between two checkpoints, a minute.

    Readings of a minute or more: once each. Faster ones: a minute is shown once half of its readings are there, with
    each further eighth, and when it is complete; never more often than there are checkpoints.
    """
    if workload.interval_s >= MINUTE_S:
        return Decimal(MINUTE_S) / workload.interval_s
    n_expected = MINUTE_S // workload.interval_s
    n_shown = len(set(_eighths_shown(n_expected)))
    n_checkpoints = Decimal(MINUTE_S) / workload.checkpoint_s
    return min(Decimal(n_shown + 1), n_checkpoints)


def touched_share(workload: Workload, known: Coefficients) -> Decimal:
    """Return which share of the lane states a checkpoint writes: all of a block in which one lane has moved.

    Lanes of a message lie together, and messages come evenly over the interval.
    """
    if workload.checkpoint_s >= workload.interval_s:
        return Decimal(1)
    idle = 1 - Decimal(workload.checkpoint_s) / workload.interval_s
    n_messages = max(Decimal(1), known["lanes_per_block"] / workload.per_message)
    return 1 - idle**n_messages


def consume_s_per_million(workload: Workload, known: Coefficients) -> Decimal:
    """Return processor seconds of ``consume`` for a million readings."""
    of_one_phase = _line(workload, known, "consume_{form}_1p", workload.per_message)
    return of_one_phase * _phases_factor(workload, known)


def log_bytes_per_reading(workload: Workload, known: Coefficients) -> Decimal:
    """Return what a reading takes in the log, one copy.

    What repeats from message to message is compressed away, so short messages are no longer than long ones there.
    Below the shortest message that was measured the bytes grow as they do without compression.
    """
    name = f"log_{{form}}_{workload.compression}_{workload.n_phases}p"
    plain = f"log_{{form}}_none_{workload.n_phases}p"
    shortest = _size(_SIZES[workload.encoding][1])
    size = max(workload.per_message, shortest)
    growth = _line(workload, known, plain, workload.per_message) / _line(
        workload, known, plain, size
    )
    return _line(workload, known, name, size) * growth


def _line(workload: Workload, known: Coefficients, name: str, n_readings: int) -> Decimal:
    """Return a cost per reading in messages of ``n_readings``: a part of its own, and a share of the message's.

    Two sizes of message were measured; a line in 1/size goes through them, and no size is better than the longest.
    """
    long, short = _SIZES[workload.encoding]
    of_long, of_short = known[name.format(form=long)], known[name.format(form=short)]
    n_long, n_short = Decimal(_size(long)), Decimal(_size(short))
    per_message = (of_short - of_long) / (1 / n_short - 1 / n_long)
    return of_long + per_message * (1 / min(Decimal(n_readings), n_long) - 1 / n_long)


def _size(form: str) -> int:
    return int(form.rpartition("_")[2])


def _phases_factor(workload: Workload, known: Coefficients) -> Decimal:
    """Return what three phases cost of one; measured in Arrow, taken for JSON too."""
    if workload.n_phases == 1:
        return Decimal(1)
    return known["consume_arrow_1000_3p"] / known["consume_arrow_1000_1p"]


def _wal_per_page(pages: Decimal, phases: str, known: Coefficients) -> Decimal:
    """Return WAL bytes of a page's row.

    The first write after the server's own checkpoint puts the whole 8 KB around it into the WAL.
    """
    steady = known[f"wal_page_{phases}"]
    n_writes = max(Decimal(1), pages * known["server_checkpoint_s"])
    return steady + max(Decimal(0), known[f"wal_page_first_{phases}"] - steady) / n_writes


def _eighths_shown(n_expected: int) -> Iterator[int]:
    """Yield how many eighths a minute shows while it is open, from the half on."""
    for n_good in range(1, n_expected):
        eighths = _EIGHTHS * n_good // n_expected
        if eighths >= _EIGHTHS // 2 and eighths > _EIGHTHS * (n_good - 1) // n_expected:
            yield eighths
