"""Points, readings, events and entries for tests; times in minutes or seconds after a start."""

from collections.abc import Iterable, Sequence

import numpy as np

from kernels.layout import INTERRUPTED, PASS
from service.domain.instants import MINUTE_US
from service.domain.registry import ReadingKind
from service.domain.rules import load_rule_set
from service.domain.supply.feeders import FeederSupply, feeder_supply
from service.domain.supply.interruptions import Interruption
from service.domain.supply.measured import MeasuredEvent
from service.domain.supply.meter_events import MeterEvent, MeterEventKind
from service.domain.supply.own_evidence import OwnEvidence, PointRecord, own_evidence
from service.domain.supply.pieces import OPEN, Piece
from service.domain.supply.readings import Ledger, Meter, Readings, readings_of
from service.domain.supply.register import RegisterEntry

RULE = load_rule_set("voltpass-defaults").evidence
START_MINUTE = 474_912 * 60  # 2024-03-06T00:00Z
START = START_MINUTE * MINUTE_US
SECOND = 1_000_000
LIVE, DARK, SILENT = "live", "dark", "silent"

Runs = Sequence[tuple[str, int]]  # kind and number of minutes


def at(minutes: float) -> int:
    """Return the instant so many minutes after the start."""
    return START + round(minutes * MINUTE_US)


def second(seconds: float) -> int:
    """Return the instant so many seconds after the start."""
    return START + round(seconds * SECOND)


def minutes_of(us: int | None) -> float | None:
    """Return minutes after the start."""
    return None if us is None else (us - START) / MINUTE_US


def ledger(runs: Runs) -> Ledger:
    kinds = [kind for kind, n_minutes in runs for _ in range(n_minutes)]
    return Ledger(
        minute=START_MINUTE + np.arange(len(kinds), dtype=np.int64),
        verdict=np.array([INTERRUPTED if one == DARK else PASS for one in kinds], np.uint8),
        measured=np.array([one != SILENT for one in kinds], np.bool_),
    )


def meter(minutes: int = 15, *, self_powered: bool = False, kind: ReadingKind = "mean") -> Meter:
    return Meter(interval_s=60 * minutes, self_powered=self_powered, reading_kind=kind)


def readings(runs: Runs, how: Meter, through: float = 1440) -> Readings:
    return readings_of(ledger(runs), how, at(through))


def told(event: MeterEventKind, at_s: float, until_s: float | None = None) -> MeterEvent:
    """Return an event; seconds after the start."""
    until = at_s if until_s is None else until_s
    return MeterEvent(event=event, at=second(at_s), until=second(until))


def point(  # noqa: PLR0913 (a builder: each with a default)
    runs: Runs = (),
    events: Iterable[MeterEvent] = (),
    *,
    point_id: int = 1,
    how: Meter | None = None,
    measured: Sequence[MeasuredEvent] = (),
    through: float = 1440,
    transformer: str = "T1",
    is_feeder_head: bool = False,
    is_terminal: bool = False,
    can_witness: bool = True,
) -> OwnEvidence:
    record = PointRecord(
        point_id=point_id,
        point=f"P{point_id}",
        transformer=transformer,
        is_feeder_head=is_feeder_head,
        is_terminal=is_terminal,
        can_witness=can_witness,
        meter=how or meter(),
        ledger=ledger(runs),
        measured_events=measured,
        meter_events=tuple(events),
    )
    return own_evidence(record, RULE, at(through))


def entry(
    off: float | None,
    on: float | None,
    *point_ids: int,
    declaration_id: int = 8,
    cause: str = "",
    window: tuple[float, float] | None = None,
) -> RegisterEntry:
    """Return an entry of the register; minutes after the start."""
    return RegisterEntry(
        declaration_id=declaration_id,
        point_ids=frozenset(point_ids or {1}),
        cause=cause,
        off=None if off is None else at(off),
        on=None if on is None else at(on),
        window_from=None if window is None else at(window[0]),
        window_to=None if window is None else at(window[1]),
    )


def supply(
    *points: OwnEvidence, entries: Iterable[RegisterEntry] = (), through: float = 1440
) -> FeederSupply:
    return feeder_supply("F1", points, entries, RULE, at(through))


def found(
    *points: OwnEvidence,
    entries: Iterable[RegisterEntry] = (),
    through: float = 1440,
    point_id: int = 1,
) -> tuple[Interruption, ...]:
    """Return the interruptions of one of the points."""
    return supply(*points, entries=entries, through=through).points[point_id].interruptions


def edges(one: Interruption | Piece) -> tuple[float | None, ...]:
    """Return earliest, start, end and latest in minutes after the start; None: open."""
    times = (one.earliest, one.start, one.end, one.latest)
    return tuple(None if time is None or time == OPEN else minutes_of(time) for time in times)
