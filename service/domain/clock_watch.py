"""How soon each device's readings arrive after they end: what tells whether its clock is right.

A reading cannot arrive before it ends, and the quickest one of a day arrives soon after. So the least delay of a day,
by the clock of the broker, is the error of the device's clock plus what its way takes at best. It includes readings
that are refused because they end in the future.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kernels import shorten
from kernels.layout import Folded, Readings

DAY_MS: Final = 86_400_000
_LOOKED_AT: Final = 5000  # readings of a call at most; the least of a day is among many
_DAYS: Final = 84_000  # up to 2199; records may bear any number
_NOT_SEEN: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class LeastDelays:
    """The least delay of devices on days, one entry each."""

    device_id: NDArray[np.int32]
    day: NDArray[np.int32]  # of arrival, UTC, days since the Unix epoch
    delay_ms: NDArray[
        np.int64
    ]  # arrival less the reading's end; below 0: it ended after it arrived

    @property
    def n_devices(self) -> int:
        """Number of entries."""
        return int(self.device_id.size)

    def parted(self, n_entries: int) -> tuple["LeastDelays", "LeastDelays"]:
        """Return the first ``n_entries`` at most, and the others."""
        n = n_entries
        return (
            LeastDelays(self.device_id[:n], self.day[:n], self.delay_ms[:n]),
            LeastDelays(self.device_id[n:], self.day[n:], self.delay_ms[n:]),
        )


def _days_of(record_ms: NDArray[np.int64]) -> list[int]:
    """Return the days of records, rising: nearly always one, and finding that out costs a tenth of sorting."""
    first, last = int(record_ms.min()) // DAY_MS, int(record_ms.max()) // DAY_MS
    if first == last:
        return [first]
    days: list[int] = np.unique(record_ms // DAY_MS).tolist()
    return days


def least_of(parts: Sequence[LeastDelays]) -> LeastDelays:
    """Return one entry a device and day, the least of all ``parts``, in the order of devices and days."""
    if not parts:
        return LeastDelays(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64))
    device_id = np.concatenate([one.device_id for one in parts])
    day = np.concatenate([one.day for one in parts])
    delay_ms = np.concatenate([one.delay_ms for one in parts])
    order = np.lexsort((delay_ms, day, device_id))
    device_id, day, delay_ms = device_id[order], day[order], delay_ms[order]
    is_first = np.ones(order.size, np.bool_)
    is_first[1:] = (device_id[1:] != device_id[:-1]) | (day[1:] != day[:-1])
    return LeastDelays(device_id[is_first], day[is_first], delay_ms[is_first])


@dataclass(slots=True)
class ClockWatch:
    """The least delays of one partition that are not taken yet; the fold thread's alone."""

    _day: int = -1
    _delay_ms: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # by lane
    _is_news: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    _n_calls: int = 0
    _earlier: list[LeastDelays] = field(default_factory=list)

    def observe(
        self,
        readings: Readings,
        folded: Folded,
        settings: NDArray[np.void],
        device_id: NDArray[np.int32],
    ) -> None:
        """Look at readings that were folded, some of them where they are many: others at the next call.

        Shapes: ``settings`` (``LANE_SETTINGS``) and ``device_id`` by lane.
        """
        if not readings.lane.size:
            return
        step = max(1, readings.lane.size // _LOOKED_AT)
        # Meters come in the same order again and again, so the same places would be the same meters.
        first = self._n_calls % step
        self._n_calls += 1
        self._grow(device_id.size)
        for day in _days_of(readings.record_ms):
            if not 0 <= day < _DAYS:
                continue
            if day != self._day:
                self._turn(day, device_id)
            shorten(
                settings,
                folded,
                readings.record_ms,
                day * DAY_MS,
                (day + 1) * DAY_MS,
                first,
                step,
                self._delay_ms,
                self._is_news,
            )

    def take(self, device_id: NDArray[np.int32]) -> LeastDelays:
        """Return what is new since it was last taken."""
        parts = [*self._earlier, self._news(device_id)]
        self._earlier = []
        return LeastDelays(
            device_id=np.concatenate([one.device_id for one in parts]),
            day=np.concatenate([one.day for one in parts]),
            delay_ms=np.concatenate([one.delay_ms for one in parts]),
        )

    def _news(self, device_id: NDArray[np.int32]) -> LeastDelays:
        lanes = np.flatnonzero(self._is_news)
        self._is_news[lanes] = 0
        return LeastDelays(
            device_id=device_id[lanes],
            day=np.full(lanes.size, self._day, np.int32),
            delay_ms=self._delay_ms[lanes],
        )

    def _turn(self, day: int, device_id: NDArray[np.int32]) -> None:
        if self._day >= 0 and self._is_news.any():
            self._earlier.append(self._news(device_id))
        self._day = day
        self._delay_ms[:] = _NOT_SEEN

    def _grow(self, n_lanes: int) -> None:
        n_more = n_lanes - self._delay_ms.size
        if n_more > 0:
            self._delay_ms = np.concatenate([self._delay_ms, np.full(n_more, _NOT_SEEN, np.int64)])
            self._is_news = np.concatenate([self._is_news, np.zeros(n_more, np.uint8)])
