"""``docs/sizing.md``: coefficients, the arithmetic at a hundred thousand to ten million points, a simulated fleet.

``python -m service.offline.sizing_page`` prints the page; ``voltpass sizing`` prints one plan of it.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from service.domain.sizing.coefficients import Coefficients, load_coefficients
from service.domain.sizing.plan import Plan, plan_for
from service.domain.sizing.workload import Encoding, Workload
from service.offline.rule_pages import markdown_table
from service.offline.sizing_fleet import fleet_chapter
from service.offline.sizing_words import points_text, quantity_text

_POINTS: Final = (100_000, 1_000_000, 10_000_000)
_INTERVALS: Final = ((900, "15 min"), (60, "1 min"), (1, "1 s"))
_FORMATS: Final[Sequence[tuple[Encoding, int, str]]] = (
    ("arrow", 1000, "Arrow of 1,000"),
    ("json", 1, "JSON, one a message"),
)

_HEAD: Final = """\
# Sizing

How much it takes for so many points, and where it breaks first. Made from `service/domain/sizing/coefficients.toml` by
`make docs`; a test fails when this page is older. For your own numbers:

```
voltpass sizing --points 250000 --interval 60
voltpass sizing --points 10000000 --interval 1 --phases 3 --retention-days 1100 --json
```
"""

_ARITHMETIC: Final = """\
## The arithmetic

With headroom 2 everything is built for twice the load: a backlog of an hour is gone after an hour.

- **Readings** a second are points over interval. A reading's processor time and its bytes in the log are its own part
  and a share of what a message costs; two sizes of message were measured, and a line goes through them.
- **Page rows.** A reading of a minute or more changes its point's page once. Of one-second data a minute is shown when
  half of its readings are there, with each further eighth, and when it is complete: five rows a minute and point, in
  twelve checkpoints.
- **Lane states** are stored a thousand in a block, and a block goes whole when one of its lanes has moved. At one
  second that is every block in every checkpoint; at fifteen minutes it depends on how many meters report together: the
  fewer readings in a message, the more blocks are touched.
- **A consumer** takes as many points as its one thread folds, and as one backend stores within the checkpoint interval
  when all of them report at one instant. Its memory is the registry of its whole database and the lanes of its own
  partitions: more consumers make the second part smaller, never the first.
- **A database** takes as many points as the least of its limits allows. Past it: regions. A point belongs to one, so
  each region (or some) has its own topic, group and TimescaleDB, and nothing in common with the others.
- **Disk** of pages does not depend on the interval: an hour is sixty cells, whatever was read.
- **Partitions**: eight a consumer. Their number can rise, but a device whose key moves to another partition is joined,
  not followed, so start with those of the plan.
"""

_NOT_COUNTED: Final = """\
## What is not counted

- `settle` takes one backend at most and works through what is dirty at its own pace, so it is a core a database, and
  its figures get older as points grow; `serve` has its own pool and what people ask for.
