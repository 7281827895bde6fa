"""The readings of a file as columns, and the rows of it that cannot be read."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
_FLOAT_ERROR = 1e-3  # more than 0.418 kvar is off as a float, in thousandths of a var


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingTable:
    """The readings of a file, ``(n_readings,)`` each, in its order."""

    points: list[str]  # names, in the order in which they first come
    point: NDArray[np.int32]  # index into points
    stamp_ms: NDArray[np.int64]  # UTC
    volts: tuple[NDArray[np.float64], ...]  # one or three; NaN where absent, empty where all are
    p_mw: NDArray[np.float64]  # active power, milliwatts; empty where none is asked for
    q_mvar: NDArray[np.float64]  # reactive power, thousandths of a var
    quality: NDArray[np.uint8]
    n_rows: int  # that are not blank; those that cannot be read included
    n_bad: int
    bad_rows: list[BadRow]  # the first ones

    def in_time_order(self) -> "ReadingTable":
        """Return the readings by point and time; of one stamp they stay as they are in the file."""
        order = np.lexsort((self.stamp_ms, self.point))
        return replace(
            self,
            point=self.point[order],
            stamp_ms=self.stamp_ms[order],
            volts=tuple(column[order] if column.size else column for column in self.volts),
            p_mw=self.p_mw[order] if self.p_mw.size else self.p_mw,
            q_mvar=self.q_mvar[order] if self.q_mvar.size else self.q_mvar,
            quality=self.quality[order],
        )

    def rows_of(self, point: int) -> tuple[int, int]:
        """Return the first row of a point and the one after its last; rows are in order."""
        first, end = np.searchsorted(self.point, (point, point + 1)).tolist()
        return first, end


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
    p_mw, q_mvar = _in_thousandths(*powers(whole.pf, whole.p_kw, whole.q_kvar))
    points, point = names.used(whole.point)
    return ReadingTable(
        points=points,
        point=point,
        stamp_ms=whole.stamp_ms,
        volts=whole.volts,
        p_mw=p_mw,
        q_mvar=q_mvar,
        quality=whole.quality,
        n_rows=n_rows,
        n_bad=n_bad,
        bad_rows=bad_rows,
    )


def _in_thousandths(
    p_w: NDArray[np.float64], q_var: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return powers in thousandths, the reactive one rounded towards zero.

    The fold takes whole numbers. A power factor that is just the one required has to stay so: at
    1 kVA and in whole var, 0.90 would become 0.89995, and its customer exempt.
    """
    return p_w * 1000, np.trunc(q_var * 1000 + np.copysign(_FLOAT_ERROR, q_var))


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
