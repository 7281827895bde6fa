"""Closing slots of time: who reported is counted once, and losses of communication open and close."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.domain.communication import close_slot
from service.domain.communication_rows import CommunicationRow
from service.domain.reporting import History, closable_before, same_slots
from service.store.communication_rows import (
    list_silent_points,
    open_incidents,
    write_incidents,
)
from service.store.pool import Connection, Pool
from service.store.reporting_rows import (
    count_cells,
    drop_counts,
    hold_reporting,
    keep_counts,
    kept_edges,
    longest_wait,
    n_points,
    read_kept,
    read_reaches,
)

SLOTS_PER_PASS: Final = 960  # ten days of the default length, of a small network
_PAGES_PER_PASS: Final = 100_000  # points times slots; then the other steps get their turn
_PAGES_AT_ONCE: Final = 50_000  # points times slots of one transaction, at most
_SLOTS_AT_ONCE: Final = 96
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ClosedSlots:
    """What closing slots brought."""

    n_slots: int = 0
    n_opened: int = 0
    n_closed: int = 0


async def close_slots(pool: Pool, rule: CommunicationRow | None, zone: ZoneInfo) -> ClosedSlots:
    """Close the slots that are over, a bounded number; return what they brought.

    A slot is over when every partition that moves has passed its end by the longest interval and
    delivery delay; nothing here knows the clock. Its counts and what they say of incidents are one
    transaction, so that a process that is ended in between changes nothing, and the next one goes on
    where the counts end. After a stop, slots of longer ago than what is kept are left out.

    Raises:
        StoreError: The slots closed before it stay; call again.
    """
    done = ClosedSlots()
    if rule is None:
        return done
    async with pool.connection() as connection:
        points = max(1, await n_points(connection))
    n_at_once = _n_slots_at_once(points)
    n_per_pass = min(SLOTS_PER_PASS, max(n_at_once, _PAGES_PER_PASS // points))
    while done.n_slots < n_per_pass:
        async with pool.transaction() as connection:
            await hold_reporting(connection)
            span = await _closable(connection, rule, n_at_once)
            if span is None:
                break
            closed = await _close(connection, rule, zone, span)
        done = ClosedSlots(
            done.n_slots + closed.n_slots,
            done.n_opened + closed.n_opened,
            done.n_closed + closed.n_closed,
        )
    return done


async def _closable(
    connection: Connection, rule: CommunicationRow, n_at_once: int
) -> tuple[datetime, datetime] | None:
    """Return the span of slots that are over and not counted, ``n_at_once`` at most."""
    slot = timedelta(seconds=rule.slot_s)
    reaches = await read_reaches(connection)
    edges = await kept_edges(connection)
    newest = max((one.data_through for one in reaches), default=_EPOCH)
    if not reaches or (edges is not None and newest < edges[1] + 2 * slot):
        return None  # the next slot cannot be over
    wait = await longest_wait(connection, newest, rule.delay_max_s)
    before = closable_before(reaches, wait, rule)
    if before is None:
        return None
    to_at = _floor(before, slot)
    from_at = to_at - slot if edges is None else max(edges[1] + slot, to_at - _kept(rule))
    from_at = -((_EPOCH - from_at) // slot) * slot + _EPOCH  # up: the length may have been another
    to_at = min(to_at, from_at + n_at_once * slot)
    return (from_at, to_at) if from_at < to_at else None


async def _close(
    connection: Connection, rule: CommunicationRow, zone: ZoneInfo, span: tuple[datetime, datetime]
) -> ClosedSlots:
    """Count the slots of ``span`` and carry their outcome into the incidents, one after another."""
    slot = timedelta(seconds=rule.slot_s)
    slots = [span[0] + n * slot for n in range((span[1] - span[0]) // slot)]
    before = {at: same_slots(at, zone, rule.days) for at in slots}
    edges = await kept_edges(connection)
    first_at = span[0] if edges is None else edges[0]
    kept = await read_kept(connection, sorted({one for days in before.values() for one in days}))
    cells = await count_cells(connection, *span, rule.slot_s, rule.delay_max_s)
    incidents = await open_incidents(connection)
    n_opened = n_closed = 0
    for at in slots:
        history = History(
            reaches_back=bool(before[at]) and first_at <= before[at][-1],
            slots=[kept[day] for day in before[at] if day in kept],
        )
        outcome = close_slot(at, cells.get(at, ()), history, incidents, rule)
        kept[at] = dict(outcome.kept)
        incidents = dict(outcome.still_open)
        await keep_counts(connection, at, outcome.whole, outcome.kept)
        changed = [*outcome.opened, *outcome.worsened, *outcome.closed]
        if changed:
            await write_incidents(connection, changed)
        if incidents:
            await list_silent_points(connection, at, at + slot, rule.slot_s, rule.delay_max_s)
        n_opened += len(outcome.opened)
        n_closed += len(outcome.closed)
    await drop_counts(connection, span[1] - _kept(rule))
    return ClosedSlots(len(slots), n_opened, n_closed)


def _kept(rule: CommunicationRow) -> timedelta:
    """Return how long counts are kept: an hour of a change of clocks fits in the last day."""
    return timedelta(days=rule.days + 1)


def _floor(at: datetime, slot: timedelta) -> datetime:
    return (at - _EPOCH) // slot * slot + _EPOCH


def _n_slots_at_once(points: int) -> int:
    return max(1, min(_SLOTS_AT_ONCE, _PAGES_AT_ONCE // max(1, points)))
