"""Charts of a point's voltage: hour by hour over a period, minute by minute over a day, with the bands."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from service.console.charts import Chart, Json
from service.console.texts import Language, Texts
from service.domain.bands import Band
from service.domain.explanation.hours import HourOfPoint
from service.domain.explanation.minutes import Part, SpanMinutes
from service.domain.registry import Point, Wiring

PHASE_NAMES: Final[dict[Wiring, tuple[str, ...]]] = {
    "1p": ("U",),
    "3p4w": ("Ua", "Ub", "Uc"),
    "3p3w": ("Uab", "Ubc", "Uca"),
}
# Okabe and Ito; lines differ in their dashes, too.
_COLOURS: Final = ("#0072B2", "#009E73", "#CC79A7")
_SOFT: Final = ("rgba(0,114,178,.22)", "rgba(0,158,115,.20)", "rgba(204,121,167,.22)")
_DASHES: Final = ("solid", "dash", "dot")
_KV_FROM_V: Final = 1000
_LIMIT_COLOUR: Final = "bad"
_DAY_MS: Final = 86_400_000
# Between ticks less than a day the clock, else the day.
_CLOCK: Final[Json] = {"dtickrange": [None, _DAY_MS - 1], "value": "%H:%M"}
_TICKS: Final[Mapping[Language, list[Json]]] = {
    "en": [_CLOCK, {"dtickrange": [_DAY_MS, None], "value": "%-d/%-m"}],
    "zh": [_CLOCK, {"dtickrange": [_DAY_MS, None], "value": "%-m月%-d日"}],
}


class Shaded(NamedTuple):
    """A time that is shaded in a chart; local times."""

    from_at: datetime
    to_at: datetime
    colour: str  # by its role in the page


def period_chart(
    hours: Sequence[HourOfPoint],
    point: Point,
    bands: Sequence[Band | None],
    texts: Texts,
    shaded: Sequence[Shaded] = (),
) -> Chart:
    """Return the lowest, mean and highest voltage of each hour; ``bands``: in normal and in abnormal state."""
    scale, unit = _scale_of(point)
    traces: list[dict[str, Json]] = []
    for phase, name in enumerate(PHASE_NAMES[point.wiring]):
        if all(hour.voltage[phase] is None for hour in hours):
            continue
        lows, means, highs = _columns(hours, phase, scale)
        at = _clock_of(hours)
        traces += [
            _edge(at, lows, f"{name} {texts('point.lowest')}", phase),
            _edge(at, highs, f"{name} {texts('point.highest')}", phase, fill=True),
            _line(at, means, name, phase),
        ]
    return Chart(
        name="voltage",
        says=texts("point.voltage_says"),
        traces=traces,
        layout=_layout(unit, texts.language, _limits(bands, point, scale), shaded),
        height_px=340,
    )


def day_chart(
    minutes: SpanMinutes,
    part: Part,
    point: Point,
    bands: Sequence[Band | None],
    texts: Texts,
    zone: ZoneInfo,
) -> Chart:
    """Return the voltage of each minute of a day."""
    scale, unit = _scale_of(point)
    at = [_wall_clock(minutes.at(place).astimezone(zone)) for place in range(part.first, part.end)]
    traces: list[dict[str, Json]] = []
    for phase, name in enumerate(PHASE_NAMES[point.wiring]):
        is_measured = minutes.measured_of(phase, part).tolist()
        volts = minutes.volts(phase, part).tolist()
        if not any(is_measured):
            continue
        shown = [
            _round(volt * scale) if measured else None
            for volt, measured in zip(volts, is_measured, strict=True)
        ]
        traces.append(_line(at, shown, name, phase))
    return Chart(
        name="day-voltage",
        says=texts("point.day_voltage_says"),
        traces=traces,
        layout=_layout(unit, texts.language, _limits(bands, point, scale)),
        height_px=280,
    )


def _columns(
    hours: Sequence[HourOfPoint], phase: int, scale: float
) -> tuple[list[float | None], list[float | None], list[float | None]]:
    known = [hour.voltage[phase] for hour in hours]
    return (
        [None if one is None else _round(one.lowest_v * scale) for one in known],
        [None if one is None else _round(one.mean_v * scale) for one in known],
        [None if one is None else _round(one.highest_v * scale) for one in known],
    )


def _clock_of(hours: Iterable[HourOfPoint]) -> list[str]:
    return [_wall_clock(hour.from_at) for hour in hours]


def _wall_clock(at: datetime) -> str:
    """Return a local time without offset: the axis shows the clocks of the deployment."""
    return at.replace(tzinfo=None).isoformat(timespec="minutes")


def _line(
    at: Sequence[str], values: Sequence[float | None], name: str, phase: int
) -> dict[str, Json]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(at),
        "y": list(values),
        "line": {"color": _COLOURS[phase], "width": 1.5, "dash": _DASHES[phase]},
        "connectgaps": False,
    }


def _edge(
    at: Sequence[str], values: Sequence[float | None], name: str, phase: int, *, fill: bool = False
) -> dict[str, Json]:
    """Return an edge of the range between the lowest and the highest voltage of the hours."""
    edge: dict[str, Json] = {
        **_line(at, values, name, phase),
        "line": {"color": _COLOURS[phase], "width": 0.5},
        "showlegend": False,
    }
    if fill:
        edge |= {"fill": "tonexty", "fillcolor": _SOFT[phase]}
    return edge


def _limits(bands: Sequence[Band | None], point: Point, scale: float) -> list[tuple[float, str]]:
    """Return the edges of the bands in the chart's unit, each with the deviation that it stands for."""
    found = []
    for nth, band in enumerate(bands):
        for cells in () if band is None else (band.lower, band.upper):
            volts = point.nominal_mv * (10_000 + cells) / 10_000_000
            found.append((_round(volts * scale), f"{cells / 100:+g} %" if nth == 0 else ""))
    return found


