"""Temporary rows, which one statement then merges with the stored ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

from service.domain.csv_rows import BadRow
from service.store.judgement import Change
from service.store.pool import Connection

_OPEN: Final = datetime.max.replace(tzinfo=UTC)  # 'infinity', to the driver


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a merge did."""

    n_new: int = 0
    n_changed: int = 0
    changes: Sequence[Change] = ()  # what is to be judged again
    bad_rows: Sequence[BadRow] = field(default=())  # if any, nothing was done

    @classmethod
    def of(cls, inserted: str, updated: str, changes: Sequence[Change]) -> Self:
        """Return what the statuses of an INSERT and an UPDATE say."""
        n_new, n_changed = (int(status.rsplit(" ", 1)[1]) for status in (inserted, updated))
        return cls(n_new=n_new, n_changed=n_changed, changes=changes)


async def copy_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Copy rows into a temporary table; ``valid_to`` is the last column, and None of it is open."""
    await connection.copy_records_to_table(
        table,
        columns=columns,
        records=((*row[:-1], _OPEN if row[-1] is None else row[-1]) for row in rows),
    )
    await connection.execute(f"ANALYZE {table}")
