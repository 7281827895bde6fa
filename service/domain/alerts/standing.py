"""How alerts of outages stand while they last: told, waited with, or held back, and why.

The policy of the back-test (``telling``), one look after another and by the clock: what was told
stays told until it is over, whatever is declared or learnt later, and is not told again.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from service.domain.alerts.counting import Part
from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.telling import (
    Going,
    Tally,
    further,
    is_over,
    may_tell,
    overruns,
    was_news,
    why_not,
)
from service.domain.alerts.words import OutageReason

AlertKind = Literal["interruption", "overrun"]

_SECOND_US: Final = 1_000_000


class AlertKey(NamedTuple):
    """What an alert is about, as long as it lasts."""

    outage_id: int
    kind: AlertKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OutagePart:
    """What of an open outage stands alike to what was declared; those of its points that are back, too.

    Microseconds since the Unix epoch.
    """

    outage_id: int
    part: Part
    place: str  # of the outage: feeder, transformer, point
    organisation: str
    region: str
    feeder: str
    feeder_name: str
    start: int  # of the outage, data time
    newest: int  # when the last point went of which a meter said so; of the outage if none did
    first_back: (
        int | None
    )  # when the first point of the outage had supply again, data time; None: none has
    declaration_id: int | None
    n_said: int  # whose meter said that supply went
    n_went: int  # whose meter said so, or that it is back
    n_gone: int  # of these, those that went so long ago as the wait for reclosing
    n_left: int  # of these, those without supply now
    n_points: int  # without supply now, as far as anybody said
    n_transformers: int  # of these, as are customers
    n_customers: int

    @property
    def going(self) -> Going:
        """What counts of it."""
        return Going(self.n_went, self.n_gone, self.n_left)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAlert:
    """An alert as it was noted before; microseconds since the Unix epoch."""

    alert_id: int
    key: AlertKey
    noted: int
    ready: int | None
    told: int | None
    reason: OutageReason | None
    n_points: int  # the most that were without supply at once; of what was told since then
    is_over: bool = False  # it was told, and some of its outage's points are without supply still


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """How an alert stands now. Neither told nor held for a reason: the wait for reclosing runs."""

    part: OutagePart
    kind: AlertKind
    noted: int
    ready: int | None
    told: int | None
    reason: OutageReason | None

    @property
    def key(self) -> AlertKey:
        """What it is about."""
        return AlertKey(self.part.outage_id, self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known at one instant."""

    now: int  # microseconds since the Unix epoch, by the clock
    through: int  # where the data reach
    parts: Sequence[OutagePart]
    known: Sequence[KnownAlert]
    ready: Mapping[str, Sequence[int]] = field(default_factory=dict)  # by organisation, in order


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What follows from one look."""

    alerts: tuple[AlertState, ...]
    over: tuple[int, ...]  # numbers of known alerts that are over
    storms: frozenset[str]  # organisations


class _Lasting(NamedTuple):
    """An alert that is not over, before others are looked at."""

    part: OutagePart  # what it shows
    kind: AlertKind
    known: KnownAlert | None
    is_ready: bool
    reason: OutageReason | None

    @property
    def key(self) -> AlertKey:
        return AlertKey(self.part.outage_id, self.kind)


def standing_of(rule: AlertsRow, look: Look) -> Standing:
    """Return how the alerts stand: of each outage one of its interruption, and one of what overruns a window."""
    lasting = sorted(_lasting(rule, look), key=lambda one: one.key)
    ready = [one for one in lasting if one.is_ready]
    whole = {one.part.feeder for one in ready if one.part.place == "feeder"} - {""}
    below = {one.key for one in ready if one.part.place != "feeder" and one.part.feeder in whole}
    storms = _storms(rule, look, [one for one in ready if one.key not in below])
    alerts = tuple(_state(look, one, _reason(one, below, storms)) for one in lasting)
    kept = {one.key for one in lasting}
    over = tuple(one.alert_id for one in look.known if one.key not in kept and not one.is_over)
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


def _lasting(rule: AlertsRow, look: Look) -> Iterator[_Lasting]:
    known = {one.key: one for one in look.known}
    outages: defaultdict[int, list[OutagePart]] = defaultdict(list)
    for part in look.parts:
        outages[part.outage_id].append(part)
    for outage_id, parts in outages.items():
        dark = {one.part: one for one in parts if one.n_points}
        told_before, beyond_before = (
            known.get(AlertKey(outage_id, kind)) for kind in ("interruption", "overrun")
        )
        beyond = _beyond(rule, look, parts, beyond_before)
        if beyond is not None:
            dark.pop("overrun")
            yield beyond
        if told_before is not None and told_before.told is not None:
            if "free" in dark and not _is_over(rule, dark["free"], told_before):
                yield _Lasting(dark["free"], "interruption", told_before, True, None)
        elif dark:  # what overruns its window and is not told is inside it still
            shown = next(dark[one] for one in ("free", "covered", "overrun") if one in dark)
            yield _interruption(rule, look, parts, shown, told_before)


def _beyond(
    rule: AlertsRow, look: Look, parts: Sequence[OutagePart], known: KnownAlert | None
) -> _Lasting | None:
    """Return the alert of what overruns a window; None: too few do, or those told of have supply."""
    part = next((one for one in parts if one.part == "overrun" and one.n_points), None)
    if part is None:
        return None
    if known is not None and known.told is not None:
        if _is_over(rule, part, known):
            return None
        return _Lasting(part, "overrun", known, True, None)
    if not overruns(_tally(look, parts, is_news=True), rule):
        return None
    is_news = _is_news(rule, look, look.through, known)
    return _Lasting(part, "overrun", known, is_news, None if is_news else "stale")


def _interruption(
    rule: AlertsRow,
    look: Look,
    parts: Sequence[OutagePart],
    shown: OutagePart,
    known: KnownAlert | None,
) -> _Lasting:
    newest = max(one.newest for one in parts)
    tally = _tally(look, parts, is_news=_is_news(rule, look, min(newest, look.through), known))
    if may_tell(tally.free, tally.since_back, rule):
        return _Lasting(shown, "interruption", known, True, None)
    reason = why_not(tally, rule)
    if known is not None:
        reason = further(known.reason, reason)
    return _Lasting(shown, "interruption", known, False, reason)


def _tally(look: Look, parts: Sequence[OutagePart], *, is_news: bool) -> Tally:
    """Return what counts of an outage; of old news nothing does."""
    first_back = min((one.first_back for one in parts if one.first_back is not None), default=None)
    by_part = {one.part: one.going for one in parts} if is_news else {}
    every = Going(*(sum(counts) for counts in zip(Going(), *by_part.values(), strict=True)))
    return Tally(
        n_said=sum(one.n_said for one in parts),
        n_heard=sum(one.n_went for one in parts),
        n_news=every.n_went,
        every=every,
        free=by_part.get("free", Going()),
        n_overrun=by_part.get("overrun", Going()).n_left,
        since_back=None if first_back is None else look.now - first_back,
    )


def _is_news(rule: AlertsRow, look: Look, at: int, known: KnownAlert | None) -> bool:
    """Return whether the newest word was no old one, now or when it was noted.

    When each word came is not known here: it is news if it speaks of a time that is not long ago.
    """
    if known is not None and was_news(known.reason):
        return True
    return look.now - at <= rule.news_age_max_s * _SECOND_US


def _is_over(rule: AlertsRow, part: OutagePart, known: KnownAlert) -> bool:
    """Return whether what was told is over, now or before: nobody is told of its rest again."""
    return known.is_over or is_over(part.n_points, max(part.n_points, known.n_points), rule)


def _reason(
    one: _Lasting, below: Set[AlertKey], storms: Set[str]
) -> OutageReason | Literal["waits"] | None:
    """Return why an alert is held back, None where it may be told."""
    if not one.is_ready:
        return one.reason or "waits"
    if one.key in below:
        return "feeder_outage"
    return "storm" if one.part.organisation in storms else None


def _storms(rule: AlertsRow, look: Look, ready: Iterable[_Lasting]) -> frozenset[str]:
    times = {organisation: list(before) for organisation, before in look.ready.items()}
    for one in ready:
        if one.kind == "interruption" and (one.known is None or one.known.ready is None):
            times.setdefault(one.part.organisation, []).append(look.now)
    return frozenset(one for one, ready_at in times.items() if is_storm(rule, ready_at, look.now))


def _state(look: Look, one: _Lasting, held: OutageReason | Literal["waits"] | None) -> AlertState:
    known = one.known
    told = None if known is None else known.told
    ready = None if known is None else known.ready
    if ready is None and one.is_ready:
        ready = look.now
    if told is None and held is None:
        told = look.now
    return AlertState(
        part=one.part,
        kind=one.kind,
        noted=look.now if known is None else known.noted,
        ready=ready,
        told=told,
        reason=None if told is not None or held == "waits" else held,
    )
