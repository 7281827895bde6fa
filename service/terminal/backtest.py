"""The notification policy over stored history: read a day at a time, judged as a whole."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from service import clock
from service.api.parameters import check_length, span_of
from service.domain.alerts.breaches import breach_alerts, high_voltage_alerts
from service.domain.alerts.policy import IncidentRecord, Outcome, held_incident, outcome_of
from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import Alert, AlertRule, Held
from service.domain.catalogue import chosen_rule_sets
from service.domain.instants import epoch_us, epoch_us_or_none
from service.domain.rules import RuleSet
from service.errors import RuleSetError
from service.settings import Settings
from service.store.alert_reads import alert_incidents
from service.store.deployment import require_rule_set
from service.store.deployment_reads import Snapshot, reading
from service.store.pool import Connection, Pool
from service.terminal.backtest_minutes import BreachHistory
from service.terminal.backtest_outages import HistoryRules, outage_alerts_in

LONGEST: Final = timedelta(days=400)
_A_DAY: Final = timedelta(days=1)
Progress = Callable[[int, int], None]  # days done, of so many


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestAsked:
    """What is to be tested."""

    rules: frozenset[AlertRule]
    organisation: str | None  # None: all
    from_: str | None  # day or instant, inclusive
    to: str | None  # exclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What the policy would have told, and what it would have held."""

    outcome: Outcome
    from_at: datetime  # in the deployment's zone
    to_at: datetime
    rule_set: RuleSet
    row: AlertsRow
    organisation: str | None


async def run_backtest(settings: Settings, asked: BacktestAsked, progress: Progress) -> Backtest:
    """Return what comes of a span of history; each day is read in a snapshot of its own.

    Raises:
        RuleSetError: The statutory set has no ``[alerts]``.
        RequestError: The span cannot be understood, is empty, or longer than ``LONGEST``.
        StoreError: Whatever goes wrong with the database.
    """
    chosen = chosen_rule_sets(settings)
    rules = chosen.statutory
    row = rules.alerts
    if row is None:
        raise RuleSetError(
            f"rule set {rules.name!r} has no [alerts]: let it extend voltpass-defaults, or add the row"
        )
    async with Pool(settings, "reader", max_size=1) as pool:
        async with reading(pool) as snapshot:
            await require_rule_set(snapshot.connection, rules)
            span = span_of(asked.from_, asked.to, snapshot, clock.now())
            check_length(*span, LONGEST)
        history = _History(asked, (rules, row), snapshot, span[1])
        days = list(_days(*span))
        for number, day in enumerate(days):
            progress(number, len(days))
            async with reading(pool) as part:
                await history.add(part.connection, day, is_first=number == 0)
        async with reading(pool) as part:
            await history.finish(part.connection, span)
        progress(len(days), len(days))
    zone = snapshot.zone
    return Backtest(
        outcome=outcome_of(
            (history.ready, history.held),
            row,
            (epoch_us(span[0]), epoch_us(span[1])),
            asked.rules,
        ),
        from_at=span[0].astimezone(zone),
        to_at=span[1].astimezone(zone),
        rule_set=rules,
        row=row,
        organisation=asked.organisation,
    )


class _History:
    """Alerts of a span, gathered day by day."""

    def __init__(
        self,
        asked: BacktestAsked,
        rules: tuple[RuleSet, AlertsRow],
        snapshot: Snapshot,
        to_at: datetime,
    ) -> None:
        self._asked, self._row, self._to_at = asked, rules[1], to_at
        self._through = snapshot.data_through or clock.now()
        self._by = HistoryRules(
            alerts=rules[1], evidence=rules[0].evidence, through=epoch_us(self._through)
        )
        self._breaches = BreachHistory(*rules)
        self.ready: list[Alert] = []
        self.held: list[Held] = []

    async def add(
        self, connection: Connection, day: tuple[datetime, datetime], *, is_first: bool
    ) -> None:
        """Read what began within a day; of the first day also what went on into it."""
        organisation = self._asked.organisation
        if "interruption" in self._asked.rules:
            for one in await outage_alerts_in(
                connection, day, organisation, self._by, is_first=is_first
            ):
                if isinstance(one, Held):
                    self.held.append(one)
                else:
                    self.ready.append(one)
        if self._asked.rules & {"tolerance_breach", "high_voltage"}:
            await self._breaches.add(connection, _whole_hours(day, self._to_at), organisation)
        if "communication" in self._asked.rules:
            self.held += [
                held_incident(
                    IncidentRecord(
                        record_id=one.incident_id,
                        organisation=one.organisation,
                        feeder=one.feeder,
                        place=one.place,
                        code=one.code,
                        begins=epoch_us(one.from_at),
                        over=epoch_us_or_none(one.to_at),
                        n_points=one.n_points,
                    )
                )
                for one in await alert_incidents(connection, day, organisation)
            ]

    async def finish(self, connection: Connection, span: tuple[datetime, datetime]) -> None:
        """Raise what needs all the minutes."""
        for feeder in await self._breaches.feeders(connection, span, self._through):
            self.ready += breach_alerts(feeder, self._row)
            self.ready += high_voltage_alerts(feeder, self._row)


def _days(from_at: datetime, to_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield a span in parts of a day, the last one shorter."""
    while from_at < to_at:
        yield from_at, min(from_at + _A_DAY, to_at)
        from_at += _A_DAY


def _whole_hours(day: tuple[datetime, datetime], to_at: datetime) -> tuple[datetime, datetime]:
    """Return the hours in which a part of a span begins and ends; the last part has its last hour, too."""
    first, last = (at.replace(minute=0, second=0, microsecond=0) for at in day)
    return first, last + timedelta(hours=1) if day[1] == to_at and last < to_at else last
