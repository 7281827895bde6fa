"""Least delays: how soon after its end the quickest reading of each lane came."""

from kernels._jit import kernel, signed
from kernels.layout import NONE, Bytes, Folded, Int64s, LaneSettings


@kernel
def shorten(  # noqa: PLR0913, PLR0917  (a kernel's columns)
    settings: LaneSettings,
    folded: Folded,
    record_ms: Int64s,
    begin_ms: int,
    end_ms: int,
    first: int,
    step: int,
    delay_ms: Int64s,
    is_news: Bytes,
) -> int:
    """Bring ``delay_ms`` down to the delays of readings ``first``, ``first + step``, ..., and mark that as news.

    Shapes: ``settings``, ``delay_ms`` and ``is_news`` ``(n_lanes,)``; ``record_ms`` as long as ``folded``.
    Units: milliseconds; below 0 where a reading ends after its record.
    Order: any.
    Requires: ``fold`` has written all of ``folded``.

    Returns:
        Number of readings whose record lies in ``begin_ms .. end_ms - 1``; no other counts.
    """
    n_seen = 0
    for i in range(first, folded.lane.size, max(step, 1)):
        lane = signed(folded.lane[i])
        if lane == NONE or record_ms[i] < begin_ms or record_ms[i] >= end_ms:
            continue
        n_seen += 1
        delay = record_ms[i] - folded.start_ms[i] - settings[lane].interval_ms
        if delay < delay_ms[lane]:
            delay_ms[lane] = delay
            is_news[lane] = 1
    return n_seen
