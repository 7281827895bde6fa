"""Days under the rule sets that are judged beside the statutory one, as readers ask for them."""

from collections.abc import Sequence
from datetime import date, datetime

from service.domain.catalogue import checksum_of
from service.domain.rules import RuleSet
from service.domain.target_rows import Population
from service.errors import RuleSetDiffersError
from service.store.kept_rule_sets import kept_rule_sets
from service.store.pool import Connection
from service.store.statements import statement
from service.store.target_reads import POPULATIONS, AreaFigure, pass_figures

_THROUGH = statement(
    "beside_through",
    """
    SELECT day_start((data_through AT TIME ZONE zone)::date, zone)
      FROM v_watermark
     CROSS JOIN deployment
    """,
)

_N_WAITING = statement(
    "beside_days_waiting",
    """
    SELECT count(*)
      FROM (
               SELECT point_id, day
                 FROM beside_due
                WHERE day >= $1               -- date, inclusive
                  AND day < $2                -- date, exclusive
                UNION
               SELECT point_id, day
                 FROM dirty_day
                WHERE day >= $1
                  AND day < $2
           ) AS waiting
     WHERE day < (
               SELECT (data_through AT TIME ZONE zone)::date
                 FROM v_watermark
                CROSS JOIN deployment
           )
    """,
)


async def names_beside(connection: Connection) -> list[str]:
    """Return the names of the rule sets whose days are kept beside those of the statutory one, sorted."""
    return sorted(one.rule_set for one in await kept_rule_sets(connection) if one.is_beside)


async def require_same_beside(connection: Connection, rule_set: RuleSet) -> None:
    """Check that days and weeks of ``rule_set``, which is kept, were counted under it as it is written now.

    Raises:
        RuleSetDiffersError: They were counted under another version of it.
    """
    for one in await kept_rule_sets(connection):
        if one.rule_set == rule_set.name and one.checksum != checksum_of(rule_set):
            raise RuleSetDiffersError(
                f"{rule_set.name} is not as `settle` has it, under which days and weeks are counted: give both "
                "roles the same file, and start again the one that has the older"
            )


async def beside_through(connection: Connection) -> datetime | None:
    """Return up to where days beside may reach: the end of the last day that is over; None before the first reading."""
    through: datetime | None = await connection.fetchval(_THROUGH)
    return through


async def n_days_waiting(connection: Connection, days: tuple[date, date]) -> int:
    """Return how many days of points in the half-open range are over and not counted as their pages are now."""
    return int(await connection.fetchval(_N_WAITING, *days))


async def pass_figures_beside(
    connection: Connection,
    days: tuple[date, date],
    rule_set: RuleSet,
    populations: Sequence[Population] = POPULATIONS,
) -> list[AreaFigure]:
    """Return what ``pass_figures`` returns under a rule set that is kept beside the statutory one.

    Only days that are over count, up to ``beside_through``. A day that waits counts as it was counted
    last, and is MISSING before it ever was: ``n_days_waiting`` says how many there are.

    Args:
        connection: Of a snapshot.
        days: Half-open, of the deployment's zone.
        rule_set: One of ``names_beside``.
        populations: Of ``pass_figures``.

    Raises:
        RuleSetDiffersError: The days were counted under another version of it.
    """
    await require_same_beside(connection, rule_set)
    return await pass_figures(connection, days, rule_set, populations, beside=True)