def _layout(
    unit: str,
    language: Language,
    limits: Sequence[tuple[float, str]],
    shaded: Sequence[Shaded] = (),
) -> dict[str, Json]:
    shapes: list[Json] = [_shape_of(one) for one in shaded]
    notes: list[Json] = []
    for value, text in limits:
        is_normal = bool(text)
        shapes.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": value,
                "y1": value,
                "line": {
                    "color": _LIMIT_COLOUR,
                    "width": 1.4 if is_normal else 1,
                    "dash": "solid" if is_normal else "dot",
                },
            }
        )
        if is_normal:
            notes.append(
                {
                    "xref": "paper",
                    "x": 1,
                    "xanchor": "right",
                    "y": value,
                    "yanchor": "bottom",
                    "text": text,
                    "showarrow": False,
                    "font": {"color": _LIMIT_COLOUR, "size": 12},
                }
            )
    return {
        "shapes": shapes,
        "annotations": notes,
        "yaxis": {"title": {"text": unit}, "fixedrange": False},
        "xaxis": {
            "type": "date",
            "fixedrange": False,
            "tickformatstops": _TICKS[language],
        },
        "dragmode": "zoom",
        "hovermode": "x unified",
    }


def _shape_of(one: Shaded) -> dict[str, Json]:
    return {
        "type": "rect",
        "layer": "below",
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "x0": _wall_clock(one.from_at),
        "x1": _wall_clock(one.to_at),
        "fillcolor": one.colour,
        "opacity": 0.3,
        "line": {"width": 1, "color": one.colour},
    }


def _scale_of(point: Point) -> tuple[float, str]:
    return (1.0, "V") if point.nominal_mv < _KV_FROM_V * 1000 else (1 / _KV_FROM_V, "kV")


def _round(value: float) -> float:
    """Return a value with five significant digits and more: enough for 0.01 % of nominal, and shorter."""
    return round(value, 5 - math.ceil(math.log10(abs(value)))) if value else 0.0
