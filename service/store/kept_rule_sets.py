"""The rule sets whose days and weeks are kept: those judged beside the statutory one, and that one for its weeks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from service.store.beside_rows import forget_marks_beside, mark_all_beside
from service.store.pool import Connection
from service.store.statements import statement
from service.store.week_marks import mark_all_weeks

_KEPT = statement(
    "kept_rule_sets",
    """
    SELECT rule_set_id, rule_set, checksum, is_beside
      FROM kept_rule_set
     ORDER BY rule_set_id
    """,
)

_DROP = statement(
    "kept_rule_sets_drop",
    """
    DELETE FROM kept_rule_set
     WHERE rule_set_id = ANY($1::smallint[])
    """,
)

_ADD = statement(
    "kept_rule_sets_add",
    """
    INSERT INTO kept_rule_set (rule_set, checksum, is_beside)
    SELECT *
      FROM unnest($1::text[], $2::text[], $3::boolean[])
    """,
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A rule set that is to be kept."""

    rule_set: str
    checksum: str  # ``checksum_of`` it
    is_beside: bool  # its days are kept, too; those of the statutory one are in ``point_day``


@dataclass(frozen=True, slots=True)
class KeptRuleSet(Kept):
    """A rule set that is kept."""

    rule_set_id: int  # its number in this database


async def kept_rule_sets(connection: Connection) -> list[KeptRuleSet]:
    """Return the rule sets that are kept, in the order in which they came."""
    return [KeptRuleSet(**row) for row in await connection.fetch(_KEPT)]


async def keep_rule_sets(
    connection: Connection, wanted: Sequence[Kept], with_weeks: Collection[str]
) -> bool:
    """Keep exactly the rule sets of ``wanted`` from now on, and say whether that is a change.

    What is stored of others goes with them; of one that was edited, too, for no figure may stand
    under rules that did not make it. Every stored day and week is marked for those that come anew:
    days for a set beside, weeks for one of ``with_weeks``, the names of sets with week limits.
    """
    kept = {
        Kept(one.rule_set, one.checksum, one.is_beside): one.rule_set_id
        for one in await kept_rule_sets(connection)
    }
    gone = [rule_set_id for one, rule_set_id in kept.items() if one not in wanted]
    fresh = [one for one in wanted if one not in kept]
    await connection.execute(_DROP, gone)
    await connection.execute(
        _ADD,
        [one.rule_set for one in fresh],
        [one.checksum for one in fresh],
        [one.is_beside for one in fresh],
    )
    if any(one.rule_set in with_weeks for one in fresh):
        await mark_all_weeks(connection)
    if any(one.is_beside for one in fresh):
        await mark_all_beside(connection)
    if not any(one.is_beside for one in wanted):
        await forget_marks_beside(connection)
    return bool(gone or fresh)
