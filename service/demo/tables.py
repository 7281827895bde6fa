"""The tables that the demonstration prints."""

from collections import defaultdict
from datetime import datetime

from rich.console import Console
from rich.table import Table

from service.demo.figures import FeederFigures, Figures, InterruptionFigures, PointFigures

_RATE_DIGITS = 4


def print_figures(console: Console, figures: Figures) -> None:
    """Print what the API answered: points, feeders, interruptions."""
    console.print(_points(figures.points))
    console.print(_feeders(figures.feeders))
    console.print(_interruptions(figures.interruptions))


def _points(points: list[PointFigures]) -> Table:
    table = _table(
        "Voltage pass rate by point (minutes; bounds: missing minutes all bad, all good)"
    )
    for heading in ("point", "what it is"):
        table.add_column(heading, no_wrap=True)
    for heading in (
        "V",
        "pass",
        "over",
        "under",
        "dark",
        "missing",
        "rate %",
        "bounds %",
        "coverage %",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in points:
        minutes = one.minutes
        table.add_row(
            one.point,
            one.story,
            f"{one.nominal_v:,.0f}",
            *(
                f"{minutes[verdict]:,}"
                for verdict in ("pass", "over", "under", "interrupted", "missing")
            ),
            _percent(one.rate),
            f"{_percent(one.lower, 2)} .. {_percent(one.upper, 2)}",
            _percent(one.coverage, 2),
        )
    return table


def _feeders(feeders: list[FeederFigures]) -> Table:
    table = _table(
        "Simulated street by feeder (unweighted mean of its points, and all minutes pooled)"
    )
    table.add_column("feeder", no_wrap=True)
    for heading in ("points", "not monitored", "rate %", "pooled %", "coverage %"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in feeders:
        table.add_row(
            f"{one.group} {one.name}",
            str(one.points),
            str(one.not_monitored),
            _percent(one.rate),
            _percent(one.pooled.rate),
            _percent(one.coverage, 2),
        )
    return table


def _interruptions(interruptions: list[InterruptionFigures]) -> Table:
    """Return the interruptions that points of one transformer share, one row each."""
    table = _table("Interruptions of the street, by transformer")
    for heading in ("transformer", "from", "to", "evidence", "ticket"):
        table.add_column(heading, no_wrap=True)
    for heading in ("points", "minutes"):
        table.add_column(heading, justify="right", no_wrap=True)
    groups: dict[tuple[str, ...], list[InterruptionFigures]] = defaultdict(list)
    for one in interruptions:
        key = (one.transformer, one.start_at, one.end_at or "", one.evidence, one.ticket or "")
        groups[key].append(one)
    for (transformer, start_at, end_at, evidence, ticket), members in sorted(groups.items()):
        table.add_row(
            transformer,
            _clock(start_at),
            _clock(end_at) if end_at else "open",
            evidence,
            ticket,
            str(len(members)),
            f"{members[0].duration_s / 60:.0f}",
        )
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold")


def _percent(share: float | None, digits: int = _RATE_DIGITS) -> str:
    return "-" if share is None else f"{100 * share:.{digits}f}"


def _clock(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M %z")
