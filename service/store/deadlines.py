"""Dated promises as rows: what was asked for, and when it was answered."""

from collections.abc import Sequence
from typing import Final

from service.domain.register import NewDeadline
from service.domain.register_checks import Wrong, wrong_with_deadline
from service.store.pool import Connection
from service.store.register_entries import EntryTable
from service.store.statements import statement

_ROWS: Final = """
    jsonb_to_recordset($1) AS told (
        nth integer, entry_id bigint, reference text, promise text, subject text, opened_at timestamptz,
        answered_at timestamptz
    )
"""

_ADD = statement(
    "deadlines_add",
    f"""
    INSERT INTO deadline (reference, promise, subject, opened_at, answered_at, author)
    SELECT reference, promise, subject, opened_at, answered_at, $2
      FROM {_ROWS}
     ORDER BY nth
    RETURNING deadline_id
    """,  # noqa: S608 (columns of ours)
)

_UPDATE = statement(
    "deadlines_update",
    f"""
    UPDATE deadline
       SET promise = told.promise,
           subject = told.subject,
           opened_at = told.opened_at,
           answered_at = told.answered_at
      FROM {_ROWS}
     WHERE told.entry_id = deadline.deadline_id
    """,  # noqa: S608 (columns of ours)
)

_WITHDRAW = statement(
    "deadline_withdraw",
    "UPDATE deadline SET withdrawn_at = now() WHERE deadline_id = $1 RETURNING withdrawn_at",
)

_DEADLINE: Final = """
    SELECT deadline_id AS entry_id, reference, promise, subject, opened_at, answered_at, author, made_at, withdrawn_at
      FROM deadline
"""

_FIND = statement("deadline_find", f"{_DEADLINE} WHERE deadline_id = $1")

_BY_KEY = statement(
    "deadlines_by_key", f"{_DEADLINE} WHERE reference = ANY ($1::text[]) ORDER BY deadline_id"
)

_LIST = statement(
    "deadlines_list",
    f"""
    {_DEADLINE}
     WHERE ($1::timestamptz IS NULL OR opened_at >= $1)
       AND ($2::timestamptz IS NULL OR opened_at < $2)
       AND (NOT $3 OR answered_at IS NULL)
       AND ($4::text IS NULL OR promise = $4)
       AND ($5 OR withdrawn_at IS NULL)
       AND ($6::bigint IS NULL OR deadline_id < $6)
     ORDER BY deadline_id DESC
     LIMIT $7
    """,
)


async def _unknown_in(
    connection: Connection,  # noqa: ARG001 (a dated promise names nothing of the registry)
    deadlines: Sequence[NewDeadline],
) -> list[list[Wrong]]:
    """Return nothing for each."""
    return [[] for _ in deadlines]


DEADLINES: Final = EntryTable(
    record="deadline",
    name="deadline",
    key="reference",
    make=NewDeadline,
    wrong_with=wrong_with_deadline,
    unknown_in=_unknown_in,
    add=_ADD,
    update=_UPDATE,
    withdraw=_WITHDRAW,
    find=_FIND,
    by_key=_BY_KEY,
    list=_LIST,
)
