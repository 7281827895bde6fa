"""Whether a planned outage stayed in its announced window."""

from collections.abc import Iterator

from service.domain.instants import MINUTE_US
from service.domain.promise_rows import PlannedWindowRow
from service.domain.promises.cases import Breach, Case, minutes_of
from service.domain.promises.notice import AnnouncedOutage


def window_case(row: PlannedWindowRow, outage: AnnouncedOutage, now: int) -> Case | None:
    """Return whether an outage kept its window; None where it has none, was cancelled, or is to come.

    Exactly at the announced time is kept. One that goes on is open up to the announced restore
    time, and broken already after it: then it overruns up to ``now``. One whose window has passed
    and of which nobody said whether it came is a case that is not judged: to leave its times out
    does not take it away.
    """
    if outage.window_from is None or outage.window_to is None:
        return None
    if outage.from_at is None:
        is_unknown = not outage.is_cancelled and now >= outage.window_to
        return _unknown(outage, outage.window_from) if is_unknown else None
    breaches = tuple(_breaches(row, outage, now))
    is_open = outage.to_at is None
    is_kept = False if breaches else None if is_open else True
    return Case(
        subject=outage.ticket,
        record_id=outage.declaration_id,
        regions=outage.regions,
        at=outage.from_at,
        is_kept=is_kept,
        would_be_kept=is_kept,
        is_open=is_open,
        breaches=breaches,
    )


def _unknown(outage: AnnouncedOutage, at: int) -> Case:
    return Case(
        subject=outage.ticket,
        record_id=outage.declaration_id,
        regions=outage.regions,
        at=at,
        is_kept=None,
        would_be_kept=None,
    )


def _breaches(row: PlannedWindowRow, outage: AnnouncedOutage, now: int) -> Iterator[Breach]:
    if outage.from_at is None or outage.window_from is None or outage.window_to is None:
        return
    allowed_us = row.at_most_minutes * MINUTE_US
    early_us = outage.window_from - outage.from_at
    if early_us > allowed_us:
        yield Breach("off_early", minutes_of(early_us), "minutes")
    over_us = (now if outage.to_at is None else outage.to_at) - outage.window_to
    if over_us > allowed_us:
        yield Breach("restored_late", minutes_of(over_us), "minutes")
