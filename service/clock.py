"""The time of this process: nothing else reads a clock, and the data path not even this one."""

import time
from datetime import UTC, datetime


def monotonic_s() -> float:
    """Return seconds from an arbitrary start; never goes back. For intervals and deadlines."""
    return time.monotonic()


def now_ms() -> int:
    """Return milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


def now() -> datetime:
    """Return the present instant, in UTC."""
    return datetime.now(tz=UTC)
