"""Deadlines that are open: overdue, or due within some working days."""

import asyncio
from datetime import date, datetime
from typing import Annotated, Final, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import Field

from service.api.context import Context
from service.api.paging import NEXT_CURSOR, Paging, cursor_number, encode_cursor
from service.api.promise_shapes import PromiseRuleShape
from service.api.rule_choice import RuleSetName, rules_of
from service.api.shapes import Basis, Shape, basis_of
from service.api.table_routes import TableRoute
from service.domain.instants import at_us, epoch_us
from service.domain.promises.due import WORKING_DAYS_MAX, OpenDeadline, open_deadlines
from service.store.deployment_reads import reading
from service.store.promise_reads import read_open_deadlines

router = APIRouter(tags=["promises"], route_class=TableRoute)

CLOSE_WORKING_DAYS: Final = 2


class DueShape(Shape):
    """A deadline that is not answered."""

    deadline_id: int
    reference: str = Field(description="of the file it stands for")
    promise: str
    subject: str = Field(description="class or area", examples=["low_voltage"])
    opened_at: datetime
    due_day: date = Field(description="the last day on which an answer is in time")
    due_at: datetime = Field(
        description="from this instant on it is late; of one in hours: after it"
    )
    overdue: bool
    days_left: int = Field(description="from today to the due day; negative: days over")
    working_days_left: int = Field(
        description="working days after today up to the due day; 400: so many or more"
    )
    remark: str = Field(
        description="what is not known about the due day",
        examples=["calendar not published for 2027"],
    )
    rule: PromiseRuleShape


class DueDeadlines(Basis):
    """Open deadlines, those overdue first."""

    as_of: datetime
    open: int = Field(description="all that are not answered")
    overdue: int = Field(description="of these")
    close: int = Field(
        description="of these: not overdue, and due within the working days asked for"
    )
    not_ruled: int = Field(description="open, and the rule set has no row for them")
    deadlines: list[DueShape] = Field(description="overdue and close ones, by their due time")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


@router.get(
    "/v1/deadlines/due",
    summary="Deadlines that are overdue or close",
)
async def due(
    context: Context,
    paging: Paging,
    within_working_days: Annotated[
        int,
        Query(
            ge=0,
            lt=WORKING_DAYS_MAX,
            description="what is due up to so many working days after today is close",
        ),
    ] = CLOSE_WORKING_DAYS,
    rule_set: RuleSetName = None,
) -> DueDeadlines:
    """Return the open deadlines that are overdue, and those that are close, the longest due first.

    Due days are counted by the rows of the rule set, working days by the Chinese calendar with its worked weekends;
    of a year that it does not have, Monday to Friday, and `remark` says so. A minimum, as the notice of arrears
    is, is never due.
    """
    rules = rules_of(context, rule_set)
    after = paging.after(str, int)
    place = None if after is None else _Place(cursor_number(after[0]), int(after[1]))
    now = context.now()
    async with reading(context.reader) as snapshot:
        found = await read_open_deadlines(snapshot.connection)
    known = await asyncio.to_thread(
        open_deadlines, rules.deadlines, found, epoch_us(now), snapshot.zone
    )
    listed = [
        one for one in known.due if one.is_overdue or one.working_days_left <= within_working_days
    ]
    rest = [one for one in listed if place is None or _place_of(one) > place]
    shown = rest[: paging.limit]
    n_overdue = sum(one.is_overdue for one in listed)
    return DueDeadlines(
        **basis_of(context, snapshot, rules),
        as_of=now.astimezone(snapshot.zone),
        open=len(found),
        overdue=n_overdue,
        close=len(listed) - n_overdue,
        not_ruled=known.n_unruled,
        deadlines=[_shape(one, snapshot.zone) for one in shown],
        next_cursor=_cursor(shown[-1]) if len(rest) > len(shown) else None,
    )


class _Place(NamedTuple):
    due_at: int
    deadline_id: int


def _place_of(one: OpenDeadline) -> _Place:
    return _Place(one.due.at, one.deadline.deadline_id)


def _cursor(one: OpenDeadline) -> str:
    return encode_cursor(str(one.due.at), one.deadline.deadline_id)


def _shape(one: OpenDeadline, zone: ZoneInfo) -> DueShape:
    deadline = one.deadline
    return DueShape(
        deadline_id=deadline.deadline_id,
        reference=deadline.reference,
        promise=deadline.promise,
        subject=deadline.subject,
        opened_at=at_us(deadline.opened_at).astimezone(zone),
        due_day=one.due.day,
        due_at=at_us(one.due.at).astimezone(zone),
        overdue=one.is_overdue,
        days_left=one.days_left,
        working_days_left=one.working_days_left,
        remark=one.due.remark,
        rule=PromiseRuleShape.of(one.row),
    )
