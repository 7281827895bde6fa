"""Promises and deadlines of a rule set in words."""

from service.domain.promise_rows import (
    CrewRow,
    DeadlineRow,
    NoticeRow,
    PlannedCountRow,
    PlannedWindowRow,
)

_UNITS = {
    "hours": "hours",
    "calendar_days": "days",
    "working_days": "working days",
    "months": "months",
}
_WHAT = {
    "public": "public notice at least {lead} before{fields}",
    "public_and_told": "public notice at least {lead} before{fields}, and important customers told {told}",
    "public_or_told": "public notice at least {lead} before{fields}, or important customers told {told}",
}


def value_of(row: NoticeRow | PlannedCountRow | PlannedWindowRow | CrewRow | DeadlineRow) -> str:
    """Return what is promised, with its unit, and who has to keep it."""
    return f"{_name(row.promise)}: {_promised(row)}{_reach(row)}"


def scope_of(row: NoticeRow | PlannedCountRow | PlannedWindowRow | CrewRow | DeadlineRow) -> str:
    """Return for whom, or for what, it is promised."""
    match row:
        case NoticeRow():
            kind = "planned" if row.promise == "planned_notice" else "temporary"
            return f"{kind} outages"
        case PlannedCountRow():
            return _levels(row)
        case PlannedWindowRow():
            return "planned outages"
        case CrewRow():
            return f"{row.area.replace('_', ' ')} fault calls"
        case DeadlineRow():
            return ", ".join(map(_name, sorted(row.subjects))) or "all others"


def _promised(row: NoticeRow | PlannedCountRow | PlannedWindowRow | CrewRow | DeadlineRow) -> str:
    match row:
        case NoticeRow():
            return _notice(row)
        case PlannedCountRow():
            left_out = ", ".join(map(_name, sorted(row.leaves_out_causes)))
            without = f", without {left_out}" if left_out else ""
            return f"at most {row.at_most} in a calendar year{without}"
        case PlannedWindowRow():
            return f"at most {row.at_most_minutes} min outside the announced times, each side"
        case CrewRow():
            return _crew(row)
        case DeadlineRow():
            least = "at least" if row.bound == "at_least" else "within"
            return f"{least} {row.n_units} {_unit(row.n_units, row.unit)}"


def _notice(row: NoticeRow) -> str:
    fields = ", ".join(sorted(row.public_fields))
    return _WHAT[row.demands].format(
        lead=f"{row.lead} {_UNITS[row.lead_unit]}",
        fields=f" with {fields}" if fields else "",
        told=f"{row.told_lead} {_UNITS[row.lead_unit]} before",
    )


def _crew(row: CrewRow) -> str:
    if row.within_minutes is None:
        return f"set by {row.set_by}"
    since = "after the call" if row.promise == "crew_arrival" else "after the crew arrived"
    exempt = ", severe weather exempt" if row.exempts_severe_weather else ""
    return f"{row.within_minutes} min {since}{exempt}"


def _reach(row: NoticeRow | PlannedCountRow | PlannedWindowRow | CrewRow | DeadlineRow) -> str:
    if row.share_min is not None:
        return f"; {(row.share_min * 100).normalize():f} % of them"
    return {"each": "; each", "average": "; on average"}[row.reach]


def _levels(row: PlannedCountRow) -> str:
    edges = (("from", row.from_kv), ("up to", row.up_to_kv))
    words = [f"{word} {kv.normalize():f} kV" for word, kv in edges if kv is not None]
    return " ".join(["customers", *words])


def _name(word: str) -> str:
    return word.replace("_", " ")


def _unit(n_units: int, unit: str) -> str:
    words = _UNITS[unit]
    return words.removesuffix("s") if n_units == 1 else words
