"""The row of a rule set that says what people are told, and when."""

from typing import Self

from pydantic import Field, model_validator

from service.domain.rule_rows import Row, Share


class AlertsRow(Row):
    """When an alert is raised, what holds it back, and how often an organisation is told.

    A point above +20 % is ``events.high_voltage`` of the rule set; how far inside its band a point
    ends its breach is ``events.breach_hysteresis``.
    """

    breach_share_min: Share  # of a feeder's points outside their band, or more
    breach_points_min: int = Field(ge=1)  # and so many points, or more
    breach_for_s: int = Field(ge=60, multiple_of=60)  # for so long: the alert is raised
    breach_clear_s: int = Field(ge=60, multiple_of=60)  # fewer for so long: it is over
    breach_interval_s: int = Field(ge=60)  # between two notifications of an organisation's breaches
    high_voltage_for_s: int = Field(ge=60, multiple_of=60)  # any point, for so long
    interruption_points_min: int = Field(ge=1)  # of an outage that meters told of; fewer: a ticket
    reclose_wait_s: int = Field(ge=0)  # an outage is told when it has lasted so long
    return_wait_s: int = Field(ge=0)  # after a first point is back, others get so long to say so
    left_wait_s: int = Field(ge=60)  # few that are left are told when it is so long ago
    left_share_max: (
        Share  # of the most that were dark at once: what is told is over when no more are left
    )
    unheard_share_max: Share  # of what went; no more not heard of when others are back: reclosed
    news_age_max_s: int = Field(ge=60)  # what is older when it arrives notifies nobody
    declared_early_s: int = Field(
        ge=0
    )  # a declared window begins so much before its announced start
    overrun_wait_s: int = Field(ge=0)  # an overrun is told so long after the window's end
    storm_alerts_min: int = Field(ge=2)  # so many interruptions of an organisation
    storm_window_s: int = Field(ge=60)  # within so long: a storm
    storm_over_s: int = Field(ge=60)  # no new alert for so long: it is over, and accounted for
    group_wait_s: int = Field(ge=0)  # alerts of an organisation wait so long for one another
    group_interval_s: int = Field(ge=1)  # and between two notifications so long
    repeat_s: int = Field(ge=60)  # what goes on is told again after so long
    budget_s: int = Field(ge=60)  # an organisation is told
    budget_notifications: int = Field(ge=1)  # at most so often within it
    shift_s: int = Field(ge=3600)  # a shift; without a true outage in it: a quiet one

    @model_validator(mode="after")
    def _times_fit_together(self) -> Self:
        if self.group_wait_s > self.group_interval_s:
            raise ValueError("group_wait_s is at most group_interval_s")
        if self.breach_interval_s < self.group_interval_s:
            raise ValueError("breach_interval_s is at least group_interval_s")
        if self.left_wait_s < self.return_wait_s:
            raise ValueError("left_wait_s is at least return_wait_s")
        if 86_400 % self.shift_s:
            raise ValueError("shift_s divides a day")
        if self.storm_over_s < self.group_interval_s:
            raise ValueError("storm_over_s is at least group_interval_s")
        return self
