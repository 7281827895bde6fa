"""The row of a rule set about alerts, in words."""

from decimal import Decimal

from service.domain.alerts.rows import AlertsRow


def value_of(row: AlertsRow) -> str:
    """Return its values with their units."""
    parts = (
        f"breach: {_percent(row.breach_share_min)} and {row.breach_points_min} points of a feeder for "
        f"{row.breach_for_s} s, over after {row.breach_clear_s} s, told at most each {row.breach_interval_s} s",
        f"dangerous voltage: {row.high_voltage_for_s} s",
        f"outage: {row.interruption_points_min} points and {row.reclose_wait_s} s, over when "
        f"{_percent(row.left_share_max)} or fewer are left, which is seen {row.return_wait_s} s after the first is "
        f"back; while {_percent(row.unheard_share_max)} or fewer are not heard of, they are told "
        f"{row.left_wait_s} s after it",
        f"news older than {row.news_age_max_s} s notifies nobody",
        f"declared windows hold from {row.declared_early_s} s before, an overrun is told {row.overrun_wait_s} s after",
        f"storm: {row.storm_alerts_min} outages in {row.storm_window_s} s, over after {row.storm_over_s} s",
        f"grouped for {row.group_wait_s} s, then each {row.group_interval_s} s, again after {row.repeat_s} s",
        f"budget: {row.budget_notifications} in {row.budget_s} s",
        f"shift: {row.shift_s} s",
    )
    return "; ".join(parts)


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} %"