- Registry, `point_day`, events, interruptions and dead letters: small beside pages as long as most readings are good.
- Late readings: each is a row of about 100 bytes for ten days.
- Compression by the Community edition was not measured here (the packages of Debian are the Apache edition).
- Everything `assumed` above: your disks and cores are others. Processor seconds scale with the processor.
"""


def sizing_page(known: Coefficients) -> str:
    """Return the page in Markdown."""
    return "\n".join(block for chapter in _CHAPTERS for block in chapter(known))


def _head(known: Coefficients) -> Iterable[str]:
    yield _HEAD
    plan = plan_for(Workload(n_points=10_000_000, interval_s=1), known)
    first, second = plan.limits[:2]
    yield (
        "**Where it breaks first.** Ten million points at one second, in Arrow of 1,000 readings: one database ends at"
        f" {points_text(first.n_points)} points by its {first.name}, at {points_text(second.n_points)} by its"
        f" {second.name}. Consumers are not the limit ({plan.n_consumers} carry it), nor is Kafka"
        f" ({quantity_text(plan.value('log in'), 'B/s')} in, before copies). So it takes {plan.n_databases} databases,"
        f" a region or several each, of {quantity_text(plan.value('pages repacked'), 'B')} of pages"
        f" ({plan.workload.retention_days} days) and {quantity_text(plan.value('WAL'), 'B/s')} of WAL.\n"
    )


def _coefficients(known: Coefficients) -> Iterable[str]:
    yield "## Coefficients\n"
    yield (
        f"Machine: {known.machine}. Bytes do not move with what else a machine does, processor seconds do when"
        " its caches are shared; each is of one run.\n"
    )
    by_source: dict[str, list[tuple[str, str, str]]] = {}
    heads: dict[str, str] = {}
    for one in known:
        heads[one.source] = f"**{one.certainty}**, {one.on}: {one.source}."
        by_source.setdefault(one.source, []).append((one.what, f"{one.value:,f}", one.unit))
    for source, rows in by_source.items():
        yield heads[source] + "\n"
        yield markdown_table(("of what", "value", "unit"), rows)


def _arithmetic(_: Coefficients) -> Iterable[str]:
    yield _ARITHMETIC


def _tables(known: Coefficients) -> Iterable[str]:
    yield "## The plans\n"
    yield (
        "Single-phase points, lz4, 400 days of pages, 7 days of log in three copies, headroom 2, a checkpoint every"
        " 5 s. *Each*: of one consumer, or of one database.\n"
    )
    for encoding, per_message, title in _FORMATS:
        yield f"### {title}\n"
        columns = (
            *(
                "points",
                "every",
                "readings/s",
                "log in",
                "log disk",
                "brokers",
                "partitions",
                "consumers",
            ),
            *(
                "cores",
                "memory each",
                "databases",
                "page rows/s each",
                "cores each",
                "WAL each",
                "pages each",
            ),
        )
        yield markdown_table(
            columns,
            (
                _row(plan_for(workload, known), interval)
                for n_points in _POINTS
                for seconds, interval in _INTERVALS
                for workload in (
                    Workload(
                        n_points=n_points,
                        interval_s=seconds,
                        encoding=encoding,
                        per_message=per_message,
                    ),
                )
            ),
        )


def _row(plan: Plan, interval: str) -> tuple[str, ...]:
    shown = {line.name: quantity_text(line.value, line.unit) for line in plan.lines}
    bare = {name: text.partition(" ")[0] for name, text in shown.items()}
    return (
        *(f"{plan.workload.n_points:,}", interval, bare["readings"], shown["log in"]),
        *(shown["log disk"], shown["brokers"], shown["partitions"], shown["consumers"]),
        *(bare["consumer cores"], shown["consumer memory"], shown["databases"]),
        *(bare["page rows"], bare["database cores"], shown["WAL"], shown["pages repacked"]),
    )


def _limits(known: Coefficients) -> Iterable[str]:
    yield "## Where it breaks first\n"
    yield (
        "Points that one database, with the consumers of its region, carries; the least of a column breaks first"
        " (bold).\n"
    )
    for encoding, per_message, title in _FORMATS:
        plans = [
            plan_for(
                Workload(
                    n_points=10_000_000,
                    interval_s=seconds,
                    encoding=encoding,
                    per_message=per_message,
                ),
                known,
            )
            for seconds, _ in _INTERVALS
        ]
        names = [limit.name for limit in plans[-1].limits]
        rows = [
            (name, *(_limit_text(plan, name) for plan in plans), _remedy(plans[-1], name))
            for name in names
        ]
        yield f"### {title}\n"
        yield markdown_table(("limit", *(interval for _, interval in _INTERVALS), "then"), rows)


def _limit_text(plan: Plan, name: str) -> str:
    points = {limit.name: points_text(limit.n_points) for limit in plan.limits}[name]
    return f"**{points}**" if plan.limits[0].name == name else points


def _remedy(plan: Plan, name: str) -> str:
    return {limit.name: limit.remedy for limit in plan.limits}[name]


def _not_counted(_: Coefficients) -> Iterable[str]:
    yield _NOT_COUNTED


_CHAPTERS: Final[Sequence[Callable[[Coefficients], Iterable[str]]]] = (
    _head,
    _tables,
    _limits,
    _arithmetic,
    fleet_chapter,
    _coefficients,
    _not_counted,
)

if __name__ == "__main__":
    sys.stdout.write(sizing_page(load_coefficients()))
