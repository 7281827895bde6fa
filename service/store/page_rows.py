"""Pages as rows: the binary COPY stream of many pages, and pages out of rows."""

from collections.abc import Iterable
from typing import Any

import asyncpg
import numpy as np
from numpy.typing import NDArray

from kernels.layout import MINUTES_PER_HOUR, N_VERDICTS, VERDICT_MASK
from service.domain.pages import PageColumns, empty_pages, plane_indices

POSTGRES_EPOCH_HOURS = 262_968  # 2000-01-01 in hours since 1970-01-01
HOUR_US = 3_600_000_000
COPY_BEGIN = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_END = b"\xff\xff"

# Columns of a page that have a fixed width: name in SQL, big-endian dtype.
_FIXED = (
    ("hour", ">i8"),
    ("judgement", ">i8"),
    ("point_id", ">i4"),
    ("nominal_mv", ">i4"),
    ("revision", ">i4"),
    ("interval_s", ">i2"),
    ("n_phases", ">i2"),
    *(
        (f"n_{name}", ">i2")
        for name in ("missing", "pass", "over", "under", "interrupted", "exempt", "invalid")
    ),
    ("cell_min", ">i2"),
    ("cell_max", ">i2"),
    ("spread_min", ">i2"),
    ("spread_max", ">i2"),
    ("power_s", ">i2"),
    ("active_ws", ">i8"),
    ("reactive_vars", ">i8"),
)
FIXED_COLUMNS = tuple(name for name, _ in _FIXED)
COPY_COLUMNS = (*FIXED_COLUMNS, "cells", "marks", "verdicts", "phase_counts")
READ_COLUMNS = (
    "point_id",
    "hour",
    "revision",
    "interval_s",
    "n_phases",
    "power_s",
    "active_ws",
    "reactive_vars",
    "cells",
    "marks",
)
# How a row of ``page`` gives them.
READ_PAGE = ", ".join(
    "full_marks(page.marks, page.n_phases * 60) AS marks" if name == "marks" else f"page.{name}"
    for name in READ_COLUMNS
)

# The same as COPY writes them, none of them NULL: name, SQL, big-endian dtype.
_READ_FIXED = (
    ("point_id", "point_id", ">i4"),
    ("hour", "(extract(epoch FROM hour) / 3600)::integer", ">i4"),
    ("revision", "revision", ">i4"),
    ("interval_s", "interval_s", ">i2"),
    ("n_phases", "n_phases", ">i2"),
    ("power_s", "coalesce(power_s, 0::smallint)", ">i2"),
    ("active_ws", "coalesce(active_ws, 0)", ">i8"),
    ("reactive_vars", "coalesce(reactive_vars, 0)", ">i8"),
)
STREAMED_COLUMNS = ", ".join([*(sql for _, sql, _ in _READ_FIXED), "cells", "marks"])


def copy_rows(pages: PageColumns, nominal_mv: NDArray[np.int32]) -> bytes:
    """Return judged pages as rows of ``COPY_COLUMNS`` in a binary COPY, without its ``COPY_BEGIN`` and ``COPY_END``.

    No column is NULL in them: ``CELL_NONE``, a ``power_s`` of 0 and an empty ``verdicts`` or ``phase_counts`` stand for
    that, and the statement that takes the rows over says so.

    Args:
        pages: Judged; each page's next revision is its revision plus one.
        nominal_mv: Nominal voltage of each page's point, millivolts.
    """
    rows = []
    for n_phases in (1, 3):
        chosen = np.flatnonzero(pages.planes.n_phases == n_phases)
        if chosen.size:
            rows.append(_rows(pages, chosen, n_phases, nominal_mv).tobytes())
    return b"".join(rows)


