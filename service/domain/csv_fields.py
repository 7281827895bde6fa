"""Fields of a CSV file as values and back; what is not allowed says what is."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_YES: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_TEXT_LENGTH: Final = 200
_MILLIVOLTS: Final = (1_000, 2_000_000_000)
_BAND: Final = (-10_000, 10_000)  # 0.01 %
_RATIO_MAX: Final = 1_000_000
_KVA_MAX: Final = 100_000_000
_DIGITS_MAX: Final = 12  # before the point


class NotAllowedError(ValueError):
    """A field's text is no value of its column; the message says what is allowed there."""


def read_text(text: str) -> str:
    """Return a name for people; may be empty."""
    if len(text) > _TEXT_LENGTH or not text.isprintable():
        raise NotAllowedError(f"up to {_TEXT_LENGTH} printable characters")
    return text


def read_name(text: str) -> str:
    """Return a name that others gave, as of a device."""
    if not text or len(text) > _TEXT_LENGTH or not text.isprintable():
        raise NotAllowedError(f"1 to {_TEXT_LENGTH} printable characters")
    return text


def read_account(text: str) -> str:
    """Return the account of a customer; the outages file lists accounts with ; between them."""
    if not text or len(text) > _TEXT_LENGTH or not text.isprintable() or ";" in text:
        raise NotAllowedError(f"1 to {_TEXT_LENGTH} printable characters, no semicolon")
    return text


def read_code(text: str) -> str:
    """Return an identifier, by which lists of others name it."""
    if not text or len(text) > _TEXT_LENGTH or not text.isprintable() or "," in text or ";" in text:
        raise NotAllowedError(f"1 to {_TEXT_LENGTH} printable characters, no comma or semicolon")
    return text


def read_codes(text: str) -> tuple[str, ...]:
    """Return identifiers that stand in one field."""
    codes = tuple(code.strip() for code in text.split(";"))
    if len(set(codes)) < len(codes):
        raise NotAllowedError("identifiers with ; between them, each once")
    return tuple(sorted(read_code(code) for code in codes))


def write_codes(codes: tuple[str, ...]) -> str:
    """Return what ``read_codes`` reads."""
    return ";".join(sorted(codes))


def words(*allowed: str) -> Callable[[str], str]:
    """Return a reader of one of some words."""
    known = {word: word for word in allowed}

    def read(text: str) -> str:
        if text not in known:
            raise NotAllowedError(", ".join(allowed))
        return known[text]

    return read


def read_flag(text: str) -> bool:
    """Return whether it says yes."""
    try:
        return _YES[text.lower()]
    except KeyError:
        raise NotAllowedError("yes, no") from None


def write_flag(flag: bool) -> str:
    """Return what ``read_flag`` reads."""
    return "yes" if flag else "no"


def read_millivolts(text: str) -> int:
    """Return millivolts of a voltage in volts."""
    allowed = "volts, 1 to 2000000, at most three decimals"
    millivolts = _decimal(text, allowed) * 1000
    if not _MILLIVOLTS[0] <= millivolts <= _MILLIVOLTS[1] or millivolts != int(millivolts):
        raise NotAllowedError(allowed)
    return int(millivolts)


def write_millivolts(millivolts: int) -> str:
    """Return what ``read_millivolts`` reads."""
    return write_decimal(Decimal(millivolts) / 1000)


def read_band(text: str) -> tuple[int, int]:
    """Return both edges, 0.01 % of nominal, of a band like ``-3..7``."""
    allowed = (
        "lower..upper in percent of nominal, like -3..7, within -100..100, two decimals at most"
    )
    first, separator, second = text.removesuffix("%").partition("..")
    if not separator:
        raise NotAllowedError(allowed)
    lower, upper = (_decimal(edge.strip(), allowed) * 100 for edge in (first, second))
    on_grid = lower == int(lower) and upper == int(upper)
    if not on_grid or not _BAND[0] <= lower < upper <= _BAND[1]:
        raise NotAllowedError(allowed)
    return int(lower), int(upper)


def write_band(band: tuple[int, int]) -> str:
    """Return what ``read_band`` reads."""
    return "..".join(write_decimal(Decimal(edge) / 100) for edge in band)


