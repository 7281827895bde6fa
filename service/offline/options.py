"""What a file of readings does not say of itself, and how it is to be judged."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from service.domain.registry import StampAt, Wiring
from service.domain.rule_rows import cells_of
from service.errors import ScoreInputError

NOMINAL_MV_MIN, NOMINAL_MV_MAX = 1_000, 2_000_000_000
# Readings are as long as a divisor of a minute, or as whole minutes up to an hour.
INTERVALS_S = tuple(
    [seconds for seconds in range(1, 60) if 60 % seconds == 0]
    + [60 * minutes for minutes in range(1, 61)]
)
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """How a file is read and judged."""

    nominal_mv: int = 220_000  # nominal of the voltage that was measured, millivolts
    wiring: Wiring | None = None  # None: by the columns, v is 1p and v1, v2, v3 are 3p4w
    interval_s: int | None = None  # None: the median step between readings
    stamp_at: StampAt = "start"
    zone: ZoneInfo = _UTC  # of stamps without offset; days and months are counted in it
    rule_set: str = "sgcc-2003"
    rule_set_folder: Path | None = None  # of rule sets of one's own
    band: tuple[int, int] | None = None  # own band, 0.01 % of nominal, both edges inside
    pf_required: Decimal | None = None  # 0..1; None: no power factor is required


def parse_nominal(text: str) -> int:
    """Return a nominal voltage, given in volts, in millivolts.

    Raises:
        ScoreInputError: It is no number of millivolts, or out of bounds.
    """
    millivolts = _decimal(text, "--nominal", "volts, for example 220 or 34500") * 1000
    if millivolts != millivolts.to_integral_value() or not (
        NOMINAL_MV_MIN <= millivolts <= NOMINAL_MV_MAX
    ):
        raise ScoreInputError(
            f"--nominal is {text}; allowed: {NOMINAL_MV_MIN // 1000} to {NOMINAL_MV_MAX // 1000} "
            "volts, in whole millivolts"
        )
    return int(millivolts)


def parse_band(text: str) -> tuple[int, int]:
    """Return a band ``LOW..HIGH``, given in percent from nominal, in 0.01 %.

    Raises:
        ScoreInputError: It is no band.
    """
    allowed = "LOW..HIGH in percent of nominal, LOW below HIGH, for example -10..+7"
    low, dots, high = text.replace("\N{MINUS SIGN}", "-").partition("..")
    if not dots:
        raise ScoreInputError(f"--band is {text}; allowed: {allowed}")
    lower, upper = _decimal(low, "--band", allowed), _decimal(high, "--band", allowed)
    try:
        cells = cells_of(lower), cells_of(upper)
    except ValueError as error:
        raise ScoreInputError(f"--band is {text}: {error}") from error
    if not -10_000 <= cells[0] < cells[1] <= 30_000:  # noqa: PLR2004 (0 to 4 times nominal)
        raise ScoreInputError(f"--band is {text}; allowed: {allowed}, from -100 to +300")
    return cells


def parse_interval(text: str) -> int:
    """Return an interval of readings, seconds, if there are readings of that length.

    Raises:
        ScoreInputError: There are none.
    """
    allowed = "a divisor of 60 seconds, or whole minutes up to 60"
    seconds = _decimal(text, "--interval", allowed)
    if seconds not in INTERVALS_S:
        raise ScoreInputError(f"--interval is {text}; allowed: {allowed}")
    return int(seconds)


def parse_zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        ScoreInputError: There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScoreInputError(
            f"--timezone is {name}; allowed: an IANA name such as Asia/Shanghai or UTC"
        ) from error


def parse_power_factor(text: str) -> Decimal:
    """Return a required power factor.

    Raises:
        ScoreInputError: It is not above 0 and at most 1.
    """
    allowed = "a number above 0 and at most 1, for example 0.90"
    factor = _decimal(text, "--pf-required", allowed)
    if not 0 < factor <= 1:
        raise ScoreInputError(f"--pf-required is {text}; allowed: {allowed}")
    return factor


def _decimal(text: str, option: str, allowed: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ScoreInputError(f"{option} is {text}; allowed: {allowed}")
    return number
