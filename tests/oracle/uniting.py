"""The slow plain twin of uniting evidence: pairs, sets and whole seconds."""

from collections.abc import Sequence

from service.domain.supply.pieces import GRADES, OPEN, Piece

Edges = tuple[int, int, int, int]


def united(pieces: Sequence[Piece], tolerance: int) -> list[Edges]:
    """Return earliest, start, end and latest of what the pieces come to, in order.

    Written to be read, not to be fast: who knows whom is asked of every pair, again and again.
    """
    groups = [frozenset({piece}) for piece in set(pieces)]
    while pair := _two_that_belong_together(groups, tolerance):
        groups = [one for one in groups if one not in pair] + [frozenset().union(*pair)]
    rows = sorted(_edges(group, tolerance) for group in groups)
    rows.sort(key=lambda row: row[1])
    for i, (earliest, start, end, latest) in enumerate(rows):
        before = rows[i - 1][2] if i else earliest
        after = rows[i + 1][1] if i + 1 < len(rows) else latest
        rows[i] = max(earliest, before), start, end, min(latest, after)
    return rows


def _two_that_belong_together(
    groups: Sequence[frozenset[Piece]], tolerance: int
) -> tuple[frozenset[Piece], ...]:
    for a in groups:
        for b in groups:
            if a is b:
                continue
            if any(_same(one, other) for one in a for other in b):
                return a, b
    for a in groups:
        for b in groups:
            if a is not b and _share_a_moment(_edges(a, tolerance), _edges(b, tolerance)):
                return a, b
    return ()


def _same(a: Piece, b: Piece) -> bool:
    if set(range(a.start, min(a.end, 10**6) + 1)) & set(range(b.start, min(b.end, 10**6) + 1)):
        return True
    starts = set(range(a.earliest, a.start + 1)) & set(range(b.earliest, b.start + 1))
    return bool(starts) and max(a.end, b.end) <= min(a.latest, b.latest)


def _share_a_moment(a: Edges, b: Edges) -> bool:
    return max(a[1], b[1]) <= min(a[2], b[2])


def _edges(group: frozenset[Piece], tolerance: int) -> Edges:
    first, last = min(p.start for p in group), max(p.end for p in group)
    by_start = sorted(
        (p.start - p.earliest, GRADES.index(p.grade), p.start, p.earliest)
        for p in group
        if p.earliest - first <= tolerance
    )
    by_end = sorted(
        (p.latest - p.end, GRADES.index(p.grade), -p.end, -p.latest)
        for p in group
        if p.latest == OPEN or last - p.latest <= tolerance
    )
    earliest, latest = by_start[0][3], -by_end[0][3]
    start, end = max(first, earliest), min(last, latest)
    if start > end:
        start, end = first, last
    return min(earliest, start), start, end, max(latest, end)
