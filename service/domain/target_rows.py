"""Targets: what a figure has to reach, where, and who has to reach it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, Self

from pydantic import model_validator

from service.domain.registry import TargetArea
from service.domain.rule_rows import Row, Share

Figure = Literal["pass_rate", "composite_pass_rate", "supply_reliability", "compliant_share"]
Population = Literal["residential_points", "points_from_10kv", "all_points", "users"]
Reach = Literal["each", "average", "generality"]
POPULATIONS_OF: Mapping[Figure, tuple[Population, ...]] = MappingProxyType(
    {
        "pass_rate": ("residential_points", "points_from_10kv", "all_points"),
        "composite_pass_rate": ("all_points",),
        "supply_reliability": ("users",),
        "compliant_share": ("all_points",),
    }
)


class TargetRow(Row):
    """What a figure has to reach, where, and who has to reach it.

    ``each``: every region by itself. ``average``: all regions together. ``generality``: ``at_least``
    is the share of the population's members that have to keep the limits by themselves. The figure
    ``compliant_share`` is about the week limits, and its population the members that one covers.
    """

    figure: Figure
    area: TargetArea | Literal["any"]
    population: (
        Population  # whose figures are averaged; users: of the class that the rule set publishes
    )
    reach: Reach
    at_least: Share | None = None  # None: set elsewhere, see set_by
    set_by: str = ""  # who sets it, where the rule set gives no number

    @model_validator(mode="after")
    def _is_a_figure_of_its_population(self) -> Self:
        allowed = POPULATIONS_OF[self.figure]
        if self.population not in allowed:
            raise ValueError(f"population of {self.figure} is one of: {', '.join(allowed)}")
        return self

    @model_validator(mode="after")
    def _has_a_number_or_says_whose(self) -> Self:
        if (self.at_least is None) == (self.set_by == ""):
            raise ValueError("give at_least, or say in set_by who sets it, and not both")
        return self
