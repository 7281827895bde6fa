"""The answer of the back-test, as JSON and CSV give it."""

from collections import Counter, defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from service.domain.alerts.budget import by_ten_minutes, over_budget
from service.domain.alerts.words import (
    REASONS,
    Alert,
    AlertPlace,
    AlertRule,
    NotificationKind,
    Reason,
)
from service.domain.instants import at_us
from service.terminal.backtest import Backtest


class AlertShape(BaseModel):
    """An alert and what came of it."""

    rule: AlertRule
    organisation: str
    feeder: str
    place: AlertPlace
    code: str
    starts_at: datetime = Field(description="Since when it is so, by the data")
    ready_at: datetime = Field(
        description="When it may be told; of what never may, first word of it"
    )
    over_at: datetime | None = Field(description="When it was known to be over")
    points: int
    customers: int
    is_overrun: bool = Field(description="Of a declared window")
    told_at: datetime | None = Field(description="Of the notification that told it first")
    held: Reason | None = Field(description="Why nobody was told")


class NotificationShape(BaseModel):
    """What an organisation was told at one instant."""

    organisation: str
    at: datetime
    kind: NotificationKind
    alerts: int
    points: int
    customers: int


class TenMinutesShape(BaseModel):
    """A time of the budget's length in which an organisation was told anything."""

    organisation: str
    from_at: datetime
    notifications: int


class BudgetShape(BaseModel):
    """The budget of notifications, and whether it was kept."""

    notifications: int
    within_s: int
    is_kept: bool
    broken: list[TenMinutesShape] = Field(description="Where there were more, by the first of them")


class BacktestShape(BaseModel):
    """What the notification policy makes of a span of history."""

    from_at: datetime
    to_at: datetime
    zone: str
    rule_set: str
    organisation: str | None
    n_alerts: int
    n_told: int
    n_held: dict[Reason, int]
    n_pending: int = Field(description="Not yet told when the span ended")
    budget: BudgetShape
    by_ten_minutes: list[TenMinutesShape]
    notifications: list[NotificationShape]
    alerts: list[AlertShape]


def shape_of(found: Backtest) -> BacktestShape:
    """Return the answer; times are in the deployment's zone."""
    outcome, zone = found.outcome, _zone(found)
    told_at = {
        _key(alert): one.at
        for one in reversed(outcome.notifications)
        if one.kind in ("alerts", "storm")
        for alert in one.alerts
    }
    reason_of = {_key(one.alert): one.reason for one in outcome.held}
    reasons = Counter(reason_of.values())
    broken = over_budget(outcome.notifications, found.row)
    return BacktestShape(
        from_at=found.from_at,
        to_at=found.to_at,
        zone=zone.key,
        rule_set=found.rule_set.name,
        organisation=found.organisation,
        n_alerts=len(outcome.alerts),
        n_told=len(told_at),
        n_held={reason: reasons[reason] for reason in REASONS if reasons[reason]},
        n_pending=len(outcome.pending),
        budget=BudgetShape(
            notifications=found.row.budget_notifications,
            within_s=found.row.budget_s,
            is_kept=not broken,
            broken=[
                TenMinutesShape(
                    organisation=one.organisation,
                    from_at=_at(one.first, zone),
                    notifications=one.n_notifications,
                )
                for one in broken
            ],
        ),
        by_ten_minutes=[
            TenMinutesShape(organisation=organisation, from_at=_at(first, zone), notifications=n)
            for (organisation, first), n in sorted(
                by_ten_minutes(outcome.notifications, found.row).items()
            )
        ],
        notifications=[
            NotificationShape(
                organisation=one.organisation,
                at=_at(one.at, zone),
                kind=one.kind,
                alerts=len(one.alerts),
                points=one.n_points,
                customers=one.n_customers,
            )
            for one in outcome.notifications
        ],
        alerts=[
            _alert(one, told_at.get(_key(one)), reason_of.get(_key(one)), zone)
            for one in outcome.alerts
        ],
    )


def by_organisation(found: BacktestShape) -> dict[str, tuple[int, int, int, int]]:
    """Return alerts, those told, notifications, and the most of them in ten minutes, by organisation."""
    alerts = Counter(one.organisation for one in found.alerts)
    told = Counter(one.organisation for one in found.alerts if one.told_at is not None)
    notifications = Counter(one.organisation for one in found.notifications)
    most: defaultdict[str, int] = defaultdict(int)
    for one in (*found.by_ten_minutes, *found.budget.broken):
        most[one.organisation] = max(most[one.organisation], one.notifications)
    return {
        name: (alerts[name], told[name], notifications[name], most[name]) for name in sorted(alerts)
    }


def _key(alert: Alert) -> tuple[str, str, str, int, int | None]:
    """Return what makes two alerts the same: a greater one may have moved when it is ready."""
    return alert.rule, alert.place, alert.code, alert.starts, alert.record_id


def _alert(one: Alert, told: int | None, held: Reason | None, zone: ZoneInfo) -> AlertShape:
    return AlertShape(
        rule=one.rule,
        organisation=one.organisation,
        feeder=one.feeder,
        place=one.place,
        code=one.code,
        starts_at=_at(one.starts, zone),
        ready_at=_at(one.ready, zone),
        over_at=None if one.over is None else _at(one.over, zone),
        points=one.n_points,
        customers=one.n_customers,
        is_overrun=one.is_overrun,
        told_at=None if told is None else _at(told, zone),
        held=held,
    )


def _at(us: int, zone: ZoneInfo) -> datetime:
    return at_us(us).astimezone(zone)


def _zone(found: Backtest) -> ZoneInfo:
    zone = found.from_at.tzinfo
    if not isinstance(zone, ZoneInfo):
        raise TypeError(f"{found.from_at} has no zone of the deployment")
    return zone
