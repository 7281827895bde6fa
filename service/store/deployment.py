"""What holds for the whole deployment: the zone in which it counts days and months."""

from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.domain.periods import day_start
from service.errors import SettingsError, ZoneDataError
from service.store.judgement import Change, be_only_writer, raise_judgement
from service.store.pool import Connection
from service.store.statements import statement

_CHECKED_DAYS: Final = 366  # before and after today

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
    await connection.execute(_FORGET_MARKS)
    await connection.execute(_MARK_ALL_DAYS, zone)
    changes = [Change(**row) for row in await connection.fetch(_EXEMPT)]
    await raise_judgement(connection, changes, f"days are counted in {zone}", is_registry=True)
    return True
