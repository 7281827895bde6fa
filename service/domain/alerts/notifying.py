"""Notifications of organisations, grouped as Alertmanager groups them, with one for all in a storm.

A group begins with the first alert of an organisation, waits for others, and from then on looks at its
alerts once an interval, until it has neither something to tell nor an alert that goes on. So two
notifications of an organisation are never closer than the interval. An alert that was over before it
could be told is told all the same, but not a tolerance breach that waited for its own, longer interval:
nobody is to do anything about it any more, so it is held.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from service.domain.alerts.inhibiting import inhibited
from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.storms import Storm, storms_of
from service.domain.alerts.words import Alert, Held, Notification, NotificationKind

_SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of alerts; each is in exactly one place.

    That is a notification of kind ``alerts`` or ``storm``, ``held``, or ``pending``. Repeats and the
    account of a storm name alerts again.
    """

    notifications: tuple[Notification, ...]  # by time, then organisation
    held: tuple[Held, ...]  # by the order of their alerts
    pending: tuple[Alert, ...]  # not yet told when the time was up


def notify(alerts: Iterable[Alert], rule: AlertsRow, through: int) -> Told:
    """Return what organisations are told of alerts that are ready; the order of ``alerts`` is no matter.

    Args:
        alerts: Those to be told.
        rule: Waits, and what a storm is.
        through: Microseconds since the Unix epoch; nothing is told from here on.
    """
    by_organisation: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in set(alerts):
        by_organisation[alert.organisation].append(alert)
    groups = []
    held: list[Held] = []
    for organisation, mine in sorted(by_organisation.items()):
        free, by_feeder = inhibited(mine, rule)
        group = _Group(
            organisation=organisation, rule=rule, coming=free, storms=storms_of(free, rule)
        )
        group.run(through)
        groups.append(group)
        held += [*by_feeder, *group.held]
    return Told(
        notifications=tuple(
            sorted(
                (one for group in groups for one in group.notifications),
                key=lambda one: (one.at, one.organisation),
            )
        ),
        held=tuple(sorted(held, key=lambda one: (one.alert.order, one.alert.organisation))),
        pending=tuple(one for group in groups for one in (*group.waiting, *group.coming)),
    )


@dataclass(slots=True, kw_only=True)
class _Group:
    """The alerts of one organisation, followed through time from tick to tick."""

    organisation: str
    rule: AlertsRow
    coming: list[Alert]  # by their order; taken from the front
    storms: Sequence[Storm]
    waiting: list[Alert] = field(default_factory=list)  # ready, neither told nor held
    going_on: list[Alert] = field(default_factory=list)  # told, and not over
    of_storm: list[Alert] = field(default_factory=list)  # held by a storm, not accounted for
    notifications: list[Notification] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    told_storms: set[Storm] = field(default_factory=set)
    told_at: int = 0  # when something was told last
    told_breach_at: int | None = None  # when a tolerance breach was named last

    def run(self, through: int) -> None:
        """Follow them up to an instant."""
        self.coming.reverse()
        tick: int | None = None
        while tick is not None or self.coming:
            if tick is None:
                tick = self.coming[-1].ready + self.rule.group_wait_s * _SECOND_US
            if tick >= through:
                break
            tick = self._next_tick(tick) if self._look(tick) else None
        self.coming.reverse()

    def _look(self, now: int) -> bool:
        """Tell what there is to tell; return whether the group goes on."""
        while self.coming and self.coming[-1].ready <= now:
            self.waiting.append(self.coming.pop())
        self._hold_what_is_covered(now)
        self._hold_breaches_between(now)
        self.going_on = [one for one in self.going_on if one.over is None or one.over > now]
        is_told = self._tell_what_there_is(now)
        return bool(is_told or self.waiting or self.going_on or self._storm_at(now))

    def _hold_what_is_covered(self, now: int) -> None:
        """Hold what was declared while it waited."""
        covered = [one for one in self.waiting if one.covered is not None and one.covered <= now]
        self.held += [Held(alert=one, reason="declared_window") for one in covered]
        self.waiting = [one for one in self.waiting if one not in covered]

    def _hold_breaches_between(self, now: int) -> None:
        """Hold the breaches that are over before breaches may be told again."""
        if self._may_tell_breaches(now) or self._storm_at(now):
            return
        ended = [
            one
            for one in self.waiting
            if one.rule == "tolerance_breach" and one.over is not None and one.over <= now
        ]
        self.held += [Held(alert=one, reason="breach_interval") for one in ended]
        self.waiting = [one for one in self.waiting if one not in ended]

    def _may_tell_breaches(self, now: int) -> bool:
        interval = self.rule.breach_interval_s * _SECOND_US
        return self.told_breach_at is None or now - self.told_breach_at >= interval

    def _tell_what_there_is(self, now: int) -> bool:
        storm = self._storm_at(now)
        if storm is not None and storm in self.told_storms:
            self.held += [Held(alert=one, reason="storm") for one in self.waiting]
            self.of_storm += self.waiting
            self.waiting = []
            return False
        if storm is not None:
            self.told_storms.add(storm)
            return self._tell_waiting(now, "storm")
        if self.of_storm:
            self._tell(now, "storm_over", self.of_storm)
            self.of_storm = []
            return True
        if self._due(now):
            return self._tell_waiting(now, "alerts")
        if self.going_on and now - self.told_at >= self.rule.repeat_s * _SECOND_US:
            self._tell(now, "repeat", self.going_on)
            return True
        return False

    def _due(self, now: int) -> list[Alert]:
        """Return what waits and may be told."""
        if self._may_tell_breaches(now):
            return self.waiting
        return [one for one in self.waiting if one.rule != "tolerance_breach"]

    def _tell_waiting(self, now: int, kind: NotificationKind) -> bool:
        due = self._due(now)
        self._tell(now, kind, due)
        self.going_on += [one for one in due if one.over is None or one.over > now]
        self.waiting = [one for one in self.waiting if one not in due]
        return True

    def _tell(self, now: int, kind: NotificationKind, alerts: Sequence[Alert]) -> None:
        self.told_at = now
        if any(one.rule == "tolerance_breach" for one in alerts):
            self.told_breach_at = now
        self.notifications.append(
            Notification(
                organisation=self.organisation,
                at=now,
                kind=kind,
                alerts=tuple(sorted(alerts, key=lambda one: one.order)),
            )
        )

    def _storm_at(self, now: int) -> Storm | None:
        return next((one for one in self.storms if one.begins <= now < one.ends), None)

    def _next_tick(self, now: int) -> int:
        """Return the next tick at which something can have changed."""
        interval = self.rule.group_interval_s * _SECOND_US
        if not (self.waiting or self.going_on or self._storm_at(now)):
            return now + interval
        lasting = (*self.waiting, *self.going_on)  # what waits on is a breach, for its interval
        changes = [one.over for one in lasting if one.over is not None]
        if self.waiting and self.told_breach_at is not None:
            changes.append(self.told_breach_at + self.rule.breach_interval_s * _SECOND_US)
        if self.going_on:
            changes.append(self.told_at + self.rule.repeat_s * _SECOND_US)
        if self.coming:
            changes.append(self.coming[-1].ready)
        changes += [one.ends for one in self.storms if one.begins <= now < one.ends]
        return now + interval * max(1, -((now - min(changes)) // interval))
