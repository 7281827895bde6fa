"""The composite rate of a network from the rates of its classes of points; exact."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from service.domain.registry import PointClass
from service.domain.rule_rows import CompositeRow

_OTHERS: Final[tuple[PointClass, ...]] = ("B", "C", "D")
CLASSES: Final[tuple[PointClass, ...]] = ("A", *_OTHERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeRate:
    """A composite rate, 0..1; None as long as a class has no rate."""

    rate: Fraction | None
    missing: tuple[PointClass, ...]  # classes without a rate


def composite_rate(
    rate_of: Mapping[PointClass, Fraction | None], rule: CompositeRow
) -> CompositeRate:
    """Return ``w A + (1 - w) (B + C + D) / 3``, w being the weight of class A.

    A class without a rate, whether it has no points or no monitored one, makes the composite None and is named:
    it is not taken for 0, nor are the weights of the others raised.

    Source: GB/T 12325-2008 annex; domain reference, 2.5.
    """
    known = {one: rate for one in CLASSES if (rate := rate_of.get(one)) is not None}
    missing = tuple(one for one in CLASSES if one not in known)
    if missing:
        return CompositeRate(rate=None, missing=missing)
    weight = Fraction(rule.class_a_weight)
    others = sum((known[one] for one in _OTHERS), Fraction(0)) / len(_OTHERS)
    return CompositeRate(rate=weight * known["A"] + (1 - weight) * others, missing=())
