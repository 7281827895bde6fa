"""Marking days whose stored figures are older than their pages, once for each pass of the settle role."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from service.domain.pages import PageColumns
from service.store.pool import Connection

HOUR_S = 3600

_MARK = """
    INSERT INTO dirty_day (point_id, day, generation)
    SELECT DISTINCT next_page.point_id, ((next_page.hour + edge) AT TIME ZONE $1)::date, $2::bigint
      FROM voltpass_next_page AS next_page
     CROSS JOIN (VALUES (interval '0'), (interval '59 minutes')) AS edges (edge)
     ORDER BY 1, 2
        ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class DirtyMarks:
    """The days that this writer has marked since the settle role began its last pass.

    A pass raises the generation under a lock that waits for every open checkpoint, so a day marked in this
    generation stays marked until the next one, and need not be marked again.
    """

    _generation: int = 0
    _marked: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _asked: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _next_generation: int = 0

    def days_of(self, pages: PageColumns, zone: str) -> NDArray[np.int64]:
        """Return the distinct (point, day) keys that ``pages`` touch, and remember them for ``write``."""
        self._asked = _distinct(
            np.concatenate([_keys(pages, zone, 0), _keys(pages, zone, HOUR_S - 60)])
        )
        return self._asked

    async def write(self, connection: Connection, generation: int, zone: str) -> int:
        """Mark the days of the connection's temporary pages, unless all are marked; return rows written."""
        self._next_generation = generation
        if generation == self._generation and _are_among(self._asked, self._marked):
            return 0
        status = await connection.execute(_MARK, zone, generation)
        return int(status.rsplit(" ", 1)[1])

    def confirm(self, days: NDArray[np.int64]) -> None:
        """Note that the transaction of the last ``write`` was committed."""
        known = self._marked if self._next_generation == self._generation else days[:0]
        self._generation = self._next_generation
        self._marked = _distinct(np.concatenate([known, days]))
        self._asked = np.zeros(0, np.int64)

    def forget(self) -> None:
        """Take nothing for marked: it is not known what the last transaction wrote."""
        self._generation = 0


def _distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return keys in their order, each once.

    ``np.unique`` hashes them, which takes 160 ms for 200,000; they come as two sorted runs, and this takes 1 ms.
    """
    keys = np.sort(keys, kind="stable")
    is_first = np.ones(keys.size, np.bool_)
    is_first[1:] = keys[1:] != keys[:-1]
    return keys[is_first]


def _are_among(keys: NDArray[np.int64], known: NDArray[np.int64]) -> bool:
    """Return whether all ``keys`` are ``known``; both are sorted."""
    if not known.size:
        return not keys.size
    places = np.minimum(np.searchsorted(known, keys), known.size - 1)
    return bool((known[places] == keys).all())


def _keys(pages: PageColumns, zone: str, offset_s: int) -> NDArray[np.int64]:
    """Return point and local day of a moment in each page as one number."""
    hours, which = np.unique(pages.hour, return_inverse=True)
    local = [
        datetime.fromtimestamp(int(hour) * HOUR_S + offset_s, UTC).astimezone(ZoneInfo(zone))
        for hour in hours
    ]
    days = np.array([at.toordinal() for at in local], np.int64)
    return pages.point.astype(np.int64) << 32 | (days[which] if days.size else pages.hour)
