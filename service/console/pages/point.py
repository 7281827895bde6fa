"""The page of a point: why did this customer fail?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from service.console.charts import Chart
from service.console.formats import Formats
from service.console.headline import headline_of
from service.console.heat_strip import LEGEND, SIGNS, strip_of
from service.console.minute_bars import minute_bars
from service.console.page import OfCustomers, Page
from service.console.pages.points import unknown_point
from service.console.point_charts import PHASE_NAMES, Shaded, day_chart, period_chart
from service.console.span import Span, day_asked, span_asked
from service.domain.bands import (
    abnormal_band_of,
    band_of,
    has_day_spread,
    level_kv,
    needs_operator_band,
)
from service.domain.explanation.hours import DayOfPoint, days_of_point
from service.domain.explanation.minutes import Part, SpanMinutes
from service.domain.explanation.outside import outside_of
from service.domain.explanation.runs import runs_of
from service.domain.periods import Period, day_start
from service.domain.rates import VerdictCounts, rate_of
from service.domain.registry import Point
from service.domain.rules import RuleSet
from service.errors import RequestError, UnknownRuleSetError
from service.store.deployment_reads import Snapshot, reading
from service.store.explanation_reads import Explanation, Wanted, read_explanation
from service.store.point_reads import find_point

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address of the page says beside the point."""

    from_: str | None
    to: str | None
    day: str | None
    rule_set: str | None


@router.get("/points/{point:path}")
async def point_page(
    page: OfCustomers,
    point: str,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    day: str | None = None,
    rule_set: str | None = None,
) -> Response:
    """Return why the figure of a point is what it is."""
    asked = Asked(from_=from_, to=to, day=day, rule_set=rule_set)
    async with reading(page.context.reader.within(page.access.territory)) as snapshot:
        found = await known_point(snapshot, point)
        if found is None:
            return await unknown_point(snapshot, page, point)
        span = span_of_point(page, snapshot, found, (asked.from_, asked.to))
        wanted = wanted_of(page, found, span, asked.rule_set)
        explained = await read_explanation(snapshot, wanted)
    close = day_asked(asked.day, span)
    return _shown(page, snapshot, wanted, (span, close), explained)


async def known_point(snapshot: Snapshot, point: str) -> Point | None:
    """Return a point; None where there is none of this name, or not for who asks."""
    return None if "\x00" in point else await find_point(snapshot.connection, point)


def span_of_point(
    page: Page, snapshot: Snapshot, point: Point, asked: tuple[str | None, str | None]
) -> Span:
    """Return the period that is meant: by default the last month that there may be readings of.

    Raises:
        RequestError: The address means none.
    """
    newest = min(snapshot.data_through or page.context.now(), page.context.now())
    if point.valid_to is not None:
        newest = min(newest, point.valid_to)
    return span_asked(*asked, max(newest, point.valid_from), snapshot.zone)


def wanted_of(page: Page, point: Point, span: Span, rule_set: str | None) -> Wanted:
    """Return what is to be explained.

    Raises:
        RequestError: There is no rule set of that name.
    """
    statutory = page.context.rule_set
    rules: RuleSet = statutory
    if rule_set not in {None, "", statutory.name}:
        try:
            rules = page.context.catalogue.load(str(rule_set))
        except UnknownRuleSetError as error:
            raise RequestError(str(error), "query", "rule_set") from error
    return Wanted(
        point=point,
        span=span.instants,
        rule_set=rules,
        is_statutory=rules.name == statutory.name,
        with_customers=page.access.may("read:customer"),
    )


