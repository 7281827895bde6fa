"""Outages for tests, in seconds since START, and definitions."""

from datetime import UTC, datetime
from fractions import Fraction

from service.domain.instants import epoch_us
from service.domain.reliability.causes import Cause
from service.domain.reliability.outages import (
    SECOND_US,
    Definition,
    Outage,
    Service,
    Span,
    constant_service,
)

START = datetime(2024, 3, 1, tzinfo=UTC)
MINUTE_S = 60
HOUR_S = 3600


def us(seconds: int) -> int:
    return epoch_us(START) + seconds * SECOND_US


def span(start_s: int, end_s: int) -> Span:
    return Span(us(start_s), us(end_s))


def outage(
    start_s: int,
    end_s: int | None,
    users: int | tuple[str, ...] = ("A",),
    cause: Cause = "fault_internal",
    **more: object,
) -> Outage:
    known = None if isinstance(users, int) else users
    values: dict[str, object] = {
        "start": us(start_s),
        "end": None if end_s is None else us(end_s),
        "n_users": users if isinstance(users, int) else len(users),
        "users": known,
        "cause": cause,
    }
    return Outage(**(values | more))  # type: ignore[arg-type]


def definition(
    sustained_s: int = 180,
    *,
    inclusive: bool = False,
    merge_within_s: int = 0,
    momentary_event_s: int = 300,
    many_inclusive: bool = True,
) -> Definition:
    return Definition(
        sustained_us=sustained_s * SECOND_US,
        sustained_inclusive=inclusive,
        merge_within_us=merge_within_s * SECOND_US,
        momentary_event_us=momentary_event_s * SECOND_US,
        many_inclusive=many_inclusive,
    )


def service(length_s: int, n_users: int, kva: int | None = None, start_s: int = 0) -> Service:
    return constant_service(
        span(start_s, start_s + length_s), n_users, None if kva is None else Fraction(kva)
    )
