"""The meters of the kill test: who they are, how they are registered, what the twin knows of them."""

from dataclasses import dataclass

import asyncpg

from tests.oracle.assignments import Assignment
from tests.oracle.folding import Devices
from tests.oracle.judging import Rules

N_PARTITIONS = 4
N_BACKLOG = 25  # the first ones: one-second meters that store and forward for hours
N_SECOND, N_MINUTE, N_QUARTER = 100, 250, 150
N_METERS = N_SECOND + N_MINUTE + N_QUARTER
_LOW_MV, _MEDIUM_MV = 220_000, 10_000_000

_REGISTER_POINT = """
    INSERT INTO point (point, nominal_mv, wiring, feeder, class, valid_from)
    VALUES ($1, $2, $3, $4, 'D', '2020-01-01Z')
"""
_REGISTER_DEVICE = """
    INSERT INTO device (device, point_id, voltage_ratio, reading_kind, interval_s, stamp_at, zone,
                        delivery_delay_s, self_powered, valid_from)
    SELECT $1, point_id, $3, 'mean', $4, $5, 'UTC', 0, $6, '2020-01-01Z'
      FROM point
     WHERE point = $2
"""


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter; everything about it follows from its number."""

    number: int

    @property
    def device(self) -> str:
        return f"meter-{self.number:03}"

    @property
    def point(self) -> str:
        return f"point-{self.number:03}"

    @property
    def interval_s(self) -> int:
        if self.number < N_SECOND:
            return 1
        return 60 if self.number < N_SECOND + N_MINUTE else 900

    @property
    def wiring(self) -> str:
        if 90 <= self.number < N_SECOND or 300 <= self.number < N_SECOND + N_MINUTE:
            return "3p4w"
        return "3p3w" if self.number >= N_METERS - 20 else "1p"

    @property
    def n_phases(self) -> int:
        return 1 if self.wiring == "1p" else 3

    @property
    def nominal_mv(self) -> int:
        return _MEDIUM_MV if self.wiring == "3p3w" else _LOW_MV

    @property
    def voltage_ratio(self) -> float:
        return 100.0 if self.wiring == "3p3w" else 1.0

    @property
    def volts(self) -> float:
        """Nominal voltage as the meter reads it."""
        return self.nominal_mv / 1000 / self.voltage_ratio

    @property
    def stamps_end(self) -> bool:
        return self.number % 7 == 3

    @property
    def self_powered(self) -> bool:
        return self.number % 11 == 5

    @property
    def has_backlog(self) -> bool:
        return self.number < N_BACKLOG

    @property
    def moves(self) -> bool:
        """Whether it goes to another partition half way."""
        return not self.has_backlog and (self.number % 20 == 7 or self.number == 30)

    @property
    def partition(self) -> int:
        """Where its readings go at first."""
        return self.number % N_PARTITIONS

    @property
    def rules(self) -> Rules:
        """What its minutes are judged by: norm art. 8(1), GB/T 12325."""
        band = (-1000, 700) if self.wiring == "1p" else (-700, 700)
        return Rules(band=band, optional=frozenset({1} if self.wiring == "3p3w" else ()))


METERS = [Meter(number) for number in range(N_METERS)]


async def register(dsn: str) -> None:
    """Register points and meters, always in the same order."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            points = [(m.point, m.nominal_mv, m.wiring, f"F{m.number % 10}") for m in METERS]
            await connection.executemany(_REGISTER_POINT, points)
            await connection.executemany(_REGISTER_DEVICE, [_device(meter) for meter in METERS])
    finally:
        await connection.close()


async def assignments(connection: "asyncpg.Connection[asyncpg.Record]") -> Devices:
    """Return what the twin knows of the registered meters."""
    ids = {
        row["device"]: (row["device_id"], row["point_id"])
        for row in await connection.fetch("SELECT device, device_id, point_id FROM device")
    }
    return {meter.device: [_assignment(meter, *ids[meter.device])] for meter in METERS}


def _device(meter: Meter) -> tuple[object, ...]:
    stamp_at = "end" if meter.stamps_end else "start"
    where = (meter.device, meter.point)
    return (*where, meter.voltage_ratio, meter.interval_s, stamp_at, meter.self_powered)


def _assignment(meter: Meter, device_id: int, point_id: int) -> Assignment:
    return Assignment(
        device_id=device_id,
        point_id=point_id,
        nominal_mv=meter.nominal_mv,
        interval_s=meter.interval_s,
        n_phases=meter.n_phases,
        voltage_ratio=meter.voltage_ratio,
        stamps_end=meter.stamps_end,
        self_powered=meter.self_powered,
    )
