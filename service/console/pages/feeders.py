"""The feeders: ranked by their pass rate, worst first, with the days of each as a small line."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Literal, TypeAlias, get_args

from fastapi import APIRouter, Query, Response

from service.console.charts import Sparkline
from service.console.page import OfAggregates, Page
from service.console.periods import PERIODS, Chosen, chosen_period
from service.domain.few_members import fewest_seen, without_few
from service.domain.periods import day_start
from service.domain.spreadsheet_text import plain_text
from service.errors import RequestError
from service.store.day_series import feeder_days, feeder_hours
from service.store.deployment_reads import Snapshot
from service.store.group_reads import GroupCounts, GroupsAsked, group_counts
from service.store.region_names import region_names

router = APIRouter(include_in_schema=False)

SortKey = Literal["rate", "coverage", "over", "under", "interrupted", "points", "name"]
Order = Literal["asc", "desc"]

_FEEDERS_MAX: Final = 20_000  # ranked at once
_PAGE_ROWS: Final = 50
_SPARK_DAYS: Final = 31
_FIRST_ORDER: Final[Mapping[SortKey, Order]] = {"rate": "asc", "coverage": "asc", "name": "asc"}

_Text = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]
_Sort: TypeAlias = tuple[bool, float, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A feeder of the page."""

    place: int  # in the ranking, from 1
    group: GroupCounts
    line: Sparkline

    @property
    def minutes_interrupted(self) -> float:
        """Minutes without supply that were measured, of a point on average."""
        return self.group.counts.n_interrupted / self.group.n_points


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The feeders in the order asked for."""

    groups: Sequence[GroupCounts]
    n_withheld: int  # left out: of too few points for who asks


@router.get("/feeders")
async def feeders(
    page: OfAggregates,
    period: str = "month",
    region: _Text = "",
    sort: str = "rate",
    order: str = "",
    page_no: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    """Return a page of the ranking."""
    async with page.reading() as snapshot:
        chosen = chosen_period(period, snapshot, page.context.now())
        key, direction = _sorting(sort, order)
        ranking = await _ranking(page, snapshot, chosen, region, (key, direction))
        first = (page_no - 1) * _PAGE_ROWS
        shown = ranking.groups[first : first + _PAGE_ROWS]
        rows = await _rows(snapshot, shown, first, chosen)
        names = await region_names(snapshot.connection)
    values = {
        "periods": PERIODS,
        "period": chosen,
        "rows": rows,
        "line_of": "hours" if chosen.name == "day" else "days",
        "n_feeders": len(ranking.groups),
        "n_withheld": ranking.n_withheld,
        "names": names,
        "region": region,
        "sorting": key,
        "descending": direction == "desc",
        "page_no": page_no,
        "n_pages": max(1, -(-len(ranking.groups) // _PAGE_ROWS)),
        "rules": page.context.rule_set,
    }
    return page.show("feeders.html", snapshot, values)


@router.get("/feeders.csv")
async def feeders_csv(
    page: OfAggregates,
    period: str = "month",
    region: _Text = "",
    sort: str = "rate",
    order: str = "",
) -> Response:
    """Return the whole ranking as a file that opens in a spreadsheet, with headings in the page's language."""
    async with page.reading() as snapshot:
        chosen = chosen_period(period, snapshot, page.context.now())
        ranking = await _ranking(page, snapshot, chosen, region, _sorting(sort, order))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([page.texts(f"feeders.csv.{name}") for name in _COLUMNS])
    for group in ranking.groups:
        writer.writerow([_plain(value) for value in _cells(group, chosen).values()])
    name = f"feeders-{chosen.days[0]}-{chosen.days[1] - timedelta(days=1)}.csv"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    # The mark tells spreadsheets that it is UTF-8.
    return Response(
        "\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers
    )


_COLUMNS: Final = (
    *("feeder", "name", "from", "to", "points", "monitored", "rate", "lower", "upper", "coverage"),
    *("pass", "over", "under", "interrupted", "exempt", "invalid", "missing"),
)


