"""Looking at many points at once: their ledgers, voltage events and meter events, and what these say of supply."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from service.domain.instants import at_us, epoch_us
from service.domain.registry import Device, Point
from service.domain.supply.measured import MeasuredEvent
from service.domain.supply.meter_events import MeterEvent
from service.domain.supply.own_evidence import OwnEvidence, PointRecord, own_evidence
from service.domain.supply.readings import Ledger, Meter
from service.domain.supply_rows import EvidenceRow
from service.settle.network import Network
from service.settle.windows import CONTEXT_STEPS, Anchors, Stretch, anchors_of, outermost_live
from service.store.interruption_due import Window
from service.store.ledger_reads import PointLedger, live_hours_beside, read_ledgers
from service.store.pool import Connection
from service.store.supply_reads import read_meter_events, read_voltage_events

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_WIDER_TIMES: Final = 3  # supply that flickers for days may be looked at in part
_MINUTE_S: Final = 60
_US: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of one point around a time that was asked about."""

    point: Point
    asked: Stretch
    stretch: Stretch  # what is derived anew: interruptions that start in it
    ledger: Ledger
    own: OwnEvidence


@dataclass(frozen=True, slots=True)
class _Read:
    """A ledger as far as it was read."""

    window: Window
    ledger: PointLedger
    anchors: Anchors


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How points are looked at."""

    network: Network
    rule: EvidenceRow
    through: datetime  # where what meters tell of themselves reaches: the data, or beyond them
    read_through: datetime  # where the readings reach
    kept_from_us: int = 0  # what began before stands as it was found: its pages may be gone

    @property
    def through_us(self) -> int:
        """Where what is told reaches, microseconds since the Unix epoch."""
        return epoch_us(self.through)

    @property
    def read_through_us(self) -> int:
        """Where the readings reach, microseconds since the Unix epoch."""
        return epoch_us(self.read_through)

    async def at(self, connection: Connection, asked: Mapping[int, Stretch]) -> list[Seen]:
        """Return what is known of points around the times asked about, by point id; a few statements.

        Args:
            connection: Inside the transaction that will write what follows from it.
            asked: By point id; points that the network has.
        """
        if not asked:
            return []
        point_ids = sorted(asked)
        reads = await self._ledgers(connection, [(one, asked[one]) for one in point_ids])
        windows = [read.window for read in reads]
        seen_by_watch = await read_voltage_events(connection, windows)
        told = await read_meter_events(connection, windows)

        def judge() -> list[Seen]:
            return [
                self._seen(asked[read.window.point_id], read, of_readings, of_meters)
                for read, of_readings, of_meters in zip(reads, seen_by_watch, told, strict=True)
            ]

        return await asyncio.to_thread(judge)

    async def _ledgers(
        self, connection: Connection, asked: Sequence[tuple[int, Stretch]]
    ) -> list[_Read]:
        """Read each ledger until what is asked lies between two places of measured supply, if there are any."""
        stretches = [stretch for _, stretch in asked]
        windows = [self._window(point_id, stretch) for point_id, stretch in asked]
        reads = await self._read(connection, windows, stretches)
        for _ in range(_WIDER_TIMES):
            narrow = [
                place
                for place, read in enumerate(reads)
                if self._is_narrow(read.anchors, stretches[place])
            ]
            if not narrow:
                break
            found = await self._wider(connection, [reads[place].window for place in narrow])
            wider = {
                place: window
                for place, window in zip(narrow, found, strict=True)
                if window != reads[place].window
            }
            again = await self._read(
                connection, list(wider.values()), [stretches[place] for place in wider]
            )
            for place, read in zip(wider, again, strict=True):
                reads[place] = read
        return reads

    async def _wider(self, connection: Connection, windows: Sequence[Window]) -> list[Window]:
        """Return windows that reach a day beyond the next live hours, or over all there is where there is none."""
        return [
            Window(
                window.point_id,
                at_us(0) if before is None else before - _DAY,
                max(window.to_at, self.through) if after is None else after + _DAY,
            )
            for window, (before, after) in zip(
                windows, await live_hours_beside(connection, windows), strict=True
            )
        ]

    async def _read(
        self, connection: Connection, windows: Sequence[Window], asked: Sequence[Stretch]
    ) -> list[_Read]:
        ledgers = await read_ledgers(connection, windows)

        def anchored() -> list[_Read]:
            return [
                _Read(window, ledger, anchors_of(ledger.minutes, _step_us(ledger.interval_s), one))
                for window, ledger, one in zip(windows, ledgers, asked, strict=True)
            ]

        return await asyncio.to_thread(anchored)

    def _window(self, point_id: int, asked: Stretch) -> Window:
        devices = self.network.devices.get(point_id, ())
        longest = max((device.interval_s for device in devices), default=_MINUTE_S)
        margin = timedelta(seconds=CONTEXT_STEPS * max(longest, _MINUTE_S))
        return Window(
            point_id,
            _back(at_us(asked.from_us), margin + _HOUR),
            at_us(asked.to_us) + margin + _HOUR,
        )

    def _is_narrow(self, anchors: Anchors, asked: Stretch) -> bool:
        reaches_the_end = asked.to_us >= self.read_through_us
        return anchors.before_us is None or (anchors.after_us is None and not reaches_the_end)

    def _seen(
        self,
        asked: Stretch,
        read: _Read,
        seen_by_watch: Sequence[MeasuredEvent],
        told: Sequence[MeterEvent],
    ) -> Seen:
        point = self.network.points[read.window.point_id]
        record = PointRecord(
            point_id=point.point_id,
            point=point.point,
            transformer=point.transformer,
            is_feeder_head=point.is_feeder_head,
            is_terminal=point.is_terminal,
            can_witness=_can_witness(self._devices(point, asked)),
            meter=_meter(self._devices(point, asked), read.ledger.interval_s),
            ledger=read.ledger.minutes,
            measured_events=seen_by_watch,
            meter_events=told,
        )
        return Seen(
            point=point,
            asked=asked,
            stretch=self._stretch(read, asked),
            ledger=read.ledger.minutes,
            own=own_evidence(record, self.rule, self.read_through_us, self.through_us),
        )

    def _stretch(self, read: _Read, asked: Stretch) -> Stretch:
        """Return what is derived anew: between the anchors, or as far as the ledger goes."""
        outermost = outermost_live(read.ledger.minutes, asked)
        before = read.anchors.before_us
        if before is None:
            before = outermost.before_us
        if before is None:
            before = epoch_us(read.window.from_at)
        after = read.anchors.after_us
        if after is None and asked.to_us < self.read_through_us:
            after = outermost.after_us
        if after is None:
            after = max(asked.to_us, self.through_us, epoch_us(read.window.to_at))
        begin = max(min(before, asked.from_us), self.kept_from_us)
        return Stretch(begin, max(after, asked.to_us, begin))

    def _devices(self, point: Point, asked: Stretch) -> list[Device]:
        """Return the devices of a point that served it at the time, else all of them."""
        devices = self.network.devices.get(point.point_id, ())
        then = [
            device
            for device in devices
            if epoch_us(device.valid_from) < asked.to_us
            and (device.valid_to is None or epoch_us(device.valid_to) > asked.from_us)
        ]
        return then or list(devices)


def _can_witness(devices: Sequence[Device]) -> bool:
    return any(device.zero_means != "no_input" for device in devices)


def _meter(devices: Sequence[Device], interval_s: int) -> Meter:
    return Meter(
        interval_s=interval_s,
        reading_kind="instant"
        if devices and all(device.reading_kind == "instant" for device in devices)
        else "mean",
        self_powered=bool(devices) and all(device.self_powered for device in devices),
    )


def _step_us(interval_s: int) -> int:
    return max(interval_s, _MINUTE_S) * _US


def _back(at: datetime, margin: timedelta) -> datetime:
    return max(at, at_us(0) + margin) - margin
