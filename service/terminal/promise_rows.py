"""Promises as lines of a table, and as lines of a CSV file."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from rich.text import Text

from service.api.promise_shapes import PromiseBlock, PromiseShape, PromiseStandingShape
from service.domain.promises.tallies import PromiseVerdict
from service.terminal.numbers import ABSENT, decimal, percent

PROMISE_COLUMNS: Final = (
    *("promise", "subject", "limit", "limit_unit", "bound", "certainty"),
    *("cases", "judged", "kept", "share_kept", "average_minutes"),
    *("exempt", "open", "open_broken", "not_judged", "area_differs", "share_kept_with_exempt"),
)
_RULE: Final = ("promise", "subject", "limit", "limit_unit", "bound", "certainty")
_COUNTS: Final = (
    *("cases", "judged", "kept", "share_kept", "average_minutes"),
    *("exempt", "open", "open_broken", "not_judged", "area_differs"),
)
_STYLES: Final[dict[PromiseVerdict, str]] = {
    "kept": "green",
    "broken": "red",
    "no_cases": "yellow",
    "no_limit": "dim",
}
_BOUNDS: Final = {"at_least": ">=", "at_most": "<="}

Value = str | int | float | bool | None


class _Line(NamedTuple):
    """A line: a promise, or a region below it."""

    promise: str
    subject: str
    limit: str
    region: str
    standing: PromiseStandingShape
    verdict: PromiseVerdict


def promise_table_rows(block: PromiseBlock) -> list[dict[str, str | Text]]:
    """Return the cells of a table by heading: each promise, and its regions where there are several."""
    return [
        {
            "promise": line.promise,
            "for": line.subject,
            "region": line.region,
            "limit": line.limit,
            "cases": f"{line.standing.cases:,}",
            "judged": f"{line.standing.judged:,}",
            "kept %": percent(line.standing.share_kept, 2),
            "with exempt %": percent(line.standing.with_exempt.share_kept, 2),
            "average min": decimal(line.standing.average_minutes, 1),
            "exempt": f"{line.standing.exempt:,}",
            "open": f"{line.standing.open:,}",
            "verdict": Text(line.verdict.replace("_", " "), style=_STYLES[line.verdict]),
        }
        for line in _lines([*block.promises, *block.deadlines])
    ]


def promise_notes(block: PromiseBlock) -> Iterator[str]:
    """Yield what is to be known about the promises beside their figures."""
    for one in [*block.promises, *block.deadlines]:
        name = f"{_name(one)} {one.subject}".strip()
        if one.set_by:
            yield f"{name}: the limit is set by {one.set_by}"
        if one.certainty == "confirm" and one.together.cases:
            yield f"{name}: to be compared with the paper standard ({one.source})"
        if one.together.area_differs:
            yield f"{name}: {one.together.area_differs:,} calls of customers registered in another area"
    for rest in block.not_ruled:
        name = f"{rest.promise.replace('_', ' ')} {rest.subject}".strip()
        yield f"{name}: {rest.cases:,} without a rule, not judged"


def promise_csv_rows(block: PromiseBlock) -> Iterator[dict[str, Value]]:
    """Yield lines of a CSV file; ``line`` says what a line is about: ``promise``, ``promise_region``."""
    for one in [*block.promises, *block.deadlines]:
        yield {"line": "promise", **_csv(one, one.together)}
        for region in one.regions:
            yield {"line": "promise_region", **_csv(one, region)}


def _csv(one: PromiseShape, standing: PromiseStandingShape) -> dict[str, Value]:
    rule = {name: getattr(one, name) for name in (*_RULE, "reach", "set_by", "source")}
    counts = {name: getattr(standing, name) for name in _COUNTS}
    return {
        **rule,
        **counts,
        "region": standing.region,
        "verdict": standing.verdict,
        "share_kept_with_exempt": standing.with_exempt.share_kept,
    }


def _lines(promises: Sequence[PromiseShape]) -> Iterator[_Line]:
    for one in promises:
        yield _Line(_name(one), one.subject, _limit(one), "all", one.together, one.verdict)
        if len(one.regions) > 1:
            for its in one.regions:
                yield _Line("", "", "", f"  {its.region or ABSENT}", its, its.verdict)


def _name(one: PromiseShape) -> str:
    return one.promise.replace("_", " ")


def _limit(one: PromiseShape) -> str:
    if one.limit is None:
        return ABSENT
    average = "average " if one.reach == "average" else ""
    return f"{average}{_BOUNDS[one.bound]} {one.limit} {one.limit_unit.replace('_', ' ')}"
