"""The readings of a file as columns, and the rows of it that cannot be read."""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from service.domain.batch import EMPTY
from service.offline.columns import BadRow, Columns, read_columns
from service.offline.csv_text import Lines
from service.offline.header import Header
from service.offline.point_names import PointNames
from service.offline.stamps import StampColumn
from service.wire.fields import powers

BAD_ROWS_KEPT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingTable:
    """The readings of a file, ``(n_readings,)`` each, in its order."""

    points: list[str]  # names, in the order in which they first come
    point: NDArray[np.int32]  # index into points
    stamp_ms: NDArray[np.int64]  # UTC
    volts: tuple[NDArray[np.float64], ...]  # one or three; NaN where absent, empty where all are
    p_w: NDArray[np.float64]  # active power, watts; empty where none is asked for or none is there
    q_var: NDArray[np.float64]
    quality: NDArray[np.uint8]
    n_rows: int  # that are not blank; those that cannot be read included
    n_bad: int
    bad_rows: list[BadRow]  # the first ones


def read_table(
    header: Header, batches: Iterable[Lines], zone: ZoneInfo, default_point: str
) -> ReadingTable:
    """Return the readings in the lines that follow a header.

    Args:
        header: Says which column is what.
        batches: The lines.
        zone: Of stamps without offset.
        default_point: Name of the point in a file without column ``point``.
    """
    stamps, names = StampColumn(zone), PointNames(default_point)
    parts: list[Columns] = []
    bad_rows: list[BadRow] = []
    n_rows = n_bad = 0
    for lines in batches:
        columns, bad, n_found = read_columns(header, lines, stamps, names)
        parts.append(columns)
        n_rows += n_found
        n_bad += len(bad)
        bad_rows += bad[: BAD_ROWS_KEPT - len(bad_rows)]
    whole = _concatenated(parts, header)
    p_w, q_var = powers(whole.pf, whole.p_kw, whole.q_kvar)
    points, point = names.used(whole.point)
    return ReadingTable(
        points=points,
        point=point,
        stamp_ms=whole.stamp_ms,
        volts=whole.volts,
        p_w=p_w,
        q_var=q_var,
        quality=whole.quality,
        n_rows=n_rows,
        n_bad=n_bad,
        bad_rows=bad_rows,
    )


def _concatenated(parts: list[Columns], header: Header) -> Columns:
    def joined(columns: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.concatenate([EMPTY, *columns])

    return Columns(
        point=np.concatenate([np.zeros(0, np.int32), *(part.point for part in parts)]),
        stamp_ms=np.concatenate([np.zeros(0, np.int64), *(part.stamp_ms for part in parts)]),
        volts=tuple(
            joined(part.volts[phase] for part in parts) for phase in range(len(header.volts))
        ),
        pf=joined(part.pf for part in parts),
        p_kw=joined(part.p_kw for part in parts),
        q_kvar=joined(part.q_kvar for part in parts),
        quality=np.concatenate([np.zeros(0, np.uint8), *(part.quality for part in parts)]),
    )
