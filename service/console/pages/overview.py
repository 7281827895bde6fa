"""The first page: how the figures stand to their targets, and what is wrong now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from fastapi import APIRouter, Response

from service.console.charts import Chart, Json
from service.console.page import OfAggregates, Page
from service.console.periods import PERIODS, chosen_period
from service.console.target_desk import TargetFigures
from service.console.troubles import read_troubles
from service.domain.budget_accounts import TargetBudget
from service.domain.few_members import fewest_seen, remainder_tells
from service.domain.scorecard import Commitment, Standing
from service.domain.target_rows import TargetRow
from service.store.day_series import DayRate
from service.store.deployment_reads import Snapshot
from service.store.region_names import region_names

router = APIRouter(include_in_schema=False)

_WEEK_MS: Final = 7 * 86_400_000
_REGIONS_SHOWN: Final = 8  # of a target, those that stand worst


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A target with what was reached, and the year's budget that it gives."""

    commitment: Commitment
    budget: TargetBudget | None  # None where the target is no number, or before the first reading
    regions: Sequence[Standing]  # the worst, where there are several
    fewest: int  # members that a figure needs to be shown

    @property
    def target(self) -> TargetRow:
        """What is to be reached."""
        return self.commitment.target

    @property
    def standing(self) -> Standing:
        """What the verdict rests on."""
        return self.commitment.decisive

    def shows(self, one: Standing) -> bool:
        """Return whether a standing has members enough to be shown, and tells of no other that has not."""
        if _members(one) < self.fewest:
            return False
        withheld = [n for n in map(_members, self.commitment.regions) if n < self.fewest]
        return one.region is not None or not remainder_tells(withheld, self.fewest)


@router.get("/")
async def overview(page: OfAggregates, period: str = "month") -> Response:
    """Return the overview of the running day, month or year."""
    rules, now = page.context.rule_set, page.context.now()
    async with page.reading() as snapshot:
        chosen = chosen_period(period, snapshot, now)
        found = await page.context.targets.figures(snapshot, page.access.territory, chosen)
        troubles = await read_troubles(page, snapshot)
        names = await region_names(snapshot.connection)
    budget_of = {one.target: one for one in found.budgets.targets} if found.budgets else {}
    cards = [_card(one, budget_of.get(one.target), page.fewest) for one in found.commitments]
    chart = _trend_chart(page, snapshot, found)
    values = {
        "rules": rules,
        "periods": PERIODS,
        "period": chosen,
        "cards": cards,
        "cards_through": found.data_through,
        "troubles": troubles,
        "names": names,
    }
    shown = bool(found.trend) and not page.fewest  # a day of an area may be that of few points
    return page.show("overview.html", snapshot, values, charts=[chart] if shown else [])


def _card(commitment: Commitment, budget: TargetBudget | None, fewest: int) -> Card:
    regions = commitment.regions if len(commitment.regions) > 1 else ()
    worst = sorted(regions, key=_standing_order)
    return Card(commitment=commitment, budget=budget, regions=worst[:_REGIONS_SHOWN], fewest=fewest)


def _members(one: Standing) -> int:
    return fewest_seen(one.figure.n_members, one.figure.n_known)


def _standing_order(one: Standing) -> tuple[bool, float]:
    actual = one.figure.actual.nearest()
    return actual is None, actual or 0.0


def _trend_chart(page: Page, snapshot: Snapshot, figures: TargetFigures) -> Chart:
    """Return the daily pass rate of each area, with the targets that are about pass rates as dashed lines."""
    trend, days = figures.trend, figures.trend_days
    targets = [one.target for one in figures.commitments]
    fmt, colours = (
        page.formats(snapshot.zone),
        ("good", "verdict-under", "verdict-interrupted"),
    )
    areas = sorted({one.key for one in trend}, key=("urban", "rural", "special_remote").index)
    floor = _floor(trend, targets)
    traces: list[dict[str, Json]] = []
    for area, colour in zip(areas, colours, strict=False):
        found = {one.day: one.rate for one in trend if one.key == area and one.rate is not None}
        name = page.texts.word("area", area)
        traces.append(_line(name, found, colour, [fmt.percent(rate) for rate in found.values()]))
        for target in targets:
            if (target.figure, target.area) == ("pass_rate", area) and target.at_least is not None:
                shown = page.texts(
                    "overview.target_of", area=name, target=fmt.target(target.at_least)
                )
                traces.append(_target_line(shown, float(target.at_least), days, colour))
    layout: dict[str, Json] = {
        "yaxis": {"tickformat": ".1~%", "range": [floor, 1 + (1 - floor) * 0.06]},
        "xaxis": {
            "type": "date",
            "tickformat": "%-d/%-m" if page.language == "en" else "%-m月%-d日",
            "range": [day.isoformat() for day in days],
            "dtick": _WEEK_MS,
            "tick0": days[1].isoformat(),
        },
        "hovermode": "closest",
        "showlegend": True,
    }
    return Chart(
        name="trend",
        says=page.texts("overview.trend_says"),
        traces=traces,
        layout=layout,
        height_px=280,
    )


def _line(
    name: str, rates: dict[date, float], colour: str, shown: Sequence[str]
) -> dict[str, Json]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [day.isoformat() for day in rates],
        "y": list(rates.values()),
        "customdata": list(shown),
        "hovertemplate": "%{x|%Y-%m-%d}  %{customdata}",
        "line": {"color": colour, "width": 2},
        "marker": {"color": colour, "size": 7},
    }


def _target_line(name: str, target: float, days: tuple[date, date], colour: str) -> dict[str, Json]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [day.isoformat() for day in days],
        "y": [target, target],
        "hoverinfo": "name",
        "line": {"color": colour, "width": 1.5, "dash": "dash"},
    }


def _floor(trend: Sequence[DayRate], targets: Sequence[TargetRow]) -> float:
    """Return where the axis begins: a little below the lowest of the rates and targets."""
    shown = [one.rate for one in trend if one.rate is not None]
    shown += [float(one.at_least) for one in targets if one.figure == "pass_rate" and one.at_least]
    lowest = min(shown, default=0.0)
    return max(0.0, lowest - 0.15 * (1 - lowest) - 0.002)
