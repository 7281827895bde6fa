"""What the lanes of all consumers see now, as the last checkpoints stored it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kernels.events import BREACH_UNDER
from kernels.layout import EVENT_STATE, INTERRUPTION, LANE_WORDS, NO_TIME
from service.domain.instants import at_us
from service.domain.lane_book import LAYOUT_VERSION
from service.domain.live_breaches import BreachPlace, SeenLanes
from service.store.pool import Connection
from service.store.statements import statement

_STATE_BYTES: Final = LANE_WORDS * 8
_US_IN_MS: Final = 1000

# Behind the states of a block stand what its lanes see; only these are fetched.
_BLOCKS = statement(
    "live_lane_blocks",
    """
    SELECT device_ids, substring(states FROM length(device_ids) / 4 * $1::integer + 1) AS events
      FROM lane_block
     WHERE layout_version = $2       -- smallint
     ORDER BY topic, partition, block
    """,
)

_PLACES = statement(
    "live_lane_places",
    """
    SELECT device_id, point_id, point, region, region_name, feeder, feeder_name, transformer, transformer_name
      FROM device
      JOIN point USING (point_id)
     WHERE point_id IN (SELECT point_id FROM device WHERE device_id = ANY ($1::integer[]))
    """,
)


# Of the whole deployment: each listener is told the number of the part that it may see.
_LEFT_OUT = statement(
    "live_lanes_left_out",
    """
    SELECT region, feeder, count(*) AS n_lanes
      FROM device
      JOIN point USING (point_id)
     WHERE device_id = ANY ($1::integer[])
     GROUP BY region, feeder
    """,
)

# Devices whose newest reading reaches into an interruption of their point, however little.
_EDGES = statement(
    "live_edge_readings",
    """
    SELECT DISTINCT seen.device_id
      FROM unnest($1::integer[], $2::timestamptz[]) AS seen (device_id, last_at)
      JOIN device USING (device_id)
      JOIN interruption USING (point_id)
     WHERE interruption.earliest_at < seen.last_at
       AND coalesce(interruption.latest_at, 'infinity') > seen.last_at - make_interval(secs => device.interval_s)
       AND interruption.evidence <> 'inferred'
    """,
)


@dataclass(frozen=True, slots=True)
class LaneColumns:
    """What every lane sees, ``(n_lanes,)`` each."""

    device_id: NDArray[np.int32]
    last_ms: NDArray[np.int64]  # end of the newest reading judged
    breach: NDArray[np.uint8]  # as kernels.events says
    is_dark: NDArray[np.bool_]


async def read_lanes(connection: Connection) -> LaneColumns:
    """Return what all lanes saw at the last checkpoint."""
    rows = await connection.fetch(_BLOCKS, _STATE_BYTES, LAYOUT_VERSION)
    device_id = np.frombuffer(b"".join(row["device_ids"] for row in rows), np.int32)
    events = np.frombuffer(b"".join(row["events"] for row in rows), EVENT_STATE)
    return LaneColumns(
        device_id=device_id,
        last_ms=events["last_ms"],
        breach=events["breach"],
        is_dark=(events["open_kinds"] >> INTERRUPTION) & 1 == 1,
    )


async def seen_in_trouble(connection: Connection, since_ms: int, n_max: int) -> SeenLanes:
    """Return the lanes of the points of which some lane sees trouble, read at or after ``since_ms``; ``n_max`` at most.

    Points with several lanes have all of them, so that the newest can speak.
    """
    lanes = await read_lanes(connection)
    is_fresh = (lanes.last_ms != NO_TIME) & (lanes.last_ms >= since_ms)
    troubled = np.flatnonzero(is_fresh & ((lanes.breach > 0) | lanes.is_dark))
    chosen, others = troubled[:n_max], troubled[n_max:]
    places = await _places(connection, lanes.device_id[chosen].tolist())
    known = np.flatnonzero(np.isin(lanes.device_id, np.array(list(places), np.int32)))
    below = known[(lanes.breach[known] == BREACH_UNDER) & (lanes.last_ms[known] != NO_TIME)]
    edges = await _edges(connection, lanes.device_id[below], lanes.last_ms[below])
    return SeenLanes(
        places=[places[int(number)] for number in lanes.device_id[known]],
        last_ms=lanes.last_ms[known].tolist(),
        breach=lanes.breach[known].tolist(),
        is_dark=lanes.is_dark[known].tolist(),
        is_edge=np.isin(known, below[edges]).tolist(),
        n_left_out=await _left_out(connection, lanes.device_id[others].tolist()),
    )


async def _left_out(connection: Connection, devices: Sequence[int]) -> dict[tuple[str, str], int]:
    if not devices:
        return {}
    rows = await connection.fetch(_LEFT_OUT, devices)
    return {(row["region"], row["feeder"]): row["n_lanes"] for row in rows}


async def _edges(
    connection: Connection, device_id: NDArray[np.int32], last_ms: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return of which devices the newest reading, which ended then, touches an interruption."""
    if not device_id.size:
        return np.zeros(0, np.bool_)
    last_at = [at_us(one * _US_IN_MS) for one in last_ms.tolist()]
    rows = await connection.fetch(_EDGES, device_id.tolist(), last_at)
    return np.isin(device_id, np.array([row["device_id"] for row in rows], np.int32))


async def _places(connection: Connection, devices: Sequence[int]) -> dict[int, BreachPlace]:
    if not devices:
        return {}
    rows = await connection.fetch(_PLACES, devices)
    return {
        row["device_id"]: BreachPlace(
            **{name: row[name] for name in BreachPlace.__dataclass_fields__}
        )
        for row in rows
    }
