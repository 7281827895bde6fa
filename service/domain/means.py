"""Unweighted means of many shares, exact, that can be put together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

_SCALE: Final = 1 << 128  # of a first, cheap look at where a mean stands


@dataclass(slots=True)
class ShareMean:
    """The mean of shares part / whole; those of one whole are summed first, so that it stays small.

    Shares of points over a month have few different wholes. Over a year there may be tens of thousands, and an exact
    fraction of them all takes seconds: ``reaches`` and ``nearest`` need none.
    """

    n_values: int = 0
    _part_of: dict[int, int] = field(default_factory=dict)  # by whole

    def add(self, part: int, whole: int, n_values: int = 1) -> None:
        """Take in ``n_values`` shares of one ``whole`` (not 0), whose parts sum to ``part``."""
        self.n_values += n_values
        self._part_of[whole] = self._part_of.get(whole, 0) + part

    def include(self, other: "ShareMean") -> None:
        """Take in every share of another mean."""
        self.n_values += other.n_values
        for whole, part in other.parts.items():
            self._part_of[whole] = self._part_of.get(whole, 0) + part

    @property
    def parts(self) -> Mapping[int, int]:
        """Sums of the parts by whole."""
        return self._part_of

    def value(self) -> Fraction | None:
        """Return the mean, exact; None of nothing."""
        if not self.n_values:
            return None
        terms = [Fraction(part, whole) for whole, part in self._part_of.items()]
        while len(terms) > 1:  # by pairs: sums of like size are cheaper than one that grows
            odd = terms[-1:] if len(terms) % 2 else []
            terms = [a + b for a, b in zip(terms[::2], terms[1::2], strict=False)] + odd
        return terms[0] / self.n_values

    def nearest(self) -> float | None:
        """Return the mean as a float, off by at most one in its last digit; None of nothing."""
        if not self.n_values:
            return None
        return (self._scaled() / self.n_values) / _SCALE

    def reaches(self, share: Fraction) -> bool:
        """Return whether there is a mean and it is not below ``share``; judged exactly, unrounded."""
        if not self.n_values:
            return False
        wanted = share.numerator * self.n_values * _SCALE
        low = self._scaled() * share.denominator
        if low >= wanted:
            return True
        if low + len(self._part_of) * share.denominator <= wanted:
            return False
        exact = self.value()
        return exact is not None and exact >= share

    def _scaled(self) -> int:
        """Return the sum of the shares times _SCALE, each term rounded down: short by less than one a whole."""
        return sum(part * _SCALE // whole for whole, part in self._part_of.items())
