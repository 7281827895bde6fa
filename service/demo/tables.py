"""The tables that the demonstration prints."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from service.demo.figures import FeederFigures, Figures, InterruptionFigures, PointFigures
from service.terminal.scorecard_table import print_scorecard

_WIDTH_OF_A_FILE = 140  # columns, where the output is no terminal
_VERDICTS = ("pass", "over", "under", "interrupted", "missing")
_STORY, _BOUNDS = "what is known of it", "bounds %"
_DROPPED: tuple[frozenset[str], ...] = (  # what a narrow terminal goes without, in this order
    frozenset(),
    frozenset({_BOUNDS}),
    frozenset({_BOUNDS, _STORY}),
)
_WORDS = frozenset({"point", _STORY, "feeder", "transformer", "from", "to", "evidence", "ticket"})


def print_figures(console: Console, figures: Figures) -> None:
    """Print what the API answered: points, feeders, interruptions, scorecard."""
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_A_FILE)
    _print(
        console,
        "Voltage pass rate by point: minutes by verdict; bounds: every missing minute bad, or good",
        _points(figures.points),
    )
    _print(
        console,
        "The simulated street by feeder: mean of its points' rates; pooled: of all minutes",
        _feeders(figures.feeders),
    )
    _print(
        console,
        "Interruptions of the street by transformer",
        _interruptions(figures.interruptions),
    )
    print_scorecard(console, figures.scorecard, figures.budget)


def _print(console: Console, title: str, rows: Sequence[dict[str, str]]) -> None:
    """Print one table, at a narrow terminal with fewer columns."""
    tables = (_table(rows, without) for without in _DROPPED)
    table = next((one for one in tables if _fits(console, one)), _table(rows, _DROPPED[-1]))
    console.print(Text(title, style="bold"), table, highlight=False)


def _fits(console: Console, table: Table) -> bool:
    wide = console.options.update_width(10 * _WIDTH_OF_A_FILE)
    return Measurement.get(console, wide, table).maximum <= console.width


def _table(rows: Sequence[dict[str, str]], without: frozenset[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in rows[0] if rows else ("none",):
        if heading not in without:
            table.add_column(
                heading, justify="left" if heading in _WORDS else "right", no_wrap=True
            )
    for row in rows:
        table.add_row(*(Text(value) for heading, value in row.items() if heading not in without))
    return table


def _points(points: Sequence[PointFigures]) -> list[dict[str, str]]:
    return [
        {
            "point": one.point,
            _STORY: one.story,
            **{_heading(verdict): f"{one.minutes[verdict]:,}" for verdict in _VERDICTS},
            "rate %": _percent(one.rate, places=4),
            _BOUNDS: f"{_percent(one.lower)} .. {_percent(one.upper)}",
            "coverage %": _percent(one.coverage),
        }
        for one in points
    ]


def _feeders(feeders: Sequence[FeederFigures]) -> list[dict[str, str]]:
    return [
        {
            "feeder": f"{one.group} {one.name}",
            "points": str(one.points),
            "not monitored": str(one.not_monitored),
            **{_heading(verdict): f"{one.minutes[verdict]:,}" for verdict in _VERDICTS},
            "rate %": _percent(one.rate, places=4),
            "pooled %": _percent(one.pooled.rate, places=4),
        }
        for one in feeders
    ]


def _interruptions(interruptions: Sequence[InterruptionFigures]) -> list[dict[str, str]]:
    """Return the interruptions that points of one transformer share, one row each."""
    groups: dict[tuple[str, ...], list[InterruptionFigures]] = defaultdict(list)
    for one in interruptions:
        key = (one.transformer, one.start_at, one.end_at or "", one.evidence, one.ticket or "")
        groups[key].append(one)
    return [
        {
            "transformer": transformer,
            "from": _clock(start_at),
            "to": _clock(end_at) if end_at else "open",
            "evidence": evidence,
            "ticket": ticket,
            "points": str(len(members)),
            "minutes": f"{members[0].duration_s / 60:.0f}",
        }
        for (transformer, start_at, end_at, evidence, ticket), members in sorted(groups.items())
    ]


def _heading(verdict: str) -> str:
    return "dark" if verdict == "interrupted" else verdict


def _percent(share: float | None, places: int = 2) -> str:
    """Return a share in percent, cut and not rounded: 99.996 % of good minutes is not 100.00 %."""
    if share is None:
        return "-"
    return f"{(100 * Decimal(repr(share))).quantize(Decimal(1).scaleb(-places), ROUND_FLOOR)}"


def _clock(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M %z")
