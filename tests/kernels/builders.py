"""Arrays for the kernels from the words of the twin, and the twin's pages from their arrays."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import EventLimits
from kernels.layout import (
    AHEAD_MS,
    EVENT_EDGE,
    EVENT_STATE,
    HEAD_MINUTE,
    LANE_SETTINGS,
    LANE_WORDS,
    MINUTES_PER_HOUR,
    NO_TIME,
    NONE,
    PAGE,
    PAGE_HEAD,
    Folded,
    Lanes,
    Pages,
    Readings,
    StampLimits,
)
from tests.kernels import mode
from tests.oracle import watching
from tests.oracle.assignments import Assignment
from tests.oracle.folding import Devices
from tests.oracle.late import LateRow
from tests.oracle.ledger import Energy, Ledger, Page, PageKey, join_ledgers
from tests.oracle.words import Candidate, Outcome, Reading, candidate

NO_EVENTS = EventLimits(0, 10**9, 0, 0, 10**9, 0)
NO_LIMITS = StampLimits(ahead_ms=2**60, oldest_ms=0)
ROOM_FOR_ONE_READING = 9  # planes: three pages of three phases


def records(n: int, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """Return ``n`` zeroed records. Without JIT their fields are attributes only in a recarray."""
    zeroed = np.zeros(n, dtype)
    return zeroed.view(np.recarray) if mode.IS_PLAIN else zeroed


def lane_settings(devices: Devices) -> tuple[NDArray[np.void], dict[str, int], list[Assignment]]:
    """Return the settings of every assignment, each device's first lane, and the lanes in order."""
    lanes = [assignment for chain in devices.values() for assignment in chain]
    settings = records(len(lanes), LANE_SETTINGS)
    first_lane: dict[str, int] = {}
    row = 0
    for device, chain in devices.items():
        first_lane[device] = row if chain else NONE
        for position, assignment in enumerate(chain):
            is_last = position + 1 == len(chain)
            _write_settings(settings, row, assignment, NONE if is_last else row + 1)
            row += 1
    return settings, first_lane, lanes


def _write_settings(
    settings: NDArray[np.void], row: int, assignment: Assignment, next_lane: int
) -> None:
    n_places = assignment.n_places
    show_at = [
        n
        for n in range(1, n_places)
        if 8 * n // n_places >= 4 and 8 * n // n_places > 8 * (n - 1) // n_places
    ]
    settings["ppm_per_volt"][row] = assignment.voltage_ratio * 1e9 / assignment.nominal_mv
    settings["places_per_ms"][row] = 1.0 / assignment.interval_ms
    settings["show_at"][row] = sum(1 << n for n in show_at)
    settings["from_ms"][row] = assignment.from_ms
    settings["to_ms"][row] = assignment.to_ms
    settings["interval_ms"][row] = assignment.interval_ms
    settings["shift_ms"][row] = assignment.interval_ms if assignment.stamps_end else 0
    settings["point"][row] = assignment.point_id
    settings["next_lane"][row] = next_lane
    settings["live_lower_ppm"][row], settings["live_upper_ppm"][row] = assignment.live_band
    settings["expected"][row] = n_places
    settings["minutes"][row] = 0 if assignment.is_fast else assignment.n_minutes
    settings["n_phases"][row] = assignment.n_phases
    settings["zero_is_invalid"][row] = not assignment.sees_no_voltage
    settings["wants_power"][row] = assignment.wants_power


def reading_columns(log: Sequence[Reading], first_lane: Mapping[str, int]) -> Readings:
    """Return readings as columns; an optional column without any value has length 0."""
    return Readings(
        lane=np.array([first_lane.get(reading.device, NONE) for reading in log], np.int32),
        stamp_ms=np.array([reading.stamp_ms for reading in log], np.int64),
        record_ms=np.array([reading.record_ms for reading in log], np.int64),
        v1=_floats([reading.v1 for reading in log]),
        v2=_optional([reading.v2 for reading in log]),
        v3=_optional([reading.v3 for reading in log]),
        p_w=_optional([reading.p_w for reading in log]),
        q_var=_optional([reading.q_var for reading in log]),
        quality=np.array([reading.quality for reading in log], np.uint8),
    )


