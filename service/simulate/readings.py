"""The readings of a feeder, day by day, as the messages that bring them."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.simulate.darkness import MeterColumns, dark_spans, darken
from service.simulate.delivery import Delivery, Source, SourceDay
from service.simulate.encoding import encoder
from service.simulate.frames import Frame, write_frames
from service.simulate.instants import DAY_MS, day_text
from service.simulate.load import hours_of_day, is_night
from service.simulate.network import NO_UNIT, Concentrator, Feeder, Network, Role
from service.simulate.outages import Outage
from service.simulate.plan import SimulationPlan
from service.simulate.random_streams import Purpose, random_of
from service.simulate.registry_rows import is_medium_voltage
from service.simulate.scenario import Scenario
from service.simulate.voltage import FeederDay, FeederVoltage

# The fields of a message by wiring. The middle voltage of 3p3w is absent.
_FIELDS: Final = {
    "1p": ("v1",),
    "3p4w": ("v1", "v2", "v3"),
    "3p3w": ("v1", "v3", "p_kw", "q_kvar"),
}
_COLUMN_OF: Final = {"v1": 0, "v2": 1, "v3": 2}


class FeederReadings:
    """Makes the readings of one feeder; no more than a day of them is in memory, and what is delayed."""

    def __init__(
        self, plan: SimulationPlan, network: Network, feeder: Feeder, scenario: Scenario
    ) -> None:
        """Prepare what does not change from day to day."""
        self._plan, self._feeder, self._scenario = plan, feeder, scenario
        points, span = network.points, slice(feeder.first_point, feeder.stop_point)
        senders = [one for one in network.concentrators if one.feeder == feeder.number]
        self._voltage = FeederVoltage(plan, network, feeder, scenario.abnormal_states)
        self._dark = dark_spans(network, feeder, scenario.outages)
        instant = [sender.is_instant for sender in senders]
        sizes = [sender.stop_point - sender.first_point for sender in senders]
        self._meters = MeterColumns(
            self_powered=points.self_powered[span], is_instant=np.repeat(instant, sizes)
        )
        self._sleeps = points.sleeps[span]
        self._without_input = points.role[span] == Role.RESERVE
        self._sources = [
            (wiring, source)
            for sender in senders
            for wiring, source in _sources(plan, network, feeder, sender, scenario)
        ]

    def write(self, readings: Path) -> Iterator[tuple[int, int]]:
        """Write the feeder's files; yield the number of readings and bytes of each day of measuring."""
        waiting: defaultdict[int, list[Frame]] = defaultdict(list)  # by the day of arrival
        for day_ms in range(self._scenario.from_ms, self._scenario.to_ms, DAY_MS):
            n_readings = 0
            for frame, n in self._frames(day_ms):
                waiting[_day_of(frame.arrives_ms, self._scenario.from_ms)].append(frame)
                n_readings += n
            day = _day_of(day_ms, self._scenario.from_ms)
            yield n_readings, self._store(readings, day, waiting.pop(day, []))
        for day, frames in sorted(waiting.items()):
            yield 0, self._store(readings, day, frames)

    def _store(self, readings: Path, day: int, frames: list[Frame]) -> int:
        folder = readings / day_text(self._scenario.from_ms + day * DAY_MS)
        folder.mkdir(parents=True, exist_ok=True)
        return write_frames(folder / f"{self._feeder.code}.frames", sorted(frames))

    def _frames(self, day_ms: int) -> Iterator[tuple[Frame, int]]:
        """Yield the messages with what was measured on a day, and the number of readings made for each source."""
        measured = self._voltage.day(day_ms)
        has_reading = darken(measured.volts, day_ms, self._dark, self._meters)
        self._sleep(measured.volts)
        measured.volts[self._without_input] = 0
        is_dead = ~measured.volts.any(axis=2)
        measured.p_kw[is_dead] = 0
        measured.q_kvar[is_dead] = 0
        key = (self._feeder.number, day_ms // DAY_MS)
        delivery = Delivery(self._plan.delivery, random_of(self._plan.seed, Purpose.DELIVERY, *key))
        for wiring, source in self._sources:
            mine = SourceDay(
                day_ms=day_ms,
                has_reading=has_reading[source.places],
                columns=[_column(measured, field, source.places) for field in _FIELDS[wiring]],
            )
            n = int(mine.has_reading.sum())
            for frame in delivery.frames(source, mine):
                yield frame, n
                n = 0  # counted with the first

    def _sleep(self, volts: NDArray[np.float32]) -> None:
        if self._sleeps.any():
            night = is_night(hours_of_day(self._plan.intervals_per_day))
            volts[np.ix_(self._sleeps, night)] = 0


def _column(measured: FeederDay, field: str, places: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return a field of some meters, ``(n_intervals, n_meters)``."""
    if field in _COLUMN_OF:
        chosen = measured.volts[places, :, _COLUMN_OF[field]]
    else:
        chosen = (measured.p_kw if field == "p_kw" else measured.q_kvar)[places]
    return np.ascontiguousarray(chosen.T)


def _sources(
    plan: SimulationPlan,
    network: Network,
    feeder: Feeder,
    sender: Concentrator,
    scenario: Scenario,
) -> Iterator[tuple[str, Source]]:
    """Yield the sources of a concentrator with their wiring; meters of one wiring send the same fields."""
    points, span = network.points, np.arange(sender.first_point, sender.stop_point)
    is_mv = np.array([is_medium_voltage(role) for role in points.role[span].tolist()])
    is_single = points.phase[span] > 0
    losses = tuple(
        loss for loss in scenario.losses if loss.first_point <= sender.first_point < loss.stop_point
    )
    kinds = {"1p": is_single, "3p4w": ~is_single & ~is_mv, "3p3w": is_mv}
    for wiring, chosen in kinds.items():
        if chosen.any():
            devices = [points.device[point] for point in span[chosen].tolist()]
            yield (
                wiring,
                Source(
                    key=sender.key.encode(),
                    places=span[chosen] - feeder.first_point,
                    encoder=encoder(plan.wire_format, devices, _FIELDS[wiring]),
                    stamps_at_end=sender.stamps_at_end,
                    dark_spans=_spans_of_unit(scenario.outages, sender.home_unit),
                    losses=losses,
                ),
            )


def _spans_of_unit(outages: tuple[Outage, ...], unit: int) -> tuple[tuple[int, int], ...]:
    """Return when a unit was without supply."""
    if unit == NO_UNIT:
        return ()
    spans = []
    for outage in outages:
        for place in np.flatnonzero(outage.extent.units == unit).tolist():
            end_ms = outage.start_ms + int(outage.extent.unit_after_ms[place])
            spans.append((outage.start_ms, end_ms))
    return tuple(spans)


def _day_of(at_ms: int, from_ms: int) -> int:
    return (at_ms - from_ms) // DAY_MS
