"""Outages, windows and alerts for the tests of the notification policy; minutes from midnight."""

from service.domain.alerts.darkness import DarkPoint, DeclaredWindow, Word
from service.domain.alerts.outage_alerts import OutageRecord
from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import Alert, AlertPlace, AlertRule
from service.domain.rules import load_rule_set

MINUTE = 60_000_000
SECOND = 1_000_000


def _row() -> AlertsRow:
    row = load_rule_set("voltpass-defaults").alerts
    assert row is not None
    return row


ROW = _row()
FOREVER = 30 * 24 * 60 * MINUTE  # after the last of all alerts


def dark(
    point_id: int,
    start: float,
    *,
    told: float | None,
    back: float | None = None,
    heard: float | None = None,
    measured: tuple[tuple[float, float], ...] = (),
) -> DarkPoint:
    """Return a point without supply, one customer; times in minutes."""
    return DarkPoint(
        point_id=point_id,
        n_customers=1,
        start=us(start),
        told=None if told is None else us(told),
        heard=us(heard) if heard is not None else None if told is None else us(told),
        back=None if back is None else us(back),
        measured=tuple(Word(us(at), us(arrives)) for at, arrives in measured),
    )


def outage(
    *members: DarkPoint, place: AlertPlace = "transformer", code: str = "T1"
) -> OutageRecord:
    """Return an outage of feeder F1."""
    return OutageRecord(
        record_id=1,
        organisation="ORG",
        feeder="F1",
        place=place,
        code=code,
        start=min(one.start for one in members),
        members=members,
    )


def window(
    begins: float,
    ends: float | None,
    *point_ids: int,
    entered: float = -10_000,
    withdrawn: float | None = None,
    number: int = 1,
) -> DeclaredWindow:
    """Return a declared window; times in minutes."""
    return DeclaredWindow(
        declaration_id=number,
        point_ids=frozenset(point_ids),
        begins=us(begins),
        ends=None if ends is None else us(ends),
        entered=us(entered),
        withdrawn=None if withdrawn is None else us(withdrawn),
    )


def alert(  # noqa: PLR0913 (what tests vary)
    ready: float,
    over: float | None = None,
    *,
    rule: AlertRule = "interruption",
    place: AlertPlace = "transformer",
    code: str = "T1",
    feeder: str = "F1",
    organisation: str = "ORG",
) -> Alert:
    """Return an alert of 10 points; times in minutes."""
    return Alert(
        rule=rule,
        organisation=organisation,
        feeder=feeder,
        place=place,
        code=code,
        starts=us(ready) - 3 * MINUTE,
        ready=us(ready),
        over=None if over is None else us(over),
        n_points=10,
        n_customers=9,
    )


def us(minutes: float) -> int:
    """Return microseconds."""
    return round(minutes * MINUTE)
