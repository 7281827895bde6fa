"""The page of promises: which are kept, which were broken by what, and what is due."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from service.console.page import OfAggregates, Page
from service.console.span import Span, span_asked
from service.domain.instants import at_us, epoch_us
from service.domain.promises.cases import Case
from service.domain.promises.due import OpenDeadlines, open_deadlines
from service.domain.promises.figures import PromiseFigure
from service.domain.promises.limits import limit_of, subject_of
from service.domain.promises.tallies import broken_cases
from service.domain.rules import RuleSet
from service.errors import RequestError, UnknownRuleSetError
from service.store.deployment_reads import Snapshot, reading
from service.store.promise_figures import promise_figures_of
from service.store.promise_reads import read_open_deadlines

router = APIRouter(include_in_schema=False)

LONGEST: Final = timedelta(days=400)
_BROKEN_MAX: Final = 100  # cases of one promise, the newest
_DUE_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseLine:
    """One promise as it is shown."""

    anchor: str
    figure: PromiseFigure
    subject: str
    broken: Sequence[Case] | None  # None: who asks may not read single cases
    is_withheld: bool  # of so few cases that its numbers would tell of single ones

    @property
    def limit(self) -> object:
        """How much the promise allows."""
        return limit_of(self.figure.row)


@router.get("/promises")
async def promises(
    page: OfAggregates,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    rule_set: str | None = None,
) -> Response:
    """Return the promises of a rule set with how they stand, their breaches, and the deadlines that are due."""
    now, rules = page.context.now(), _rules(page, rule_set)
    with_cases = page.access.may("read:customer")
    fewest = 0 if with_cases else page.context.fewest_in_group
    async with reading(page.context.reader.within(page.access.territory)) as snapshot:
        span = _span(page, snapshot, (from_, to))
        figures = await promise_figures_of(snapshot, (span.first, span.end), rules, now)
        due = await _due(snapshot, rules, now) if with_cases else None
    lines = [
        _line(nth, one, fewest, with_cases=with_cases)
        for nth, one in enumerate([*figures.promises, *figures.deadlines])
    ]
    return page.show(
        "promises.html",
        snapshot,
        {
            "span": span,
            "rules": rules,
            "rule_sets": _with_promises(page),
            "lines": lines[: len(figures.promises)],
            "deadlines": lines[len(figures.promises) :],
            "unruled": [one for one in figures.unruled if one.n_cases >= fewest],
            "counts": _counts(lines),
            "due": due,
            "due_max": _DUE_MAX,
            "broken_max": _BROKEN_MAX,
            "at_us": at_us,
        },
    )


def _rules(page: Page, name: str | None) -> RuleSet:
    """Return the rule set that the address names, or the one in force.

    Raises:
        RequestError: There is none of that name.
    """
    if not name or name == page.context.rule_set.name:
        return page.context.rule_set
    try:
        return page.context.catalogue.load(name)
    except UnknownRuleSetError as error:
        raise RequestError(str(error), "query", "rule_set") from error


def _with_promises(page: Page) -> list[str]:
    """Return the names of the rule sets that promise something, and of the one in force."""
    names = page.context.catalogue.names()
    in_force = page.context.rule_set.name
    sets = [(name, page.context.catalogue.load(name)) for name in names]
    return [name for name, one in sets if one.promises or one.deadlines or name == in_force]


def _span(page: Page, snapshot: Snapshot, asked: tuple[str | None, str | None]) -> Span:
    """Return the days that are meant: by default the month of now, since people promise by the clock."""
    return span_asked(*asked, page.context.now(), snapshot.zone, LONGEST)


async def _due(snapshot: Snapshot, rules: RuleSet, now: datetime) -> OpenDeadlines:
    found = await read_open_deadlines(snapshot.connection)
    return await asyncio.to_thread(
        open_deadlines, rules.deadlines, found, epoch_us(now), snapshot.zone
    )


def _line(nth: int, figure: PromiseFigure, fewest: int, *, with_cases: bool) -> PromiseLine:
    return PromiseLine(
        anchor=f"promise-{nth}",
        figure=figure,
        subject=subject_of(figure.row),
        broken=broken_cases(figure.cases) if with_cases else None,
        is_withheld=0 < figure.standing.together.tally.n_cases < fewest,
    )


def _counts(lines: Sequence[PromiseLine]) -> dict[str, int]:
    """Return how many promises stand how, without those that are withheld."""
    counts = dict.fromkeys(("kept", "broken", "no_cases", "no_limit"), 0)
    for one in lines:
        if not one.is_withheld:
            counts[one.figure.standing.together.verdict] += 1
    return counts
