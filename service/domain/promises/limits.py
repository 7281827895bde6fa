"""What a promise is about and how much it allows, as a word, a number and its unit."""

from typing import Literal, NamedTuple

from service.domain.promise_rows import (
    AnyPromiseRow,
    CrewRow,
    DeadlineRow,
    NoticeRow,
    PlannedCountRow,
    PlannedWindowRow,
)

LimitUnit = Literal[
    "hours", "calendar_days", "working_days", "months", "minutes", "outages_in_a_year"
]
Bound = Literal["at_least", "at_most"]


class Limit(NamedTuple):
    """How much a promise allows, or demands; what is exactly at it is kept."""

    number: int | None  # None: somebody else sets it
    unit: LimitUnit
    bound: Bound


def limit_of(row: AnyPromiseRow | DeadlineRow) -> Limit:
    """Return the limit of a promise."""
    match row:
        case NoticeRow():
            return Limit(row.lead, row.lead_unit, "at_least")
        case PlannedCountRow():
            return Limit(row.at_most, "outages_in_a_year", "at_most")
        case PlannedWindowRow():
            return Limit(row.at_most_minutes, "minutes", "at_most")
        case CrewRow():
            return Limit(row.within_minutes, "minutes", "at_most")
        case DeadlineRow():
            return Limit(row.n_units, row.unit, row.bound)


def subject_of(row: AnyPromiseRow | DeadlineRow) -> str:
    """Return which part of its promise a row is about: area, level, classes; empty where it has no parts."""
    match row:
        case CrewRow():
            return row.area
        case PlannedCountRow():
            edges = (("from", row.from_kv), ("up to", row.up_to_kv))
            return " ".join(f"{word} {kv.normalize():f} kV" for word, kv in edges if kv is not None)
        case DeadlineRow():
            return ", ".join(sorted(row.subjects))
    return ""
