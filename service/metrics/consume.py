"""What ``consume`` tells: readings, live state of the network, lag, checkpoints."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from prometheus_client import CollectorRegistry

from service.metrics.alert_series import AlertSeries
from service.metrics.exposition import counter, gauge, histogram, snapshot, start_at_zero
from service.metrics.words import Area, Kind, Outcome, Reason, Table

_CHECKPOINT_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

_PLACE = ("organisation", "region", "feeder", "feeder_name")
_PARTITION = ("topic", "partition")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederState:
    """One feeder as this process sees it now."""

    organisation: str = ""
    region: str
    feeder: str
    feeder_name: str = ""  # for people
    n_points: int  # points of the feeder in the registry, whichever process reads them
    n_under: int  # points read here that are below their band now
    n_over: int  # above their band, up to +20 %
    n_high: int  # above +20 %
    n_interrupted: int  # points with an open interruption
    n_held: int = 0  # in breach when last read, and held back from the alerts

    @property
    def labels(self) -> tuple[str, str, str, str]:
        """Values of the labels, in their order."""
        return self.organisation, self.region, self.feeder, self.feeder_name or self.feeder

    @property
    def n_troubled(self) -> int:
        """Points in breach or without supply, those left out that are held back."""
        return self.n_under + self.n_over + self.n_high + self.n_interrupted


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far this process is behind one partition."""

    topic: str
    partition: int
    n_messages: int  # high water less position
    event_s: float  # seconds between now and the end of the newest reading folded, or the newest record of meter events


