"""What the simulated street comes to, counted from what is sent: whole hundredths of a volt, no code of the ledger."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from service.demo import street

START = datetime(2026, 3, 1, tzinfo=UTC)  # any: the voltage does not depend on it
LOWEST, HIGHEST = 198_00, 235_40  # 220 V -10 .. +7 %, hundredths of a volt, both inside
DARK_BELOW = 22_00  # 10 % of 220 V
VERDICTS = ("pass", "over", "under", "interrupted", "exempt", "invalid", "missing")


@dataclass(frozen=True, slots=True)
class PointDay:
    """The day of one meter."""

    point: str
    feeder: str
    transformer: str
    verdicts: tuple[str, ...]  # minute by minute

    @property
    def minutes(self) -> dict[str, int]:
        count = Counter(self.verdicts)
        return {verdict: count[verdict] for verdict in VERDICTS}

    @property
    def n_judged(self) -> int:
        return self.minutes["pass"] + self.minutes["over"] + self.minutes["under"]

    @property
    def n_to_judge(self) -> int:
        return self.n_judged + self.minutes["missing"]


def street_days() -> list[PointDay]:
    """Return the day of every meter, in the order of their numbers."""
    voltage_at = _sent()
    days = []
    for meter in street.meters():
        planned = range(*street.PLANNED_OUTAGE) if meter.transformer == "T6" else range(0)
        verdicts = tuple(
            _verdict(voltage_at.get((meter.device, minute)), is_declared=minute in planned)
            for minute in range(street.N_MINUTES)
        )
        days.append(PointDay(meter.point, meter.feeder, meter.transformer, verdicts))
    return days


def _verdict(hundredths: int | None, *, is_declared: bool) -> str:
    if hundredths is None:
        return "interrupted" if is_declared else "missing"
    if hundredths < DARK_BELOW:
        return "interrupted"
    if hundredths > HIGHEST:
        return "over"
    return "under" if hundredths < LOWEST else "pass"


def _sent() -> dict[tuple[str, int], int]:
    """Return what each device sends of each minute of the day, hundredths of a volt."""
    first_ms = round(START.timestamp() * 1000)
    voltage_at: dict[tuple[str, int], int] = {}
    for message in street.street_messages(START):
        for device, stamp_ms, volts in zip(
            message.devices, message.stamp_ms.tolist(), message.volts.tolist(), strict=True
        ):
            minute, rest_ms = divmod(stamp_ms - first_ms, street.MINUTE_MS)
            hundredths = Decimal(repr(volts)) * 100
            assert rest_ms == 0
            assert hundredths == int(hundredths)
            assert (device, minute) not in voltage_at
            voltage_at[device, minute] = int(hundredths)
    return voltage_at
