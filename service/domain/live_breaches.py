"""Which points are outside their bands or without supply now, and what changed since they were looked at last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from service.domain.instants import at_us
from service.domain.rules import RuleSet, load_rule_set

BreachKind = Literal["under", "over", "high", "interrupted"]
Change = Literal["began", "changed", "ended"]

_DEFAULTS: Final = "voltpass-defaults"
_KINDS: Final[Mapping[int, BreachKind]] = MappingProxyType({1: "under", 2: "over", 3: "high"})
_US_IN_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachPlace:
    """Where a point is."""

    point: str
    region: str
    region_name: str
    feeder: str
    feeder_name: str
    transformer: str
    transformer_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLanes:
    """What some lanes see, an entry each."""

    places: Sequence[BreachPlace]
    last_ms: Sequence[int]  # end of the newest reading
    breach: Sequence[int]  # 0 inside the band, 1 below, 2 above, 3 above +20 %
    is_dark: Sequence[bool]
    is_edge: Sequence[bool]  # the newest reading touches an interruption of the point
    n_left_out: Mapping[tuple[str, str], int]  # too many to be shown, by region and feeder


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBreach:
    """A point in trouble."""

    place: BreachPlace
    kind: BreachKind
    seen_at: datetime  # end of the newest reading


@dataclass(frozen=True, slots=True)
class BreachChange:
    """What became of a point."""

    change: Change
    breach: LiveBreach  # as it is now; ended: as it was last seen


def stale_after(rule_set: RuleSet) -> timedelta:
    """Return the age from which readings say nothing of now: ``alerts.news_age_max_s`` of a rule set.

    A set that tells nobody has that of the packaged defaults.
    """
    row = rule_set.alerts or load_rule_set(_DEFAULTS).alerts
    if row is None:
        raise AssertionError  # the packaged file has it
    return timedelta(seconds=row.news_age_max_s)


def live_breaches(lanes: SeenLanes) -> dict[str, LiveBreach]:
    """Return the points in trouble, by name; of several lanes of a point the newest speaks, a dark one is dark.

    A reading in which supply went or came back is a mean of voltage and of none, and no breach.
    """
    newest: dict[str, int] = {}
    for i, place in enumerate(lanes.places):
        before = newest.get(place.point)
        if before is None or lanes.last_ms[i] > lanes.last_ms[before]:
            newest[place.point] = i
    found = {}
    for point, i in newest.items():
        kind = "interrupted" if lanes.is_dark[i] else _KINDS.get(lanes.breach[i])
        if kind is not None and not (kind == "under" and lanes.is_edge[i]):
            seen_at = at_us(lanes.last_ms[i] * _US_IN_MS)
            found[point] = LiveBreach(place=lanes.places[i], kind=kind, seen_at=seen_at)
    return dict(sorted(found.items()))


def changes_between(
    before: Mapping[str, LiveBreach], after: Mapping[str, LiveBreach]
) -> list[BreachChange]:
    """Return what began, became of another kind, and ended; a newer reading of the same kind is no change."""
    ended = [BreachChange("ended", before[point]) for point in sorted(before.keys() - after.keys())]
    began = [BreachChange("began", after[point]) for point in sorted(after.keys() - before.keys())]
    changed = [
        BreachChange("changed", after[point])
        for point in sorted(before.keys() & after.keys())
        if before[point].kind != after[point].kind
    ]
    return [*ended, *changed, *began]
