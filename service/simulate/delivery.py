"""The way of readings from meters to the topic: delays, losses, repetitions, backlogs.

A concentrator sends what its meters measured in an interval in one message for each wiring. It holds
messages back while the transformer that feeds it is dark. Readings that get lost between meter and
concentrator are asked for again in the night after, some in vain. A loss of communication cuts everything
off; what was measured meanwhile comes when it is over, or never.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.simulate.encoding import Encoder
from service.simulate.frames import Frame
from service.simulate.instants import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from service.simulate.plan import DeliveryPlan
from service.simulate.scenario import Loss

_LATE_MIN_S: Final = 300
_REPEATED_S: Final = (1, 600)  # after the first
_HELD_S: Final = (60, 600)  # from the return of supply to the first message that was held back
_HELD_STEP_MS: Final = 50
_REFILL_H: Final = (2, 5)  # of the night after
_BACKLOG_MINUTES: Final = (5, 30)  # after the end of a loss
_ROWS_MAX: Final = 5000  # of a message of a backlog


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The meters of one wiring that send through one concentrator."""

    key: bytes
    places: NDArray[np.int64]  # of its points, counted from the feeder's first
    encoder: Encoder
    stamps_at_end: bool
    dark_spans: tuple[tuple[int, int], ...]  # when it has no supply itself
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDay:
    """What the meters of a source measured on a day."""

    day_ms: int
    has_reading: NDArray[np.bool_]  # (n_meters, n_intervals)
    columns: Sequence[NDArray[np.float32]]  # (n_intervals, n_meters) each


class Delivery:
    """Draws what becomes of the readings of sources; it owns the generator of a feeder and day."""

    def __init__(self, plan: DeliveryPlan, random: np.random.Generator) -> None:
        """Draw by a plan."""
        self._plan, self._random = plan, random

    def frames(self, source: Source, measured: SourceDay) -> Iterator[Frame]:
        """Yield the messages of a source and day, in any order."""
        plan, random = self._plan, self._random
        n_intervals = measured.has_reading.shape[1]
        lost = random.random(measured.has_reading.shape, np.float32) < plan.reading_lost_share
        asked = lost & (random.random(lost.shape, np.float32) < plan.refilled_share)
        arrives_ms = self._arrivals(source, measured.day_ms, n_intervals)
        sent = measured.has_reading & ~lost
        is_cut = np.zeros(n_intervals, np.bool_)
        for loss in source.losses:
            cut = (arrives_ms >= loss.from_ms) & (arrives_ms < loss.to_ms)
            if loss.is_backfilled and cut.any():
                after_ms = loss.to_ms + self._between(_BACKLOG_MINUTES, MINUTE_MS)
                yield from self._backlog(source, measured, measured.has_reading & cut, after_ms)
            is_cut |= cut
        yield from self._regular(source, measured, sent & ~is_cut, arrives_ms)
        night_ms = measured.day_ms + DAY_MS + self._between(_REFILL_H, HOUR_MS)
        refill = measured.has_reading & asked & ~is_cut
        yield from self._backlog(source, measured, refill, _after_losses(source, night_ms))

    def _arrivals(self, source: Source, day_ms: int, n_intervals: int) -> NDArray[np.int64]:
        """Return when the message of each interval would arrive if no communication was lost."""
        plan, random = self._plan, self._random
        delay_s = plan.delay_median_s * random.lognormal(0, 0.5, n_intervals)
        is_late = random.random(n_intervals) < plan.late_share
        most_s = max(plan.late_max_s, _LATE_MIN_S)
        delay_s += is_late * random.uniform(_LATE_MIN_S, most_s, n_intervals)
        end_ms = day_ms + (np.arange(n_intervals) + 1) * (DAY_MS // n_intervals)
        arrives_ms = end_ms + np.round(delay_s * SECOND_MS).astype(np.int64)
        for from_ms, to_ms in source.dark_spans:
            held = (arrives_ms >= from_ms) & (arrives_ms < to_ms)
            first_ms = to_ms + self._between(_HELD_S, SECOND_MS)
            arrives_ms[held] = first_ms + np.arange(int(held.sum())) * _HELD_STEP_MS
        return arrives_ms

    def _regular(
        self,
        source: Source,
        measured: SourceDay,
        sent: NDArray[np.bool_],
        arrives_ms: NDArray[np.int64],
    ) -> Iterator[Frame]:
        """Yield a message an interval, and some of them twice."""
        n_meters, n_intervals = sent.shape
        again_ms = np.round(self._random.uniform(*_REPEATED_S, size=n_intervals) * SECOND_MS)
        luck = self._random.random(n_intervals)
        repeated = set(np.flatnonzero(luck < self._plan.repeated_share).tolist())
        n_sent = sent.sum(axis=0)
        stamps_ms = _stamps(source, measured, np.arange(n_intervals))
        for interval in np.flatnonzero(n_sent).tolist():
            rows = None if n_sent[interval] == n_meters else np.flatnonzero(sent[:, interval])
            values = [
                column[interval] if rows is None else column[interval][rows]
                for column in measured.columns
            ]
            stamp_ms = np.full(n_sent[interval], stamps_ms[interval])
            value = source.encoder.encode(rows, stamp_ms, values)
            at_ms = int(arrives_ms[interval])
            yield Frame(at_ms, source.key, value)
            if interval in repeated:
                second_ms = _after_losses(source, at_ms + int(again_ms[interval]))
                yield Frame(second_ms, source.key, value)

    def _backlog(
        self, source: Source, measured: SourceDay, chosen: NDArray[np.bool_], arrives_ms: int
    ) -> Iterator[Frame]:
        """Yield the chosen readings in few messages, by interval."""
        intervals, meters = np.nonzero(chosen.T)
        for first in range(0, intervals.size, _ROWS_MAX):
            interval, meter = (
                intervals[first : first + _ROWS_MAX],
                meters[first : first + _ROWS_MAX],
            )
            values = [column[interval, meter] for column in measured.columns]
            stamp_ms = _stamps(source, measured, interval)
            value = source.encoder.encode(meter, stamp_ms, values)
            yield Frame(arrives_ms + first, source.key, value)

    def _between(self, bounds: tuple[float, float], unit_ms: int) -> int:
        return round(self._random.uniform(*bounds) * unit_ms)


def _stamps(source: Source, measured: SourceDay, interval: NDArray[np.int64]) -> NDArray[np.int64]:
    length_ms = DAY_MS // measured.has_reading.shape[1]
    stamps: NDArray[np.int64] = (interval + int(source.stamps_at_end)) * length_ms
    return stamps + measured.day_ms


def _after_losses(source: Source, at_ms: int) -> int:
    """Return ``at_ms``, or a minute after the loss of communication in which it falls."""
    for loss in sorted(source.losses, key=lambda one: one.from_ms):
        if loss.from_ms <= at_ms < loss.to_ms:
            at_ms = loss.to_ms + MINUTE_MS
    return at_ms
