"""One measured figure and what it is held against."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a figure says of its target; ``INFORMS`` where it has none."""

    MET = "met"
    MISSED = "missed"
    NOT_VERIFIED = "not verified"
    INFORMS = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure; without ``at_least`` and ``at_most`` (both inclusive) it only informs."""

    name: str
    value: float | None  # None: cannot be measured here; `why` says what lacks
    unit: str
    row: int | None = None  # of `rows.ROWS`; None: stands beside them
    at_least: float | None = None
    at_most: float | None = None
    against: str = ""  # floor or peer of the same run, with its own figure
    why: str = ""  # the profile that explains it where it is missed

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return "" if self.value is None else f"{rounded(self.value)} {self.unit}".rstrip()

    @property
    def target(self) -> str:
        """What it is held to."""
        bounds = ((">=", self.at_least), ("<=", self.at_most))
        shown = [f"{sign} {bound:g}" for sign, bound in bounds if bound is not None]
        return f"{' and '.join(shown)} {self.unit}".rstrip() if shown else ""

    @property
    def verdict(self) -> Verdict:
        """Whether the target is met; one that was not measured is never met."""
        if self.at_least is None and self.at_most is None:
            return Verdict.INFORMS
        if self.value is None:
            return Verdict.NOT_VERIFIED
        is_under = self.at_least is not None and not self.value >= self.at_least
        is_over = self.at_most is not None and not self.value <= self.at_most
        return Verdict.MISSED if is_under or is_over else Verdict.MET

    @property
    def is_missed(self) -> bool:
        """Whether it falls short."""
        return self.verdict is Verdict.MISSED


def rounded(value: float) -> str:
    """Return ``value`` with two decimals below 100, and without any above."""
    return f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"
