"""A day minute by minute: runs of minutes of one verdict, in the order of time."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from kernels.layout import VERDICT_NAMES
from service.domain.explanation.minutes import MINUTE, Part, SpanMinutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Minutes that follow one another and have one verdict."""

    from_at: datetime  # local
    to_at: datetime
    verdict: str  # a word of VERDICT_NAMES
    n_minutes: int
    lowest_v: float | None  # measured, any phase; None: nothing was
    highest_v: float | None


def runs_of(minutes: SpanMinutes, part: Part, zone: ZoneInfo) -> list[Run]:
    """Return the runs of a part of the minutes, without gap or overlap."""
    if not part.n_minutes:
        return []
    verdicts = minutes.verdict[part.places]
    firsts = np.flatnonzero(np.diff(verdicts, prepend=verdicts[0] + np.uint8(1)))
    ends = [*firsts[1:].tolist(), part.n_minutes]
    return [
        _run(minutes, Part(part.first + first, part.first + end), zone)
        for first, end in zip(firsts.tolist(), ends, strict=True)
    ]


def _run(minutes: SpanMinutes, part: Part, zone: ZoneInfo) -> Run:
    volts = [
        minutes.volts(phase, part)[minutes.measured_of(phase, part)]
        for phase in range(minutes.n_phases)
    ]
    known = np.concatenate(volts)
    return Run(
        from_at=minutes.at(part.first).astimezone(zone),
        to_at=(minutes.at(part.end - 1) + MINUTE).astimezone(zone),
        verdict=VERDICT_NAMES[int(minutes.verdict[part.first])],
        n_minutes=part.n_minutes,
        lowest_v=float(known.min()) if known.size else None,
        highest_v=float(known.max()) if known.size else None,
    )
