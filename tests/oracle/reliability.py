"""The slow plain twin of the reliability figures: every second of every user is looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.reliability.outages import SECOND_US, Definition, Outage


@dataclass(frozen=True, slots=True)
class Seconds:
    """What one user's seconds say, of a period and of all time."""

    n_dark: int  # seconds of the period without supply
    n_interruptions: int  # that start in the period
    n_dark_sustained: int
    n_sustained: int


def seconds_of(
    outages: Sequence[Outage], user: str, rule: Definition, period: tuple[int, int], through: int
) -> Seconds:
    """Return what can be counted second by second; times in whole seconds since the epoch.

    Written to be read, not to be fast: no spans, no unions, a set of dark seconds.
    """
    dark: set[int] = set()
    for outage in outages:
        if outage.users is not None and user in outage.users:
            end = through if outage.end is None else outage.end // SECOND_US
            dark |= set(range(outage.start // SECOND_US, end))
    open_from = {
        outage.start // SECOND_US
        for outage in outages
        if outage.end is None and outage.users is not None and user in outage.users
    }
    groups: list[list[int]] = []
    for second in sorted(dark):
        if groups and second - (groups[-1][-1] + 1) <= rule.merge_within_us // SECOND_US:
            groups[-1].append(second)
        else:
            groups.append([second])
    start, end = period
    found = [0, 0, 0, 0]
    for group in groups:
        limit_s = rule.sustained_us // SECOND_US
        sustained = len(group) > limit_s or (len(group) == limit_s and rule.sustained_inclusive)
        sustained = sustained or any(second in open_from for second in group)
        n_dark = sum(start <= second < end for second in group)
        begins = start <= group[0] < end
        found[0] += n_dark
        found[1] += begins
        found[2] += n_dark * sustained
        found[3] += begins and sustained
    return Seconds(*found)
