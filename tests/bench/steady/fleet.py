"""A fleet of meters of several intervals behind concentrators, and what these send."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tests.bench.preparing import N_PARTITIONS

PER_MESSAGE = 1000
N_REGIONS = 3
_SEED = 7
N_VOLTAGES = 16  # sets of values that messages repeat
_STAND_IN = -7_777_777_777_777_777  # of a prepared message's stamps

_POINTS = """
    INSERT INTO point (point, nominal_mv, wiring, region, feeder, class, valid_from)
    SELECT 'P' || lpad(i::text, 9, '0'), 220000, $3, 'R' || i % $4::integer, 'F' || i % 300, 'D', '2020-01-01Z'
      FROM generate_series($1::integer, $2::integer) AS i
"""
_DEVICES = """
    INSERT INTO device (device, point_id, voltage_ratio, reading_kind, interval_s, stamp_at, zone, delivery_delay_s,
                        self_powered, valid_from)
    SELECT 'M' || substring(point FROM 2), point_id, 1, 'mean', $3, 'start', 'UTC', 0, false, '2020-01-01Z'
      FROM point
     WHERE point BETWEEN 'P' || lpad($1::integer::text, 9, '0') AND 'P' || lpad($2::integer::text, 9, '0')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Meters of one interval and wiring."""

    n_points: int
    interval_s: int
    wiring: str = "1p"

    @property
    def n_phases(self) -> int:
        """Voltages of a reading."""
        return 1 if self.wiring == "1p" else 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentrator:
    """A thousand meters that are sent together, and their message without its stamps."""

    number: int
    group: Group
    meters: tuple[int, ...]  # numbers; the point of one is ``point_of`` it
    head: bytes
    tails: tuple[bytes, ...]

    @property
    def partition(self) -> int:
        """Where its messages go."""
        return self.number % N_PARTITIONS

    def message(self, stamp_ms: int) -> bytes:
        """Return a reading of every meter at one instant; it costs two copies."""
        stamps = np.full(PER_MESSAGE, stamp_ms, np.int64).tobytes()
        tail = self.tails[(stamp_ms // 1000 + self.number) % len(self.tails)]
        return b"".join((self.head, stamps, tail))


def point_of(meter: int) -> str:
    """Return the name of a meter's point."""
    return f"P{meter:09d}"


def concentrators(groups: Sequence[Group], n_voltages: int = N_VOLTAGES) -> list[Concentrator]:
    """Return the concentrators of all groups; which meters go together is random."""
    random = np.random.default_rng(_SEED)
    found: list[Concentrator] = []
    first = 1
    for group in groups:
        mixed = random.permutation(group.n_points) + first
        for meters in mixed.reshape(-1, PER_MESSAGE).tolist():
            found.append(_concentrator(len(found), group, meters, (random, n_voltages)))
        first += group.n_points
    return found


async def register(dsn: str, groups: Sequence[Group]) -> None:
    """Register the points and their meters."""
    connection = await asyncpg.connect(dsn)
    try:
        first = 1
        for group in groups:
            last = first + group.n_points - 1
            await connection.execute(_POINTS, first, last, group.wiring, N_REGIONS)
            await connection.execute(_DEVICES, first, last, group.interval_s)
            first = last + 1
        await connection.execute("ANALYZE point, device")
    finally:
        await connection.close()


def _concentrator(
    number: int, group: Group, meters: list[int], drawn: tuple[np.random.Generator, int]
) -> Concentrator:
    names = pa.array([f"M{meter:09d}" for meter in meters])
    stand_in = np.full(PER_MESSAGE, _STAND_IN, np.int64)
    heads: set[bytes] = set()
    tails: list[bytes] = []
    random, n_voltages = drawn
    for _ in range(n_voltages):
        volts = 220 + random.normal(0, 3, (group.n_phases, PER_MESSAGE))
        head, tail = _arrow(names, stand_in, volts).split(stand_in.tobytes())
        heads.add(head)
        tails.append(tail)
    (head,) = heads
    return Concentrator(
        number=number, group=group, meters=tuple(meters), head=head, tails=tuple(tails)
    )


def _arrow(devices: pa.StringArray, stamp: NDArray[np.int64], volts: NDArray[np.float64]) -> bytes:
    columns = {f"v{phase}": pa.array(of_phase) for phase, of_phase in enumerate(volts, 1)}
    batch = pa.record_batch(
        {"device": devices, "ts": pa.array(stamp, pa.timestamp("ms", "UTC")), **columns}
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()
