"""The header of a file of readings: which column is what."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.registry import Wiring
from service.errors import ScoreInputError

_POWER = ("pf", "p_kw", "q_kvar")
_THREE = ("v1", "v2", "v3")
_KNOWN = ("ts", "v", *_THREE, "point", "quality", *_POWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where each column is, and what is measured."""

    n_columns: int
    place: dict[str, int]  # of the columns that are known, by name
    ignored: tuple[str, ...]  # names of the others
    wiring: Wiring
    volts: tuple[str, ...]  # columns of the voltages: one, or three of which v2 may be absent


def read_header(line: str, wiring: Wiring | None, *, with_power: bool) -> Header:
    """Return what the first line of a file says.

    Args:
        line: Names, divided by commas; case and spaces around them do not matter.
        wiring: What is measured; None goes by the columns.
        with_power: Whether the power factor matters; if not, its columns are left aside.

    Raises:
        ScoreInputError: A column is missing, twice there, or does not fit the wiring.
    """
    names = [name.strip() for name in next(csv.reader([line]), [])]
    place: dict[str, int] = {}
    for i, name in enumerate(names):
        known = name.lower()
        if known in place:
            raise ScoreInputError(f"column {name} is there twice; rename or remove one of them")
        if known in _KNOWN:
            place[known] = i
    if "ts" not in place:
        raise ScoreInputError(_no_stamps(line, names))
    found = _wiring_of(place, wiring)
    _check_power(place, with_power=with_power)
    return Header(
        n_columns=len(names),
        place={name: i for name, i in place.items() if with_power or name not in _POWER},
        ignored=tuple(name for name in names if name.lower() not in place),
        wiring=found,
        volts=_volts_of(place, found),
    )


def _no_stamps(line: str, names: Sequence[str]) -> str:
    if any(mark in line for mark in ";\t") and "," not in line:
        return "no column ts: columns have to be divided by commas, as in: ts,v"
    shown = ", ".join(name[:40] for name in names[:12])
    return (
        f"no column ts; the first line has: {ascii(shown)[1:-1]}. "
        "It has to name ts and v, or ts, v1, v2 and v3; rename the columns"
    )


def _wiring_of(place: dict[str, int], wiring: Wiring | None) -> Wiring:
    if wiring is not None:
        return wiring
    return "3p4w" if "v" not in place and all(name in place for name in _THREE) else "1p"


def _volts_of(place: dict[str, int], wiring: Wiring) -> tuple[str, ...]:
    found = [name for name in ("v", *_THREE) if name in place]
    shown = ", ".join(found) if found else "no voltage"
    if "v" in found and len(found) > 1:
        raise ScoreInputError(f"the file has {shown}; give v, or v1, v2 and v3, not both")
    if wiring == "1p":
        if found not in (["v"], ["v1"]):
            raise ScoreInputError(
                f"the file has {shown}; one phase needs column v, three need v1, v2, v3 "
                "(with --phases 3, or --wiring 3p3w where v2 may be absent)"
            )
        return tuple(found)
    needed = {"v1", "v3"} if wiring == "3p3w" else set(_THREE)
    if not needed <= set(found):
        raise ScoreInputError(
            f"the file has {shown}; {wiring} needs {', '.join(sorted(needed))}; "
            "is it --phases 1, or line voltages (--wiring 3p3w)?"
        )
    return _THREE


def _check_power(place: dict[str, int], *, with_power: bool) -> None:
    if with_power and "pf" not in place and not {"p_kw", "q_kvar"} <= set(place):
        raise ScoreInputError(
            "--pf-required needs column pf, or p_kw and q_kvar; the file has neither"
        )
