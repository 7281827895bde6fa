"""What went together: pieces of several points whose starts lie within a window of time."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from service.domain.supply.pieces import Piece

Said = tuple[Piece, int]  # a piece, and whose it is


def together(said: Iterable[Said], window: int) -> list[list[Said]]:
    """Return the pieces in groups that went within ``window``, in order.

    Starts known to within the window make the groups: each goes with the one before it if no more
    than the window lies between. One that is less certain joins the largest group that its
    uncertainty reaches, of equal ones the last; where it reaches none, it goes with others like it.

    Args:
        said: Any order.
        window: Microseconds.
    """
    ordered = sorted(said, key=_order)
    sharp = [one for one in ordered if one[0].start - one[0].earliest <= window]
    vague = [one for one in ordered if one[0].start - one[0].earliest > window]
    groups = _chained(sharp, window)
    firsts = [group[0][0].start for group in groups]
    lasts = [group[-1][0].start for group in groups]
    joined: list[list[Said]] = [[] for _ in groups]
    alone: list[Said] = []
    for one in vague:
        low = bisect_left(lasts, one[0].earliest - window)
        high = bisect_right(firsts, one[0].start + window)
        if low < high:
            best = max(range(low, high), key=lambda i: (len(groups[i]), lasts[i]))
            joined[best].append(one)
        else:
            alone.append(one)
    whole = [sorted(group + more, key=_order) for group, more in zip(groups, joined, strict=True)]
    return sorted(whole + _chained(alone, window), key=lambda group: _order(group[0]))


def _chained(ordered: Sequence[Said], window: int) -> list[list[Said]]:
    groups: list[list[Said]] = []
    for one in ordered:
        if groups and one[0].start - groups[-1][-1][0].start <= window:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _order(one: Said) -> tuple[int, ...]:
    piece, whose = one
    return (piece.start, piece.end, piece.earliest, piece.latest, whose)
