"""How long before something people have to be told: hours that pass, or days of the calendar."""

from datetime import date
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from service.domain.instants import at_us
from service.domain.promise_rows import LeadUnit
from service.domain.promises.cases import HOUR_US, Excess, minutes_of


class Lead(NamedTuple):
    """So many units before an instant."""

    n_units: int
    unit: LeadUnit
    zone: ZoneInfo  # whose dates the days are


class Shortfall(NamedTuple):
    """How much later than it had to be something was."""

    by: Fraction
    unit: Excess


def shortfall(lead: Lead, said: int, event: int) -> Shortfall | None:
    """Return by how much ``said`` comes too late before ``event``, None if it is early enough.

    Exactly the lead is early enough: 168 hours to the microsecond, or the date seven days before,
    at whatever hour and however long the days between are.
    """
    if lead.unit == "hours":
        late_us = said - (event - lead.n_units * HOUR_US)
        return Shortfall(minutes_of(late_us), "minutes") if late_us > 0 else None
    days_before = (local_date(event, lead.zone) - local_date(said, lead.zone)).days
    late = lead.n_units - days_before
    return Shortfall(Fraction(late), "days") if late > 0 else None


def local_date(at: int, zone: ZoneInfo) -> date:
    """Return the date of an instant, microseconds since the epoch, in ``zone``."""
    return at_us(at).astimezone(zone).date()
