"""Major event days of a month, by the years before, and the indices of IEEE 1366 with and without them."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from service.domain.instants import epoch_us
from service.domain.periods import day_start
from service.domain.reliability.figures import service_of
from service.domain.reliability.interruption_indices import Asked, interruption_indices
from service.domain.reliability.major_event_days import (
    MajorEventThreshold,
    major_event_days,
    past_days,
    threshold_of,
    without_days,
)
from service.domain.reliability.outages import Span, definition_of
from service.domain.reliability.user_days import daily_saidi_of
from service.domain.reliability.user_interruptions import user_interruptions
from service.domain.rules import RuleSet
from service.reports.figures import Row
from service.store.deployment_reads import Snapshot
from service.store.reliability_reads import KnownNetwork, known_network

_FIRST_YEAR: Final = 1970
_NOTHING_MORE: Final = Asked()
_Tables = tuple[list[Row], list[Row]]


async def major_event_tables(
    snapshot: Snapshot, days: tuple[date, date], rule_set: RuleSet
) -> _Tables:
    """Return the major event days among half-open days, and the indices with and without them.

    T_MED of a day rests on the years before the year of that day, as far as they are stored; where fewer than two
    of their days had interruptions there is none, and no figure without such days.
    """
    first_year = max(_FIRST_YEAR, days[0].year - rule_set.major_event_day.years)
    edges = (date(first_year, 1, 1), days[1])
    first, last = (day_start(day, snapshot.zone) for day in edges)
    known = await known_network(snapshot, (first, last), rule_set, with_bounds=False)
    if known is None:
        return [], []
    return await asyncio.to_thread(_tables, known, days, snapshot.zone, rule_set)


def _tables(
    known: KnownNetwork, days: tuple[date, date], zone: ZoneInfo, rule_set: RuleSet
) -> _Tables:
    definition, rule = definition_of(rule_set.reliability), rule_set.major_event_day
    users = known.users(rule_set.reliability.users)
    interruptions = user_interruptions(
        [outage for user in users for outage in user.outages], definition, known.through
    )
    period = known.network.period
    daily = daily_saidi_of(users, interruptions, period, zone)
    month = Span(*(epoch_us(day_start(day, zone)) for day in days)).cut(period)
    service = service_of(users, month)
    thresholds = {
        year: threshold_of(past_days(daily, year, rule.years), rule.beta_factor)
        for year in _years(days)
    }
    own = {day: saidi for day, saidi in daily.items() if days[0] <= day < days[1]}
    found = _found(own, thresholds)
    rows: list[Row] = []
    is_known = all(one is not None for one in thresholds.values())
    for kept, left in (
        ("with", interruptions),
        ("without", without_days(interruptions, found, zone)),
    ):
        if not service.user_us or (kept == "without" and not is_known):
            continue
        indices = interruption_indices(left, service, definition, _NOTHING_MORE)
        rows.append(
            {
                "major_events": kept,
                "days": len(found) if is_known else None,
                "saidi": indices.saidi_minutes,
                "saifi": indices.saifi,
                "caidi": indices.caidi_minutes,
            }
        )
    return [_day(day, own[day], thresholds[day.year]) for day in found], rows


def _years(days: tuple[date, date]) -> Iterator[int]:
    """Yield the years that half-open days touch."""
    last = date.fromordinal(days[1].toordinal() - 1)
    yield from range(days[0].year, last.year + 1)


def _found(
    daily: Mapping[date, Fraction], thresholds: Mapping[int, MajorEventThreshold | None]
) -> Sequence[date]:
    found: list[date] = []
    for year, threshold in thresholds.items():
        if threshold is not None:
            of_year = {day: saidi for day, saidi in daily.items() if day.year == year}
            found += major_event_days(of_year, threshold)
    return found


def _day(day: date, saidi: Fraction, threshold: MajorEventThreshold | None) -> Row:
    if threshold is None:
        raise AssertionError  # a day beyond a threshold has one
    return {
        "day": day,
        "saidi": saidi,
        # A root and a logarithm made it: exact to the digits of a double, and kept as those.
        "t_med": Fraction(threshold.t_med_minutes),
        "past_days": threshold.n_days,
    }
