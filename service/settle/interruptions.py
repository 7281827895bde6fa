"""Keeping the interruptions of points in line with their minutes, events and declared outages."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kernels.layout import INTERRUPTED
from service.domain.evidence import Ledger
from service.domain.interruptions import interruptions_of
from service.domain.registry import Declaration
from service.settle.knowledge import Knowledge
from service.store.interruption_rows import (
    Window,
    read_events,
    read_ledger,
    replace_interruptions,
    watermark,
    windows_concerned,
)
from service.store.pool import Connection
from service.store.rollups import PointDay

FIRST_MARGIN = timedelta(hours=6)
WIDEST = timedelta(days=4000)


async def rebuild_interruptions(
    connection: Connection, known: Knowledge, days: Sequence[PointDay]
) -> None:
    """Derive the interruptions anew that touch ``days``, in the transaction that counted them."""
    through = await watermark(connection)
    for window in await windows_concerned(connection, days):
        outages = [
            one
            for one in known.registry.declarations
            if one.kind == "outage" and window.point_id in one.point_ids
        ]
        await _rebuild(connection, window, outages, through)


async def _rebuild(
    connection: Connection, asked: Window, outages: Sequence[Declaration], through: datetime
) -> None:
    """Widen the window until it begins and ends with a live minute or with the ledger, then replace what is in it."""
    margin = FIRST_MARGIN
    while True:
        window = Window(
            asked.point_id, _earlier(asked.from_at, margin), _later(asked.to_at, margin)
        )
        ledger, interval_s = await read_ledger(connection, window)
        if margin >= WIDEST or _ends_are_live(ledger, asked, through):
            break
        margin *= 8
    events = await read_events(connection, window)
    found = interruptions_of(ledger, interval_s, events, outages, through)
    await replace_interruptions(connection, _between_live_minutes(window, ledger, asked), found)


def _ends_are_live(ledger: Ledger, asked: Window, through: datetime) -> bool:
    """Return whether supply was measured on both sides of what was asked for, as far as the data reach."""
    live = _live_minutes(ledger)
    if not live.size or live[0] >= _minute(asked.from_at):
        return False
    return bool(asked.to_at >= through or live[-1] >= _minute(asked.to_at))


def _between_live_minutes(window: Window, ledger: Ledger, asked: Window) -> Window:
    """Return the part of ``window`` in which the ledger says everything: from live minute to live minute."""
    live = _live_minutes(ledger)
    before, after = live[live < _minute(asked.from_at)], live[live >= _minute(asked.to_at)]
    return Window(
        window.point_id,
        _time(int(before[0])) if before.size else window.from_at,
        _time(int(after[-1])) if after.size else window.to_at,
    )


def _live_minutes(ledger: Ledger) -> NDArray[np.int64]:
    is_live = ledger.measured & (ledger.verdict != INTERRUPTED)
    minutes: NDArray[np.int64] = ledger.minute[is_live]
    return minutes


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _time(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _earlier(at: datetime, margin: timedelta) -> datetime:
    return max(at, datetime(1970, 1, 1, tzinfo=UTC) + margin) - margin


def _later(at: datetime, margin: timedelta) -> datetime:
    return min(at, datetime(2900, 1, 1, tzinfo=UTC) - margin) + margin
