"""The row of a rule set about losses of communication, in words."""

from decimal import Decimal

from service.domain.communication_rows import CommunicationRow


def value_of(row: CommunicationRow) -> str:
    """Return its values with their units."""
    return (
        f"opens at {_percent(row.share_below)} and {row.points_min} points below the same {row.slot_s} s of the last "
        f"{row.days} days ({row.days_min} of them known); closes at less than {_percent(row.share_closed)}; devices "
        f"with at most {row.delay_max_s} s of interval and delivery delay count; a partition that stands still is "
        f"waited for {row.lag_max_s} s"
    )


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} %"
