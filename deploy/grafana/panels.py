"""Panels with the habits of this deployment: a text on each, units, colours for every eye.

The colours are those of Okabe and Ito; blue is good, vermilion is bad, and no pair of red and green
has to be told apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import prometheus as prometheus_builders
from grafana_foundation_sdk.builders import stat as stat_builders
from grafana_foundation_sdk.builders import table as table_builders
from grafana_foundation_sdk.builders import timeseries as timeseries_builders
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from deploy.grafana.queries import PROMETHEUS, TIMESCALE, SqlTarget

BLUE = "#0072B2"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
ORANGE = "#E69F00"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#999999"
PALETTE = (BLUE, SKY, GREEN, YELLOW, ORANGE, VERMILION, PURPLE, GREY)

VERDICT_COLOURS = {
    "pass": BLUE,
    "over": VERMILION,
    "under": ORANGE,
    "interrupted": PURPLE,
    "exempt": SKY,
    "invalid": YELLOW,
    "missing": GREY,
}

Target: TypeAlias = SqlTarget | prometheus_builders.Dataquery
Panel: TypeAlias = stat_builders.Panel | table_builders.Panel | timeseries_builders.Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a panel is called, what it means, and how large it is."""

    title: str
    text: str  # shown behind the sign for information
    unit: str  # of Grafana
    width: int  # of 24
    height: int = 8


def stat(look: Look, target: Target, *, bad_from: float | None = None) -> stat_builders.Panel:
    """Return one large number; from ``bad_from`` on it is vermilion."""
    steps = [Threshold(value=None, color=BLUE)]
    if bad_from is not None:
        steps.append(Threshold(value=bad_from, color=VERMILION))
    return (
        stat_builders.Panel()
        .title(look.title)
        .description(look.text)
        .unit(look.unit)
        .span(look.width)
        .height(look.height)
        .datasource(_source(target))
        .with_target(target)
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_thresholds(steps))
        .color_scheme(_colour(FieldColorModeId.THRESHOLDS))
    )


def lines(look: Look, targets: Sequence[Target]) -> timeseries_builders.Panel:
    """Return lines over time with a table of their last and greatest values below."""
    panel = (
        timeseries_builders.Panel()
        .title(look.title)
        .description(look.text)
        .unit(look.unit)
        .span(look.width)
        .height(look.height)
        .datasource(_source(targets[0]))
        .line_width(1)
        .fill_opacity(0)
        .show_points(common.VisibilityMode.AUTO)
        .span_nulls(False)  # a gap is a gap
        .color_scheme(_colour(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .tooltip(
            common_builders.VizTooltipOptions()
            .mode(common.TooltipDisplayMode.MULTI)
            .sort(common.SortOrder.DESCENDING)
        )
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    for target in targets:
        panel = panel.with_target(target)
    return panel


def bars(look: Look, targets: Sequence[Target]) -> timeseries_builders.Panel:
    """Return stacked bars over time."""
    return (
        lines(look, targets)
        .draw_style(common.GraphDrawStyle.BARS)
        .fill_opacity(80)
        .show_points(common.VisibilityMode.NEVER)
        .stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    )


def rows(look: Look, target: SqlTarget, units: Mapping[str, str]) -> table_builders.Panel:
    """Return a table; ``units`` are those of its columns, others have the unit of the look."""
    panel = (
        table_builders.Panel()
        .title(look.title)
        .description(look.text)
        .unit(look.unit)
        .span(look.width)
        .height(look.height)
        .datasource(_source(target))
        .with_target(target)
        .thresholds(_thresholds([Threshold(value=None, color=BLUE)]))
    )
    for column, unit in units.items():
        properties = [DynamicConfigValue(id_val="unit", value=unit)]
        if unit == "percentunit":
            properties.append(DynamicConfigValue(id_val="decimals", value=3))
        panel = panel.override_by_name(column, properties)
    return panel


def coloured(
    panel: timeseries_builders.Panel, colours: Mapping[str, str], dashed: Sequence[str] = ()
) -> timeseries_builders.Panel:
    """Give series their colours by name; those in ``dashed`` are limits and targets."""
    for name, colour in colours.items():
        properties = [
            DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour})
        ]
        if name in dashed:
            style = {"fill": "dash", "dash": [8, 6]}
            properties.append(DynamicConfigValue(id_val="custom.lineStyle", value=style))
        panel = panel.override_by_name(name, properties)
    return panel


def worded(
    panel: table_builders.Panel, column: str, colours: Mapping[str, str]
) -> table_builders.Panel:
    """Colour the words of a column."""
    options = {word: ValueMappingResult(color=colour) for word, colour in colours.items()}
    return panel.override_by_name(
        column,
        [
            DynamicConfigValue(id_val="mappings", value=[ValueMap(options=options)]),
            DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
        ],
    )


def linked(panel: table_builders.Panel, column: str, title: str, url: str) -> table_builders.Panel:
    """Make the values of a column links."""
    return panel.override_by_name(
        column, [DynamicConfigValue(id_val="links", value=[{"title": title, "url": url}])]
    )


def _source(target: Target) -> DataSourceRef:
    return TIMESCALE if isinstance(target, SqlTarget) else PROMETHEUS


def _thresholds(steps: list[Threshold]) -> dashboard_builders.ThresholdsConfig:
    return dashboard_builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _colour(mode: FieldColorModeId) -> dashboard_builders.FieldColor:
    return dashboard_builders.FieldColor().mode(mode)
