"""The row of a rule set that says what a loss of communication is."""

from typing import Literal, Self

from pydantic import Field, model_validator

from service.domain.rule_rows import Row, Share


class CommunicationRow(Row):
    """When points that stop reporting together are a communications incident, and when it is over."""

    slot_s: Literal[300, 600, 900, 1200, 1800, 3600]  # points are counted in slots of this length
    days: int = Field(ge=1, le=31)  # whose same slots say what is usual
    days_min: int = Field(ge=1)  # of these, that have to be of use
    share_below: Share  # this far below what is usual, or farther: an incident opens
    share_closed: Share  # less far below: it closes
    points_min: int = Field(ge=1)  # and so many points fewer, or more; fewer: it closes, too
    delay_max_s: int = Field(
        ge=60
    )  # devices whose interval and delivery delay are longer do not count
    lag_max_s: int = Field(
        ge=0
    )  # of newer data: a partition that stands still is no longer waited for

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Self:
        if not 0 < self.share_closed <= self.share_below:
            raise ValueError("share_closed is above 0 and at most share_below")
        if self.days_min > self.days:
            raise ValueError("days_min is at most days")
        return self
