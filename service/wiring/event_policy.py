"""Which meter events are accepted, in every role that takes them."""

from service.domain.meter_events import EventPolicy
from service.settings.parts import JudgingSettings


def event_policy(settings: JudgingSettings) -> EventPolicy:
    """Return how far an event may lie from the time of its record, as the settings say."""
    return EventPolicy(
        ahead_ms=settings.stamp_ahead_s * 1000, oldest_ms=settings.meter_event_age_s * 1000
    )
