"""From a file of interruptions to its indices."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from service.domain.instants import at_us, epoch_us
from service.domain.periods import day_start
from service.domain.reliability.causes import tree_order, way_up
from service.domain.reliability.interruption_indices import Asked, interruption_indices
from service.domain.reliability.major_event_days import (
    DailySaidi,
    daily_saidi,
    major_event_days,
    past_days,
    threshold_of,
    without_days,
)
from service.domain.reliability.outages import Definition, Service, Span, constant_service
from service.domain.reliability.supply_reliability import FourWays, four_ways
from service.domain.reliability.user_interruptions import UserInterruption, user_interruptions
from service.domain.rules import RuleSet
from service.errors import ScoreInputError
from service.offline.daily_file import read_daily_saidi
from service.offline.index_options import IndexOptions, definition_for
from service.offline.index_remarks import index_remarks
from service.offline.index_report import CauseFigures, IndexReport, MajorEvents
from service.offline.interruption_file import read_interruptions


def work_out(path: Path, options: IndexOptions) -> IndexReport:
    """Return the indices of the interruptions in a file.

    Raises:
        ScoreInputError: The file, or what was said about it, is wrong; the message says what to do.
    """
    rule_set = options.rule_set
    definition, period = definition_for(options, rule_set), options.period
    given = read_interruptions(path, options.zone, options.n_customers)
    service = constant_service(period, options.n_customers, options.kva)
    interruptions = user_interruptions(given.outages, definition, period.end)
    indices = interruption_indices(interruptions, service, definition, options.asked)
    remarks = list(index_remarks(given.outages, interruptions, indices, options))
    major = None
    if options.daily_saidi is not None:
        history = read_daily_saidi(options.daily_saidi)
        major = _major_events(interruptions, history, options, rule_set, definition)
        if major.threshold is None:
            remarks.append(
                f"no T_MED: {options.daily_saidi} has fewer than two days with SAIDI above 0 in "
                f"the years before {_year(options)}"
            )
    if given.ignored:
        remarks.append(f"columns left aside: {', '.join(given.ignored)}")
    ways = four_ways(given.outages, definition, period.end)
    return IndexReport(
        from_at=at_us(period.start).astimezone(options.zone),
        to_at=at_us(period.end).astimezone(options.zone),
        n_customers=options.n_customers,
        n_records=len(given.outages),
        rule_set=rule_set.name,
        definition=definition,
        four=ways.of_node(service),
        indices=indices,
        by_cause=_by_cause(ways, service, definition),
        major=major,
        remarks=tuple(remarks),
    )


def _by_cause(ways: FourWays, service: Service, definition: Definition) -> tuple[CauseFigures, ...]:
    """Return the figures of every node under which the file has an outage."""
    first = ways.ways[0]
    there = {node for outage in first.outages for node in way_up(outage.cause)}
    return tuple(
        CauseFigures(
            node=node,
            first=ways.first_of_node(service, node),
            indices=interruption_indices(first.interruptions, service, definition, Asked(), node),
        )
        for node in tree_order()
        if node in there
    )


def _major_events(
    interruptions: Sequence[UserInterruption],
    history: DailySaidi,
    options: IndexOptions,
    rule_set: RuleSet,
    definition: Definition,
) -> MajorEvents:
    """Return the major event days of the period, by the daily SAIDI of the years before it.

    What started on one before the period, in the same year, is left out with it: its time may reach in.
    """
    rule = rule_set.major_event_day
    year = _year(options)
    past = past_days(history, year, rule.years)
    threshold = threshold_of(past, rule.beta_factor)
    if threshold is None:
        return MajorEvents(threshold=None, days=(), without=None)
    n_customers = Fraction(options.n_customers)
    whole_year = Span(*(_new_year(one, options.zone) for one in (year, year + 1)))
    daily = daily_saidi(interruptions, whole_year, lambda _: n_customers, options.zone)
    days = major_event_days(daily, threshold)
    first, last = (
        at_us(us).astimezone(options.zone).date()
        for us in (options.period.start, options.period.end - 1)
    )
    service = constant_service(options.period, options.n_customers, options.kva)
    rest = without_days(interruptions, days, options.zone)
    return MajorEvents(
        threshold=threshold,
        days=tuple(day for day in days if first <= day <= last),
        without=interruption_indices(rest, service, definition, options.asked),
    )


def _new_year(year: int, zone: ZoneInfo) -> int:
    return epoch_us(day_start(date(year, 1, 1), zone))


def _year(options: IndexOptions) -> int:
    """Return the year of the period.

    Raises:
        ScoreInputError: It touches two: each has a threshold of its own.
    """
    first, last = (
        at_us(us).astimezone(options.zone).year
        for us in (options.period.start, options.period.end - 1)
    )
    if first != last:
        raise ScoreInputError(
            f"--daily-saidi: the period touches the years {first} to {last}, and each year has a "
            "T_MED of its own; ask for one year at a time"
        )
    return first
