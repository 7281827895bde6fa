"""Groups of few members say what single ones did: who may read sums only does not get them."""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def without_few(
    groups: Iterable[T], n_members: Callable[[T], int], fewest: int
) -> tuple[list[T], int]:
    """Return the groups of ``fewest`` members or more, and how many others there are."""
    every = list(groups)
    shown = [one for one in every if n_members(one) >= fewest]
    return shown, len(every) - len(shown)


def remainder_tells(members_withheld: Iterable[int], fewest: int) -> bool:
    """Return whether a total less the groups that are shown tells of fewer members than may be told of.

    Where one region of two members is withheld, the total of all regions must be, too.
    """
    return 0 < sum(members_withheld) < fewest


def fewest_seen(n_points: int, n_monitored: int) -> int:
    """Return of how many points a figure of a group tells: those of its mean, where it has one."""
    return min(n_points, n_monitored) if n_monitored else n_points
