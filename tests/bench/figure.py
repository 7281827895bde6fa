"""One measured figure and what it is held against."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure, larger is better; without ``at_least`` it only informs."""

    name: str
    value: float
    unit: str
    at_least: float | None = None

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return f"{self.value:,.2f} {self.unit}"

    @property
    def target(self) -> str:
        """What it is held against."""
        return "" if self.at_least is None else f">= {self.at_least:g} {self.unit}"

    @property
    def is_missed(self) -> bool:
        """Whether it falls short."""
        return self.at_least is not None and self.value < self.at_least

    @property
    def verdict(self) -> str:
        """The same in a word."""
        return "" if self.at_least is None else "missed" if self.is_missed else "met"
