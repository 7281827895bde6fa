"""The judgement number: under which number pages are judged, and what each rise of it concerns."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from service import clock
from service.store.pool import Connection, Pool
from service.store.statements import statement

CHANNEL: Final = "voltpass_judgement"  # a hint for listeners; its payload is the new number
_WRITERS_LOCK: Final = 0x766F6C744A554447  # "voltJUDG"
_QUIET_LOCK: Final = 0x766F6C7451554554  # "voltQUET"
_ASK_AGAIN_S: Final = 0.2

_NUMBER = statement(
    "judgement_number",
    """
    SELECT number
      FROM judgement
    """,
)

_REGISTRY_NUMBER = statement("judgement_registry_number", "SELECT registry_number FROM judgement")

_FOR_SHARE = statement(
    "judgement_and_generation",
    """
    SELECT number, rollup_generation
      FROM judgement
       FOR SHARE
    """,
)

_RAISE = statement(
    "judgement_raise",
    """
    UPDATE judgement
       SET number = number + 1,
           registry_number = CASE WHEN $1 THEN number + 1 ELSE registry_number END
    RETURNING number
    """,
)

_CHANGES = statement(
    "judgement_changes_add",
    """
    INSERT INTO judgement_change (number, point_id, from_at, to_at, reason)
    SELECT $1, point_id, from_at, coalesce(to_at, 'infinity'), $5
      FROM unnest($2::integer[], $3::timestamptz[], $4::timestamptz[]) AS change (point_id, from_at, to_at)
     ORDER BY point_id, from_at
    """,
)

_NOTIFY = statement("judgement_notify", f"SELECT pg_notify('{CHANNEL}', $1::bigint::text)")

_ALONE = statement("judgement_writers_lock", "SELECT pg_advisory_xact_lock($1)")

_ASK_QUIET = statement("judgement_ask_quiet", "SELECT pg_advisory_xact_lock_shared($1)")

_IS_QUIET_ASKED = statement("judgement_quiet_asked", "SELECT NOT pg_try_advisory_xact_lock($1)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A period of a point whose pages are to be judged again."""

    point_id: int | None  # None: every point
    from_at: datetime  # inclusive
    to_at: datetime | None  # exclusive; None is open


async def judgement_number(connection: Connection) -> int:
    """Return the number in force."""
    return int(await connection.fetchval(_NUMBER))


async def registry_number(connection: Connection) -> int:
    """Return the number under which points, devices or customers changed last."""
    return int(await connection.fetchval(_REGISTRY_NUMBER))


async def read_for_share(connection: Connection) -> tuple[int, int]:
    """Return number and rollup generation, and keep both from rising until the transaction ends."""
    row = await connection.fetchrow(_FOR_SHARE)
    if row is None:
        raise AssertionError  # the migrations insert the row and nothing deletes it
    return row["number"], row["rollup_generation"]


async def be_only_writer(connection: Connection) -> None:
    """Wait until no other transaction changes registry or declarations, and keep it so.

    Checkpoints do not wait for this: they wait from ``raise_judgement`` on, so call that last.
    """
    await connection.execute(_ALONE, _WRITERS_LOCK)


async def raise_judgement(
    connection: Connection, changes: Sequence[Change], reason: str, *, is_registry: bool = False
) -> int:
    """Return the next number, in force when the caller's transaction commits.

    The row is locked until then, and every checkpoint waits for it.

    Args:
        connection: Inside a transaction, which has changed registry, rules or declarations.
        changes: What is to be judged again; may be empty, where only the future is concerned.
        reason: For people, one line.
        is_registry: Whether points, devices or customers have changed.
    """
    number = int(await connection.fetchval(_RAISE, is_registry))
    await connection.execute(
        _CHANGES,
        number,
        [change.point_id for change in changes],
        [change.from_at for change in changes],
        [change.to_at for change in changes],
        reason,
    )
    await connection.execute(_NOTIFY, number)
    return number


async def ask_for_quiet(connection: Connection) -> None:
    """Ask ``give_way`` to wait until the transaction ends: the number has risen under a checkpoint before.

    Whoever derives much raises the number every few seconds, and would be ahead of every try of a checkpoint that
    takes longer. This is no lock: what people change does not wait for a consumer that may be frozen.
    """
    await connection.execute(_ASK_QUIET, _QUIET_LOCK)


async def give_way(pool: Pool, within_s: float) -> bool:
    """Wait while a checkpoint asks for quiet, before what may raise the number; return whether all is quiet.

    Args:
        pool: Outside of a transaction: it must hold nothing that the checkpoint waits for.
        within_s: The longest wait; a consumer that is frozen asks for ever.
    """
    until_s = clock.monotonic_s() + within_s
    async with pool.connection() as connection:
        while await connection.fetchval(_IS_QUIET_ASKED, _QUIET_LOCK):
            if clock.monotonic_s() >= until_s:
                return False
            await asyncio.sleep(_ASK_AGAIN_S)
    return True