def _shown(
    page: Page,
    snapshot: Snapshot,
    wanted: Wanted,
    when: tuple[Span, date | None],
    explained: Explanation,
) -> Response:
    (span, close), point, rules = when, wanted.point, wanted.rule_set
    fmt, zone = page.formats(snapshot.zone), snapshot.zone
    bands = [band_of(rules, point), abnormal_band_of(rules, point)]
    days = days_of_point(explained.minutes, wanted.span[1], zone)
    hours = [hour for one in days for hour in one.hours]
    charts = [period_chart(hours, point, bands, page.texts, _shaded(explained, wanted, span))]
    values: dict[str, object] = {
        "point": point,
        "span": span,
        "rules": rules,
        "is_statutory": wanted.is_statutory,
        "rule_sets": page.context.catalogue.names(),
        "level_kv": level_kv(rules, point),
        "bands": bands,
        "spread": rules.day_spread if has_day_spread(rules, point) else None,
        "needs_operator_band": needs_operator_band(rules, point),
        "x": explained,
        "rate": explained.finding.rate,
        "counts": explained.finding.counts,
        "headline": _headline(page, explained, rules, fmt),
        "phases": _phases(explained, point),
        "without": _without(explained),
        "strip": strip_of(days, page.texts, fmt),
        "days": days,
        "rate_of": rate_of,
        "legend": LEGEND,
        "signs": SIGNS,
        "close": None,
        "quoted": quote(point.point, safe=""),
    }
    if close is not None:
        part = _part_of(explained.minutes, close, span)
        chart = day_chart(explained.minutes, part, point, bands, page.texts, zone)
        charts.append(chart)
        values["close"] = _close(explained.minutes, close, part, days, fmt)
    return page.show("point.html", snapshot, values, charts=_drawable(charts))


def _shaded(explained: Explanation, wanted: Wanted, span: Span) -> list[Shaded]:
    """Return the times without supply and in declared abnormal state, as far as they lie in the period."""
    spans = [
        (one.from_at, one.to_at, "verdict-exempt")
        for one in explained.declarations
        if one.kind == "abnormal_state"
    ] + [
        (one.interruption.start_at, one.interruption.end_at, "verdict-interrupted")
        for one in explained.interruptions
    ]
    first, end = wanted.span
    return [
        Shaded(
            max(from_at, first).astimezone(span.zone),
            min(to_at or end, end).astimezone(span.zone),
            colour,
        )
        for from_at, to_at, colour in spans
    ]


def _headline(page: Page, explained: Explanation, rules: RuleSet, fmt: Formats) -> object:
    both = [
        outside_of(explained.minutes, "over", fmt.zone),
        outside_of(explained.minutes, "under", fmt.zone),
    ]
    outsides = sorted(
        (one for one in both if one is not None), key=lambda one: one.n_minutes, reverse=True
    )
    return headline_of(explained, outsides, rules.name, page.texts, fmt)


def _phases(explained: Explanation, point: Point) -> list[Mapping[str, object]]:
    return [
        {"name": name, "counts": counts, "rate": rate_of(counts)}
        for name, counts in zip(PHASE_NAMES[point.wiring], explained.phases, strict=True)
        if counts is not None
    ]


def _without(explained: Explanation) -> Mapping[str, object]:
    def rated(counts: VerdictCounts | None) -> object:
        return None if counts is None else rate_of(counts)

    return {
        "declarations": rated(explained.without.declarations),
        "exemptions": rated(explained.without.exemptions),
    }


def _part_of(minutes: SpanMinutes, day: date, span: Span) -> Part:
    first = day_start(day, span.zone)
    end = day_start(day + timedelta(days=1), span.zone)
    return minutes.part(Period(from_at=first, to_at=end, label=day.isoformat()))


def _close(
    minutes: SpanMinutes, day: date, part: Part, days: Sequence[DayOfPoint], fmt: Formats
) -> Mapping[str, object]:
    """Return what is shown of one day: its minutes, and the runs that they make."""
    names = [one.day for one in days]
    place = names.index(day)
    of_day = days[place]
    return {
        "day": day,
        "n_minutes": of_day.n_minutes,
        "counts": of_day.counts,
        "rate": rate_of(of_day.counts),
        "before": names[place - 1] if place else None,
        "after": names[place + 1] if place + 1 < len(names) else None,
        "runs": runs_of(minutes, part, fmt.zone),
        "rows": minute_bars(minutes, of_day, fmt.zone),
    }


def _drawable(charts: Sequence[Chart]) -> list[Chart]:
    """Return the charts that have something to show."""
    return [one for one in charts if one.traces]
