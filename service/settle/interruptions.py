"""Keeping evidence, interruptions and outages in line with all that is known, feeder by feeder."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from service.domain.instants import epoch_us
from service.domain.supply.pieces import Grade
from service.errors import JudgementMovedError
from service.settle.deriving import Derived, derive
from service.settle.feeder_jobs import waves_of
from service.settle.grouping import Grouper
from service.settle.knowledge import Knowledge
from service.settle.looking import Look
from service.settle.reclassifying import reclassified
from service.store.interruption_due import DueFeeder, due_feeders, take_due
from service.store.interruption_rows import reached, watermark
from service.store.judgement import give_way, raise_judgement, registry_number
from service.store.pool import Connection, Pool
from service.store.register_changes import note_reclassified
from service.store.statements import statement

log = structlog.get_logger(__name__)

POINTS_PER_PASS: Final = 20_000  # looked at; then the other steps get their turn
POINTS_AT_ONCE: Final = 1000  # that are due, of small feeders in one transaction
_DROPPED_BY_DAYS: Final = 2  # chunks of a day, and what retention drops before the next pass
_GIVE_WAY_S: Final = 30.0  # to a checkpoint under which the judgement moved
REASON: Final = "interruptions changed"

# Between its statements this transaction computes, and holds nothing that others wait for until its end.
_PATIENCE = statement(
    "interruptions_patience", "SET LOCAL idle_in_transaction_session_timeout = '10min'"
)


@dataclass(slots=True)
class Rebuilt:
    """What became of points that were due."""

    n_due: int = 0  # points that were due
    n_points: int = 0  # derived anew, others that it concerned included
    n_rows: int = 0  # of evidence and interruptions, written or deleted
    n_outages: int = 0  # written or deleted
    n_false_alarms: int = 0  # last gasps of meters that went on reading
    changed: Counter[Grade] = field(default_factory=Counter)  # interruptions, by best grade
    is_raised: bool = False  # the judgement number rose: silent minutes are to be judged again


async def rebuild_due_interruptions(
    pool: Pool, known: Knowledge, retention_days: int = 0
) -> Rebuilt:
    """Derive the interruptions anew that are due, a bounded number of points, some feeders in a transaction each.

    Where the silent minutes of pages get another verdict by it, the judgement number rises: load
    the knowledge again. A second call with nothing new changes no row and raises nothing.

    Args:
        pool: Of writers.
        known: Gives network and rules.
        retention_days: How long pages are kept; 0 is for ever. What began before stands.

    Raises:
        JudgementMovedError: The registry is another one by now; load the knowledge and call again.
        StoreError: What was done before it stays; call again.
    """
    done = Rebuilt()
    async with pool.connection() as connection:
        read_through = await watermark(
            connection
        )  # first: it only grows, and is not beyond the other
        through = await reached(connection)
        waiting = await due_feeders(connection, through)
    look = _look(known, (through, read_through), retention_days)
    n_left, is_quiet = sum(one.n_points for one in waiting), True
    for feeders in _batches(waiting):
        if done.n_points >= POINTS_PER_PASS:
            break
        # Once is enough: who does not answer then is frozen, and would hold up every batch.
        is_quiet = is_quiet and await give_way(pool, _GIVE_WAY_S)
        async with pool.transaction() as connection:
            await connection.execute(_PATIENCE)
            await _rebuild(connection, known, feeders, look, done)
        n_left -= sum(one.n_points for one in feeders)
        log.info(
            "interruptions_rebuilt", n_due=done.n_due, n_points=done.n_points, n_left=max(0, n_left)
        )
    async with pool.transaction() as connection:
        done.n_outages += await _grouper(known, through).regroup_open(connection)
    return done


async def _rebuild(
    connection: Connection,
    known: Knowledge,
    feeders: Sequence[DueFeeder],
    look: Look,
    done: Rebuilt,
) -> None:
    due = await take_due(connection, feeders, look.through, look.read_through)
    # An import marks what it moves: whoever sees the marks sees its number, too.
    number = await registry_number(connection)
    if number > known.judgement:
        raise JudgementMovedError(number)
    grouper = _grouper(known, look.through)
    whole = Derived()
    for jobs in waves_of(due, known.network, look.through):
        derived = await derive(connection, look, jobs)
        asked = {point_id for job in jobs for point_id in job.asked}
        done.n_outages += await grouper.regroup(connection, derived.differences, asked)
        await note_reclassified(
            connection, reclassified([difference for _, difference in derived.differences])
        )
        whole += derived
    done.n_due += len({window.point_id for window in due})
    done.n_points += whole.n_points
    done.n_rows += whole.n_rows
    done.n_false_alarms += whole.n_false_alarms
    done.changed += whole.changed
    if whole.changes:
        await raise_judgement(connection, whole.changes, REASON)
        done.is_raised = True


def _look(known: Knowledge, reach: tuple[datetime, datetime], retention_days: int) -> Look:
    through, read_through = reach
    kept_from = through - timedelta(days=retention_days - _DROPPED_BY_DAYS)
    return Look(
        network=known.network,
        rule=known.judge.rule_set.evidence,
        through=through,
        read_through=read_through,
        kept_from_us=max(0, epoch_us(kept_from)) if retention_days > 0 else 0,
    )


def _grouper(known: Knowledge, through: datetime) -> Grouper:
    return Grouper(
        network=known.network, rule=known.judge.rule_set.evidence, through_us=epoch_us(through)
    )


def _batches(waiting: Sequence[DueFeeder]) -> Iterator[list[DueFeeder]]:
    """Yield feeders in their order, together about as many points as go in one transaction."""
    batch: list[DueFeeder] = []
    n_points = 0
    for one in waiting:
        if batch and n_points + one.n_points > POINTS_AT_ONCE:
            yield batch
            batch, n_points = [], 0
        batch.append(one)
        n_points += one.n_points
    if batch:
        yield batch