class ConsumeMetrics:
    """The metrics of one process in the role ``consume``."""

    def __init__(self, registry: CollectorRegistry, *, max_feeders: int = 500):
        self.registry = registry
        self._max_feeders = max_feeders

        self._messages = counter(registry, "messages", "Messages taken from Kafka.")
        self._readings = counter(
            registry, "readings", "Readings by what became of them.", ("outcome",)
        )
        self._letters = counter(registry, "dead_letters", "Dead letters by reason.", ("reason",))
        start_at_zero(self._readings, get_args(Outcome))
        start_at_zero(self._letters, get_args(Reason))

        self._breaches = snapshot(
            registry, "points_in_breach", "Points outside their band now.", ("area", "kind")
        )
        self._interruptions = snapshot(
            registry, "open_interruptions", "Points without supply now.", ("area",)
        )
        self._feeder_points = snapshot(
            registry, "feeder_points", "Points of a troubled feeder in the registry.", _PLACE
        )
        self._feeder_breaches = snapshot(
            registry,
            "feeder_points_in_breach",
            "Points of a troubled feeder outside their band now.",
            (*_PLACE, "kind"),
        )
        self._feeder_interruptions = snapshot(
            registry,
            "feeder_open_interruptions",
            "Points of a troubled feeder without supply now.",
            _PLACE,
        )
        self._feeders_dropped = gauge(
            registry, "feeder_series_dropped", "Troubled feeders left out above the set number."
        )

        self.alerts = AlertSeries(registry)

        self._lag_messages = snapshot(
            registry, "lag_messages", "Messages not yet folded.", _PARTITION
        )
        self._lag_s = snapshot(
            registry,
            "lag_seconds",
            "Now less the end of the newest reading folded; of meter events, less the record's time.",
            _PARTITION,
        )
        self._checkpoint_s = histogram(
            registry,
            "checkpoint_duration_seconds",
            "Duration of a checkpoint, retries included.",
            _CHECKPOINT_BUCKETS_S,
        )
        self._rows = counter(registry, "checkpoint_rows", "Rows written by table.", ("table",))
        start_at_zero(self._rows, get_args(Table))
        self._checkpoint_age_s = gauge(
            registry, "checkpoint_age_seconds", "Time since the newest checkpoint that was stored."
        )
        self._unstored = gauge(
            registry, "readings_unstored", "Readings folded and not yet in the database."
        )

        self._fenced = counter(
            registry, "fenced", "Checkpoints refused because another process owns the partition."
        )
        self._rebalances = counter(registry, "rebalances", "Assignments of partitions.")
        self._data_gaps = counter(
            registry, "data_gaps", "Stored offsets that the log no longer had."
        )
        self._stalled = gauge(registry, "stalled", "1 while no progress is made, else 0.")
        self._judgement = gauge(registry, "judgement_number", "Judgement number in force here.")

        self.show_breaches({})
        self.show_open_interruptions({})

    def count_messages(self, n: int) -> None:
        """Count ``n`` messages taken from Kafka."""
        self._messages.inc(n)

    def count_readings(self, outcome: Outcome, n: int) -> None:
        """Count ``n`` readings that ended as ``outcome``."""
        self._readings.labels(outcome).inc(n)

    def count_dead_letters(self, reason: Reason, n: int) -> None:
        """Count ``n`` dead letters."""
        self._letters.labels(reason).inc(n)

    def show_breaches(self, n_points: Mapping[tuple[Area, Kind], int]) -> None:
        """Show how many points are outside their band now; a pair left out has none."""
        self._breaches.show(
            {
                (area, kind): n_points.get((area, kind), 0)
                for area in get_args(Area)
                for kind in get_args(Kind)
            }
        )

    def show_open_interruptions(self, n_points: Mapping[Area, int]) -> None:
        """Show how many points are without supply now; an area left out has none."""
        self._interruptions.show({(area,): n_points.get(area, 0) for area in get_args(Area)})

    def show_feeders(self, feeders: Iterable[FeederState]) -> None:
        """Show the feeders with a point in breach or without supply.

        Above the set number the worst stay: those with dangerous voltage, then the widest trouble; where all is held
        back, nobody is to be told, so these go first.
        """
        troubled = [feeder for feeder in feeders if feeder.n_troubled or feeder.n_held]
        troubled.sort(key=lambda f: (f.n_high == 0, -f.n_troubled, f.region, f.feeder))
        shown = troubled[: self._max_feeders]
        self._feeder_points.show({f.labels: f.n_points for f in shown})
        self._feeder_interruptions.show({f.labels: f.n_interrupted for f in shown})
        self._feeder_breaches.show(
            {
                (*f.labels, kind): n_points
                for f in shown
                for kind, n_points in (("under", f.n_under), ("over", f.n_over), ("high", f.n_high))
            }
        )
        self._feeders_dropped.set(len(troubled) - len(shown))

    def show_lag(self, lags: Iterable[Lag]) -> None:
        """Show the lag of the partitions that are assigned now; others vanish."""
        shown = [((lag.topic, str(lag.partition)), lag) for lag in lags]
        self._lag_messages.show({key: lag.n_messages for key, lag in shown})
        self._lag_s.show({key: lag.event_s for key, lag in shown})

    def record_checkpoint(self, duration_s: float, n_rows: Mapping[Table, int]) -> None:
        """Record a checkpoint that was stored."""
        self._checkpoint_s.observe(duration_s)
        for table, n in n_rows.items():
            self.count_rows(table, n)

    def count_rows(self, table: Table, n: int) -> None:
        """Count rows that a checkpoint wrote."""
        self._rows.labels(table).inc(n)

    def measure_checkpoint_age(self, age_s: Callable[[], float]) -> None:
        """Ask ``age_s`` at every scrape for the seconds since the newest checkpoint."""
        self._checkpoint_age_s.set_function(age_s)

    def measure_unstored(self, n_readings: Callable[[], float]) -> None:
        """Ask ``n_readings`` at every scrape for the readings folded and not yet stored."""
        self._unstored.set_function(n_readings)

    def count_fenced(self) -> None:
        """Count a checkpoint that was refused."""
        self._fenced.inc()

    def count_rebalance(self) -> None:
        """Count an assignment of partitions."""
        self._rebalances.inc()

    def count_data_gap(self) -> None:
        """Count a stored offset that the log no longer had."""
        self._data_gaps.inc()

    def show_stalled(self, stalled: bool) -> None:
        """Show whether progress has stopped."""
        self._stalled.set(stalled)

    def show_judgement(self, number: int) -> None:
        """Show the judgement number in force."""
        self._judgement.set(number)
