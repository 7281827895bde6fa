"""SAIDI of days by the users in service on each."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from service.domain.instants import epoch_us
from service.domain.periods import day_start
from service.domain.reliability.major_event_days import daily_saidi
from service.domain.reliability.outages import Span
from service.domain.reliability.user_interruptions import UserInterruption
from service.domain.reliability.user_time import UserTime
from service.domain.reliability.users import User

_DAY: Final = timedelta(days=1)


def daily_saidi_of(
    users: Sequence[User],
    interruptions: Sequence[UserInterruption],
    period: Span,
    zone: ZoneInfo,
) -> dict[date, Fraction]:
    """Return the SAIDI of the days of a period in ``zone``, minutes, each by the users in service on it."""
    user_time = UserTime(span for user in users for span in user.service)

    def n_users_on(day: date) -> Fraction:
        edges = (epoch_us(day_start(one, zone)) for one in (day, day + _DAY))
        return user_time.n_users(Span(*edges).cut(period))

    return daily_saidi(interruptions, period, n_users_on, zone)
