"""Which evidence there is of each outage at each point, if nothing of the readings got lost."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.simulate.declarations import Declaration
from service.simulate.meter_events import EVENTS, MeterEvents
from service.simulate.network import Network, Role
from service.simulate.outages import Outage, PointOutages

KINDS: Final = (*EVENTS, "zero_voltage", "feeder_head", "declared")
PHYSICAL: Final = KINDS[:-1]


def evidence_of(
    network: Network,
    outages: tuple[Outage, ...],
    rows: PointOutages,
    events: MeterEvents,
    declarations: Iterable[Declaration],
    interval_ms: int,
) -> dict[str, NDArray[np.bool_]]:
    """Return by kind of evidence which of the point outages have it.

    ``zero_voltage``: a meter with a supply of its own reads 0 V for at least a whole interval, or at an
    instant. ``feeder_head``: the monitor at the head of the feeder saw it.
    """
    found = {kind: np.zeros(rows.point.size, np.bool_) for kind in KINDS}
    told = events.row >= 0
    for number, event in enumerate(EVENTS):
        found[event][events.row[told & (events.event == number)]] = True
    found["zero_voltage"] = _reads_zero(network, rows, interval_ms)
    has_head = np.array(
        [
            outage.extent.level == "feeder" and network.feeders[outage.extent.feeder].has_head
            for outage in outages
        ],
        np.bool_,
    )
    declared = {one.outage for one in declarations}
    is_declared = np.array([outage.code in declared for outage in outages], np.bool_)
    found["feeder_head"] = has_head[rows.outage]
    found["declared"] = is_declared[rows.outage]
    return found


def _reads_zero(network: Network, rows: PointOutages, interval_ms: int) -> NDArray[np.bool_]:
    points = network.points
    senders = network.concentrators
    sizes = [sender.stop_point - sender.first_point for sender in senders]
    is_instant = np.repeat([sender.is_instant for sender in senders], sizes)[rows.point]
    offset_ms = points.clock_offset_ms[rows.point]
    first = -(-(rows.start_ms + offset_ms) // interval_ms)  # the first stamp in the dark
    last = (rows.end_ms + offset_ms) // interval_ms  # the last interval edge up to the end
    is_stamped = first * interval_ms < rows.end_ms + offset_ms
    watches = ~points.self_powered & ~points.sleeps & (points.role != Role.RESERVE)
    is_whole: NDArray[np.bool_] = np.where(is_instant, is_stamped, last > first)
    watching: NDArray[np.bool_] = watches[rows.point]
    return watching & is_whole
