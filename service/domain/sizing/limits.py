"""How many points one of a thing carries, and what is to be done beyond: what breaks first is the least of them."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from service.domain.sizing.coefficients import Coefficients
from service.domain.sizing.demand import Demand
from service.domain.sizing.workload import Workload

_MILLION: Final = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one consumer, or one database with the consumers of its region, carries of one resource."""

    name: str
    n_points: int  # one takes so many, 1 or more
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Everything that a limit follows from."""

    workload: Workload
    known: Coefficients
    demand: Demand
    points_per_consumer: int


def consumer_limits(workload: Workload, known: Coefficients, demand: Demand) -> list[Limit]:
    """Return the limits of one consume process, the one that breaks first at the head."""
    phases = f"{workload.n_phases}p"
    stored_us = sum(
        (
            known[f"{who}_{what}_{phases}"]
            for who in ("client", "server")
            for what in ("page", "lane")
        ),
        start=Decimal(0),
    )
    limits = [
        Limit(
            name="processor",
            n_points=_whole(known["consumer_cores"] / (workload.headroom * demand.consumer_s)),
            reason=f"its one thread that folds has {workload.headroom} times the load",
            remedy="longer messages, Arrow instead of JSON, another consumer",
        ),
        Limit(
            name="its largest checkpoint",
            n_points=_whole(workload.checkpoint_s * _MILLION / stored_us),
            reason=f"its points report at one instant, and one backend stores them within {workload.checkpoint_s} s",
            remedy="another consumer, checkpoints less often",
        ),
        Limit(
            name="pages in memory",
            n_points=_whole(known["consumer_pages"]),
            reason="at the full hour each point opens a page; beyond these folding waits for the checkpoint",
            remedy="another consumer",
        ),
    ]
    return sorted(limits, key=lambda limit: limit.n_points)


def disk_per_point(workload: Workload, known: Coefficients, demand: Demand) -> Decimal:
    """Return bytes of the pages of a point: days that may still change as they were written, older ones repacked."""
    n_open = min(Decimal(workload.retention_days), known["open_days"])
    n_closed = workload.retention_days - n_open
    return n_open * demand.page_bytes_written + n_closed * demand.page_bytes_repacked


def database_limits(basis: Basis) -> list[Limit]:
    """Return the limits of one database, the one that breaks first at the head."""
    limits = [one(basis) for one in _LIMITS]
    return sorted(limits, key=lambda limit: limit.n_points)


def _processor(basis: Basis) -> Limit:
    cores = basis.known["database_cores"]
    return Limit(
        name="processor",
        n_points=_whole(cores / (basis.workload.headroom * basis.demand.database_s)),
        reason=f"{cores} cores, upserts of pages and lane states",
        remedy="checkpoints less often (VOLTPASS_CHECKPOINT_INTERVAL_S), more cores, another region",
    )


def _wal(basis: Basis) -> Limit:
    most = basis.known["database_wal_bytes_s"]
    return Limit(
        name="WAL",
        n_points=_whole(most / (basis.workload.headroom * basis.demand.wal_bytes)),
        reason=f"{most / _MILLION:f} MB/s to its disk and its replicas",
        remedy="checkpoints less often, a disk for the WAL alone, another region",
    )


def _disk(basis: Basis) -> Limit:
    most = basis.known["database_disk_bytes"]
    return Limit(
        name="disk",
        n_points=_whole(most / disk_per_point(basis.workload, basis.known, basis.demand)),
        reason=f"{most / _MILLION**2:f} TB for {basis.workload.retention_days} days of pages",
        remedy="fewer days (VOLTPASS_RETENTION_DAYS), Community compression, a larger disk, another region",
    )


def _burst(basis: Basis) -> Limit:
    phases, cores = f"{basis.workload.n_phases}p", basis.known["database_cores"]
    per_point_us = basis.known[f"server_page_{phases}"] + basis.known[f"server_lane_{phases}"]
    return Limit(
        name="largest checkpoint",
        n_points=_whole(basis.workload.checkpoint_s * cores * _MILLION / per_point_us),
        reason=f"all points report at one instant and have to be stored within {basis.workload.checkpoint_s} s",
        remedy="let meters report spread over the interval, more cores, another region",
    )


def _connections(basis: Basis) -> Limit:
    known = basis.known
    free = known["database_connections"] - known["serve_connections"] * known["n_serve"]
    n_consumers = _whole((free - known["settle_connections"]) / known["consumer_connections"])
    return Limit(
        name="connections",
        n_points=n_consumers * basis.points_per_consumer,
        reason=f"max_connections {known['database_connections']}: {n_consumers} consumers beside the others",
        remedy="raise max_connections, fewer and faster consumers, another region",
    )


def _group(basis: Basis) -> Limit:
    n_consumers = int(basis.known["consumers_per_group"])
    return Limit(
        name="consumer group",
        n_points=n_consumers * basis.points_per_consumer,
        reason=f"{n_consumers} members, simulated: when one leaves, all of them let go and restore",
        remedy="longer messages, Arrow instead of JSON, another region",
    )


def _registry(basis: Basis) -> Limit:
    known, phases = basis.known, f"{basis.workload.n_phases}p"
    free = (
        known["consumer_memory_bytes"]
        - known["memory_process"]
        - 2 * known[f"memory_lane_{phases}"] * basis.points_per_consumer
    )
    return Limit(
        name="consumer memory",
        n_points=_whole(free / known["memory_registered"]),
        reason="every consumer holds the registry of its whole database, and the lanes of its own partitions",
        remedy="more memory for consumers, another region",
    )


_LIMITS: Final[tuple[Callable[[Basis], Limit], ...]] = (
    _processor,
    _wal,
    _disk,
    _burst,
    _connections,
    _group,
    _registry,
)


def _whole(n_points: Decimal) -> int:
    return max(1, int(n_points.to_integral_value(ROUND_FLOOR)))
