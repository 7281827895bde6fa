"""What a file of interruptions does not say of itself, and which indices are wanted of it."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from service.domain.csv_fields import NotAllowedError, read_whole
from service.domain.reliability.interruption_indices import Asked
from service.domain.reliability.outages import SECOND_US, Definition, Span, definition_of
from service.domain.rules import RuleSet
from service.errors import ScoreInputError

_SECONDS_MAX = 86_400
_HOURS_MAX = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOptions:
    """How a file is read, and what is worked out."""

    n_customers: int  # in service, on average over the period
    period: Span
    zone: ZoneInfo  # of times without offset, and of days
    rule_set: RuleSet
    sustained_over_s: int | None = None  # None: the rule set's
    sustained_inclusive: bool | None = None  # None: the rule set's
    kva: Fraction | None = None  # connected capacity in all; None: not known
    daily_saidi: Path | None = None
    asked: Asked = field(default_factory=Asked)


def definition_for(options: IndexOptions, rule_set: RuleSet) -> Definition:
    """Return what counts as an interruption: the rule set's definition, options first."""
    rule = definition_of(rule_set.reliability)
    over_s, inclusive = options.sustained_over_s, options.sustained_inclusive
    return Definition(
        sustained_us=rule.sustained_us if over_s is None else over_s * SECOND_US,
        sustained_inclusive=rule.sustained_inclusive if inclusive is None else inclusive,
        merge_within_us=rule.merge_within_us,
        momentary_event_us=rule.momentary_event_us,
        many_inclusive=rule.many_inclusive,
    )


def parse_customers(text: str) -> int:
    """Return how many customers there are.

    Raises:
        ScoreInputError: It is no whole number from 1 on.
    """
    return _whole(text, "--customers", 1, 10**10)


def parse_sustained(text: str) -> int:
    """Return a cut-off, seconds.

    Raises:
        ScoreInputError: It is no whole number of seconds up to a day.
    """
    return _whole(text, "--sustained-over", 0, _SECONDS_MAX)


def parse_many(text: str) -> int:
    """Return a number of interruptions.

    Raises:
        ScoreInputError: It is no whole number from 1 on.
    """
    return _whole(text, "--cemi", 1, 10_000)


def parse_hours(text: str) -> Fraction:
    """Return a number of hours.

    Raises:
        ScoreInputError: It is no number above 0.
    """
    return _above_zero(text, "--celid", f"hours above 0, up to {_HOURS_MAX}")


def parse_kva(text: str) -> Fraction:
    """Return a connected capacity, kVA.

    Raises:
        ScoreInputError: It is no number above 0.
    """
    return _above_zero(text, "--kva", "kVA above 0, for example 14000")


def _whole(text: str, option: str, lowest: int, highest: int) -> int:
    try:
        return read_whole(lowest, highest)(text.strip())
    except NotAllowedError as error:
        raise ScoreInputError(f"{option} is {text}; allowed: {error}") from error


def _above_zero(text: str, option: str, allowed: str) -> Fraction:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0 or number.adjusted() > 12:  # noqa: PLR2004
        raise ScoreInputError(f"{option} is {text}; allowed: {allowed}")
    return Fraction(number)