def pages_from_rows(rows: Iterable[asyncpg.Record]) -> PageColumns:
    """Return the pages of rows of ``READ_PAGE``; they are not judged yet."""
    records = list(rows)
    pages = empty_pages(np.array([row["n_phases"] for row in records], np.uint8))
    if not records:
        return pages
    pages.point[:] = [row["point_id"] for row in records]
    pages.hour[:] = [int(row["hour"].timestamp()) // 3600 for row in records]
    pages.revision[:] = [row["revision"] for row in records]
    pages.interval_s[:] = [row["interval_s"] for row in records]
    pages.power_s[:] = [row["power_s"] or 0 for row in records]
    pages.active_ws[:] = [row["active_ws"] or 0 for row in records]
    pages.reactive_vars[:] = [row["reactive_vars"] or 0 for row in records]
    cells = np.frombuffer(b"".join(row["cells"] for row in records), "<i2")
    marks = np.frombuffer(b"".join(row["marks"] for row in records), np.uint8)
    pages.planes.cell[:] = cells.reshape(-1, MINUTES_PER_HOUR)
    pages.planes.mark[:] = marks.reshape(-1, MINUTES_PER_HOUR) & ~np.uint8(VERDICT_MASK)
    return pages


def pages_from_stream(stream: bytes) -> PageColumns:
    """Return the pages of a binary COPY of ``STREAMED_COLUMNS``; they are not judged yet.

    No object is made for a row: of large reads those took half of the time. Marks come as they are stored.
    """
    kinds = {
        (n_phases, n_marks): _read_dtype(n_phases, n_marks)
        for n_phases in (1, 3)
        for n_marks in (1, n_phases * MINUTES_PER_HOUR)
    }
    sizes = {which: kind.itemsize for which, kind in kinds.items()}
    n_phases_at = _last_byte_at(kinds[1, 1], "n_phases")
    n_marks_at = {which: _last_byte_at(kind, "length_marks") for which, kind in kinds.items()}
    starts, n_phases, n_marks = [], bytearray(), bytearray()
    at, end = len(COPY_BEGIN), len(stream) - len(COPY_END)
    while at < end:
        starts.append(at)
        n_phases.append(stream[at + n_phases_at])
        n_marks.append(stream[at + n_marks_at[n_phases[-1], 1]])
        at += sizes[n_phases[-1], n_marks[-1]]
    pages = empty_pages(np.frombuffer(n_phases, np.uint8))
    places, whole = np.array(starts, np.int64), np.frombuffer(stream, np.uint8)
    lengths = np.frombuffer(n_marks, np.uint8)
    for (phases, marks), kind in kinds.items():
        chosen = np.flatnonzero((pages.planes.n_phases == phases) & (lengths == marks))
        if chosen.size:
            some = whole[places[chosen][:, None] + np.arange(kind.itemsize)]
            _take(pages, chosen, some.view(kind)[:, 0])
    return pages


def _take(pages: PageColumns, chosen: NDArray[np.int64], rows: NDArray[np.void]) -> None:
    """Write rows, all of one number of phases and one length of marks, into the chosen pages."""
    pages.point[chosen] = rows["point_id"]
    for name in ("hour", "revision", "interval_s", "power_s", "active_ws", "reactive_vars"):
        getattr(pages, name)[chosen] = rows[name]
    planes = plane_indices(pages, chosen)
    pages.planes.cell[planes] = rows["cells"].reshape(-1, MINUTES_PER_HOUR)
    marks = rows["marks"] & ~np.uint8(VERDICT_MASK)
    if marks.shape[1] == 1:  # of all minutes of all phases
        pages.planes.mark[planes] = np.repeat(marks, planes.size // chosen.size, axis=0)
    else:
        pages.planes.mark[planes] = marks.reshape(-1, MINUTES_PER_HOUR)


def _last_byte_at(kind: np.dtype[np.void], name: str) -> int:
    """Return where in a row the lowest byte of a big-endian field is."""
    assert kind.fields is not None  # noqa: S101 (it has fields)
    field, start = kind.fields[name][:2]
    return start + field.itemsize - 1


def _read_dtype(n_phases: int, n_marks: int) -> np.dtype[np.void]:
    """Return the layout of one row of ``STREAMED_COLUMNS``: a field count, then a length before every value."""
    n_minutes = n_phases * MINUTES_PER_HOUR
    fields: list[Any] = [("n_fields", ">i2")]
    for name, _, dtype in _READ_FIXED:
        fields += [(f"length_{name}", ">i4"), (name, dtype)]
    fields += [("length_cells", ">i4"), ("cells", "<i2", (n_minutes,))]
    fields += [("length_marks", ">i4"), ("marks", "u1", (n_marks,))]
    return np.dtype(fields)


def _rows(
    pages: PageColumns, chosen: NDArray[np.int64], n_phases: int, nominal_mv: NDArray[np.int32]
) -> NDArray[np.void]:
    """Return the chosen pages, all of ``n_phases``, as the bytes of their COPY rows."""
    planes = plane_indices(pages, chosen)
    rows = np.zeros(chosen.size, _row_dtype(n_phases))
    rows["n_fields"] = len(COPY_COLUMNS)
    names = rows.dtype.names or ()
    for column in COPY_COLUMNS:
        rows[f"length_{column}"] = rows.dtype[column].itemsize if column in names else 0
    scores = pages.scores
    rows["hour"] = (pages.hour[chosen].astype(np.int64) - POSTGRES_EPOCH_HOURS) * HOUR_US
    rows["judgement"] = pages.judgement
    rows["point_id"] = pages.point[chosen]
    rows["nominal_mv"] = nominal_mv[chosen]
    rows["revision"] = pages.revision[chosen] + 1
    rows["interval_s"] = pages.interval_s[chosen]
    rows["n_phases"] = n_phases
    for code, name in enumerate(
        ("missing", "pass", "over", "under", "interrupted", "exempt", "invalid")
    ):
        rows[f"n_{name}"] = scores.counter[chosen, code]
    for name in ("cell_min", "cell_max", "spread_min", "spread_max"):
        rows[name] = getattr(scores, name)[chosen]
    rows["power_s"] = np.minimum(pages.power_s[chosen], np.iinfo(np.int16).max)
    rows["active_ws"] = pages.active_ws[chosen]
    rows["reactive_vars"] = pages.reactive_vars[chosen]
    rows["cells"] = pages.planes.cell[planes].astype("<i2").reshape(chosen.size, -1)
    rows["marks"] = pages.planes.mark[planes].reshape(chosen.size, -1)
    if n_phases > 1:
        rows["verdicts"] = scores.verdict[chosen]
        rows["phase_counts"] = (
            scores.phase_counter[planes].astype(np.uint8).reshape(chosen.size, -1)
        )
    return rows


def _row_dtype(n_phases: int) -> np.dtype[np.void]:
    """Return the layout of one COPY row: a field count, then a length before every value."""
    fields: list[Any] = [("n_fields", ">i2")]
    for name, dtype in _FIXED:
        fields += [(f"length_{name}", ">i4"), (name, dtype)]
    fields += [("length_cells", ">i4"), ("cells", "<i2", (n_phases * MINUTES_PER_HOUR,))]
    fields += [("length_marks", ">i4"), ("marks", "u1", (n_phases * MINUTES_PER_HOUR,))]
    fields += [("length_verdicts", ">i4")]
    if n_phases > 1:
        fields += [("verdicts", "u1", (MINUTES_PER_HOUR,))]
    fields += [("length_phase_counts", ">i4")]
    if n_phases > 1:
        fields += [("phase_counts", "u1", (n_phases * N_VERDICTS,))]
    return np.dtype(fields)
