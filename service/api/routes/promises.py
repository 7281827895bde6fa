"""Whether promises to customers are kept, and which were broken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final, NamedTuple, Self
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from service.api.context import Context
from service.api.few_members import Fewest
from service.api.paging import NEXT_CURSOR, Paging, cursor_number, encode_cursor
from service.api.parameters import From, Text, To, check_length, days_of
from service.api.promise_shapes import PromiseRuleShape, Promises
from service.api.promises import block_of
from service.api.rule_choice import RuleSetName, rules_of
from service.api.shapes import Basis, Shape, basis_of
from service.api.table_routes import TableRoute
from service.domain.instants import at_us
from service.domain.periods import day_start
from service.domain.promises.cases import Breach, Case, Excess, minutes_of
from service.domain.promises.figures import PromiseFigure
from service.domain.promises.tallies import broken_cases
from service.domain.rules import RuleSet
from service.errors import RequestError
from service.store.deployment_reads import Snapshot, reading
from service.store.promise_figures import promise_figures_of

router = APIRouter(tags=["promises"], route_class=TableRoute)

LONGEST: Final = timedelta(days=400)

Region = Annotated[Text | None, Query(description="only of this region, by its code")]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for; None: the default."""

    from_: str | None
    to: str | None
    rule_set: str | None
    region: str | None


def _asked(
    from_: From = None, to: To = None, rule_set: RuleSetName = None, region: Region = None
) -> _Asked:
    return _Asked(from_, to, rule_set, region)


Asked = Annotated[_Asked, Depends(_asked)]


class BreachShape(Shape):
    """One thing that was not as promised."""

    what: str = Field(examples=["public_notice_late", "restored_late", "crew_late"])
    by: float = Field(
        description="how much more or less than promised; 0 where nothing measures it"
    )
    unit: Excess = Field(description="of `by`")

    @classmethod
    def of(cls, one: Breach) -> Self:
        """Return it as part of an answer."""
        return cls(what=one.what, by=float(one.by), unit=one.unit)


class BrokenShape(Shape):
    """A case that broke a promise."""

    subject: str = Field(
        description="ticket of an outage, number of a call, account of a customer, reference of a file"
    )
    record_id: int = Field(description="number of the declaration, call, customer or deadline")
    regions: list[str] = Field(description="those that it concerns")
    at: datetime = Field(
        description="when the outage came or was to come, the call was made, the file was opened; of planned_count: "
        "the first outage too many"
    )
    open: bool = Field(description="it goes on: how much it is broken by may still grow")
    took_minutes: float | None = Field(description="of a call that is over")
    breaches: list[BreachShape]
    rule: PromiseRuleShape


class Breaches(Basis):
    """Cases that broke a promise, the newest first."""

    promise: str
    as_of: datetime = Field(description="what goes on is judged as it stands at this instant")
    breaches: list[BrokenShape] = Field(
        description="without exempt ones; of a promise that reaches on average: those that took longer"
    )
    next_cursor: str | None = Field(description=NEXT_CURSOR)


@router.get("/v1/promises", summary="Promises to customers, and whether they are kept")
async def promises(context: Context, asked: Asked, fewest: Fewest) -> Promises:
    """Return each promise of a rule set with its cases, the share kept, the average and a verdict, by region.

    Days are those of the deployment's zone, at most 400. Outages belong to the day on which they came, or were to come;
    calls to that of the call, deadlines to that of their opening. Planned outages of a customer are counted in the
    calendar year that the days end in, up to their end. Exactly at the limit is kept.
    """
    rules = rules_of(context, asked.rule_set)
    now = context.now()
    async with reading(context.reader) as snapshot:
        days = _days(asked, snapshot, now)
        figures = await promise_figures_of(snapshot, days, rules, now)
    return Promises(
        **basis_of(context, snapshot, rules),
        **dict(block_of(figures).without_few(fewest).of_region(asked.region)),
        title=rules.title,
        from_day=days[0],
        to_day=days[1],
        as_of=now.astimezone(snapshot.zone),
    )


@router.get(
    "/v1/promises/{promise}/breaches",
    summary="Cases that broke a promise",
)
async def breaches(
    context: Context,
    paging: Paging,
    asked: Asked,
    promise: Annotated[Text, Path(description="its name, as /v1/promises has it")],
) -> Breaches:
    """Return the cases of a period that broke a promise, the newest first: what, when, by how much.

    Accounts of customers are among them. The period is that of `/v1/promises`.
    """
    rules = rules_of(context, asked.rule_set)
    _check_name(rules, promise)
    after = _place_of(paging.after(str, str, str, int))
    now = context.now()
    async with reading(context.reader) as snapshot:
        days = _days(asked, snapshot, now)
        figures = await promise_figures_of(snapshot, days, rules, now)
    found = [
        one
        for one in _broken([*figures.promises, *figures.deadlines], promise)
        if asked.region in {None, *one.case.regions} and (after is None or one.place < after)
    ]
    shown = found[: paging.limit]
    return Breaches(
        **basis_of(context, snapshot, rules),
        promise=promise,
        as_of=now.astimezone(snapshot.zone),
        breaches=[one.shape(snapshot.zone) for one in shown],
        next_cursor=shown[-1].cursor if len(found) > len(shown) else None,
    )


def _days(asked: _Asked, snapshot: Snapshot, now: datetime) -> tuple[date, date]:
    days = days_of(asked.from_, asked.to, snapshot, now)
    first, last = (day_start(day, snapshot.zone) for day in days)
    check_length(first, last, LONGEST)
    return days


class _Place(NamedTuple):
    """Where a case stands in the list."""

    at: int
    subject: str
    record_id: int
    nth_row: int


class _Broken(NamedTuple):
    """A case, and the row that it broke."""

    case: Case
    figure: PromiseFigure
    nth_row: int

    @property
    def place(self) -> _Place:
        return _Place(self.case.at, self.case.subject, self.case.record_id, self.nth_row)

    @property
    def cursor(self) -> str:
        at, subject, record_id, nth_row = self.place
        return encode_cursor(str(at), subject, str(record_id), nth_row)

    def shape(self, zone: ZoneInfo) -> BrokenShape:
        case = self.case
        return BrokenShape(
            subject=case.subject,
            record_id=case.record_id,
            regions=list(case.regions),
            at=at_us(case.at).astimezone(zone),
            open=case.is_open,
            took_minutes=None if case.took_us is None else float(minutes_of(case.took_us)),
            breaches=[BreachShape.of(one) for one in case.breaches],
            rule=PromiseRuleShape.of(self.figure.row),
        )


def _broken(figures: Sequence[PromiseFigure], promise: str) -> list[_Broken]:
    found = [
        _Broken(case, figure, nth)
        for nth, figure in enumerate(figures)
        if figure.row.promise == promise
        for case in broken_cases(figure.cases)
    ]
    return sorted(found, key=lambda one: one.place, reverse=True)


def _check_name(rules: RuleSet, promise: str) -> None:
    there_are = sorted({row.promise for row in (*rules.promises, *rules.deadlines)})
    if promise not in there_are:
        known = ", ".join(there_are) or "none"
        raise RequestError(
            f"{rules.name} has no promise {promise!r}, there are: {known}", "path", "promise"
        )


def _place_of(values: list[str | int] | None) -> _Place | None:
    if values is None:
        return None
    at, subject, record_id, nth_row = values
    return _Place(cursor_number(at), str(subject), cursor_number(record_id), int(nth_row))
