"""When a checkpoint is due, and when folding has to wait for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from service.ingest.holding import E, HeldOf, Waiting

FIRST_SHARE: Final = 1 / 8  # of the rows that may wait, until it is known how fast the database is
_LEAST_SHARE: Final = 1 / 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointPolicy:
    """Bounds of time and of memory; each of memory may be met twice, once being stored.

    A backlog fills the bounds of rows. What a slow database could not store before the supervisor loses
    patience would never be stored, so only a share of them may wait after a checkpoint that took long.

    Partitions take turns: a checkpoint has those that waited longest, and no more than the database takes in at one
    go. So what was read is stored an interval later, and not an interval and as long as everything takes.
    """

    interval_s: float  # from one turn of a partition to its next
    max_readings_at_once: int = 100_000  # of a checkpoint, if it has more than one partition
    long_s: float = 30.0  # what takes longer is halved, what takes a quarter of it may double
    max_pages: int = 400_000  # opened since the last image; 240 B each, of three phases 600 B
    max_late: int = 500_000  # 70 B each
    max_events: int = 100_000  # 0.5 KB each
    max_letters: int = 20_000  # 1 KB each
    max_payload_bytes: int = 64 << 20

    def is_full(self, waiting: Waiting, share: float = 1.0) -> bool:
        """Return whether no more may wait: store now, and fold no more until an image is taken.

        ``share``, in (0, 1], is that of the rows; letters and payloads are bounded for memory alone.
        """
        return (
            waiting.n_pages >= self.max_pages * share
            or waiting.n_late >= self.max_late * share
            or waiting.n_events >= self.max_events * share
            or waiting.n_letters >= self.max_letters
            or waiting.n_payload_bytes >= self.max_payload_bytes
        )

    def next_share(self, share: float, took_s: float) -> float:
        """Return the share of the rows that may wait, after a checkpoint that took ``took_s`` under ``share``."""
        if took_s > self.long_s:
            return max(_LEAST_SHARE, share / 2)
        return min(1.0, share * 2) if took_s <= self.long_s / 4 else share

    def wait_s(self, held: Iterable[HeldOf[E]], now_s: float) -> float:
        """Return how long to wait for the next checkpoint."""
        return max(
            0.0, min((one.turned_s for one in held), default=now_s) + self.interval_s - now_s
        )

    def turn(self, held: Iterable[HeldOf[E]], now_s: float, *, is_full: bool) -> list[HeldOf[E]]:
        """Return the partitions whose turn it is, the one that waited longest first.

        Those that are due within a quarter of the interval come along, so that partitions with little to store share
        a checkpoint. While memory is full, it is the turn of all that have something to store.
        """
        soon_s = now_s - 0.75 * self.interval_s
        chosen: list[HeldOf[E]] = []
        n_readings = 0
        for one in sorted(held, key=lambda one: one.turned_s):
            if not (one.is_changed if is_full else one.turned_s <= soon_s):
                continue
            n_readings += one.waiting.n_readings
            if chosen and n_readings > self.max_readings_at_once:
                break
            chosen.append(one)
        return chosen
