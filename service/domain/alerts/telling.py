"""Whether an outage may be told, why not, and when what was told is over: by how many of its points count.

The one place that says so. The live watch asks it of what it knows now, the back-test at each
instant of what was known then.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import OutageReason

_SECOND_US: Final = 1_000_000
_FURTHER: Final[dict[OutageReason | None, int]] = {  # what it takes to be told, in order
    "no_meter_evidence": 0,
    "below_threshold": 1,
    "stale": 2,
    None: 3,  # waited with; what is over by then was reclosed
    "reclosed": 3,
    "feeder_outage": 4,
    "storm": 4,
    "declared_window": 5,
}


class Going(NamedTuple):
    """How many points went, as far as their meters said: that supply went, or that it is back."""

    n_went: int = 0
    n_gone: int = 0  # of these, those that went so long ago as the wait for reclosing
    n_left: int = 0  # of these, those that are not known to be back


class Tally(NamedTuple):
    """The points of one outage as they are known at one instant."""

    n_said: int  # whose meter said that supply went
    n_heard: int  # whose meter said so, or that it is back
    n_news: int  # of these, those whose word was no old news; only they count in what follows
    every: Going  # as if nothing were declared
    free: Going  # those that no window holds, or held
    n_overrun: int  # dark beyond the end of a window, for the wait for reclosing
    since_back: int | None  # microseconds since a first point was known to be back; None: none is


def may_tell(going: Going, since_back: int | None, rule: AlertsRow) -> bool:
    """Return whether enough points count, and more than are only late in saying that they are back."""
    if going.n_left < rule.interruption_points_min:
        return False
    if since_back is None or since_back >= rule.left_wait_s * _SECOND_US:
        return True
    is_waited = since_back >= rule.return_wait_s * _SECOND_US
    return is_waited and not _are_few(going.n_left, going.n_gone, rule.unheard_share_max)


def overruns(tally: Tally, rule: AlertsRow) -> bool:
    """Return whether enough points are dark beyond the end of their window, and more than are only late."""
    enough = tally.n_overrun >= rule.interruption_points_min
    return enough and not _are_few(tally.n_overrun, tally.every.n_went, rule.left_share_max)


def is_over(n_left: int, n_most: int, rule: AlertsRow) -> bool:
    """Return whether what was told is over.

    Args:
        n_left: Points of the alert without supply now.
        n_most: The most that were so at once since it was told.
        rule: How large a share may be left.
    """
    return _are_few(n_left, n_most, rule.left_share_max)


def why_not(tally: Tally, rule: AlertsRow) -> OutageReason | None:
    """Return the first thing that keeps an outage from being told that may not be; None: it is waited with."""
    least = rule.interruption_points_min
    if not tally.n_said:
        return "no_meter_evidence"
    if tally.n_heard < least:
        return "below_threshold"
    if tally.n_news < least:
        return "stale"
    if tally.free.n_went < least or may_tell(tally.every, tally.since_back, rule):
        return "declared_window"
    if tally.free.n_gone < least:
        return None
    is_waited = tally.since_back is None or tally.since_back >= rule.return_wait_s * _SECOND_US
    return "reclosed" if is_waited or tally.free.n_left < least else None


def further(before: OutageReason | None, now: OutageReason | None) -> OutageReason | None:
    """Return which of two reasons came closer to being told; of two alike the later one."""
    return before if _FURTHER[before] > _FURTHER[now] else now


def was_news(reason: OutageReason | None) -> bool:
    """Return whether what is held for a reason was news when it came."""
    return _FURTHER[reason] > _FURTHER["stale"]


def _are_few(n_left: int, n_of: int, share_max: Decimal) -> bool:
    return n_left <= Fraction(share_max) * n_of
