"""The running day and month of the deployment: those that the data have reached."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from service.domain.periods import next_month
from service.metrics import Period
from service.store.deployment_reads import Snapshot, newest_day


def running_days(snapshot: Snapshot, now: datetime) -> Mapping[Period, tuple[date, date]]:
    """Return the running day and month as half-open ranges of days, in the deployment's zone."""
    day = newest_day(snapshot, now)
    return {
        "day": (day, day + timedelta(days=1)),
        "month": (day.replace(day=1), next_month(day)),
    }