def read_power_factor(text: str) -> Decimal:
    """Return a power factor."""
    allowed = "0.001 to 1, at most three decimals"
    factor = _decimal(text, allowed)
    if not 0 < factor <= 1 or factor * 1000 != int(factor * 1000):
        raise NotAllowedError(allowed)
    return factor


def read_kva(text: str) -> Decimal:
    """Return a connected capacity."""
    allowed = "kVA, above 0, up to 100000000, at most three decimals"
    kva = _decimal(text, allowed)
    if not 0 < kva <= _KVA_MAX or kva * 1000 != int(kva * 1000):
        raise NotAllowedError(allowed)
    return kva


def read_interval_s(text: str) -> int:
    """Return an interval of readings that minutes can be made of."""
    allowed = "seconds that divide 60, or whole minutes up to 3600 s"
    try:
        seconds = read_whole(1, 3600)(text)
    except NotAllowedError:
        raise NotAllowedError(allowed) from None
    if 60 % seconds and seconds % 60:
        raise NotAllowedError(allowed)
    return seconds


def read_whole(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers, both ends allowed."""

    def read(text: str) -> int:
        is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX
        number = int(text) if is_number else lowest - 1
        if not lowest <= number <= highest:
            raise NotAllowedError(f"a whole number, {lowest} to {highest}")
        return number

    return read


def read_ratio(text: str) -> float:
    """Return a factor."""
    allowed = "a number above 0, up to 1000000"
    ratio = float(_decimal(text, allowed))
    if not math.isfinite(ratio) or not 0 < ratio <= _RATIO_MAX:
        raise NotAllowedError(allowed)
    return ratio


def write_ratio(ratio: float) -> str:
    """Return what ``read_ratio`` reads."""
    return write_decimal(Decimal(repr(ratio)))


def read_zone(text: str) -> str:
    """Return the name of a zone."""
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NotAllowedError("an IANA time zone, like Asia/Shanghai") from None


def instants(zone: ZoneInfo) -> Callable[[str], datetime]:
    """Return a reader of whole minutes; without offset they are the wall clock of ``zone``."""
    exact = exact_instants(zone)

    def read(text: str) -> datetime:
        utc = exact(text)
        if utc.second or utc.microsecond:
            raise NotAllowedError("whole minutes")
        return utc

    return read


def exact_instants(zone: ZoneInfo) -> Callable[[str], datetime]:
    """Return a reader of instants, to the microsecond; without offset they are the wall clock of ``zone``."""

    def read(text: str) -> datetime:
        try:
            given = datetime.fromisoformat(text)
        except ValueError:
            raise NotAllowedError(
                "2026-01-31, 2026-01-31T15:00 or 2026-01-31T15:00+08:00"
            ) from None
        utc = (_on_the_clock(given, zone) if given.tzinfo is None else given).astimezone(UTC)
        if not _FIRST <= utc < _LAST:
            raise NotAllowedError("from 1970 to 2199")
        return utc

    return read


def write_instant(at: datetime, zone: ZoneInfo) -> str:
    """Return what a reader of ``instants`` reads, with the offset of ``zone``."""
    return at.astimezone(zone).isoformat(timespec="minutes")


def write_exact_instant(at: datetime, zone: ZoneInfo) -> str:
    """Return what a reader of ``exact_instants`` reads; of whole minutes the same as ``write_instant``."""
    is_whole = not at.second and not at.microsecond
    return write_instant(at, zone) if is_whole else at.astimezone(zone).isoformat()


def write_decimal(number: Decimal) -> str:
    """Return a number in plain notation, without zeros at its end."""
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _on_the_clock(given: datetime, zone: ZoneInfo) -> datetime:
    local = given.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != given:
        raise NotAllowedError(f"a time that clocks in {zone.key} show; they skip this one")
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise NotAllowedError(f"an offset, since clocks in {zone.key} show this time twice")
    return local


def _decimal(text: str, allowed: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise NotAllowedError(allowed) from None
    if not number.is_finite() or "_" in text or number.adjusted() >= _DIGITS_MAX:
        raise NotAllowedError(allowed)
    return number
