"""Major event days of a year, and the indices of IEEE 1366 with and without them."""

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import Field

from service.api.context import Context
from service.api.few_members import Fewest
from service.api.reliability_shapes import DefinitionShape, IndexShape
from service.api.routes.reliability import ASKED, Users
from service.api.rule_choice import RuleSetName, rules_of
from service.api.shapes import Basis, Shape, basis_of
from service.api.table_routes import TableRoute
from service.domain.instants import epoch_us
from service.domain.periods import day_start
from service.domain.registry import UserClass
from service.domain.reliability.figures import service_of
from service.domain.reliability.interruption_indices import interruption_indices
from service.domain.reliability.major_event_days import (
    major_event_days,
    past_days,
    threshold_of,
    without_days,
)
from service.domain.reliability.outages import Definition, Span, definition_of
from service.domain.reliability.user_days import daily_saidi_of
from service.domain.reliability.user_interruptions import user_interruptions
from service.domain.rule_rows import MajorEventDayRow
from service.store.deployment_reads import newest_day, reading
from service.store.reliability_reads import KnownNetwork, known_network

router = APIRouter(tags=["reliability"], route_class=TableRoute)

_YEARS: Final = (1970, 2199)


class MajorEventDay(Shape):
    """A day beyond the threshold."""

    date: date
    saidi_minutes: float = Field(description="of the interruptions that start on it, to their end")


class MajorEventDays(Basis):
    """The major event days of a year."""

    year: int
    definition: DefinitionShape
    source: str = Field(description="of the rule for major event days")
    n_days: int = Field(description="days with interruptions in the years before: they set T_MED")
    alpha: float | None = Field(description="mean of the logarithms of their SAIDI; null: too few")
    beta: float | None = Field(description="standard deviation of a sample")
    t_med_minutes: float | None = Field(description="exp(alpha + 2.5 beta), minutes of SAIDI a day")
    days: list[MajorEventDay] | None = Field(description="beyond T_MED; null: T_MED is not known")
    with_major_event_days: IndexShape | None = Field(description="null: no users in that year")
    without_major_event_days: IndexShape | None = Field(description="null: T_MED is not known")
    withheld: bool = Field(
        description="nothing is told: there are fewer users than who may not read customers is shown"
    )


@router.get("/v1/major-event-days", summary="Major event days of a year, by 2.5 beta")
async def major_event_days_of_year(
    context: Context,
    fewest: Fewest,
    year: Annotated[
        int | None,
        Query(
            ge=_YEARS[0], le=_YEARS[1], description="without: the year that the data have reached"
        ),
    ] = None,
    users: Users = None,
    rule_set: RuleSetName = None,
) -> MajorEventDays:
    """Return the days of a year whose SAIDI is beyond what the years before make likely, and what is left without them.

    T_MED rests on the five years before, as far as they are stored, and on no day of the year itself. An interruption
    belongs to the day on which it starts, to its end.
    """
    rules = rules_of(context, rule_set)
    rule = rules.major_event_day
    user_class = users or rules.reliability.users
    async with reading(context.reader) as snapshot:
        asked = year or newest_day(snapshot, context.now()).year
        first = max(_YEARS[0], asked - rule.years)
        span = (_start(first, snapshot.zone), _start(asked + 1, snapshot.zone))
        known = await known_network(snapshot, span, rules, with_bounds=False)
    found: dict[str, object] = {}
    if known is not None:
        of_year = _Year(asked, snapshot.zone, definition_of(rules.reliability), rule)
        found = await asyncio.to_thread(of_year.found, known, user_class, fewest)
    basis = basis_of(context, snapshot)
    return MajorEventDays.model_validate(
        _NOTHING
        | basis
        | found
        | {
            "year": asked,
            "rule_set": rules.name,
            "source": rule.source,
            "definition": DefinitionShape.of(rules.reliability, user_class),
        }
    )


_NOTHING: Final[dict[str, object]] = {
    "n_days": 0,
    "alpha": None,
    "beta": None,
    "t_med_minutes": None,
    "days": None,
    "with_major_event_days": None,
    "without_major_event_days": None,
    "withheld": False,
}


class _Year:
    """A year whose days are judged by the years before it."""

    def __init__(
        self, year: int, zone: ZoneInfo, definition: Definition, rule: MajorEventDayRow
    ) -> None:
        self._year = year
        self._zone = zone
        self._definition = definition
        self._rule = rule

    def found(self, known: KnownNetwork, user_class: UserClass, fewest: int) -> dict[str, object]:
        """Return the fields of an answer that rest on the network."""
        users = known.users(user_class)
        if len(users) < fewest:
            return {"withheld": True}
        interruptions = user_interruptions(
            [outage for user in users for outage in user.outages], self._definition, known.through
        )
        daily = daily_saidi_of(users, interruptions, known.network.period, self._zone)
        threshold = threshold_of(
            past_days(daily, self._year, self._rule.years), self._rule.beta_factor
        )
        service = service_of(users, self._span(self._year, known.network.period))
        if not service.user_us:
            return {}
        whole = interruption_indices(interruptions, service, self._definition, ASKED)
        fields: dict[str, object] = {"with_major_event_days": IndexShape.of(whole)}
        if threshold is None:
            return fields
        days = major_event_days(
            {day: saidi for day, saidi in daily.items() if day.year == self._year}, threshold
        )
        rest = without_days(interruptions, days, self._zone)
        return fields | {
            "n_days": threshold.n_days,
            "alpha": threshold.alpha,
            "beta": threshold.beta,
            "t_med_minutes": threshold.t_med_minutes,
            "days": [{"date": day, "saidi_minutes": float(daily[day])} for day in days],
            "without_major_event_days": IndexShape.of(
                interruption_indices(rest, service, self._definition, ASKED)
            ),
        }

    def _span(self, year: int, period: Span) -> Span:
        """Return a year, as far as the period reaches."""
        edges = (epoch_us(_start(one, self._zone)) for one in (year, year + 1))
        return Span(*edges).cut(period)


def _start(year: int, zone: ZoneInfo) -> datetime:
    return day_start(date(year, 1, 1), zone).astimezone(UTC)
