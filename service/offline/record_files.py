"""CSV files of records: each row is needed, so that one wrong field refuses the file."""

import csv
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

from service.domain.csv_fields import NotAllowedError
from service.domain.csv_rows import BadRow, Column, Rows, read_rows
from service.errors import ScoreInputError
from service.offline.csv_text import open_csv

T = TypeVar("T")
BAD_ROWS_SHOWN = 20


def read_records(
    path: Path, columns: Sequence[Column], make: Callable[[Mapping[str, object]], T]
) -> tuple[Rows[T], list[str]]:
    """Return the records of a file, and the names of the columns that are left aside.

    What is wrong stays in the rows: a caller may find more, before ``refuse_bad`` says all of it.
    Case of the names does not matter, nor spaces around them.

    Raises:
        ScoreInputError: The file cannot be read, or its header is wrong.
    """
    with open_csv(path) as opened:
        names = [name.strip() for name in next(csv.reader([opened.header]), [])]
        lines = [line for batch in opened.batches for line in batch.texts]
    lowered = [name.lower() for name in names]
    _check_header(path, lowered, columns)
    known = {column.name for column in columns}
    header = [name if name in known else f"_{i}" for i, name in enumerate(lowered)]
    unread = [Column(name=name, read=str, write=str) for name in header if name not in known]
    found = read_rows("\n".join([",".join(header), *lines]), [*columns, *unread], make)
    return found, [name for name in names if name.lower() not in known]


def refuse_bad(path: Path, rows: Rows[T]) -> None:
    """Refuse a file with rows that are wrong: figures without them would be others.

    Raises:
        ScoreInputError: There are some; each is named with line, column, value and what is allowed.
    """
    if not rows.bad_rows:
        return
    bad = sorted(rows.bad_rows, key=lambda each: each.line)
    lines = [f"{path}: nothing was worked out; fields that are wrong: {len(bad)}"]
    lines += [f"  {_shown(each)}" for each in bad[:BAD_ROWS_SHOWN]]
    if len(bad) > BAD_ROWS_SHOWN:
        lines.append(f"  and {len(bad) - BAD_ROWS_SHOWN} more")
    raise ScoreInputError("\n".join(lines))


def _check_header(path: Path, names: Sequence[str], columns: Sequence[Column]) -> None:
    allowed = ", ".join(column.name for column in columns)
    needed = [column.name for column in columns if column.is_required]
    shown = ascii(", ".join(name[:40] for name in names[:12]))[1:-1]
    for column in columns:
        if names.count(column.name) > 1:
            raise ScoreInputError(
                f"{path}: column {column.name} is there twice; rename or remove one of them"
            )
        if column.is_required and column.name not in names:
            raise ScoreInputError(
                f"{path}: no column {column.name}; the first line has: {shown}. It has to name "
                f"{', '.join(needed)}, with commas between them; it may name {allowed}"
            )


def decimals(lowest: Decimal, allowed: str) -> Callable[[str], Decimal]:
    """Return a reader of exact numbers from ``lowest`` on; exponents are numbers, too."""

    def read(text: str) -> Decimal:
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise NotAllowedError(allowed) from None
        if not number.is_finite() or number < lowest or "_" in text or number.adjusted() > 12:  # noqa: PLR2004
            raise NotAllowedError(allowed)
        return number

    return read


def _shown(bad: BadRow) -> str:
    column = f"column {bad.column}, " if bad.column else ""
    return f"line {bad.line}: {column}value {bad.value[:60]!a}; allowed: {bad.allowed}"
