"""Reports that were signed off, with the figures as they were."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from service.store.pool import Connection
from service.store.statements import statement

_COLUMNS = """report, month, from_day, to_day, revision, signed_by, approver, signed_at, rule_set,
           rule_set_checksum, judgement, data_through, digest, figures"""

_NEWEST = statement(
    "report_sign_off_newest",
    f"""
    SELECT {_COLUMNS}
      FROM report_sign_off
     WHERE report = $1                -- text
       AND from_day = $2              -- date
       AND to_day = $3                -- date
       AND ($4::integer IS NULL OR revision = $4)
     ORDER BY revision DESC
     LIMIT 1
    """,  # noqa: S608 (column names of ours)
)

_ADD = statement(
    "report_sign_off_add",
    """
    INSERT INTO report_sign_off (report, month, from_day, to_day, revision, signed_by, approver, rule_set,
                                 rule_set_checksum, judgement, data_through, digest, figures)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (report, from_day, to_day, revision) DO NOTHING
    RETURNING signed_at
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """Who signed a report off, and what it said then."""

    report: str
    month: str
    from_day: date
    to_day: date
    revision: int  # from 1
    signed_by: str
    approver: str
    signed_at: datetime
    rule_set: str
    rule_set_checksum: str
    judgement: int
    data_through: datetime
    digest: str  # of the figures
    figures: Any  # as ``service.reports.figures.written`` has them


async def sign_off_of(
    connection: Connection, report: str, days: tuple[date, date], revision: int | None = None
) -> SignOff | None:
    """Return the newest sign-off of a report of these days, or the one of a revision; None without one."""
    row = await connection.fetchrow(_NEWEST, report, *days, revision)
    return None if row is None else SignOff(**row)


async def add_sign_off(connection: Connection, new: SignOff) -> datetime | None:
    """Store a sign-off and return when; None if its revision is there already: somebody was faster."""
    at: datetime | None = await connection.fetchval(
        _ADD,
        new.report,
        new.month,
        new.from_day,
        new.to_day,
        new.revision,
        new.signed_by,
        new.approver,
        new.rule_set,
        new.rule_set_checksum,
        new.judgement,
        new.data_through,
        new.digest,
        new.figures,
    )
    return at
