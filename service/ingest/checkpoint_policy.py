"""When a checkpoint is due, and when folding has to wait for it."""

from dataclasses import dataclass

from service.ingest.holding import Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointPolicy:
    """Bounds of time and of memory; each of memory may be met twice, once being stored."""

    interval_s: float  # from the begin of one checkpoint to the begin of the next
    max_pages: int = 400_000  # opened since the last image; 240 B each, of three phases 600 B
    max_late: int = 500_000  # 70 B each
    max_events: int = 100_000  # 0.5 KB each
    max_letters: int = 20_000  # 1 KB each
    max_payload_bytes: int = 64 << 20

    def is_full(self, waiting: Waiting) -> bool:
        """Return whether no more may wait: store now, and fold no more until an image is taken."""
        return (
            waiting.n_pages >= self.max_pages
            or waiting.n_late >= self.max_late
            or waiting.n_events >= self.max_events
            or waiting.n_letters >= self.max_letters
            or waiting.n_payload_bytes >= self.max_payload_bytes
        )

    def wait_s(self, began_s: float, now_s: float) -> float:
        """Return how long to wait for the next checkpoint, after one that began at ``began_s``."""
        return max(0.0, began_s + self.interval_s - now_s)
