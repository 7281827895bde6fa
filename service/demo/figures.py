"""What the demonstration shows in the end, asked from the API like anybody would."""

import asyncio
import urllib.parse
import urllib.request
from typing import TypeVar

import msgspec

from service.api.scorecard_shapes import Scorecard, YearBudget
from service.demo.scenario import FEEDER_POINT, HOUSE_POINT, HOUSE_POINT_220
from service.terminal.scorecard_sources import Asked, from_serve

T = TypeVar("T")
WITHIN_S = 30.0
POINTS = (
    (HOUSE_POINT, "recorded house, 230 V"),
    (HOUSE_POINT_220, "the same, held against 220 V"),
    (FEEDER_POINT, "recorded feeder, band -3/+7 %"),
    ("street-000", "calm"),
    ("street-022", "silent for three hours"),
    ("street-062", "tap too high at night"),
    ("street-083", "delivered two hours late"),
    ("street-149", "end of the line, evening"),
    ("street-171", "broken neutral, 12 minutes"),
    ("street-205", "37 minutes dark, measured"),
    ("street-255", "50 minutes dark, declared"),
)


class Rates(msgspec.Struct, kw_only=True):
    """A rate with its bounds and coverage, 0..1; None without a denominator."""

    rate: float | None
    lower: float | None
    upper: float | None
    coverage: float | None


class PointFigures(Rates, kw_only=True):
    """The figures of one point over its time of service."""

    minutes: dict[str, int]  # by verdict, and ``due``
    point: str = ""
    story: str = ""  # what is known of it
    nominal_v: float = 0.0


class FeederFigures(Rates, kw_only=True):
    """The figures of one feeder; the rate is the mean of its points."""

    group: str
    name: str
    points: int
    not_monitored: int
    pooled: Rates
    minutes: dict[str, int]  # by verdict, and ``due``, of all points


class InterruptionFigures(msgspec.Struct):
    """One interruption; times with offset."""

    point: str
    transformer: str
    start_at: str
    end_at: str | None
    duration_s: float
    evidence: str
    ticket: str | None


class Figures(msgspec.Struct):
    """Everything that is shown."""

    points: list[PointFigures]
    feeders: list[FeederFigures]
    interruptions: list[InterruptionFigures]
    scorecard: Scorecard  # of the street
    budget: YearBudget


class _About(msgspec.Struct):
    nominal_v: float
    valid_from: str
    valid_to: str | None


class _PassRate(msgspec.Struct):
    total: PointFigures


class _Groups(msgspec.Struct):
    groups: list[FeederFigures]


class _Interruptions(msgspec.Struct):
    interruptions: list[InterruptionFigures]


async def ask_figures(url: str, street_days: tuple[str, str]) -> Figures:
    """Return the figures; ``street_days`` are the first day and the one after the last of the street.

    Raises:
        OSError: The API does not answer.
        ServeAnswerError: It does not answer the last questions.
    """
    points = [await _point(url, point, story, street_days[1]) for point, story in POINTS]
    days = {"from": street_days[0], "to": street_days[1]}
    feeders = await _ask(
        url, _Groups, "/v1/pass-rate", {"group_by": "feeder", "region": "Demo", **days}
    )
    found = await _ask(
        url, _Interruptions, "/v1/interruptions", {"region": "Demo", "limit": "500", **days}
    )
    asked = Asked(rule_set=None, from_=street_days[0], to=street_days[1])
    scorecard, budget = await asyncio.to_thread(from_serve, url, asked)
    return Figures(
        points=points,
        feeders=feeders.groups,
        interruptions=found.interruptions,
        scorecard=scorecard,
        budget=budget,
    )


async def _point(url: str, point: str, story: str, end_day: str) -> PointFigures:
    about = await _ask(url, _About, f"/v1/points/{point}", {})
    span = {"from": about.valid_from, "to": about.valid_to or end_day, "by": "month"}
    answer = await _ask(url, _PassRate, f"/v1/points/{point}/pass-rate", span)
    figures = answer.total
    figures.point, figures.story, figures.nominal_v = point, story, about.nominal_v
    return figures


async def _ask(url: str, shape: type[T], path: str, query: dict[str, str]) -> T:
    """Return the answer of the API at ``url`` to one question."""
    asked = f"{url.rstrip('/')}{urllib.parse.quote(path)}?{urllib.parse.urlencode(query)}"
    return msgspec.json.decode(await asyncio.to_thread(_get, asked), type=shape)


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=WITHIN_S) as answer:  # noqa: S310  (our own server)
        content: bytes = answer.read()
    return content
