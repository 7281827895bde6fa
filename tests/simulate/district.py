"""A small district for tests, and what its files say, read without code of the simulator."""

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from service.domain.batch import Message
from service.simulate.frames import Frame, arriving
from service.simulate.plan import SimulationPlan, plan_of
from service.simulate.simulation import Made, simulate_into
from service.wire import Decoder

_AT_ONCE = 512  # messages that are decoded together

SMALL: dict[str, object] = {"seed": 7, "meters": 400, "feeders": 4, "days": 3}


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading as it came."""

    stamp_ms: int
    volts: tuple[float, ...]  # as the meter shows them; of 1p one, of 3p4w three, of 3p3w two
    arrives_ms: int


class District:
    """What one simulation wrote."""

    def __init__(self, out: Path, plan: SimulationPlan, made: Made | None = None) -> None:
        self.out, self.plan, self._made = out, plan, made

    @property
    def made(self) -> Made:
        """What was made; not known of a folder that was there before."""
        assert self._made is not None
        return self._made

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.out / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def frames(self) -> Iterator[Frame]:
        return arriving(self.out / "readings")

    @cached_property
    def figures(self) -> Any:
        """The true figures."""
        return json.loads((self.out / "truth/figures.json").read_text(encoding="utf-8"))

    @cached_property
    def device_of(self) -> dict[str, dict[str, str]]:
        """What the truth says of the device of each point."""
        return {row["point"]: row for row in self.rows("truth/devices.csv")}

    @cached_property
    def readings(self) -> dict[str, list[Reading]]:
        """All readings of each device, decoded by the product, in the order of arrival."""
        return self.readings_of(self.registered)

    def readings_of(self, devices: Collection[str]) -> dict[str, list[Reading]]:
        """Return the readings of some devices; a large district has more than memory holds as objects."""
        decoder, frames = Decoder(), enumerate(self.frames())
        found: defaultdict[str, list[Reading]] = defaultdict(list)
        while some := list(islice(frames, _AT_ONCE)):
            decoded = decoder.decode([Message(nth, one.arrives_ms, one.value) for nth, one in some])
            assert not decoded.refusals
            for batch in decoded.batches:
                is_asked = np.array([name in devices for name in batch.names])
                asked = np.flatnonzero(is_asked[batch.device])
                columns = [column for column in (batch.v1, batch.v2, batch.v3) if column.size]
                volts = np.stack(columns, axis=1)[asked].tolist()
                stamps, arrivals = batch.stamp_ms[asked].tolist(), batch.record_ms[asked].tolist()
                for place, number in enumerate(batch.device[asked].tolist()):
                    own = tuple(one for one in volts[place] if not isnan(one))  # its wiring's
                    reading = Reading(stamps[place], own, arrivals[place])
                    found[batch.names[number]].append(reading)
        return dict(found)

    @cached_property
    def dark_spans(self) -> dict[str, list[tuple[int, int]]]:
        """When each device was without supply, on its own clock, milliseconds."""
        found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for row in self.rows("truth/point_outages.csv"):
            device = self.device_of[row["point"]]
            offset_ms = 1000 * int(device["clock_offset_s"])
            span = (ms(row["start"]) + offset_ms, ms(row["end"]) + offset_ms)
            found[device["device"]].append(span)
        return dict(found)

    @cached_property
    def registered(self) -> dict[str, dict[str, str]]:
        """The registry's row of each device."""
        return {row["device"]: row for row in self.rows("devices.csv")}

    @cached_property
    def scopes(self) -> dict[str, defaultdict[str, set[int]]]:
        """The points of each place by its kind and code, as numbers of their rows, counted from 1; of others none."""
        found: dict[str, defaultdict[str, set[int]]] = {
            place: defaultdict(set) for place in ("feeder", "transformer", "point")
        }
        for point_id, row in enumerate(self.rows("points.csv"), 1):
            for place, codes in found.items():
                codes[row[place]].add(point_id)
        return found

    def begins_ms(self, device: str, reading: Reading) -> int:
        """Return the start of a reading's interval on the clock of its device."""
        at_end = self.registered[device]["stamp_at"] == "end"
        return reading.stamp_ms - at_end * self.plan.interval_ms


def ms(text: str) -> int:
    """Return milliseconds of an ISO instant."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def make(out: Path, *settings: str, **given: object) -> District:
    """Simulate a small district into a folder."""
    plan = plan_of({**SMALL, **given}, settings)
    return District(out, plan, simulate_into(out, plan))


def digest(folder: Path) -> str:
    """Return what all files of a folder come to, names included."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(str(path.relative_to(folder)).encode())
            total.update(path.read_bytes())
    return total.hexdigest()
