"""How soon a crew is there after a call, and supply back after that: State Grid norm, art. 20."""

from dataclasses import dataclass

from service.domain.instants import MINUTE_US
from service.domain.promise_rows import CrewRow
from service.domain.promises.cases import Breach, Case, minutes_of
from service.domain.registry import ResponseArea


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCall:
    """A customer's call that supply is away, and what came of it."""

    call_id: int
    call: str  # its number with the desk
    region: str
    response_area: ResponseArea
    called_at: int
    arrived_at: int | None = None  # None: the crew is on its way, or never came
    restored_at: int | None = None
    is_severe_weather: bool = False
    area_differs: bool = False  # the customer, or all of the point, are registered in another area


def crew_case(row: CrewRow, call: FaultCall, now: int) -> Case | None:
    """Return whether the promise of ``row`` was kept for a call of its area.

    None where it was not given: another area, or, of ``restoration``, as long as no crew is there.
    Exactly the limit is kept. A crew that is on its way past the limit has broken it already. Where
    supply is back and no crew came, the time to that is judged. Past the limit the time so far, or
    to that, is the least that it took: a crew that never comes spares no average.
    """
    if call.response_area != row.area:
        return None
    if row.promise == "crew_arrival":
        since, until, what = call.called_at, call.arrived_at, "crew_late"
    elif call.arrived_at is None:
        return None
    else:
        since, until, what = call.arrived_at, call.restored_at, "restored_late"
    end = call.restored_at if until is None else until
    is_open = end is None
    length_us = max(0, (now if end is None else end) - since)
    is_kept = _is_kept(row, length_us, is_open=is_open)
    is_exempt = call.is_severe_weather and row.exempts_severe_weather
    limit_us = (row.within_minutes or 0) * MINUTE_US
    return Case(
        subject=call.call,
        record_id=call.call_id,
        regions=(call.region,),
        at=call.called_at,
        is_kept=None if is_exempt else is_kept,
        would_be_kept=is_kept,
        is_open=is_open and row.within_minutes is not None,
        exemption="severe_weather" if is_exempt else "",
        area_differs=call.area_differs,
        breaches=(Breach(what, minutes_of(length_us - limit_us), "minutes"),)
        if is_kept is False
        else (),
        took_us=None if until is None else length_us,
        at_least_us=length_us if until is None and is_kept is False else None,
    )


def _is_kept(row: CrewRow, length_us: int, *, is_open: bool) -> bool | None:
    if row.within_minutes is None:
        return None
    if length_us > row.within_minutes * MINUTE_US:
        return False
    return None if is_open else True
