"""Merging late rows: grouped by lane and minute, folded like live ones, joined into the pages."""

from collections.abc import Iterable
from typing import NamedTuple

from tests.oracle.assignments import Assignment
from tests.oracle.lanes import OpenMinute, fill
from tests.oracle.ledger import Ledger
from tests.oracle.words import Reading


class LateRow(NamedTuple):
    """A late reading, as it is kept."""

    position: int  # in the log
    lane: Assignment
    start_ms: int
    reading: Reading


def late_ledger(rows: Iterable[LateRow]) -> Ledger:
    """Return the candidates of the late rows of one log as pages, by device_id and hour.

    Of a minute with several readings only what can be shown before it is closed counts, and the
    whole minute when it is complete: a further late row then only adds candidates, so the outcome
    does not depend on when the rows were merged. Late rows carry no energy.
    """
    ledger = Ledger()
    groups: dict[tuple[int, int], OpenMinute] = {}
    for row in sorted(rows, key=lambda row: row.position):
        lane, phases = row.lane, row.lane.measure(row.reading)
        if not lane.is_fast:
            fill(ledger, lane, lane.first_cell(row.start_ms), phases, row.reading.quality)
            continue
        minute, place = divmod(lane.first_cell(row.start_ms), lane.n_places)
        group = groups.setdefault(
            (lane.device_id, minute), OpenMinute(lane.n_places, lane.n_phases)
        )
        if place in group.places:
            continue
        for phase, found in group.take(place, phases, row.reading.quality):
            ledger.put(lane, minute, phase, found)
        if group.is_complete:
            for phase, found in group.close():
                ledger.put(lane, minute, phase, found)
    return ledger
