"""The fields of a reading: limits that hold in every wire format, and what a refusal says."""

import reprlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kernels.layout import QUALITY_ESTIMATED, QUALITY_GOOD, QUALITY_INVALID
from service.domain.batch import EMPTY

DEVICE_CHARS_MAX = 200
STAMP_FIRST_MS = -2_208_988_800_000  # 1900-01-01T00:00:00Z, inclusive
STAMP_END_MS = 7_258_118_400_000  # 2200-01-01T00:00:00Z, exclusive
POWER_MAX_KW = 1e6  # a gigawatt at one meter; keeps the energy of an hour far inside int64
POWER_FACTOR_WEIGHT_VA = 1e6  # a power factor that comes without powers stands for 1 MVA
WATTS_PER_KW = 1000.0

QUALITIES = {"good": QUALITY_GOOD, "estimated": QUALITY_ESTIMATED, "invalid": QUALITY_INVALID}

_VOLTAGE = "a number (volts) or null"
_POWER = f"a number from {-POWER_MAX_KW:.0f} to {POWER_MAX_KW:.0f} or null"
ALLOWED = {
    "device": f"a text of 1 to {DEVICE_CHARS_MAX} characters, no control characters",
    "ts": "ISO 8601 (2026-11-23T18:56:00+08:00, offset optional) or an integer, milliseconds since "
    "1970-01-01T00:00:00Z, from the year 1900 to 2199",
    "v1": _VOLTAGE,
    "v2": _VOLTAGE,
    "v3": _VOLTAGE,
    "pf": "a number from -1 to 1 or null",
    "p_kw": _POWER,
    "q_kvar": _POWER,
    "quality": '"good", "estimated", "invalid" or null',
}

_CONTROL = bytes([*range(32), 127])
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_WORDS = {None: "null", True: "true", False: "false"}


def fault(key: str, value: object) -> str:
    """Return the detail of a refusal: which key, its value (shortened), and what is allowed."""
    return f"{key} is {shown(value)}; allowed: {ALLOWED[key]}"


def shown(value: object) -> str:
    """Return ``value`` for people: short, on one line, without control characters."""
    return _WORDS[value] if value is None or isinstance(value, bool) else _SHORT.repr(value)


def faulty_devices(names: Sequence[str]) -> list[int]:
    """Return the places of the names that no device may have."""
    if not names or (
        min(map(len, names)) > 0
        and max(map(len, names)) <= DEVICE_CHARS_MAX
        and is_plain("".join(names))
    ):
        return []
    return [
        place
        for place, name in enumerate(names)
        if not (1 <= len(name) <= DEVICE_CHARS_MAX and is_plain(name))
    ]


def faulty_qualities(texts: Sequence[str]) -> list[int]:
    """Return the places of the texts that are no quality."""
    return [place for place, text in enumerate(texts) if text not in QUALITIES]


def is_plain(text: str) -> bool:
    """Return whether ``text`` is free of control characters and of halves of surrogate pairs.

    PostgreSQL stores neither; one such name in a dead letter would undo every checkpoint.
    """
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return False
    return len(encoded.translate(None, _CONTROL)) == len(encoded)


def powers(
    pf: NDArray[np.float64], p_kw: NDArray[np.float64], q_kvar: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return active and reactive power in W and var, both absent if no reading has them.

    Powers count as a pair; a reading that lacks one of them has those of its power factor at 1 MVA, and none without
    that, whatever other readings have. Reactive power is rounded towards zero, so that 0.90 does not come out below
    0.90.
    """
    from_pf, rest = EMPTY, EMPTY
    if pf.size:
        from_pf = pf * POWER_FACTOR_WEIGHT_VA
        rest = np.trunc(np.sqrt(1.0 - pf * pf) * POWER_FACTOR_WEIGHT_VA)
    if not (p_kw.size and q_kvar.size):
        return from_pf, rest
    p_w, q_var = p_kw * WATTS_PER_KW, q_kvar * WATTS_PER_KW
    known = ~(np.isnan(p_w) | np.isnan(q_var))
    return (
        np.where(known, p_w, from_pf if pf.size else np.nan),
        np.where(known, q_var, rest if pf.size else np.nan),
    )
