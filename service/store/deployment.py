"""What holds for the whole deployment: the zone in which it counts days, the rule set that its pages are judged by."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.domain.catalogue import checksum_of
from service.domain.periods import day_start
from service.domain.rules import RuleSet
from service.errors import RuleSetDiffersError, SettingsError, ZoneDataError
from service.store.judgement import Change, be_only_writer, raise_judgement
from service.store.pool import Connection
from service.store.statements import statement

_CHECKED_DAYS: Final = 366  # before and after today
_NEVER_ADOPTED: Final = ""  # in place of a checksum
_EVERY_PAGE: Final = Change(point_id=None, from_at=datetime(1, 1, 2, tzinfo=UTC), to_at=None)

_ZONE = statement(
    "deployment_zone",
    """
    SELECT zone
      FROM deployment
    """,
)

_SET_ZONE = statement(
    "deployment_set_zone",
    """
    UPDATE deployment
       SET zone = $1
    """,
)

_FORGET_DAYS = statement("deployment_forget_days", "DELETE FROM point_day")

# What is marked of weeks, and of days beside, comes again with the days.
_FORGET_WEEKS = statement(
    "deployment_forget_weeks",
    """
    WITH percentiles AS (
        DELETE FROM point_week
    ), limits AS (
        DELETE FROM point_week_limit
    )
    DELETE FROM week_due
    """,
)

_FORGET_BESIDE = statement(
    "deployment_forget_days_beside",
    """
    WITH days AS (
        DELETE FROM point_day_beside
    )
    DELETE FROM beside_due
    """,
)

_FORGET_MARKS = statement("deployment_forget_marks", "DELETE FROM dirty_day")

_MARK_ALL_DAYS = statement(
    "deployment_mark_all_days",
    """
    INSERT INTO dirty_day (point_id, day, generation)
    SELECT DISTINCT page.point_id, edge.day, judgement.rollup_generation
      FROM page
     CROSS JOIN judgement
     CROSS JOIN LATERAL (
               VALUES ((page.hour AT TIME ZONE $1)::date),
                      (((page.hour + interval '59 minutes') AT TIME ZONE $1)::date)
           ) AS edge (day)
    """,
)

_DAY_STARTS = statement(
    "deployment_day_starts",
    """
    SELECT day, day_start(day, $1) AS from_at
      FROM unnest($2::date[]) AS day
    """,
)

_EXEMPT = statement(
    "deployment_exempt_points",
    """
    SELECT DISTINCT point_id, point.valid_from AS from_at, nullif(point.valid_to, 'infinity') AS to_at
      FROM v_exemption
      JOIN point USING (point_id)
     ORDER BY point_id
    """,
)

_RULE_SET = statement(
    "deployment_rule_set",
    """
    SELECT rule_set, rule_set_checksum
      FROM deployment
    """,
)

_SET_RULE_SET = statement(
    "deployment_set_rule_set",
    """
    UPDATE deployment
       SET rule_set = $1,
           rule_set_checksum = $2
    """,
)


async def zone_of_deployment(connection: Connection) -> str:
    """Return the IANA name of the zone in which days and months are counted."""
    return str(await connection.fetchval(_ZONE))


async def require_zone(connection: Connection, zone: str) -> None:
    """Check that the deployment counts its days in ``zone``.

    Raises:
        SettingsError: It counts them in another one; ``voltpass migrate`` is what changes it.
    """
    stored = await zone_of_deployment(connection)
    if stored != zone:
        raise SettingsError(
            f"VOLTPASS_ZONE is {zone}, but this deployment counts its days in {stored}: set that, or run "
            "`voltpass migrate` with the new zone while no other role runs"
        )


async def check_zone(connection: Connection, zone: str, today: date) -> None:
    """Check that this process and the server agree on when the days of a zone begin, a year around today.

    Raises:
        ZoneDataError: They do not: one of the two has old zone data, and days would be counted wrong.
    """
    days = [today + timedelta(days=nth) for nth in range(-_CHECKED_DAYS, _CHECKED_DAYS)]
    rows = await connection.fetch(_DAY_STARTS, zone, days)
    here = ZoneInfo(zone)
    for row in rows:
        expected = day_start(row["day"], here)
        if row["from_at"] != expected:
            raise ZoneDataError(
                f"{row['day']} in {zone} begins at {expected.isoformat()} by the zone data of this process, at"
                f" {row['from_at'].isoformat()} by those of the database server: update the older"
            )


async def adopt_zone(connection: Connection, zone: str) -> bool:
    """Count days and months in ``zone`` from now on, and say whether that is a change.

    Days counted in another zone are forgotten and marked, to be counted again from their pages: until then they are
    counted as they are read. Call it last in a transaction, while no role runs with another zone.
    """
    await be_only_writer(connection)
    if await zone_of_deployment(connection) == zone:
        return False
    await connection.execute(_SET_ZONE, zone)
    await connection.execute(_FORGET_DAYS)
    await connection.execute(_FORGET_WEEKS)
    await connection.execute(_FORGET_BESIDE)
    await connection.execute(_FORGET_MARKS)
    await connection.execute(_MARK_ALL_DAYS, zone)
    changes = [Change(**row) for row in await connection.fetch(_EXEMPT)]
    await raise_judgement(connection, changes, f"days are counted in {zone}", is_registry=True)
    return True


async def require_rule_set(connection: Connection, rule_set: RuleSet) -> None:
    """Check that the pages of the deployment are judged by ``rule_set``, as it is written now.

    Raises:
        RuleSetDiffersError: They are judged by another one; ``voltpass migrate`` is what changes that.
    """
    stored = await _rule_set_of_deployment(connection)
    if stored == (rule_set.name, checksum_of(rule_set)):
        return
    name, checksum = stored
    if name != rule_set.name:
        found = f"VOLTPASS_RULE_SET is {rule_set.name}, but the pages of this deployment are judged by {name}: set that"
    elif checksum != _NEVER_ADOPTED:
        found = (
            f"{name} was edited since the pages of this deployment were judged by it: restore it"
        )
    else:
        raise RuleSetDiffersError(
            f"this deployment has not adopted {name} yet: run `voltpass migrate` once"
        )
    raise RuleSetDiffersError(
        f"{found}, or run `voltpass migrate` with {rule_set.name} as it is, while no other role runs"
    )


async def adopt_rule_set(connection: Connection, rule_set: RuleSet) -> bool:
    """Judge pages by ``rule_set`` from now on, and say whether that is a change.

    If it is, every page is to be judged again, which ``settle`` does. The first time, a database whose default is the
    set of that name is judged by it already. Call it last in a transaction, while no role runs with another rule set.
    """
    await be_only_writer(connection)
    name, checksum = await _rule_set_of_deployment(connection)
    adopted = checksum_of(rule_set)
    if (name, checksum) == (rule_set.name, adopted):
        return False
    await connection.execute(_SET_RULE_SET, rule_set.name, adopted)
    if (name, checksum) == (rule_set.name, _NEVER_ADOPTED):
        return False
    reason = f"{name} was edited" if name == rule_set.name else f"{rule_set.name} instead of {name}"
    await raise_judgement(connection, [_EVERY_PAGE], f"rule set: {reason}")
    return True


async def _rule_set_of_deployment(connection: Connection) -> tuple[str, str]:
    """Return name and checksum; the checksum is empty before a rule set was adopted."""
    row = await connection.fetchrow(_RULE_SET)
    if row is None:
        raise AssertionError  # the migrations insert the row and nothing deletes it
    return row["rule_set"], row["rule_set_checksum"]
