"""The trail of the register: who changed which entry, when, from what to what. Rows are never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from service.store.pool import Connection
from service.store.statements import statement

Record = Literal["declaration", "fault_call", "deadline"]
Action = Literal["made", "changed", "withdrawn", "reclassified"]
Content = Mapping[str, object]  # as JSON: times as ISO 8601 in UTC

_SETTLE: Final = "settle"  # who re-classifies

_ADD = statement(
    "register_changes_add",
    """
    INSERT INTO register_change (record, record_id, action, made_by, before, after)
    SELECT $1, record_id, action, $2, nullif(before, 'null'), after
      FROM jsonb_to_recordset($3) AS change (nth integer, record_id bigint, action text, before jsonb, after jsonb)
     ORDER BY nth
    """,
)

_OF = statement(
    "register_changes_of",
    """
    SELECT change_id, action, made_by, made_at, before, after
      FROM register_change
     WHERE record = $1
       AND record_id = $2
       AND change_id > $3
     ORDER BY change_id
     LIMIT $4
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """One change of one entry."""

    record_id: int
    action: Action
    before: Content | None  # None: it was made
    after: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChange:
    """A row of the trail."""

    change_id: int
    action: Action
    made_by: str
    made_at: datetime
    before: dict[str, Any] | None
    after: dict[str, Any]


async def note_changes(
    connection: Connection, record: Record, made_by: str, changes: Sequence[EntryChange]
) -> None:
    """Add rows to the trail, in the transaction that makes the changes.

    Args:
        connection: Of that transaction.
        record: What the entries are.
        made_by: Who: the principal where requests are authenticated, else the author.
        changes: In the order in which they happened.
    """
    rows = [
        {
            "nth": nth,
            "record_id": one.record_id,
            "action": one.action,
            "before": one.before,
            "after": one.after,
        }
        for nth, one in enumerate(changes)
    ]
    if rows:
        await connection.execute(_ADD, record, made_by, rows)


async def note_reclassified(
    connection: Connection, changes: Sequence[tuple[int, Content, Content]]
) -> None:
    """Note that stored interruptions got another cause by declarations, in the transaction that stores them.

    Args:
        connection: Of that transaction.
        changes: Number of the declaration, the interruption before, and after: its point, times, cause and
            declaration, as JSON.
    """
    found: list[EntryChange] = [
        EntryChange(record_id=declaration_id, action="reclassified", before=before, after=after)
        for declaration_id, before, after in changes
    ]
    await note_changes(connection, "declaration", _SETTLE, found)


async def changes_of(
    connection: Connection, record: Record, record_id: int, after: int, limit: int
) -> list[StoredChange]:
    """Return the changes of an entry with a higher number than ``after``, the oldest first."""
    rows = await connection.fetch(_OF, record, record_id, after, limit)
    return [StoredChange(**row) for row in rows]
