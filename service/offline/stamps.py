"""The stamps of a column: ISO 8601 or epoch milliseconds, into instants."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.offline.wall_clock import NEVER, ONCE, TWICE, utc_of_wall_clock
from service.wire.fields import ALLOWED, STAMP_END_MS, STAMP_FIRST_MS
from service.wire.stamps import NO_STAMP, StampCache

_PLAIN = r"^\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d{1,3})?)?$"
_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_SECONDS_END = 100_000_000_000  # integers below are seconds: as milliseconds they lie before 1974


@dataclass(slots=True)
class StampColumn:
    """Reads stamps; remembers what it has seen."""

    zone: ZoneInfo  # of stamps without offset
    _cache: StampCache = field(default_factory=StampCache)

    def read(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], dict[int, str]]:
        """Return instants, milliseconds since the Unix epoch, and what is wrong with which text.

        The instant of a text that is wrong means nothing.
        """
        wall_ms = _plain_stamps(texts)
        if wall_ms is not None:
            return self._from_wall_clock(wall_ms, np.arange(wall_ms.size), {})
        stamp_ms = np.zeros(len(texts), np.int64)
        local: list[int] = []
        faults: dict[int, str] = {}
        for i, text in enumerate(texts):
            if _INTEGER.fullmatch(text):
                stamp_ms[i], fault = _epoch_ms(int(text))
                if fault:
                    faults[i] = fault
                continue
            code = self._cache[text]
            if code == NO_STAMP:
                faults[i] = f"allowed: {ALLOWED['ts']}"
                continue
            stamp_ms[i], has_offset = code // 2, code % 2
            if not has_offset:
                local.append(i)
        return self._from_wall_clock(stamp_ms, np.array(local, np.int64), faults)

    def _from_wall_clock(
        self, stamp_ms: NDArray[np.int64], local: NDArray[np.int64], faults: dict[int, str]
    ) -> tuple[NDArray[np.int64], dict[int, str]]:
        """Turn the stamps at ``local`` from wall clocks into instants."""
        instants, occurs = utc_of_wall_clock(stamp_ms[local], self.zone)
        stamp_ms[local] = instants
        for i in np.flatnonzero(occurs != ONCE).tolist():
            faults[int(local[i])] = {
                NEVER: f"this time does not exist in {self.zone.key}: clocks go forward over it; "
                "give stamps with their offset, or another --timezone",
                TWICE: f"this time exists twice in {self.zone.key}: clocks go back over it; "
                "give stamps with their offset",
            }[int(occurs[i])]
        return stamp_ms, faults


def _plain_stamps(texts: Sequence[str]) -> NDArray[np.int64] | None:
    """Return wall clocks in milliseconds if all texts are ISO 8601 without offset, else None."""
    column = pa.array(texts, pa.string())
    if not pc.all(pc.match_substring_regex(column, _PLAIN)).as_py():
        return None
    try:
        stamps = column.cast(pa.timestamp("ms"))
    except pa.ArrowInvalid:  # the 30th of February
        return None
    wall_ms = stamps.cast(pa.int64()).to_numpy().copy()
    if ((wall_ms < STAMP_FIRST_MS) | (wall_ms >= STAMP_END_MS)).any():
        return None
    return wall_ms


def _epoch_ms(number: int) -> tuple[int, str]:
    """Return epoch milliseconds, and what is wrong with them."""
    if abs(number) < _SECONDS_END:
        return 0, "too small for milliseconds since 1970: seconds have to be multiplied by 1000"
    if not STAMP_FIRST_MS <= number < STAMP_END_MS:
        return 0, f"allowed: {ALLOWED['ts']}"
    return number, ""
