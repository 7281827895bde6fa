"""The chapter of ``docs/sizing.md`` on 64 consumers before one database."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from service.domain.sizing.coefficients import Coefficients
from service.domain.sizing.fleet import Fleet, FleetReport, simulate_fleet
from service.offline.rule_pages import markdown_table

_OF_ONE: Final = 15_625  # points: 64 of them are a million
_WHOLE: Final = Fleet(
    n_consumers=64, n_partitions=512, n_points=64 * _OF_ONE, database_cores=16, until_s=180.0
)
_EIGHT: Final = replace(_WHOLE, n_consumers=8, n_partitions=64, n_points=8 * _OF_ONE)
_DEATH: Final = replace(_WHOLE, dies_at_s=60.0)
CASES: Final[Mapping[str, Fleet]] = {
    "1 consumer, 15,625 points, 16 cores": replace(
        _WHOLE, n_consumers=1, n_partitions=8, n_points=_OF_ONE
    ),
    "8 consumers, 125,000 points, 16 cores": _EIGHT,
    "64 consumers, 1,000,000 points, 16 cores": _WHOLE,
    "the 64, 4 cores": replace(_WHOLE, database_cores=4),
    "the 64, 2 cores": replace(_WHOLE, database_cores=2),
    "the 64, 1 core": replace(_WHOLE, database_cores=1),
    "the 64, one partition of 20 times the points": replace(_WHOLE, hot_factor=20.0),
    "the 64, one dies": _DEATH,
    "the 64, 4 cores, one dies": replace(_DEATH, database_cores=4),
    "64 consumers, 10,000,000 points, 16 cores": replace(_WHOLE, n_points=10_000_000),
}

_FLEET: Final = """\
## A fleet of 64

Consumers share nothing but Kafka and the database. `tests/store/test_nothing_shared.py` shows it on PostgreSQL, where
it can be counted: up to twelve consumers have written whole checkpoints, none of them committed yet, and no one waits
for a lock; statements, rows and bytes of a partition are the same whether one consumer is there or twelve.

What the database then has to carry is simulated (`service/domain/sizing/fleet.py`, with a seed), from checkpoints that
were recorded: consumers at live pace of one-second data, eight partitions each, cores shared evenly among open
checkpoints.
"""

_NOT_SHOWN: Final = """\
What this does not show: how Kafka itself behaves with 64 members (the time of a rebalance is the session's timeout and
the server's part of a restore, not the broker's work, nor the client's), memory bandwidth and disk of a database under
64 writers (only its processor is shared in the simulation), vacuum and replicas falling behind, a network that loses
packets. The recorded checkpoints are of one writer on a machine with other work. Once a day the first checkpoint of the
day makes the chunk of pages, and the others wait for it.
"""


def fleet_chapter(known: Coefficients) -> Iterable[str]:
    """Yield the chapter in Markdown, block by block."""
    yield _FLEET
    columns = (
        *(
            "fleet",
            "checkpoints/s",
            "page rows/s",
            "busy cores",
            "checkpoint p50 / p99 / most",
            "age p99",
        ),
        *("open at once", "reading stops", "oldest", "as before after"),
    )
    yield markdown_table(
        columns, (_row(name, fleet, simulate_fleet(fleet, known)) for name, fleet in CASES.items())
    )
    yield (
        "*Age* is that of the newest stored reading of a consumer, just before the next checkpoint stores more."
        " *Reading stops*: from the death until all partitions are read again; *oldest*: the greatest age then.\n"
    )
    yield _NOT_SHOWN


def _row(name: str, fleet: Fleet, report: FleetReport) -> tuple[str, ...]:
    has_death = fleet.dies_at_s is not None
    return (
        name,
        f"{report.checkpoints_per_s:.1f}",
        f"{report.pages_per_s:,.0f}",
        f"{report.busy_cores:.2f}",
        f"{report.checkpoint_p50_s:.2f} / {report.checkpoint_p99_s:.2f} / {report.checkpoint_most_s:.2f} s",
        f"{report.age_p99_s:.1f} s",
        f"{report.open_most}",
        f"{report.stopped_s:.1f} s" if has_death else "",
        f"{report.age_most_s:.1f} s" if has_death else "",
        f"{report.recovered_s:.0f} s" if has_death else "",
    )
