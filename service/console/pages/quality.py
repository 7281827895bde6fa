"""The quality of the readings: how much came, what did not count and why, and who is silent."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, Response

from service.console.charts import Chart, Json
from service.console.page import OfAggregates, Page
from service.console.periods import PERIODS, chosen_period
from service.console.texts import Texts
from service.console.troubles import SILENT_HOURS, silent_hours
from service.domain.few_members import fewest_seen, without_few
from service.domain.rates import rate_of
from service.store.deployment_reads import Snapshot
from service.store.group_reads import GroupCounts, GroupsAsked, group_counts
from service.store.intake_reads import (
    LETTERS_SEEN,
    PartitionSums,
    letter_reasons,
    log_gaps,
    partition_sums,
    silent_points,
)

router = APIRouter(include_in_schema=False)

_REGIONS_MAX: Final = 40
_PARTITIONS_MAX: Final = 200
_SILENT_SHOWN: Final = 50
_GAPS_SHOWN: Final = 20
_HEIGHTS: Final = ((1, 160), (3, 220), (10, 340), (_REGIONS_MAX, 420))  # pixels, by regions
_VERDICTS: Final = ("missing", "invalid", "interrupted", "exempt", "under", "over", "pass")


@router.get("/quality")
async def quality(page: OfAggregates, period: str = "month") -> Response:
    """Return the page."""
    sees_points = page.access.may("read:customer")
    async with page.reading() as snapshot:
        chosen = chosen_period(period, snapshot, page.context.now())
        asked = GroupsAsked(
            by="region",
            days=chosen.days,
            coverage_floor=page.context.rule_set.coverage.floor,
            region=None,
        )
        every = await group_counts(snapshot.connection, asked, _REGIONS_MAX)
        regions, n_withheld = without_few(
            every, lambda one: fewest_seen(one.n_points, one.n_monitored), page.fewest
        )
        is_whole = page.access.territory.is_whole  # partitions hold readings of every region
        partitions = await partition_sums(snapshot.connection, _PARTITIONS_MAX) if is_whole else []
        reasons = await letter_reasons(snapshot.connection)
        gaps = await log_gaps(snapshot.connection, _GAPS_SHOWN) if is_whole else []
        hours = silent_hours(snapshot, page.context.now())
        silent = (
            await silent_points(snapshot.connection, hours, _SILENT_SHOWN) if sees_points else None
        )
    charts = [_coverage_chart(page, snapshot, regions)] if regions else []
    values = {
        "periods": PERIODS,
        "period": chosen,
        "rules": page.context.rule_set,
        "regions": [(one, rate_of(one.counts)) for one in regions],
        "n_withheld": n_withheld,
        "is_whole": is_whole,
        "sums": _together(partitions),
        "partitions": partitions,
        "newest": max((one.data_through for one in partitions if one.data_through), default=None),
        "reasons": reasons,
        "letters_seen": LETTERS_SEEN,
        "sees_points": sees_points,
        "silent": silent,
        "silent_hours": SILENT_HOURS,
        "gaps": gaps,
    }
    return page.show("quality.html", snapshot, values, charts=charts)


def _together(partitions: Sequence[PartitionSums]) -> dict[str, int]:
    """Return the sums of all topics of readings."""
    of_readings = [one for one in partitions if one.data_through is not None]
    names = ("consumed", "folded", "duplicate", "late", "invalid", "dead_lettered", "late_waiting")
    return {name: sum(getattr(one, name) for one in of_readings) for name in names}


def _coverage_chart(page: Page, snapshot: Snapshot, regions: Sequence[GroupCounts]) -> Chart:
    """Return what the minutes due of each region are, as one bar of shares a region."""
    fmt, texts = page.formats(snapshot.zone), page.texts
    names = [_name(one, texts) for one in reversed(regions)]
    traces: list[dict[str, Json]] = []
    for verdict in reversed(_VERDICTS):
        counts = [getattr(one.counts, f"n_{verdict}") for one in reversed(regions)]
        dues = [one.counts.n_due for one in reversed(regions)]
        shares = [n / due if due else 0.0 for n, due in zip(counts, dues, strict=True)]
        if not any(counts):
            continue
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": texts(f"verdict.{verdict}"),
                "y": names,
                "x": shares,
                "customdata": [
                    f"{fmt.percent(share)} · {fmt.number(n)}"
                    for n, share in zip(counts, shares, strict=True)
                ],
                "hovertemplate": "%{y}: %{customdata}",
                "marker": {"color": f"verdict-{verdict}"},
            }
        )
    layout: dict[str, Json] = {
        "barmode": "stack",
        "bargap": 0.35,
        "xaxis": {"tickformat": ".0%", "range": [0, 1]},
        "yaxis": {"type": "category"},
        "legend": {"traceorder": "normal"},
    }
    return Chart(
        name="coverage-chart",
        says=texts("quality.coverage_says"),
        traces=traces,
        layout=layout,
        height_px=next(px for most, px in _HEIGHTS if len(regions) <= most),
    )


def _name(one: GroupCounts, texts: Texts) -> str:
    return one.name or one.group or texts("place.unnamed")
