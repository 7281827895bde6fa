"""The one join: what a cell becomes when two candidates for it meet."""

from kernels._cells import wins
from kernels._jit import inline, kernel, signed
from kernels.layout import (
    MINUTES_PER_HOUR,
    VERDICT_MASK,
    Cells,
    Int32s,
    Marks,
)


@kernel
def join(cell: Cells, mark: Marks, other_cell: Cells, other_mark: Marks) -> int:
    """Join ``other`` into ``cell`` and ``mark``, plane by plane, in place.

    The greater (rank, share, size of the deviation, deviation) wins: commutative, associative and idempotent.

    Shapes: all ``(n_planes, 60)``.
    Units: 0.01 % of nominal; the verdict bits of a mark take no part, and are 0 in a cell that changed.
    Requires: equal shapes.

    Returns:
        Number of cells that changed.

    Source: design, section 1.
    """
    n_changed = 0
    for plane in range(cell.shape[0]):
        n_changed += _join_plane(cell, mark, plane, other_cell, other_mark, plane)
    return n_changed


@kernel
def join_into(cell: Cells, mark: Marks, into: Int32s, other_cell: Cells, other_mark: Marks) -> int:
    """Join plane ``i`` of ``other`` into plane ``into[i]``, in place; several may share a target.

    Shapes: ``into`` ``(n_others,)``; others ``(n_others, 60)``; targets ``(n_planes, 60)``.
    Units: as ``join``.
    Order: the result does not depend on the order of the others.
    Requires: every index in ``0 .. n_planes - 1``.

    Returns:
        Number of cells that changed, counted each time.
    """
    n_changed = 0
    for i in range(into.size):
        n_changed += _join_plane(cell, mark, into[i], other_cell, other_mark, i)
    return n_changed


@inline
def _join_plane(
    cell: Cells, mark: Marks, plane: int, other_cell: Cells, other_mark: Marks, other: int
) -> int:
    n_changed = 0
    for m in range(MINUTES_PER_HOUR):
        if wins(
            signed(other_mark[other, m]),
            signed(other_cell[other, m]),
            signed(mark[plane, m]),
            signed(cell[plane, m]),
        ):
            cell[plane, m] = other_cell[other, m]
            mark[plane, m] = signed(other_mark[other, m]) & ~VERDICT_MASK
            n_changed += 1
    return n_changed
