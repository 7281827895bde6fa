"""Outages of history as the notification policy takes them: what was known of each point, and when."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from service.domain.alerts.darkness import DarkPoint, DeclaredWindow, dark_point
from service.domain.alerts.hearing import (
    Dark,
    HeardEvent,
    ReadingTimes,
    words_of_events,
    words_of_readings,
)
from service.domain.alerts.outage_alerts import OutageRecord, outage_alert
from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import Alert, Held
from service.domain.instants import at_us, epoch_us, epoch_us_or_none
from service.domain.supply_rows import EvidenceRow
from service.store.alert_outage_reads import (
    KnownOutages,
    MemberRow,
    OutageRow,
    known_of_outages,
    list_alert_outages,
)
from service.store.alert_reads import WindowRow, alert_windows
from service.store.pool import Connection

_AT_ONCE: Final = 50  # outages: a few thousand points
_A_DAY: Final = timedelta(days=1)
_SECOND_US: Final = 1_000_000
Key = tuple[int, datetime]  # point and start of an interruption


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRules:
    """What history is read by."""

    alerts: AlertsRow
    evidence: EvidenceRow
    through: int  # microseconds since the Unix epoch: where the data end


async def outage_alerts_in(
    connection: Connection,
    span: tuple[datetime, datetime],
    organisation: str | None,
    rules: HistoryRules,
    *,
    is_first: bool,
) -> list[Alert | Held]:
    """Return what comes of the outages that begin in a span; of the first span also of those before.

    Args:
        connection: Of a snapshot.
        span: Half-open.
        organisation: Only outages that concern it; None: all.
        rules: What history is read by.
        is_first: Whether outages that go on into the span are asked for.
    """
    outages = await list_alert_outages(connection, span, organisation, is_first=is_first)
    found: list[Alert | Held] = []
    for first in range(0, len(outages), _AT_ONCE):
        part = outages[first : first + _AT_ONCE]
        known = await known_of_outages(connection, [one.outage_id for one in part])
        point_ids = {one.point_id for one in known.members}
        earliest = min((one.earliest_at for one in known.members), default=span[0])
        reach = (earliest - _A_DAY, at_us(rules.through) + _A_DAY)
        windows = windows_from(await alert_windows(connection, reach, point_ids))
        found += [
            outage_alert(one, windows, rules.alerts) for one in outage_records(part, known, rules)
        ]
    return found


def outage_records(
    outages: Iterable[OutageRow], known: KnownOutages, rules: HistoryRules
) -> list[OutageRecord]:
    """Return outages with their points, from the rows of both."""
    words = _Words(known, rules)
    members: defaultdict[int, list[MemberRow]] = defaultdict(list)
    for row in known.members:
        members[row.outage_id].append(row)
    return [
        OutageRecord(
            record_id=one.outage_id,
            organisation=min(row.organisation for row in members[one.outage_id]),
            feeder=one.feeder,
            place=one.place,
            code=one.code,
            start=epoch_us(one.start_at),
            members=tuple(words.dark_point(row) for row in members[one.outage_id]),
        )
        for one in outages
        if members[one.outage_id]
    ]


def windows_from(rows: Iterable[WindowRow]) -> list[DeclaredWindow]:
    """Return declared windows from their rows."""
    return [
        DeclaredWindow(
            declaration_id=row.declaration_id,
            point_ids=frozenset(row.point_ids),
            begins=epoch_us(row.begins_at),
            ends=epoch_us_or_none(row.ends_at),
            entered=epoch_us(row.entered_at),
            withdrawn=epoch_us_or_none(row.withdrawn_at),
        )
        for row in rows
    ]


class _Words:
    """What was said of each interruption, by point and start."""

    def __init__(self, known: KnownOutages, rules: HistoryRules) -> None:
        self._rules = rules
        self._measured: defaultdict[Key, list[tuple[int, int | None]]] = defaultdict(list)
        self._events: defaultdict[Key, list[HeardEvent]] = defaultdict(list)
        self._silent: defaultdict[Key, list[tuple[int, int]]] = defaultdict(list)
        for piece in known.measured:
            span = (epoch_us(piece.start_at), epoch_us_or_none(piece.end_at))
            self._measured[piece.point_id, piece.of_start].append(span)
        for event in known.events:
            self._events[event.point_id, event.of_start].append(
                HeardEvent(
                    event=event.event,
                    at=epoch_us(event.at),
                    until=epoch_us(event.until_at),
                    arrives=epoch_us(event.arrived_at),
                )
            )
        for one in known.silent:
            silent = (epoch_us(one.silent_from), epoch_us(one.silent_to))
            self._silent[one.point_id, one.of_start].append(silent)

    def dark_point(self, row: MemberRow) -> DarkPoint:
        """Return what was known of one point of an outage."""
        key = (row.point_id, row.start_at)
        dark = Dark(
            earliest=epoch_us(row.earliest_at),
            start=epoch_us(row.start_at),
            end=epoch_us_or_none(row.end_at),
            latest=epoch_us_or_none(row.latest_at),
        )
        times = ReadingTimes(
            interval=row.interval_s * _SECOND_US, delay=row.delivery_delay_s * _SECOND_US
        )
        tolerance = self._rules.evidence.clock_tolerance_s * _SECOND_US
        went, back = words_of_events(dark, self._events.get(key, ()), tolerance)
        measured, live = words_of_readings(
            dark, self._pieces(key), times, self._silent.get(key, ()), self._rules.through
        )
        return dark_point(
            point_id=row.point_id,
            n_customers=row.n_customers,
            start=dark.start,
            told=went,
            measured=measured,
            back=[*back, *live],
            rule=self._rules.alerts,
        )

    def _pieces(self, key: Key) -> Sequence[tuple[int, int | None]]:
        return self._measured.get(key, ())
