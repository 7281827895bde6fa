"""Entries of the register, good unless asked otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

from service.domain.register import NewDeclaration, Place, ToldCustomer

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)  # 12:00 in China
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def planned(**others: Any) -> NewDeclaration:
    """Return planned maintenance that took place in its window, with its notice."""
    fields: dict[str, Any] = {
        "kind": "outage",
        "outage_kind": "planned",
        "places": (Place("feeder", "F1"),),
        "ticket": "P-1",
        "author": "li.na",
        "approver": "wang.wei",
        "cause": "planned_maintenance",
        "window_from": NOON,
        "window_to": NOON + 4 * HOUR,
        "notice_at": NOON - 8 * DAY,
        "notice_fields": ("area", "lines", "off", "restore"),
        "important_told": (ToldCustomer("C1", NOON - 8 * DAY),),
        "from_at": NOON,
        "to_at": NOON + 3 * HOUR,
    }
    return NewDeclaration(**{**fields, **others})


def abnormal(**others: Any) -> NewDeclaration:
    """Return an abnormal state of an hour."""
    fields: dict[str, Any] = {
        "kind": "abnormal_state",
        "places": (Place("feeder", "F1"),),
        "ticket": "A-1",
        "author": "li.na",
        "approver": "wang.wei",
        "cause": "转供电方式运行",
        "from_at": NOON,
        "to_at": NOON + HOUR,
    }
    return NewDeclaration(**{**fields, **others})