def _cells(group: GroupCounts, chosen: Chosen) -> dict[str, object]:
    mean, counts = group.mean, group.counts
    return {
        "feeder": group.group,
        "name": group.name,
        "from": chosen.days[0],
        "to": chosen.days[1] - timedelta(days=1),
        "points": group.n_points,
        "monitored": group.n_monitored,
        "rate": mean.rate,
        "lower": mean.lower,
        "upper": mean.upper,
        "coverage": mean.coverage,
        **counts.by_verdict(),
    }


def _plain(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        return plain_text(value)
    return "" if value is None else value


async def _ranking(
    page: Page,
    snapshot: Snapshot,
    chosen: Chosen,
    region: str,
    sorting: tuple[SortKey, Order],
) -> Ranking:
    asked = GroupsAsked(
        by="feeder",
        days=chosen.days,
        coverage_floor=page.context.rule_set.coverage.floor,
        region=region or None,
    )
    every = await group_counts(snapshot.connection, asked, _FEEDERS_MAX)
    shown, n_withheld = without_few(
        every, lambda one: fewest_seen(one.n_points, one.n_monitored), page.fewest
    )
    key, order = sorting
    sign = -1.0 if order == "desc" else 1.0

    def place(one: GroupCounts) -> _Sort:
        value = _value(one, key)
        return value is None, 0.0 if value is None else sign * value, one.group

    if key == "name":
        shown.sort(key=lambda one: (one.name, one.group), reverse=order == "desc")
    else:
        shown.sort(key=place)
    return Ranking(groups=shown, n_withheld=n_withheld)


def _value(one: GroupCounts, key: SortKey) -> float | None:
    counts = one.counts
    values: dict[str, float | None] = {
        "rate": one.mean.rate,
        "coverage": one.mean.coverage,
        "over": counts.n_over / one.n_points,
        "under": counts.n_under / one.n_points,
        "interrupted": counts.n_interrupted / one.n_points,
        "points": float(one.n_points),
    }
    return values[key]


async def _rows(
    snapshot: Snapshot, groups: Sequence[GroupCounts], first: int, chosen: Chosen
) -> list[Row]:
    names = [one.group for one in groups]
    lines = await (_hours if chosen.name == "day" else _days)(snapshot, names, chosen)
    return [
        Row(place=first + i, group=one, line=lines[one.group])
        for i, one in enumerate(groups, start=1)
    ]


async def _days(snapshot: Snapshot, feeders: Sequence[str], chosen: Chosen) -> dict[str, Sparkline]:
    """Return the last days that the data have reached, of each feeder."""
    end = min(chosen.days[1], chosen.newest_day + timedelta(days=1))
    days = [end - timedelta(days=back) for back in range(_SPARK_DAYS, 0, -1)]
    found = await feeder_days(snapshot.connection, feeders, (days[0], end))
    rates = {(one.key, one.day): one.rate for one in found}
    return {name: Sparkline.of([rates.get((name, day)) for day in days]) for name in feeders}


async def _hours(
    snapshot: Snapshot, feeders: Sequence[str], chosen: Chosen
) -> dict[str, Sparkline]:
    """Return the hours of the day, of each feeder."""
    start, end = (day_start(day, snapshot.zone) for day in chosen.days)
    found = await feeder_hours(snapshot.connection, feeders, (start, end))
    rates = {(one.feeder, one.hour): one.rate for one in found}
    hours = [start + timedelta(hours=i) for i in range((end - start) // timedelta(hours=1))]
    return {name: Sparkline.of([rates.get((name, hour)) for hour in hours]) for name in feeders}


def _sorting(sort: str, order: str) -> tuple[SortKey, Order]:
    """Return by what to sort, and in which direction: without one the worst first.

    Raises:
        RequestError: There is no such column, or no such direction.
    """
    key = next((one for one in get_args(SortKey) if one == sort), None)
    if key is None:
        allowed = ", ".join(get_args(SortKey))
        raise RequestError(f"sort is one of {allowed}, not {sort!r}", "query", "sort")
    direction = order or _FIRST_ORDER.get(key, "desc")
    found = next((one for one in get_args(Order) if one == direction), None)
    if found is None:
        raise RequestError(f"order is asc or desc, not {order!r}", "query", "order")
    return key, found
