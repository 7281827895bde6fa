"""Rows of rules and records of the register, with defaults for what a test does not care about."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.instants import epoch_us
from service.domain.promise_rows import (
    CrewRow,
    DeadlineRow,
    NoticeRow,
    PlannedCountRow,
    PlannedWindowRow,
)
from service.domain.promises.crews import FaultCall
from service.domain.promises.deadlines import Deadline
from service.domain.promises.notice import AnnouncedOutage

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
ROW: dict[str, Any] = {
    "reach": "each",
    "source": "test",
    "certainty": "confirm",
    "effective_from": date(2003, 11, 1),
}
ALL_FIELDS = frozenset({"area", "lines", "off", "restore"})


def us(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    """Return a local time as microseconds since the epoch."""
    at = datetime.fromisoformat(text)
    return epoch_us(at if at.tzinfo else at.replace(tzinfo=zone))


def notice_row(**others: Any) -> NoticeRow:
    given = {"promise": "planned_notice", "lead": 168, "lead_unit": "hours", "told_lead": 168}
    demands = {"demands": "public_and_told", "public_fields": ALL_FIELDS}
    return NoticeRow.model_validate(ROW | given | demands | others)


def count_row(**others: Any) -> PlannedCountRow:
    given = {"promise": "planned_count", "from_kv": 10, "up_to_kv": 10, "at_most": 3}
    causes = {"leaves_out_causes": frozenset({"planned_construction"})}
    return PlannedCountRow.model_validate(ROW | given | causes | others)


def window_row(at_most_minutes: int = 0) -> PlannedWindowRow:
    given = {"promise": "planned_window", "at_most_minutes": at_most_minutes}
    return PlannedWindowRow.model_validate(ROW | given)


def crew_row(**others: Any) -> CrewRow:
    given = {"promise": "crew_arrival", "area": "urban", "exempts_severe_weather": True}
    limit = {} if "set_by" in others else {"within_minutes": 45}
    return CrewRow.model_validate(ROW | given | limit | others)


def deadline_row(n_units: int, unit: str, **others: Any) -> DeadlineRow:
    given = {"promise": "supply_plan", "n_units": n_units, "unit": unit}
    return DeadlineRow.model_validate(ROW | given | others)


def outage(**others: Any) -> AnnouncedOutage:
    """Return a planned outage of 8 March 2024, 08:00 to 12:00, announced in time."""
    given: dict[str, Any] = {
        "declaration_id": 1,
        "ticket": "P-1",
        "outage_kind": "planned",
        "regions": ("R1",),
        "window_from": us("2024-03-08T08:00"),
        "window_to": us("2024-03-08T12:00"),
        "from_at": us("2024-03-08T08:00"),
        "to_at": us("2024-03-08T12:00"),
        "notice_at": us("2024-02-20T08:00"),
        "notice_fields": ALL_FIELDS,
    }
    return AnnouncedOutage(**(given | others))


def call(called: str, arrived: str | None = None, **others: Any) -> FaultCall:
    given: dict[str, Any] = {
        "call_id": 1,
        "call": "K-1",
        "region": "R1",
        "response_area": "urban",
        "called_at": us(called),
        "arrived_at": None if arrived is None else us(arrived),
    }
    return FaultCall(**(given | others))


def deadline(opened: str, answered: str | None = None, **others: Any) -> Deadline:
    zone = others.pop("zone", SHANGHAI)
    given: dict[str, Any] = {
        "deadline_id": 1,
        "reference": "A-1",
        "promise": "supply_plan",
        "subject": "residential",
        "opened_at": us(opened, zone),
        "answered_at": None if answered is None else us(answered, zone),
    }
    return Deadline(**(given | others))
