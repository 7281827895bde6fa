"""What is known of one point by itself: its readings and what its meter said."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from service.domain.supply.measured import MeasuredEvent, dark_runs, event_pieces
from service.domain.supply.meter_events import MeterEvent
from service.domain.supply.pieces import Piece
from service.domain.supply.readings import Ledger, Meter, Readings, empty_ledger, readings_of
from service.domain.supply.told import told_pieces
from service.domain.supply_rows import EvidenceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRecord:
    """A point with what was measured and told there."""

    point_id: int
    point: str = ""  # the operator's identifier
    transformer: str = ""  # empty: none is known
    is_feeder_head: bool = False
    is_terminal: bool = False
    can_witness: bool = True  # False: nothing that its devices read can show an outage
    meter: Meter
    ledger: Ledger = field(default_factory=empty_ledger)
    measured_events: Sequence[MeasuredEvent] = ()  # any order
    meter_events: Sequence[MeterEvent] = ()  # any order


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEvidence:
    """What a point says of itself."""

    point_id: int
    point: str
    transformer: str
    is_feeder_head: bool
    is_terminal: bool
    can_witness: bool
    readings: Readings
    pieces: tuple[Piece, ...]  # of grades measured and meter_event
    n_false_alarms: int  # last gasps of a meter that went on reading


def own_evidence(
    record: PointRecord, rule: EvidenceRow, through: int, told_through: int | None = None
) -> OwnEvidence:
    """Return what a point says of itself, a pure function of its arguments.

    Args:
        record: The point; a window of its ledger that begins and ends with a live reading is enough
            for what happened in it.
        rule: Delays and tolerances.
        through: Microseconds since the Unix epoch, where the readings end; what comes from here on
            does not count yet.
        told_through: Up to where what meters tell of themselves counts, where they are ahead of the
            readings; None: no further than those.
    """
    readings = readings_of(record.ledger, record.meter, through)
    measured = dark_runs(readings)
    for event in record.measured_events:
        measured += event_pieces(event, readings)
    events = [one for one in record.meter_events if one.at < (told_through or through)]
    told = told_pieces(events, readings, measured, rule)
    return OwnEvidence(
        point_id=record.point_id,
        point=record.point,
        transformer=record.transformer,
        is_feeder_head=record.is_feeder_head,
        is_terminal=record.is_terminal,
        can_witness=record.can_witness,
        readings=readings,
        pieces=(*measured, *told.pieces),
        n_false_alarms=told.n_false_alarms,
    )
