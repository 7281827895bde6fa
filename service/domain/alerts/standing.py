"""How alerts of outages stand while they last: told, waited with, or held back, and why.

The policy of the back-test, one look after another and by the clock: what was told stays told until
it is over, whatever is declared or learnt later.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import OutageReason

AlertKind = Literal["interruption", "overrun"]
Part = Literal["free", "covered", "overrun"]  # outside of what was declared, inside, beyond its end

_METERS_SAY: Final = frozenset({"measured", "meter_event", "feeder"})
_READY: Final = (None, "storm", "feeder_outage")  # it would be told, if it were alone
_SECOND_US: Final = 1_000_000


class AlertKey(NamedTuple):
    """What an alert is about, as long as it lasts."""

    outage_id: int
    kind: AlertKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkPart:
    """What of an open outage is without supply now and stands alike to what was declared.

    Microseconds since the Unix epoch.
    """

    outage_id: int
    part: Part
    place: str  # of the outage: feeder, transformer, point
    evidence: str  # best grade of the outage
    n_outage_points: int  # of the outage, those with supply again included
    organisation: str
    region: str
    feeder: str
    feeder_name: str
    start: int  # of the outage, data time
    newest: int  # when the last of the points went
    first_back: (
        int | None
    )  # when the first point of the outage had supply again, data time; None: none has
    declaration_id: int | None
    n_points: int
    n_transformers: int
    n_customers: int

    @property
    def key(self) -> AlertKey:
        """The alert that it is."""
        return AlertKey(self.outage_id, "overrun" if self.part == "overrun" else "interruption")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAlert:
    """An alert as it was noted before; microseconds since the Unix epoch."""

    alert_id: int
    key: AlertKey
    noted: int
    ready: int | None
    told: int | None
    reason: OutageReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """How an alert stands now. Neither told nor held for a reason: the wait for reclosing runs."""

    part: DarkPart
    kind: AlertKind
    noted: int
    ready: int | None
    told: int | None
    reason: OutageReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known at one instant."""

    now: int  # microseconds since the Unix epoch, by the clock
    through: int  # where the data reach
    parts: Sequence[DarkPart]
    known: Sequence[KnownAlert]
    ready: Mapping[str, Sequence[int]] = field(default_factory=dict)  # by organisation, in order


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What follows from one look."""

    alerts: tuple[AlertState, ...]
    over: tuple[int, ...]  # numbers of known alerts that are over
    storms: frozenset[str]  # organisations


def standing_of(rule: AlertsRow, look: Look) -> Standing:
    """Return how the alerts stand; each dark part is at most one alert.

    An alert is over when its outage has no more than ``left_share_max`` of its points without
    supply; one that is told of so few, long after the others were back, when they are too few to be
    told of. What was told stays told until then.
    """
    known = {one.key: one for one in look.known}
    n_dark = _n_dark(look.parts)
    lasting = _lasting(rule, look, n_dark, known)
    first = [
        (part, _held_by_itself(rule, look, part, n_dark[part.outage_id], known.get(part.key)))
        for part in lasting
    ]
    is_ready = {part.key for part, (held, waits) in first if held is None and not waits}
    ready = [part for part in lasting if part.key in is_ready]
    whole = {part.feeder for part in ready if part.place == "feeder"} - {""}
    below = {part.key for part in ready if part.place != "feeder" and part.feeder in whole}
    storms = _storms(rule, look, [part for part in ready if part.key not in below], known)
    alerts = tuple(
        _state(look, part, known.get(part.key), _reason(part, held, below, storms, is_ready))
        for part, (held, _) in first
    )
    kept = {one.part.key for one in alerts}
    over = tuple(one.alert_id for one in look.known if one.key not in kept)
    return Standing(alerts=alerts, over=over, storms=storms)


def is_storm(rule: AlertsRow, ready: Iterable[int], now: int) -> bool:
    """Return whether a storm goes on: it begins with enough alerts in a window, and ends when none came for long.

    Args:
        rule: How many, within what, and how long without one.
        ready: When alerts were ready to be told, in order; microseconds since the Unix epoch.
        now: Microseconds since the Unix epoch, not before the last of them.
    """
    window, over = rule.storm_window_s * _SECOND_US, rule.storm_over_s * _SECOND_US
    recent: deque[int] = deque()
    goes_on, last = False, now
    for at in ready:
        if goes_on and at - last >= over:
            goes_on = False
            recent.clear()
        while recent and recent[0] <= at - window:
            recent.popleft()
        recent.append(at)
        goes_on = goes_on or len(recent) >= rule.storm_alerts_min
        last = at
    return goes_on and now - last < over


def _n_dark(parts: Iterable[DarkPart]) -> Counter[int]:
    """Return how many points of each outage are without supply."""
    n_dark: Counter[int] = Counter()
    for part in parts:
        n_dark[part.outage_id] += part.n_points
    return n_dark


def _lasting(
    rule: AlertsRow,
    look: Look,
    n_dark: Mapping[int, int],
    known: Mapping[AlertKey, KnownAlert],
) -> list[DarkPart]:
    """Return one part for each alert: of a free and a covered one of the same outage the free one."""
    chosen: dict[AlertKey, DarkPart] = {}
    for part in sorted(look.parts, key=lambda one: one.part == "covered"):
        if _is_over(rule, part, n_dark[part.outage_id], known.get(part.key)):
            continue
        chosen.setdefault(part.key, part)
    return sorted(chosen.values(), key=lambda one: one.key)


def _is_over(rule: AlertsRow, part: DarkPart, n_dark: int, known: KnownAlert | None) -> bool:
    """Return whether what was told of an outage is over, by how many of its points are left."""
    if known is None or known.told is None:
        return False
    if _is_long_after(rule, part, known.told):
        return n_dark < rule.interruption_points_min
    return n_dark <= rule.left_share_max * part.n_outage_points


def _is_long_after(rule: AlertsRow, part: DarkPart, now: int) -> bool:
    """Return whether other points are back for so long that those that are left would be known to be, too."""
    return part.first_back is not None and now >= part.first_back + rule.left_wait_s * _SECOND_US


def _held_by_itself(
    rule: AlertsRow, look: Look, part: DarkPart, n_dark: int, known: KnownAlert | None
) -> tuple[OutageReason | None, bool]:
    """Return why a part is held back, whatever else goes on, and whether it is waited with."""
    if known is not None and known.told is not None:
        return None, False
    news = look.through if part.part == "overrun" else min(part.newest, look.through)
    was_fresh = known is not None and (known.ready is not None or known.reason == "reclosed")
    is_fresh = was_fresh or look.now - news <= rule.news_age_max_s * _SECOND_US
    held: OutageReason | None = None
    if part.part == "covered":
        held = "declared_window"
    elif part.evidence not in _METERS_SAY:
        held = "no_meter_evidence"
    elif part.n_points < rule.interruption_points_min:
        held = "below_threshold"
    elif not is_fresh:
        held = "stale"
    elif _are_late(rule, part, n_dark, look.now):
        held = "reclosed"
    waits = look.now < part.start + rule.reclose_wait_s * _SECOND_US
    if part.first_back is not None:
        waits |= look.now < part.first_back + rule.return_wait_s * _SECOND_US
    return held, held is None and waits


def _are_late(rule: AlertsRow, part: DarkPart, n_dark: int, now: int) -> bool:
    """Return whether so few points are left that they are taken to be late in saying that they are back."""
    if part.first_back is None or part.part == "overrun":  # a window has a wait of its own
        return False
    is_few = n_dark <= rule.left_share_max * part.n_outage_points
    return is_few and not _is_long_after(rule, part, now)


def _reason(
    part: DarkPart,
    held: OutageReason | None,
    below: Set[AlertKey],
    storms: Set[str],
    ready: Set[AlertKey],
) -> OutageReason | Literal["waits"] | None:
    """Return why an alert is held back, None where it may be told."""
    if part.key not in ready:
        return held or "waits"
    if part.key in below:
        return "feeder_outage"
    return "storm" if part.organisation in storms else None


def _storms(
    rule: AlertsRow,
    look: Look,
    ready: Sequence[DarkPart],
    known: Mapping[AlertKey, KnownAlert],
) -> frozenset[str]:
    times = {organisation: list(before) for organisation, before in look.ready.items()}
    for part in ready:
        before = known.get(part.key)
        if part.key.kind == "interruption" and (before is None or before.ready is None):
            times.setdefault(part.organisation, []).append(look.now)
    return frozenset(one for one, ready_at in times.items() if is_storm(rule, ready_at, look.now))


def _state(
    look: Look,
    part: DarkPart,
    known: KnownAlert | None,
    held: OutageReason | Literal["waits"] | None,
) -> AlertState:
    told = None if known is None else known.told
    ready = None if known is None else known.ready
    if ready is None and held in _READY:
        ready = look.now
    if told is None and held is None:
        told = look.now
    return AlertState(
        part=part,
        kind=part.key.kind,
        noted=look.now if known is None else known.noted,
        ready=ready,
        told=told,
        reason=None if told is not None or held == "waits" else held,
    )
