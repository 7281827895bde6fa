"""The lanes of one partition: their settings, their states, and how these are kept over a restart."""

from collections.abc import Iterable, Sequence
from itertools import repeat

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
from service.domain.cache_lines import enlarged_on_lines
from service.domain.lane_numbers import LaneNumbers
from service.domain.lanes import LaneDirectory
from service.domain.room import enlarged, room_for

LAYOUT_VERSION = 1  # of a stored state; raise it with LANE_WORDS or EVENT_STATE
N_REMEMBERED = 5_000  # lists of names whose lanes are kept
_NOT_ASKED = NONE - 1  # the lane of a name that no reading had yet
_ROOM = 256  # lanes to begin with


class LaneBook:
    """Lanes in the order in which their devices first came; arrays have room, of which the first ``n_lanes`` count.

    ``settings``, ``state`` and ``events`` are what the kernels work on. ``device_id`` goes with them.
    """

    def __init__(self, directory: LaneDirectory) -> None:
        self.n_lanes = 0
        self.settings: NDArray[np.void] = np.zeros(0, LANE_SETTINGS)
        self.state: NDArray[np.int64] = np.zeros((0, LANE_WORDS), np.int64)
        self.events: NDArray[np.void] = np.zeros(0, EVENT_STATE)
        self.device_id: NDArray[np.int32] = np.zeros(0, np.int32)
        self._zone: NDArray[np.int16] = np.zeros(0, np.int16)  # by the directory's numbers
        self._directory = directory
        self._numbers = LaneNumbers()
        self._remembered: dict[bytes, NDArray[np.int32]] = {}
        self._lane_of_name: dict[str, int] = {}
        self._touched: NDArray[np.uint8] = np.zeros(0, np.uint8)  # by block
        self._reserve(_ROOM)

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
            return self._lanes_by_name(names)[device]
        lane_of = self._lanes_known(names, names_key)
        lanes = lane_of[device]
        if lanes.size and lanes.min() == _NOT_ASKED:
            places = [*dict.fromkeys(device[lanes == _NOT_ASKED].tolist())]
            lane_of[places] = self._lanes_of([names[place] for place in places])
            lanes = lane_of[device]
        return lanes

    def zone_of(self, lane: int) -> str:
        """Return the zone of a lane's stamps that have none."""
        return self._directory.zone_name(int(self._zone[lane]))

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
        stored = list(blocks)
        device_ids = np.frombuffer(b"".join(ids for _, ids, _ in stored), np.int32)
        self._append(device_ids, self._directory.rows_of(device_ids))
        first = 0
        for _, ids, states in stored:
            lanes = slice(first, first + len(ids) // 4)
            n_words = len(ids) // 4 * LANE_WORDS * 8
            self.state[lanes] = np.frombuffer(states[:n_words], np.int64).reshape(-1, LANE_WORDS)
            self.events[lanes] = np.frombuffer(states[n_words:], EVENT_STATE)
            first = lanes.stop
        self._touched[:] = 0  # they are stored as they are
        self._forget_changed_intervals()
        self._link()

    def apply(self, directory: LaneDirectory) -> None:
        """Go on with another registry."""
        self._directory = directory
        self._remembered.clear()
        self._lane_of_name.clear()
        rows = directory.rows_of(self.device_id[: self.n_lanes])
        self.settings[: self.n_lanes] = directory.settings_of(rows)
        self._zone[: self.n_lanes] = directory.zone_numbers(rows)
        self._forget_changed_intervals()
        self._link()

    def begin_anew(self, lanes: NDArray[np.int64]) -> None:
        """Forget the open minutes and the open events of lanes: they are of another point."""
        self._empty(lanes)
        self.events[lanes] = _no_events(lanes.size)

    def oldest_hour(self) -> NDArray[np.int64]:
        """Return, for each lane, the oldest hour that a reading in its window can still write to."""
        return (self.state[: self.n_lanes, HEAD_MINUTE] - self._window()) // MINUTES_PER_HOUR

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
        return np.maximum(2, 2 * self.settings["minutes"][: self.n_lanes].astype(np.int64))

    def _lanes_known(self, names: Sequence[str], names_key: bytes) -> NDArray[np.int32]:
        """Return the lanes of names as far as they were asked for; to be written to."""
        known = self._remembered.get(names_key)
        if known is not None and known.size >= len(names):
            return known
        n_room = len(names) if known is None else room_for(len(names), known.size)
        lane_of = np.full(n_room, _NOT_ASKED, np.int32)
        if known is not None:
            lane_of[: known.size] = known
        elif len(self._remembered) >= N_REMEMBERED:
            self._remembered.clear()
        self._remembered[names_key] = lane_of
        return lane_of

    def _lanes_by_name(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Return the lanes of names that come one by one; a device that nobody registered is asked for each time."""
        known = self._lane_of_name
        missing = set(names).difference(known)
        if missing:
            asked = [name for name in dict.fromkeys(names) if name in missing]
            found = zip(asked, self._lanes_of(asked).tolist(), strict=True)
            known.update((name, lane) for name, lane in found if lane != NONE)
        return np.fromiter(map(known.get, names, repeat(NONE)), np.int32, len(names))

    def _lanes_of(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Return the lane of each device's first assignment, made empty if there is none yet; NONE of strangers."""
        directory = self._directory
        rows = directory.first_rows(names)
        lanes = np.full(rows.size, NONE, np.int32)
        known = rows != NONE
        device_ids = directory.devices.device_id[rows[known]]
        self._make(device_ids, rows[known])
        lanes[known] = self._numbers.lanes_of(device_ids)
        for first in rows[known & directory.has_more[rows]].tolist():
            self._chain(directory.run_from(first))
        return lanes

    def _make(self, device_ids: NDArray[np.int32], rows: NDArray[np.int32]) -> None:
        """Make empty lanes of the devices that have none yet, in their order."""
        without = np.flatnonzero(self._numbers.lanes_of(device_ids) == NONE)
        if without.size:
            _, first = np.unique(device_ids[without], return_index=True)
            places = without[np.sort(first)]
            self._append(device_ids[places], rows[places])

    def _append(self, device_ids: NDArray[np.int32], rows: NDArray[np.int32]) -> None:
        """Append an empty lane for each of these devices, which have none."""
        if not device_ids.size:
            return
        first, after = self.n_lanes, self.n_lanes + device_ids.size
        self._reserve(after)
        self.n_lanes = after
        self._numbers.add(device_ids, first)
        self.device_id[first:after] = device_ids
        self._zone[first:after] = self._directory.zone_numbers(rows)
        self.settings[first:after] = self._directory.settings_of(rows)
        self.state[first:after, [HEAD_MINUTE, AHEAD_MS]] = NO_TIME
        self.state[first:after, PAGE] = NONE
        self.state[first:after, INTERVAL_MS] = self.settings["interval_ms"][first:after]
        self.events["last_ms"][first:after] = NO_TIME
        self._touched[first // LANES_PER_BLOCK : (after - 1) // LANES_PER_BLOCK + 1] = 1

    def _chain(self, rows: range) -> None:
        """Let a device's lanes follow each other, made empty where there are none yet."""
        of_device = np.arange(rows.start, rows.stop, dtype=np.int32)
        device_ids = self._directory.devices.device_id[of_device]
        self._make(device_ids, of_device)
        lanes = self._numbers.lanes_of(device_ids)
        self.settings["next_lane"][lanes] = np.append(lanes[1:], NONE)

    def _link(self) -> None:
        """Chain the assignments of every device that has lanes."""
        for first in self._directory.first_of_several().tolist():
            rows = self._directory.run_from(first)
            device_ids = self._directory.devices.device_id[rows.start : rows.stop]
            if (self._numbers.lanes_of(device_ids) != NONE).any():
                self._chain(rows)

    def _forget_changed_intervals(self) -> None:
        """Empty the open minutes of lanes whose interval is no longer the one they were made of."""
        changed = np.flatnonzero(
            self.state[: self.n_lanes, INTERVAL_MS] != self.settings["interval_ms"][: self.n_lanes]
        )
        self._empty(changed)
        self.state[changed, INTERVAL_MS] = self.settings["interval_ms"][changed]

    def _empty(self, lanes: NDArray[np.int64]) -> None:
        """Take the readings out of the open minutes."""
        self._touched[lanes // LANES_PER_BLOCK] = 1
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
        """Make room for so many lanes; where there is none yet, for no more."""
        n_room = room_for(n_lanes, self.device_id.size)
        if n_room == self.device_id.size:
            return
        self.settings = enlarged_on_lines(self.settings, n_room)
        self.state = enlarged_on_lines(self.state, n_room)
        self.events = enlarged(self.events, n_room)
        self.device_id = enlarged(self.device_id, n_room)
        self._zone = enlarged(self._zone, n_room)
        self._touched = enlarged(self._touched, n_room // LANES_PER_BLOCK + 1)


def _no_events(n_lanes: int) -> NDArray[np.void]:
    events = np.zeros(n_lanes, EVENT_STATE)
    events["last_ms"] = NO_TIME
    return events
