"""Partitions in the way of a sign-off: which they are, and saying that nothing comes from one any more."""

from datetime import datetime
from typing import Final

from service.errors import ServiceError
from service.store.deployment_reads import Snapshot
from service.store.partition_retirements import (
    PartitionBehind,
    Retirement,
    add_retirement,
    known_partitions,
    partitions_behind,
)
from service.store.pool import Pool

_NAMED: Final = 10


class RetirementRefusedError(ServiceError):
    """What is said of partitions cannot be stored; the message says why, and which there are."""

    code = "retirement_refused"


async def behind_in_words(snapshot: Snapshot, instant: datetime) -> str | None:
    """Return which partitions have not passed an instant and how far they are, retired ones left out; None if none."""
    found = await partitions_behind(snapshot.connection, instant, _NAMED)
    if not found:
        return None
    named = "; ".join(_reached(one, snapshot) for one in found)
    n_more = found[0].n_behind - len(found)
    return f"{named}; and {n_more} more" if n_more else named


async def retire(pool: Pool, new: Retirement) -> list[int]:
    """Store that nothing comes from partitions any more, or that this is taken back; return their numbers.

    It holds for a partition as long as nothing comes from it.

    Raises:
        RetirementRefusedError: Nobody says so or no reason is given, or one of the partitions was never read.
        StoreError: The database does not do it.
    """
    if not new.made_by.strip() or not new.reason.strip():
        raise RetirementRefusedError("who says so (--by) and why (--reason) are both to be given")
    async with pool.transaction() as connection:
        known = await known_partitions(connection)
        there = known.get(new.topic, [])
        unknown = sorted(set(new.partitions or ()) - set(there))
        if not there:
            topics = ", ".join(known) or "none yet"
            raise RetirementRefusedError(
                f"the topic {new.topic!r} was never read; those that were: {topics}"
            )
        if unknown:
            raise RetirementRefusedError(
                f"{new.topic!r} has no partition {_numbers(unknown)}; it has {_numbers(there)}"
            )
        return await add_retirement(connection, new)


def _reached(one: PartitionBehind, snapshot: Snapshot) -> str:
    name = f"{one.topic}/{one.partition}"
    if one.reached_at is None:
        return f"{name} has given nothing yet"
    return f"{name} has reached {one.reached_at.astimezone(snapshot.zone).isoformat()}"


def _numbers(partitions: list[int]) -> str:
    return ", ".join(map(str, partitions))
