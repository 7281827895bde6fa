"""Columns of an Arrow record batch: which there may be, their types, and their values for numpy."""

from functools import lru_cache
from typing import NamedTuple, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from service.domain.batch import EMPTY
from service.wire.arrow_texts import Column, Integers
from service.wire.fields import POWER_MAX_KW, STAMP_END_MS, STAMP_FIRST_MS, shown

REQUIRED = ("device", "ts", "v1")
NUMBERS = ("v1", "v2", "v3", "pf", "p_kw", "q_kvar")
COLUMNS = ("device", "ts", *NUMBERS, "quality")

_TEXT = "utf8, large_utf8 or a dictionary of one of them"
_STAMP = "timestamp (any unit, with or without zone) or int64 (milliseconds since the Unix epoch)"
_NUMBER = "float32 or float64"
_TYPES = {"device": _TEXT, "ts": _STAMP, "quality": _TEXT, **dict.fromkeys(NUMBERS, _NUMBER)}

# An infinite voltage is none; how high a finite one may be depends on its device.
_VOLTS_MAX = float(np.finfo(np.float64).max)
LIMITS = {
    "v1": _VOLTS_MAX,
    "v2": _VOLTS_MAX,
    "v3": _VOLTS_MAX,
    "pf": 1.0,
    "p_kw": POWER_MAX_KW,
    "q_kvar": POWER_MAX_KW,
}

NO_STAMP = int(np.iinfo(np.int64).min)  # what a null reads as
_UNITS_PER_S = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def column_places(schema: pa.Schema) -> list[int] | str:
    """Return where in ``schema`` the known columns stand, or the detail why it cannot be read.

    A column of another name is passed over; an optional one of the null type is as good as absent.
    """
    names = schema.names
    places: list[int] = []
    for name in COLUMNS:
        n_found = names.count(name)
        if n_found > 1:
            return f"column {name} is there {n_found} times; allowed: once"
        if n_found == 0 and name in REQUIRED:
            return f"column {name} is missing; required: {', '.join(REQUIRED)}"
        if n_found:
            place = names.index(name)
            type_ = schema.field(place).type
            if name not in REQUIRED and pa.types.is_null(type_):
                continue
            if not _fits(name, type_):
                return f"column {name} is of type {shown(str(type_))}; allowed: {_TYPES[name]}"
            places.append(place)
    return places


def _fits(name: str, type_: pa.DataType) -> bool:
    if name == "ts":
        return pa.types.is_timestamp(type_) or pa.types.is_int64(type_)
    if name in NUMBERS:
        return pa.types.is_float32(type_) or pa.types.is_float64(type_)
    if isinstance(type_, pa.DictionaryType):
        type_ = type_.value_type
    return pa.types.is_string(type_) or pa.types.is_large_string(type_)


class Numbers(NamedTuple):
    """The columns of numbers that are there."""

    names: list[str]
    value: NDArray[np.float64]  # (n_names, n_rows); NaN where there is none

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one column, of length 0 if it is not there."""
        return self.value[self.names.index(name)] if name in self.names else EMPTY

    def beyond(self) -> dict[str, NDArray[np.bool_]]:
        """Return, by column, the rows whose number is beyond what is allowed."""
        beyond = np.abs(self.value) > _limits_of(tuple(self.names))
        if not np.logical_or.reduce(beyond, axis=None):
            return {}
        return dict(zip(self.names, beyond, strict=True))


@lru_cache
def _limits_of(names: tuple[str, ...]) -> NDArray[np.float64]:
    """Return the limits of columns, ``(n_names, 1)``; do not write to it."""
    return np.array([[LIMITS[name]] for name in names])


def numbers(columns: dict[str, Column], n_rows: int) -> Numbers:
    """Return the columns of numbers among ``columns``."""
    names = [name for name in NUMBERS if name in columns]
    value = np.empty((len(names), n_rows))
    with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
        for row, name in enumerate(names):
            value[row] = columns[name].to_numpy(zero_copy_only=False)
    return Numbers(names, value)


class Stamps(NamedTuple):
    """A column of stamps, ``(n_rows,)`` each."""

    raw: NDArray[np.int64]  # as they came, in their own unit
    ms: NDArray[np.int64]  # see Batch.stamp_ms; 0 where it is none; may be ``raw`` itself
    has_zone: bool
    faulty: NDArray[np.bool_] | None  # null, or outside the years that are allowed


def stamps(column: Column) -> Stamps:
    """Return a column of stamps in milliseconds, rounded down."""
    type_ = column.type
    if column.null_count and not isinstance(type_, pa.TimestampType):
        column = cast("Integers", column).fill_null(NO_STAMP)
    return milliseconds(column.to_numpy(zero_copy_only=False).view(np.int64), type_)


def milliseconds(raw: NDArray[np.int64], type_: pa.DataType) -> Stamps:
    """Return stamps of an Arrow type, as they came, in milliseconds, rounded down."""
    per_s, has_zone = stamp_unit(type_)
    first, end = stamp_bounds(per_s)
    faulty = None
    within = raw
    # The methods of arrays, min and max, go through Python; with a thousand stamps that is a third of their time.
    if np.minimum.reduce(raw) < first or np.maximum.reduce(raw) >= end:
        faulty = (raw < first) | (raw >= end)
        within = np.where(faulty, 0, raw)
    ms = within
    if per_s != 1000:  # noqa: PLR2004 (milliseconds)
        ms = within * (1000 // per_s) if per_s < 1000 else within // (per_s // 1000)  # noqa: PLR2004
    return Stamps(raw, ms, has_zone, faulty)


def stamp_unit(type_: pa.DataType) -> tuple[int, bool]:
    """Return how many units of a column of stamps a second has, and whether its stamps are UTC."""
    if isinstance(type_, pa.TimestampType):
        return _UNITS_PER_S[type_.unit], type_.tz is not None
    return _UNITS_PER_S["ms"], True


def stamp_bounds(per_s: int) -> tuple[int, int]:
    """Return the first stamp that is allowed, and the first that no longer is, in units of a column."""
    return STAMP_FIRST_MS * per_s // 1000, STAMP_END_MS * per_s // 1000
