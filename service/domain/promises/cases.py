"""What a promise is judged by: one case each, and whether it was kept.

Times are whole microseconds since the Unix epoch.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from service.domain.instants import MINUTE_US

Excess = Literal["minutes", "days", "outages", "customers", "fields", ""]
Exemption = Literal["", "severe_weather", "cancelled"]

HOUR_US: Final = 60 * MINUTE_US


class Breach(NamedTuple):
    """One thing that was not as promised."""

    what: str  # a word: public_notice_late, restored_late, ...
    by: Fraction  # how much more or less than promised it was
    unit: Excess  # of ``by``; empty where there is nothing to measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that a promise was given for.

    A case is kept, broken, or neither: while it goes on and is still within its limit, where the
    rule set has no limit for it, and where nobody said whether it came. An exemption that somebody
    claimed takes it out of the count; how it would have been judged without stays known.
    """

    subject: str  # ticket, call, account or reference
    record_id: int  # its number in the register
    regions: tuple[str, ...] = ()  # those it concerns, in the order of their codes
    at: int  # that places it in a period
    is_kept: bool | None
    would_be_kept: bool | None  # as if nobody had claimed an exemption
    is_open: bool = False  # it goes on: kept so far, or broken already
    exemption: Exemption = ""
    area_differs: bool = False  # of a call: judged by its own area, the registry has another one
    breaches: tuple[Breach, ...] = ()  # of a broken one, at least one
    took_us: int | None = None  # of a case that is over, where the promise is about a time
    at_least_us: int | None = (
        None  # of one past its limit that has no such time: it took this, or more
    )


def minutes_of(length_us: int) -> Fraction:
    """Return a length of time in minutes, exact."""
    return Fraction(length_us, MINUTE_US)
