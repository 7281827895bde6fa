"""What the stream peers do with a reading: judge it by the band of a 220 V supply, and count by point, in memory.

Needs msgspec only, so that it runs in the environment of the peers as in ours.
"""

import json
import os
import sys
import time
from dataclasses import dataclass, field
from typing import Final

import msgspec

# The State Grid norm, art. 8(1): 220 V, +7 % and -10 %, both inclusive; below a tenth of nominal there is no supply.
LOWEST_V: Final = 198.0
HIGHEST_V: Final = 235.4
DARK_BELOW_V: Final = 22.0
PASS, OVER, UNDER, INTERRUPTED, MISSING = range(5)
N_VERDICTS: Final = 5


class PeerReading(msgspec.Struct, gc=False):
    """The keys that the peers need; others are passed over without an object."""

    device: str
    v1: float | None


decode: Final = msgspec.json.Decoder(PeerReading).decode


def verdict_of(volts: float | None) -> int:
    """Return what one reading is."""
    if volts is None:
        return MISSING
    if volts > HIGHEST_V:
        return OVER
    if volts >= LOWEST_V:
        return PASS
    return INTERRUPTED if volts < DARK_BELOW_V else UNDER


@dataclass(slots=True)
class Counts:
    """Readings of each device by verdict."""

    by_device: dict[str, list[int]] = field(default_factory=dict)

    def add(self, value: bytes) -> None:
        """Decode and count one message."""
        reading = decode(value)
        counts = self.by_device.get(reading.device)
        if counts is None:
            counts = self.by_device[reading.device] = [0] * N_VERDICTS
        counts[verdict_of(reading.v1)] += 1

    def total(self) -> list[int]:
        """Return all readings by verdict."""
        return [sum(column) for column in zip(*self.by_device.values(), strict=True)]


@dataclass(slots=True)
class Stretch:
    """The messages that are timed: those after the warm-up, up to the last one; then the process ends."""

    n_warm: int
    n_timed: int
    n_seen: int = 0
    began_s: float = 0.0

    def saw(self, n_messages: int, counts: Counts) -> None:
        """Note messages that were counted; after the last one print what was measured, and end."""
        self.n_seen += n_messages
        if not self.began_s:
            if self.n_seen >= self.n_warm:
                self.n_warm, self.began_s = self.n_seen, time.perf_counter()
        elif self.n_seen >= self.n_warm + self.n_timed:
            took_s = time.perf_counter() - self.began_s
            rate = (self.n_seen - self.n_warm) / took_s
            told = {"rate": rate, "n_counted": self.n_seen, "counts": counts.total()}
            print(json.dumps(told), flush=True)
            os._exit(0)  # there is more in the topic, and nobody asks for it


def arguments() -> tuple[str, str, Stretch]:
    """Return broker, topic and the stretch that the command line names."""
    bootstrap, topic, n_warm, n_timed = sys.argv[1:5]
    return bootstrap, topic, Stretch(int(n_warm), int(n_timed))
