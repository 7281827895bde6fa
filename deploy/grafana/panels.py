"""Panels with the habits of this deployment: a text on each, units, colours for every eye.

The colours are those of Okabe and Ito; blue is good, vermilion is bad, and no pair of red and green
has to be told apart. Queries name their columns and series in English words that never change; what
people read is put over them, so one query serves every language.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

from deploy.grafana.edition import Edition
from deploy.grafana.queries import PROMETHEUS, TIMESCALE, SqlTarget
from service.console.palette import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
)

PALETTE = (BLUE, SKY, GREEN, YELLOW, ORANGE, VERMILION, PURPLE, GREY)

Target: TypeAlias = SqlTarget | prometheus_builders.Dataquery
Panel: TypeAlias = stat_builders.Panel | table_builders.Panel | timeseries_builders.Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Which panel it is, and how large."""

    key: str  # of its title and text in the catalogues
    unit: str  # of Grafana
    width: int  # of 24
    height: int = 8
    decimals: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column or a series: what it is named in the query, and how it is shown."""

    name: str
    unit: str = ""  # of Grafana; empty: that of the panel
    colour: str = ""
    is_dashed: bool = False  # limits and targets
    words: Mapping[str, str] = field(
        default_factory=dict
    )  # colours of values, which are translated
    url: str = ""  # where its values lead


def stat(
    edition: Edition,
    look: Look,
    target: Target,
    *,
    bad_from: float | None = None,
    good_from: float | None = None,
) -> stat_builders.Panel:
    """Return one large number; from ``bad_from`` on, or below ``good_from``, it is vermilion."""
    steps = [Threshold(value=None, color=BLUE if good_from is None else VERMILION)]
    if bad_from is not None:
        steps.append(Threshold(value=bad_from, color=VERMILION))
    if good_from is not None:
        steps.append(Threshold(value=good_from, color=BLUE))
    panel = (
        stat_builders.Panel()
        .title(edition.title("panels", look.key))
        .description(edition.text("panels", look.key))
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
    return panel if look.decimals is None else panel.decimals(look.decimals)


def lines(
    edition: Edition, look: Look, targets: Sequence[Target], fields: Sequence[Field] = ()
) -> timeseries_builders.Panel:
    """Return lines over time; series that ``fields`` does not have keep the names of their labels."""
    panel = (
        timeseries_builders.Panel()
        .title(edition.title("panels", look.key))
        .description(edition.text("panels", look.key))
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
    if look.decimals is not None:
        panel = panel.decimals(look.decimals)
    for target in targets:
        panel = panel.with_target(target)
    for one in fields:
        panel = panel.override_by_name(one.name, _properties(edition, one))
    return panel


def bars(
    edition: Edition, look: Look, targets: Sequence[Target], fields: Sequence[Field] = ()
) -> timeseries_builders.Panel:
    """Return stacked bars over time."""
    return (
        lines(edition, look, targets, fields)
        .draw_style(common.GraphDrawStyle.BARS)
        .fill_opacity(80)
        .show_points(common.VisibilityMode.NEVER)
        .stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    )


def rows(
    edition: Edition, look: Look, target: SqlTarget, fields: Sequence[Field]
) -> table_builders.Panel:
    """Return a table; ``fields`` are all of its columns, from left to right."""
    panel = (
        table_builders.Panel()
        .title(edition.title("panels", look.key))
        .description(edition.text("panels", look.key))
        .unit(look.unit)
        .span(look.width)
        .height(look.height)
        .datasource(_source(target))
        .with_target(target)
        .thresholds(_thresholds([Threshold(value=None, color=BLUE)]))
    )
    for one in fields:
        panel = panel.override_by_name(one.name, _properties(edition, one))
    return panel


def plain(*names: str) -> list[Field]:
    """Return columns that have the unit of their panel."""
    return [Field(name=name) for name in names]


def rates(*names: str) -> list[Field]:
    """Return columns that are fractions 0 to 1, shown as percent."""
    return [Field(name=name, unit="percentunit") for name in names]


def deviations(*names: str) -> list[Field]:
    """Return columns that are percent of nominal."""
    return [Field(name=name, unit="percent") for name in names]


def coloured(colours: Mapping[str, str], dashed: Sequence[str] = ()) -> list[Field]:
    """Return series with their colours; those in ``dashed`` are limits and targets."""
    return [
        Field(name=name, colour=colour, is_dashed=name in dashed)
        for name, colour in colours.items()
    ]


def _properties(edition: Edition, one: Field) -> list[DynamicConfigValue]:
    found = {"displayName": edition.label(one.name)} if one.name != "time" else {}
    properties = [DynamicConfigValue(id_val=name, value=value) for name, value in found.items()]
    if one.unit:
        properties.append(DynamicConfigValue(id_val="unit", value=one.unit))
        if one.unit in _DECIMALS:
            properties.append(DynamicConfigValue(id_val="decimals", value=_DECIMALS[one.unit]))
    if one.colour:
        colour = {"mode": "fixed", "fixedColor": one.colour}
        properties.append(DynamicConfigValue(id_val="color", value=colour))
    if one.is_dashed:
        style = {"fill": "dash", "dash": [8, 6]}
        properties.append(DynamicConfigValue(id_val="custom.lineStyle", value=style))
    if one.words:
        options = {
            value: ValueMappingResult(color=colour, text=edition.word(value))
            for value, colour in one.words.items()
        }
        properties.append(DynamicConfigValue(id_val="mappings", value=[ValueMap(options=options)]))
        properties.append(
            DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"})
        )
    if one.url:
        link = {"title": edition.word("show"), "url": one.url}
        properties.append(DynamicConfigValue(id_val="links", value=[link]))
    return properties


# Rates need three decimals: the targets of reliability have four digits. 1 V is 0.5 % of 220 V.
_DECIMALS = {"percentunit": 3, "percent": 2, "volt": 2, "m": 1, "h": 2}


def _source(target: Target) -> DataSourceRef:
    return TIMESCALE if isinstance(target, SqlTarget) else PROMETHEUS


def _thresholds(steps: list[Threshold]) -> dashboard_builders.ThresholdsConfig:
    return dashboard_builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _colour(mode: FieldColorModeId) -> dashboard_builders.FieldColor:
    return dashboard_builders.FieldColor().mode(mode)
