"""The lanes of one partition: their settings, their states, and how these are kept over a restart."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kernels.layout import (
    AHEAD_MS,
    EVENT_STATE,
    HEAD_MINUTE,
    INTERVAL_MS,
    LANE_SETTINGS,
    LANE_WORDS,
    LANES_PER_BLOCK,
    MINUTES_PER_HOUR,
    NO_TIME,
    NONE,
    PAGE,
    SEEN,
)
from service.domain.cache_lines import joined_on_lines
from service.domain.lanes import LaneDirectory, out_of_service

LAYOUT_VERSION = 1  # of a stored state; raise it with LANE_WORDS or EVENT_STATE
N_REMEMBERED = 5_000  # lists of names whose lanes are kept
_NOT_ASKED = NONE - 1  # the lane of a name that no reading had yet


class LaneBook:
    """Lanes in the order in which their devices first came; arrays have room, of which the first ``n_lanes`` count.

    ``settings``, ``state`` and ``events`` are what the kernels work on. ``device_id`` and ``zone`` go with them.
    """

    def __init__(self, directory: LaneDirectory) -> None:
        self.n_lanes = 0
        self.settings: NDArray[np.void] = np.zeros(0, LANE_SETTINGS)
        self.state: NDArray[np.int64] = np.zeros((0, LANE_WORDS), np.int64)
        self.events: NDArray[np.void] = np.zeros(0, EVENT_STATE)
        self.device_id: NDArray[np.int32] = np.zeros(0, np.int32)
        self.zone: list[str] = []
        self._directory = directory
        self._lane_of_id: dict[int, int] = {}
        self._remembered: dict[bytes, NDArray[np.int32]] = {}
        self._lane_of_name = _LanesByName(self._lane_of)
        self._touched: NDArray[np.uint8] = np.zeros(0, np.uint8)  # by block
        self._reserve(256)

    def lanes_of(
        self, names: Sequence[str], names_key: bytes, device: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """Return the lane of the first assignment of each reading's device, NONE where nobody registered it.

        Args:
            names: Of devices; with a key, more than occur are no harm.
            names_key: As ``Batch`` has it.
            device: Of each reading, the place of its name.
        """
        if not names_key:
            lane_of = np.fromiter(map(self._lane_of_name.__getitem__, names), np.int32, len(names))
            return lane_of[device]
        lane_of = self._lanes_known(names, names_key)
        lanes = lane_of[device]
        if lanes.size and lanes.min() == _NOT_ASKED:
            for place in dict.fromkeys(device[lanes == _NOT_ASKED].tolist()):
                lane_of[place] = self._lane_of(names[place])
            lanes = lane_of[device]
        return lanes

    def touched(self) -> NDArray[np.uint8]:
        """Return what is 1 for every block whose states changed; whoever changes a state sets it."""
        return self._touched

    def take_touched_blocks(self) -> list[tuple[int, bytes, bytes]]:
        """Return number, device ids and states of the blocks that changed, as they are stored."""
        numbers = np.flatnonzero(self._touched)
        self._touched[:] = 0
        return [self._block(int(number)) for number in numbers]

    def restore(self, blocks: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Take up stored blocks; they come in the order of their numbers, without a hole."""
        for _, ids, states in blocks:
            device_ids = np.frombuffer(ids, np.int32)
            lanes = np.array([self._add(int(device_id)) for device_id in device_ids], np.int32)
            n_words = device_ids.size * LANE_WORDS * 8
            self.state[lanes] = np.frombuffer(states[:n_words], np.int64).reshape(-1, LANE_WORDS)
            self.events[lanes] = np.frombuffer(states[n_words:], EVENT_STATE)
        self._forget_changed_intervals()
        self._link()

    def apply(self, directory: LaneDirectory) -> None:
        """Go on with another registry."""
        self._directory = directory
        self._remembered.clear()
        self._lane_of_name.clear()
        for lane in range(self.n_lanes):
            self._set(lane, int(self.device_id[lane]))
        self._forget_changed_intervals()
        self._link()

    def begin_anew(self, lanes: NDArray[np.int64]) -> None:
        """Forget the open minutes and the open events of lanes: they are of another point."""
        self._empty(lanes)
        self.events[lanes] = _no_events(lanes.size)

    def oldest_hour(self) -> NDArray[np.int64]:
        """Return, for each lane, the oldest hour that a reading in its window can still write to."""
        return (self.state[:, HEAD_MINUTE] - self._window()) // MINUTES_PER_HOUR

    def open_hours(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return lane and hour of every page that a lane's window reaches, hours rising for each lane."""
        used = np.flatnonzero(self.state[: self.n_lanes, HEAD_MINUTE] != NO_TIME)
        first = self.oldest_hour()[used]
        n_hours = self.state[used, HEAD_MINUTE] // MINUTES_PER_HOUR - first + 1
        lanes = np.repeat(used, n_hours)
        starts = np.repeat(np.cumsum(n_hours) - n_hours, n_hours)
        hours = np.repeat(first, n_hours) + np.arange(lanes.size) - starts
        return lanes.astype(np.int32), hours.astype(np.int32)

    def _window(self) -> NDArray[np.int64]:
        """Return how many minutes behind its head a lane's window begins, at most."""
        return np.maximum(2, 2 * self.settings["minutes"].astype(np.int64))

    def _lanes_known(self, names: Sequence[str], names_key: bytes) -> NDArray[np.int32]:
        """Return the lanes of names as far as they were asked for; to be written to."""
        known = self._remembered.get(names_key)
        if known is not None and known.size >= len(names):
            return known
        n_room = len(names) if known is None else max(len(names), 2 * known.size)
        lane_of = np.full(n_room, _NOT_ASKED, np.int32)
        if known is not None:
            lane_of[: known.size] = known
        elif len(self._remembered) >= N_REMEMBERED:
            self._remembered.clear()
        self._remembered[names_key] = lane_of
        return lane_of

    def _lane_of(self, name: str) -> int:
        rows = self._directory.assignments(name)
        if not rows:
            return NONE
        lanes = [self._add(int(self._directory.device_id[row])) for row in rows]
        for lane, following in zip(lanes, [*lanes[1:], NONE], strict=True):
            self.settings["next_lane"][lane] = following
        return lanes[0]

    def _add(self, device_id: int) -> int:
        """Return the lane of an assignment, made empty if there is none yet."""
        lane = self._lane_of_id.get(device_id)
        if lane is not None:
            return lane
        lane = self.n_lanes
        if lane == self.device_id.size:
            self._reserve(2 * lane)
        self.n_lanes += 1
        self._lane_of_id[device_id] = lane
        self.device_id[lane] = device_id
        self.zone.append("UTC")
        self._set(lane, device_id)
        self.state[lane, INTERVAL_MS] = self.settings["interval_ms"][lane]
        self._touched[lane // LANES_PER_BLOCK] = 1
        return lane

    def _set(self, lane: int, device_id: int) -> None:
        row = self._directory.row_of_id.get(device_id)
        self.settings[lane] = out_of_service() if row is None else self._directory.settings[row]
        self.zone[lane] = "UTC" if row is None else self._directory.zone[row]

    def _link(self) -> None:
        """Chain the assignments of every device that has lanes."""
        for name in self._directory.first_row:
            rows = self._directory.assignments(name)
            if any(int(self._directory.device_id[row]) in self._lane_of_id for row in rows):
                self._lane_of(name)

    def _forget_changed_intervals(self) -> None:
        """Empty the open minutes of lanes whose interval is no longer the one they were made of."""
        changed = np.flatnonzero(
            self.state[: self.n_lanes, INTERVAL_MS] != self.settings["interval_ms"][: self.n_lanes]
        )
        self._empty(changed)
        self.state[changed, INTERVAL_MS] = self.settings["interval_ms"][changed]

    def _empty(self, lanes: NDArray[np.int64]) -> None:
        """Take the readings out of the open minutes."""
        self.state[lanes, SEEN:PAGE] = 0
        self.state[lanes, PAGE + 1 : INTERVAL_MS] = 0

    def _block(self, number: int) -> tuple[int, bytes, bytes]:
        lanes = slice(number * LANES_PER_BLOCK, min((number + 1) * LANES_PER_BLOCK, self.n_lanes))
        state = self.state[lanes].copy()
        state[:, PAGE] = NONE
        return (
            number,
            self.device_id[lanes].tobytes(),
            state.tobytes() + self.events[lanes].tobytes(),
        )

    def _reserve(self, n_lanes: int) -> None:
        n_more = n_lanes - self.device_id.size
        state = np.zeros((n_more, LANE_WORDS), np.int64)
        state[:, [HEAD_MINUTE, AHEAD_MS]] = NO_TIME
        state[:, PAGE] = NONE
        events = _no_events(n_more)
        self.settings = joined_on_lines(self.settings, np.zeros(n_more, LANE_SETTINGS))
        self.state = joined_on_lines(self.state, state)
        self.events = np.concatenate([self.events, events])
        self.device_id = np.concatenate([self.device_id, np.zeros(n_more, np.int32)])
        touched = np.zeros(n_lanes // LANES_PER_BLOCK + 1, np.uint8)
        touched[: self._touched.size] = self._touched
        self._touched = touched


class _LanesByName(dict[str, int]):
    """Lanes of devices that are registered, for names that come one by one; no other is remembered."""

    def __init__(self, lane_of: Callable[[str], int]) -> None:
        super().__init__()
        self._lane_of = lane_of

    def __missing__(self, name: str) -> int:
        lane = self._lane_of(name)
        if lane != NONE:
            self[name] = lane
        return lane


def _no_events(n_lanes: int) -> NDArray[np.void]:
    events = np.zeros(n_lanes, EVENT_STATE)
    events["last_ms"] = NO_TIME
    return events
