"""The lane of each device id, in eight bytes a lane; a dictionary takes a hundred."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kernels.layout import NONE

_RECENT_MAX: Final = 1000  # kept in a dictionary until they are sorted among the others
_RECENT_SHARE: Final = 32  # or, of many, one in so many


@dataclass(slots=True)
class LaneNumbers:
    """Lanes by device id. Each device is added once."""

    _ids: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))  # sorted
    _lanes: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    _recent: dict[int, int] = field(default_factory=dict)

    def lanes_of(self, device_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the lane of each device, NONE for one that has none."""
        lanes = np.full(device_ids.size, NONE, np.int32)
        if self._ids.size:
            at = np.minimum(np.searchsorted(self._ids, device_ids), self._ids.size - 1)
            found = self._ids[at] == device_ids
            lanes[found] = self._lanes[at[found]]
        if self._recent:
            for place in np.flatnonzero(lanes == NONE).tolist():
                lanes[place] = self._recent.get(int(device_ids[place]), NONE)
        return lanes

    def add(self, device_ids: NDArray[np.int32], first_lane: int) -> None:
        """Give these devices, which have none yet, the lanes from ``first_lane`` on."""
        lanes = np.arange(first_lane, first_lane + device_ids.size, dtype=np.int32)
        n_recent_max = max(_RECENT_MAX, self._ids.size // _RECENT_SHARE)
        if len(self._recent) + device_ids.size <= n_recent_max:
            self._recent.update(zip(device_ids.tolist(), lanes.tolist(), strict=True))
        else:
            self._sort_in(device_ids, lanes)

    def _sort_in(self, device_ids: NDArray[np.int32], lanes: NDArray[np.int32]) -> None:
        """Sort these and the recent ones among the others."""
        ids = np.concatenate([np.fromiter(self._recent, np.int32), device_ids])
        lanes = np.concatenate([np.fromiter(self._recent.values(), np.int32), lanes])
        order = np.argsort(ids, kind="stable")
        ids, lanes = ids[order], lanes[order]
        at = np.searchsorted(self._ids, ids)
        self._ids, self._lanes = np.insert(self._ids, at, ids), np.insert(self._lanes, at, lanes)
        self._recent = {}