def _floats(column: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([math.nan if value is None else value for value in column], np.float64)


def _optional(column: Sequence[float | None]) -> NDArray[np.float64]:
    return _floats(() if all(value is None for value in column) else column)


def empty_lanes(settings: NDArray[np.void]) -> Lanes:
    """Return lanes that have not read anything."""
    state = np.zeros((settings.size, LANE_WORDS), np.int64)
    state[:, [HEAD_MINUTE, AHEAD_MS]] = NO_TIME
    state[:, PAGE] = NONE
    return Lanes(state=state, settings=settings)


def empty_pages(n_heads: int, n_planes: int) -> Pages:
    """Return room for pages."""
    return Pages(
        head=records(n_heads, PAGE_HEAD),
        cell=np.full((n_planes, MINUTES_PER_HOUR), 77, np.int16),  # room is not clean
        mark=np.full((n_planes, MINUTES_PER_HOUR), 77, np.uint8),
        used=np.zeros(2, np.int64),
    )


def grown(pages: Pages) -> Pages:
    """Return the same pages with a little more room."""
    n_heads, n_planes = (int(used) for used in pages.used)
    more = empty_pages(n_heads + 3, n_planes + ROOM_FOR_ONE_READING)
    more.head[:n_heads] = pages.head[:n_heads]
    more.cell[:n_planes] = pages.cell[:n_planes]
    more.mark[:n_planes] = pages.mark[:n_planes]
    more.used[:] = pages.used
    return more


def room_for(n_readings: int) -> Folded:
    """Return room for what ``fold`` writes."""
    return Folded(
        outcome=np.full(n_readings, 255, np.uint8),
        lane=np.full(n_readings, NONE, np.int32),
        start_ms=np.zeros(n_readings, np.int64),
        ppm=np.zeros((n_readings, 3), np.int32),
    )


def event_states(n_lanes: int) -> NDArray[np.void]:
    """Return the states of lanes that have not been watched."""
    states = records(n_lanes, EVENT_STATE)
    states["last_ms"] = NO_TIME
    return states


@dataclass(slots=True)
class FoldedRows:
    """What the kernels said of some readings."""

    outcomes: list[Outcome]
    lanes: list[int]  # device_id, NONE without a lane
    start_ms: list[int]
    phases: list[list[int]]


@dataclass
class KernelLog:
    """The kernels over one log: it can be folded in parts, copied, and looked at."""

    devices: Devices
    limits: StampLimits = NO_LIMITS
    events: watching.EventLimits | None = None
    n_edges: int = 8  # room for edges, as little as is allowed
    edges: list[watching.Edge] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings, self.first_lane, self.assignments = lane_settings(self.devices)
        self.lanes = empty_lanes(settings)
        self.pages = empty_pages(3, ROOM_FOR_ONE_READING)
        self.states = event_states(len(self.assignments))

    def fold(self, log: Sequence[Reading]) -> FoldedRows:
        """Fold and watch the next readings of the log, growing the pages as little as possible."""
        readings = reading_columns(log, self.first_lane)
        folded = room_for(len(log))
        done = kernels.fold(self.lanes, self.pages, readings, self.limits, 0, folded)
        while done < len(log):
            self.pages = grown(self.pages)
            done = kernels.fold(self.lanes, self.pages, readings, self.limits, done, folded)
        if self.events is not None:
            self._watch(folded, self.events)
        device_ids = [*(assignment.device_id for assignment in self.assignments), NONE]
        return FoldedRows(
            outcomes=[Outcome(outcome) for outcome in folded.outcome.tolist()],
            lanes=[device_ids[lane] for lane in folded.lane.tolist()],
            start_ms=folded.start_ms.tolist(),
            phases=folded.ppm.tolist(),
        )

    def late_rows(self, log: Sequence[Reading], rows: FoldedRows) -> list[LateRow]:
        """Return the late readings among those that were folded."""
        assignments = {each.device_id: each for each in self.assignments}
        return [
            LateRow(position, assignments[rows.lanes[position]], rows.start_ms[position], reading)
            for position, reading in enumerate(log)
            if rows.outcomes[position] == Outcome.LATE
        ]

    def copy(self) -> "KernelLog":
        """Return a log that goes on from a copy of everything."""
        other = replace(self, edges=list(self.edges))
        other.lanes.state[:] = self.lanes.state
        other.pages = grown(self.pages)
        other.states[:] = self.states
        return other

    def without_pages(self) -> "KernelLog":
        """Return a log that goes on from a copy of the lanes, with no page in memory."""
        other = self.copy()
        other.lanes.state[:, PAGE] = NONE
        other.pages = empty_pages(3, ROOM_FOR_ONE_READING)
        return other

    def ledger(self) -> Ledger:
        """Return the pages by device_id and hour."""
        heads = self.pages.head[: int(self.pages.used[0])]
        pages = {
            PageKey(self.assignments[head["lane"]].device_id, int(head["hour"])): self._page(head)
            for head in heads
        }
        assert len(pages) == heads.size, "a lane has two pages of one hour"
        return Ledger(pages)

    def _page(self, head: np.void) -> Page:
        first = int(head["plane"])
        planes = range(first, first + int(head["n_phases"]))
        energy = Energy(int(head["power_s"]), int(head["active_ws"]), int(head["reactive_vars"]))
        return Page([candidates_of(self.pages.cell[p], self.pages.mark[p]) for p in planes], energy)

    def _watch(self, folded: Folded, events: watching.EventLimits) -> None:
        limits = EventLimits(
            dip_below=events.dip_below,
            swell_above=events.swell_above,
            interruption_below=events.interruption_below,
            hysteresis=events.hysteresis,
            high_above=events.high_above,
            breach_hysteresis=events.breach_hysteresis,
        )
        edges = records(self.n_edges, EVENT_EDGE)
        n_readings = folded.outcome.size
        seen = 0
        while seen < n_readings:
            seen = kernels.watch(
                self.states, self.lanes.settings, folded, limits, seen, n_readings, edges
            )
            n_edges = int(edges["start_ms"][0])
            self.edges += [self._edge(edge) for edge in edges[1 : n_edges + 1]]
            edges["start_ms"][0] = 0

    def _edge(self, edge: np.void) -> watching.Edge:
        is_closed = bool(edge["closed"])
        return watching.Edge(
            lane=self.assignments[edge["lane"]],
            kind=watching.Kind(edge["kind"]),
            is_closed=is_closed,
            phases=int(edge["phases"]),
            start_ms=int(edge["start_ms"]),
            earliest_ms=int(edge["earliest_ms"]),
            end_ms=int(edge["end_ms"]) if is_closed else None,
            latest_ms=int(edge["latest_ms"]) if is_closed else None,
            extreme_ppm=int(edge["extreme_ppm"]),
        )


def late_ledger(rows: Sequence[LateRow]) -> Ledger:
    """Return what the fold makes of late rows, by device_id and hour.

    Each minute of a lane with several readings a minute, and each longer reading, has a lane of
    its own, that nothing closes.
    """
    names = [_scratch_name(row) for row in rows]
    scratch: dict[str, list[Assignment]] = {}
    owners: list[int] = []
    for name, row in zip(names, rows, strict=True):
        if name not in scratch:
            scratch[name] = [replace(row.lane, device_id=len(owners), wants_power=False)]
            owners.append(row.lane.device_id)
    kernel = KernelLog(scratch)
    kernel.fold([row.reading._replace(device=name) for name, row in zip(names, rows, strict=True)])
    return join_ledgers([kernel.ledger()], owners.__getitem__)


def _scratch_name(row: LateRow) -> str:
    if not row.lane.is_fast:
        return f"reading {row.position}"
    return f"{row.lane.device_id} minute {row.lane.first_cell(row.start_ms) // row.lane.n_places}"


def candidates_of(cell: NDArray[np.int16], mark: NDArray[np.uint8]) -> list[Candidate]:
    """Return the minutes of one plane."""
    return [*map(_candidate_of, cell.tolist(), mark.tolist())]


@lru_cache(maxsize=100_000)
def _candidate_of(cell: int, mark: int) -> Candidate:
    return candidate(mark >> 3 & 3, mark >> 5, cell)
