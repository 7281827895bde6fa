"""Ranges of numbers with edges that belong to them or do not, and whether some of them cover every number once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two edges, each of which belongs to it or does not; None is no edge."""

    low: Fraction | None
    low_inside: bool
    high: Fraction | None
    high_inside: bool

    def __contains__(self, number: Fraction) -> bool:
        if self.low is not None and (
            number < self.low or (number == self.low and not self.low_inside)
        ):
            return False
        return self.high is None or number < self.high or (number == self.high and self.high_inside)

    def edges(self) -> list[Fraction]:
        """Return the edges there are."""
        return [edge for edge in (self.low, self.high) if edge is not None]

    def shown(self, symbol: str, unit: str) -> str:
        """Return it for people, such as ``0.1 <= u < 0.9 pu``; empty where it has no edge."""
        low = "" if self.low is None else f"{_plain(self.low)} {'<=' if self.low_inside else '<'} "
        high = (
            "" if self.high is None else f" {'<=' if self.high_inside else '<'} {_plain(self.high)}"
        )
        return f"{low}{symbol}{high} {unit}" if low or high else ""


def probes(edges: Iterable[Fraction]) -> list[Fraction]:
    """Return numbers from 0 on such that every range with these edges that is not empty holds one."""
    at = sorted({Fraction(0), *edges})
    between = [(low + high) / 2 for low, high in pairwise(at)]
    return sorted([*at, *between, at[-1] + 1])


def check_once(ranges: Sequence[Range], what: str) -> None:
    """Refuse ranges of which none, or more than one, holds some number from 0 on.

    Raises:
        ValueError: There is such a number; it is named, after ``what``.
    """
    for number in probes(edge for each in ranges for edge in each.edges()):
        if (n_ranges := sum(number in each for each in ranges)) != 1:
            raise ValueError(f"{what} {_plain(number)} lies in {n_ranges} rows, not in one")


def _plain(number: Fraction) -> str:
    return f"{Decimal(number.numerator) / number.denominator:f}"
