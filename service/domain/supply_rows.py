"""How evidence of lost supply is read: delays and tolerances of meters, shares of their number."""

from typing import Self

from pydantic import Field, model_validator

from service.domain.rule_rows import Row, Share


class EvidenceRow(Row):
    """How meter events, readings and neighbours are turned into interruptions and outages."""

    last_gasp_after_s_min: int = Field(ge=0)  # a last gasp is sent so long after supply went
    last_gasp_after_s_max: int = Field(ge=0)
    restored_after_s_min: int = Field(ge=0)  # a restored is sent so long after supply came back
    restored_after_s_max: int = Field(ge=0)
    gasp_repeated_within_s: int = Field(ge=0)  # a later one says that there was supply again
    silence_certain_s: int = Field(ge=0)  # silence up to a word is dark; of longer nobody knows
    event_tolerance_s: int = Field(ge=0)  # by which two events of a meter miss the same edge
    reading_tolerance_s: int = Field(ge=0)  # by which a reading may stand inside a dark time
    clock_tolerance_s: int = Field(ge=0)  # by which two clocks may differ
    declared_tolerance_s: int = Field(ge=0)  # by which declared times may be off
    witness_points_min: int = Field(ge=1)  # below it, with evidence of their own at that time
    live_share_max: Share  # of a place's points that may be live while it is out
    inferred_share_min: Share  # of a transformer's meters with evidence of their own
    inferred_points_min: int = Field(ge=1)  # and so many, unless all of them have it
    outage_window_s: int = Field(ge=0)  # what goes within it is one outage
    nested_share_max: Share  # of an outage's points may stay dark after it was restored

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.last_gasp_after_s_min > self.last_gasp_after_s_max:
            raise ValueError("last_gasp_after_s_min is above last_gasp_after_s_max")
        if self.restored_after_s_min > self.restored_after_s_max:
            raise ValueError("restored_after_s_min is above restored_after_s_max")
        return self
