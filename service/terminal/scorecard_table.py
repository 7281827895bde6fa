"""Scorecard and budget as tables for people."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from service.api.scorecard_shapes import (
    BudgetShape,
    CommitmentShape,
    Scorecard,
    StandingShape,
    TargetShape,
    YearBudget,
)
from service.domain.scorecard import Verdict
from service.terminal.numbers import ABSENT, decimal, percent, signed, whole_percent
from service.terminal.promise_rows import promise_notes, promise_table_rows

_WIDTH_OF_A_FILE: Final = 180  # columns, where the output is no terminal
_DROPPED: Final[
    tuple[frozenset[str], ...]
] = (  # what a narrow terminal goes without, in this order
    frozenset(),
    frozenset({"bounds %"}),
    frozenset({"bounds %", "coverage %", "not known", "used min", "year end min", "exempt"}),
    frozenset(
        {
            *("bounds %", "coverage %", "not known", "used min", "year end min", "of", "members"),
            *("exempt", "open", "judged", "with exempt %"),
        }
    ),
)
_STYLES: Final[dict[Verdict, str]] = {
    "kept": "green",
    "broken": "red",
    "not_enough_data": "yellow",
    "no_target": "dim",
}
_LEFT: Final = frozenset({"figure", "of", "area", "region", "verdict", "promise", "for", "limit"})


_Row = dict[str, str | Text]  # cells by heading


class _Line(NamedTuple):
    """A line of the scorecard: a commitment, or a region below it."""

    figure: str
    of: str
    area: str
    region: str
    target: str
    standing: StandingShape
    verdict: Verdict
    is_certain: bool


def print_scorecard(console: Console, scorecard: Scorecard, budget: YearBudget) -> None:
    """Print both: what is kept, and how much of the year's budget is used."""
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_A_FILE)
    zone = scorecard.zone
    heading = (
        f"Scorecard of {scorecard.rule_set}, {scorecard.from_day} up to {scorecard.to_day} ({zone}, "
        f"data through {_clock(scorecard.data_through)}): judged unrounded, margin in percentage points"
    )
    _print(console, heading, _scorecard_rows(scorecard.commitments))
    for note in _notes(scorecard):
        console.print(Text(f"  {note}", style="dim"), highlight=False)
    if scorecard.promises.promises or scorecard.promises.deadlines:
        heading = (
            "Promises to customers in these days, as they stand now: exactly at the limit is kept"
        )
        _print(console, heading, promise_table_rows(scorecard.promises))
        for note in promise_notes(scorecard.promises):
            console.print(Text(f"  {note}", style="dim"), highlight=False)
    heading = (
        f"Budget of {budget.year or ABSENT} ({zone}, through {_clock(budget.through)}): bad minutes of all members; "
        "burn rate 1 is exactly on budget"
    )
    _print(console, heading, _budget_rows(budget.budgets))


def _print(console: Console, heading: str, rows: Sequence[_Row]) -> None:
    """Print one table, at a narrow terminal with fewer columns."""
    tables = [_table(rows, without) for without in _DROPPED]
    wide = console.options.update_width(10 * _WIDTH_OF_A_FILE)
    fitting = (
        one for one in tables if Measurement.get(console, wide, one).maximum <= console.width
    )
    console.print(
        Text(heading, style="bold"), next(fitting, tables[-1]), highlight=False, soft_wrap=False
    )


def _scorecard_rows(commitments: Sequence[CommitmentShape]) -> list[_Row]:
    rows: list[_Row] = []
    for line in _lines(commitments):
        standing = line.standing
        words = line.verdict.replace("_", " ")
        is_open = line.verdict in {"kept", "broken"} and not line.is_certain
        rows.append(
            {
                "figure": line.figure,
                "of": line.of,
                "area": line.area,
                "region": line.region,
                "target %": line.target,
                "actual %": percent(standing.actual),
                "bounds %": f"{percent(standing.lower, 2)} .. {percent(standing.upper, 2)}",
                "coverage %": percent(standing.coverage, 2),
                "margin": signed(standing.margin_points, 4),
                "members": f"{standing.members:,}",
                "not known": f"{standing.not_known:,}",
                "verdict": Text(
                    words + (", not certain" if is_open else ""), style=_STYLES[line.verdict]
                ),
            }
        )
    return rows


def _lines(commitments: Sequence[CommitmentShape]) -> Iterator[_Line]:
    """Yield each commitment, and its regions where there are several."""
    for one in commitments:
        decisive = one.decisive
        yield _Line(
            *_what(one),
            f"each: {decisive.region}" if decisive.region is not None else _reach(one),
            whole_percent(one.target),
            decisive,
            one.verdict,
            one.certain,
        )
        if len(one.regions) > 1:
            for region in one.regions:
                name = f"  {region.region or ABSENT}"
                yield _Line("", "", "", name, "", region, region.verdict, region.certain)
        if (untold := one.without_declarations) is not None:
            name = "  without declarations"
            yield _Line("", "", "", name, "", untold.decisive, untold.verdict, untold.certain)


def _budget_rows(budgets: Sequence[BudgetShape]) -> list[_Row]:
    rows: list[_Row] = []
    for one in budgets:
        figure, of, area = _what(one)
        rows.append(
            {
                "figure": figure,
                "of": of,
                "area": area,
                "target %": whole_percent(one.target),
                "members": f"{one.members:,}",
                "allowed min": decimal(one.allowed_minutes, 0),
                "used min": decimal(one.used_minutes, 0),
                "used %": percent(one.used_ratio, 2),
                **{f"burn {burn.window}": decimal(burn.burn_rate, 3) for burn in one.burn_rates},
                "year end min": decimal(one.projected_minutes, 0),
                "year end %": percent(one.projected_ratio, 2),
            }
        )
    return rows


def _table(rows: Sequence[_Row], without: frozenset[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in rows[0] if rows else ("none",):
        if heading not in without:
            table.add_column(heading, justify="left" if heading in _LEFT else "right", no_wrap=True)
    for row in rows:
        cells = (cell for heading, cell in row.items() if heading not in without)
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
    return table


def _what(one: TargetShape) -> tuple[str, str, str]:
    return one.figure.replace("_", " "), one.population.replace("_", " "), one.area


def _reach(one: CommitmentShape) -> str:
    return {"each": "each", "average": "all, average", "generality": "all, generality"}[one.reach]


def _notes(scorecard: Scorecard) -> Iterator[str]:
    if scorecard.judged_by != scorecard.rule_set:
        yield f"minutes are judged by {scorecard.judged_by}, whose limits are the same"
    for one in scorecard.commitments:
        name = " ".join(_what(one))
        if one.set_by:
            yield f"{name}: the target is set by {one.set_by}"
        if one.decisive.method == "sampled":
            yield f"{name}: some points give less than a value a minute; such a rate is not statutory"
        if one.certainty == "confirm":
            yield f"{name}: to be compared with the paper standard ({one.source})"


def _clock(at: datetime | None) -> str:
    return ABSENT if at is None else at.strftime("%Y-%m-%d %H:%M %z")
