"""The plan for a workload: how many of what, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final, Literal

from service.domain.sizing.coefficients import Coefficients
from service.domain.sizing.demand import DAY_S, Demand, demand_of
from service.domain.sizing.limits import (
    Basis,
    Limit,
    consumer_limits,
    database_limits,
    disk_per_point,
)
from service.domain.sizing.workload import Workload

Section = Literal["load", "kafka", "consumers", "databases"]
_MILLION: Final = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure of the plan."""

    section: Section
    name: str
    value: Decimal
    unit: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What it takes to carry a workload."""

    workload: Workload
    demand: Demand  # of one point
    limits: tuple[Limit, ...]  # of one database; the one that breaks first at the head
    consumer_limits: tuple[Limit, ...]  # of one consumer, in the same order
    n_databases: int
    points_per_database: int
    consumers_per_database: int
    points_per_consumer: int
    partitions_per_database: int
    n_brokers: int
    lines: tuple[Line, ...]

    @property
    def n_consumers(self) -> int:
        """Of all databases."""
        return self.n_databases * self.consumers_per_database

    @property
    def n_partitions(self) -> int:
        """Of all topics: each database has its own topic and group."""
        return self.n_databases * self.partitions_per_database

    def value(self, name: str) -> Decimal:
        """Return a figure by its name."""
        return next(line.value for line in self.lines if line.name == name)


def plan_for(workload: Workload, known: Coefficients) -> Plan:
    """Return what ``workload`` takes, by the coefficients ``known``."""
    demand = demand_of(workload, known)
    consumer = consumer_limits(workload, known, demand)
    of_consumer = consumer[0].n_points
    basis = Basis(workload=workload, known=known, demand=demand, points_per_consumer=of_consumer)
    limits = tuple(database_limits(basis))
    n_databases = _ceiling(Decimal(workload.n_points) / limits[0].n_points)
    of_database = _ceiling(Decimal(workload.n_points) / n_databases)
    n_consumers = max(int(known["consumers_least"]), _ceiling(Decimal(of_database) / of_consumer))
    sizes = _Sizes(
        workload=workload,
        known=known,
        demand=demand,
        consumer=consumer[0],
        n_databases=n_databases,
        points_per_database=of_database,
        n_consumers=n_consumers,
        n_partitions=n_consumers * int(known["partitions_per_consumer"]),
    )
    return Plan(
        workload=workload,
        demand=demand,
        limits=limits,
        consumer_limits=tuple(consumer),
        n_databases=n_databases,
        points_per_database=of_database,
        consumers_per_database=n_consumers,
        points_per_consumer=of_consumer,
        partitions_per_database=sizes.n_partitions,
        n_brokers=sizes.n_brokers,
        lines=(*_load(sizes), *_kafka(sizes), *_consumers(sizes), *_databases(sizes)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sizes:
    workload: Workload
    known: Coefficients
    demand: Demand
    consumer: Limit  # of one consumer, the least
    n_databases: int
    points_per_database: int
    n_consumers: int  # of one database
    n_partitions: int  # of one database

    @property
    def log_bytes_s(self) -> Decimal:
        """Into all brokers, one copy."""
        return self.demand.log_bytes * self.workload.n_points

    @property
    def log_disk_bytes(self) -> Decimal:
        """Of all copies."""
        return self.log_bytes_s * DAY_S * self.workload.log_days * self.known["log_copies"]

    @property
    def n_brokers(self) -> int:
        """As many as copies, or what they take in, or what they keep."""
        known = self.known
        taken_in = self.log_bytes_s * known["log_copies"] * self.workload.headroom
        return max(
            int(known["log_copies"]),
            _ceiling(taken_in / known["broker_bytes_s"]),
            _ceiling(self.log_disk_bytes / known["broker_disk_bytes"]),
        )

    def memory_bytes(self) -> Decimal:
        """Of one consumer, when another one of its group is gone."""
        known, phases = self.known, f"{self.workload.n_phases}p"
        own = Decimal(self.points_per_database) / max(1, self.n_consumers - 1)
        return (
            known["memory_process"]
            + known["memory_registered"] * self.points_per_database
            + known[f"memory_lane_{phases}"] * own
        )


def _load(sizes: _Sizes) -> Iterator[Line]:
    n_points, demand = sizes.workload.n_points, sizes.demand
    readings = demand.readings * n_points
    per_message = sizes.workload.per_message
    yield _line(
        "load", "readings", readings, "1/s", f"{n_points:,} points / {sizes.workload.interval_s} s"
    )
    yield _line(
        "load", "messages", readings / per_message, "1/s", f"{per_message:,} readings a message"
    )


def _kafka(sizes: _Sizes) -> Iterator[Line]:
    known, copies = sizes.known, sizes.known["log_copies"]
    yield _line(
        "kafka",
        "partitions",
        Decimal(sizes.n_partitions * sizes.n_databases),
        "",
        f"{known['partitions_per_consumer']} a consumer: their number cannot fall, and a share stays small",
    )
    yield _line(
        "kafka",
        "log in",
        sizes.log_bytes_s,
        "B/s",
        f"{sizes.demand.log_bytes / sizes.demand.readings:.1f} B a reading, {sizes.workload.compression}",
    )
    yield _line(
        "kafka",
        "log out",
        sizes.log_bytes_s * copies,
        "B/s",
        f"consumers once, replicas {copies - 1} times",
    )
    yield _line(
        "kafka",
        "log disk",
        sizes.log_disk_bytes,
        "B",
        f"{sizes.workload.log_days} days, {copies} copies",
    )
    yield _line(
        "kafka",
        "brokers",
        Decimal(sizes.n_brokers),
        "",
        f"{known['broker_bytes_s'] / _MILLION:f} MB/s and {known['broker_disk_bytes'] / _MILLION**2:f} TB each",
    )


def _consumers(sizes: _Sizes) -> Iterator[Line]:
    workload = sizes.workload
    cores = sizes.demand.consumer_s * workload.n_points
    yield _line(
        "consumers",
        "consumers",
        Decimal(sizes.n_consumers * sizes.n_databases),
        "",
        f"one takes {sizes.consumer.n_points:,} points: {sizes.consumer.name}; two or more a database",
    )
    yield _line("consumers", "consumer cores", cores, "cores", "busy; allow one core a consumer")
    yield _line(
        "consumers",
        "consumer memory",
        sizes.memory_bytes(),
        "B",
        f"each: registry of {sizes.points_per_database:,} points, lanes of its own, one neighbour gone",
    )


def _databases(sizes: _Sizes) -> Iterator[Line]:
    n, demand, workload, known = (
        sizes.points_per_database,
        sizes.demand,
        sizes.workload,
        sizes.known,
    )
    rows = demand.pages * n
    yield _line(
        "databases",
        "databases",
        Decimal(sizes.n_databases),
        "",
        f"{n:,} points each, a region or several",
    )
    yield _line("databases", "page rows", rows, "1/s", "each: mean")
    yield _line(
        "databases",
        "rows in a checkpoint",
        Decimal(-(-n // sizes.n_consumers)),
        "",
        f"each consumer, every {workload.checkpoint_s} s at most: when all points report at one instant",
    )
    yield _line(
        "databases", "database cores", demand.database_s * n, "cores", "each: busy with checkpoints"
    )
    yield _line("databases", "WAL", demand.wal_bytes * n, "B/s", "each: pages and lane states")
    yield _line(
        "databases",
        "connections",
        known["consumer_connections"] * sizes.n_consumers
        + known["serve_connections"] * known["n_serve"]
        + known["settle_connections"],
        "",
        f"each: {known['consumer_connections']} a consumer, {known['n_serve']} serve, one settle",
    )
    yield _line(
        "databases",
        "pages as written",
        demand.page_bytes_written * workload.retention_days * n,
        "B",
        f"each: {workload.retention_days} days, never repacked",
    )
    yield _line(
        "databases",
        "pages repacked",
        disk_per_point(workload, known, demand) * n,
        "B",
        f"each: {known['open_days']} days as written, older ones without room",
    )


def _line(section: Section, name: str, value: Decimal, unit: str, reason: str) -> Line:
    return Line(section=section, name=name, value=value, unit=unit, reason=reason)


def _ceiling(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))
