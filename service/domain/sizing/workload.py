"""What is to be carried: how many points, how often, in which format, for how long."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from service.errors import ServiceError

Encoding = Literal["arrow", "json"]
Compression = Literal["none", "lz4", "zstd"]

POINTS_MAX: Final = 1_000_000_000
MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_PER_MESSAGE_MAX: Final = 100_000  # readings; a longer message is refused
_DAYS_MAX: Final = 36_500
_CHECKPOINT_S_MAX: Final = 300
_HEADROOM_MAX: Final = 10


class WorkloadError(ServiceError):
    """A workload to be sized is out of bounds; the message names the value and what is allowed."""

    code = "workload_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Points of one kind.

    Raises:
        WorkloadError: A value is out of its bounds; the message says what is allowed.
    """

    n_points: int
    interval_s: int  # between readings of a point
    encoding: Encoding = "arrow"
    per_message: int = 1000  # readings; of points that report together
    n_phases: int = 1
    compression: Compression = "lz4"  # of the topic
    retention_days: int = 400  # of pages
    log_days: int = 7  # of readings in Kafka
    headroom: Decimal = Decimal(2)  # so many times the load is what it is built for
    checkpoint_s: int = 5

    def __post_init__(self) -> None:
        for name, value, least, most in (
            ("points", self.n_points, 1, POINTS_MAX),
            ("interval", self.interval_s, 1, _HOUR_S),
            ("readings per message", self.per_message, 1, _PER_MESSAGE_MAX),
            ("retention days", self.retention_days, 3, _DAYS_MAX),
            ("log days", self.log_days, 1, _DAYS_MAX),
            ("checkpoint interval", self.checkpoint_s, 1, _CHECKPOINT_S_MAX),
            ("headroom", self.headroom, 1, _HEADROOM_MAX),
        ):
            if Decimal(value).is_nan() or not least <= value <= most:
                raise WorkloadError(f"{name}: {value}; give {least:,} to {most:,}")
        if self.n_phases not in {1, 3}:
            raise WorkloadError(f"phases: {self.n_phases}; give 1 or 3")
        if MINUTE_S % self.interval_s and self.interval_s % MINUTE_S:
            raise WorkloadError(
                f"interval: {self.interval_s} s; give a divisor of 60, or whole minutes up to 3,600"
            )
        if self.per_message > self.n_points:
            raise WorkloadError(
                f"readings per message: {self.per_message:,} of {self.n_points:,} points; give as many, or fewer"
            )
