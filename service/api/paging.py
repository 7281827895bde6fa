"""Lists in pages: a cursor stands for the last row that was shown."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Query

from service.errors import RequestError

_NUMBERS: Final = range(2**31)  # of points and declarations


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list is asked for."""

    limit: int
    cursor: str | None

    def after(self, *kinds: type[str] | type[int]) -> list[str | int] | None:
        """Return the values in the cursor, None for the first page.

        Raises:
            RequestError: It stands for no values of these kinds.
        """
        return None if self.cursor is None else _decode(self.cursor, kinds)


def _page_request(
    limit: Annotated[int, Query(ge=1, le=1000, description="entries of a page, at most")] = 100,
    cursor: Annotated[
        str | None,
        Query(max_length=1000, description="`next_cursor` of the page before; without: the first"),
    ] = None,
) -> PageRequest:
    return PageRequest(limit, cursor)


Paging = Annotated[PageRequest, Depends(_page_request)]

NEXT_CURSOR: Final = "give it as `cursor` for the next page; null: there is none"


def encode_cursor(*values: str | int) -> str:
    """Return a cursor that stands for ``values``."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def cursor_time(text: str) -> datetime:
    """Return the instant in a cursor.

    Raises:
        RequestError: It is none.
    """
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _wrong_cursor() from error


def cursor_number(value: str | int) -> int:
    """Return a number that was put into a cursor as text, being larger than those it takes as such.

    Raises:
        RequestError: It is none.
    """
    try:
        return int(value)
    except ValueError as error:
        raise _wrong_cursor() from error


def _decode(cursor: str, kinds: Sequence[type]) -> list[str | int]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise _wrong_cursor() from error
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise _wrong_cursor()
    if any(value not in _NUMBERS if isinstance(value, int) else "\0" in value for value in values):
        raise _wrong_cursor()
    return values


def _wrong_cursor() -> RequestError:
    return RequestError("cursor must be a next_cursor of this path, unchanged", "query", "cursor")
