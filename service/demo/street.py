"""A simulated street: three feeders, six transformers, three hundred meters, one day, and faults that are known.

The voltage is a pure function of the seed. What goes wrong is listed in ``FAULTS`` and is found again in the table
that the demonstration prints.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

N_FEEDERS = 3
TRANSFORMERS_PER_FEEDER = 2
METERS_PER_TRANSFORMER = 50
N_MINUTES = 24 * 60
NOMINAL_V = 220.0
MINUTE_MS = 60_000
_SEED = 20_261_123

# Minutes from the start of the day, half-open, and the meters (0 .. 299) that each fault concerns.
EVENING = (17 * 60, 22 * 60)
OUTAGE = (9 * 60 + 12, 9 * 60 + 49)  # meters of T5 with a supply of their own see it
PLANNED_OUTAGE = (14 * 60, 14 * 60 + 50)  # meters of T6 fall silent; it is declared
BROKEN_NEUTRAL = (11 * 60 + 30, 11 * 60 + 42)
SILENCE = (2 * 60, 5 * 60)
BULK_DELAY = (7 * 60, 9 * 60)

END_OF_LINE = range(140, 150)  # T3: low in the evening
TAP_TOO_HIGH = range(60, 66)  # T2: high at night
NEUTRAL_METER = 171
SILENT_METERS = range(20, 25)
DELAYED_METERS = range(80, 88)  # delivered two hours late
TRANSFORMER_OUT = range(200, 250)  # T5
TRANSFORMER_PLANNED = range(250, 300)  # T6
RURAL_FEEDERS = frozenset({"F3"})  # the other two are urban
N_UNKNOWN = 2  # devices that nobody registered

FAULTS = (
    "T2: six meters high at night (transformer tap)",
    "T3: ten meters at the end of the line low from 17:00 to 22:00",
    "T4: one meter at 268 V for twelve minutes (broken neutral)",
    "T5: 37 minutes without supply, measured",
    "T6: 50 minutes without supply, declared; the meters fall silent",
    "T1: five meters silent for three hours; T2: eight meters deliver two hours late",
    "two devices that nobody registered; every hundredth message comes twice",
)


@dataclass(frozen=True, slots=True)
class StreetMeter:
    """One meter of the street."""

    number: int  # 0 .. 299
    device: str
    point: str
    transformer: str
    feeder: str
    self_powered: bool  # takes its supply from the circuit it measures


@dataclass(frozen=True, slots=True)
class StreetMessage:
    """What the concentrator of one transformer sends at once."""

    concentrator: str
    devices: list[str]
    stamp_ms: NDArray[np.int64]  # start of the minute, UTC
    volts: NDArray[np.float64]


def meters() -> list[StreetMeter]:
    """Return the meters of the street in the order of their numbers."""
    made = []
    for number in range(N_FEEDERS * TRANSFORMERS_PER_FEEDER * METERS_PER_TRANSFORMER):
        transformer = number // METERS_PER_TRANSFORMER
        made.append(
            StreetMeter(
                number=number,
                device=f"SM{number:04d}",
                point=f"street-{number:03d}",
                transformer=f"T{transformer + 1}",
                feeder=f"F{transformer // TRANSFORMERS_PER_FEEDER + 1}",
                self_powered=number not in TRANSFORMER_OUT,
            )
        )
    return made


def start_of_street(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the start of the simulated day: yesterday's in the zone of the deployment."""
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=1)


def street_messages(start: datetime) -> Iterator[StreetMessage]:
    """Yield the messages of the day in the order in which they are delivered."""
    volts = _voltages()
    street = meters()
    first_ms = round(start.timestamp() * 1000)
    for minute in range(N_MINUTES):
        for transformer in range(N_FEEDERS * TRANSFORMERS_PER_FEEDER):
            chosen = [
                meter
                for meter in street[transformer * METERS_PER_TRANSFORMER :][:METERS_PER_TRANSFORMER]
                if _delivers(meter, minute)
            ]
            if chosen:
                yield _message(chosen, [minute], volts, first_ms)
        if minute == BULK_DELAY[1]:
            for number in DELAYED_METERS:
                yield _message([street[number]], list(range(*BULK_DELAY)), volts, first_ms)
    yield StreetMessage(
        concentrator="T1",
        devices=[f"STRANGER-{number}" for number in range(N_UNKNOWN)],
        stamp_ms=np.full(N_UNKNOWN, first_ms),
        volts=np.full(N_UNKNOWN, NOMINAL_V),
    )


def _message(
    chosen: list[StreetMeter], minutes: list[int], volts: NDArray[np.float64], first_ms: int
) -> StreetMessage:
    numbers = [meter.number for meter in chosen]
    return StreetMessage(
        concentrator=chosen[0].transformer,
        devices=[meter.device for meter in chosen] * len(minutes),
        stamp_ms=np.repeat(first_ms + np.array(minutes) * MINUTE_MS, len(chosen)),
        volts=volts[np.array(minutes)[:, None], numbers].reshape(-1),
    )


def _delivers(meter: StreetMeter, minute: int) -> bool:
    is_silent = meter.number in SILENT_METERS and _during(SILENCE, minute)
    is_dark = meter.number in TRANSFORMER_PLANNED and _during(PLANNED_OUTAGE, minute)
    is_delayed = meter.number in DELAYED_METERS and _during(BULK_DELAY, minute)
    return not (is_silent or is_dark or is_delayed)


def _voltages() -> NDArray[np.float64]:
    """Return the mean voltage of every minute and meter, ``(N_MINUTES, n_meters)``, hundredths of a volt."""
    random = np.random.default_rng(_SEED)
    n_meters = N_FEEDERS * TRANSFORMERS_PER_FEEDER * METERS_PER_TRANSFORMER
    minute = np.arange(N_MINUTES)[:, None]
    along_line = (np.arange(n_meters) % METERS_PER_TRANSFORMER) / METERS_PER_TRANSFORMER
    load = (
        0.4
        + 0.6 * np.exp(-(((minute - 19 * 60) / 150.0) ** 2))
        + 0.25 * np.exp(-(((minute - 12 * 60) / 90) ** 2))
    )
    volts = 230.0 - 12.0 * load * (0.4 + along_line) + random.normal(0, 0.8, (N_MINUTES, n_meters))
    evening, night = slice(*EVENING), slice(0, 6 * 60)
    volts[evening, END_OF_LINE.start : END_OF_LINE.stop] -= 16.0
    volts[night, TAP_TOO_HIGH.start : TAP_TOO_HIGH.stop] += 10.0
    volts[slice(*BROKEN_NEUTRAL), NEUTRAL_METER] = 268.0
    volts[slice(*OUTAGE), TRANSFORMER_OUT.start : TRANSFORMER_OUT.stop] = 0.0
    return np.round(volts, 2)


def _during(span: tuple[int, int], minute: int) -> bool:
    return span[0] <= minute < span[1]
