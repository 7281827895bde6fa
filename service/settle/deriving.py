"""Deriving evidence and interruptions of feeders anew, and storing what differs."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from service.domain.supply.feeders import FeederSupply, feeder_supply
from service.domain.supply.interruptions import Interruption
from service.domain.supply.pieces import Grade, Piece
from service.domain.supply.register import RegisterEntry
from service.settle.continuing import ended_since
from service.settle.feeder_jobs import (
    Job,
    Said,
    concerned,
    hull,
    is_own,
    part_looked_at,
    reaches_into,
    witnessed_span,
)
from service.settle.looking import Look, Seen
from service.settle.mask_changes import mask_changes
from service.settle.windows import Stretch
from service.store.evidence_rows import (
    PieceKey,
    StoredEvidence,
    evidence_in,
    physical_evidence_of,
    piece_key,
    replace_evidence,
)
from service.store.interruption_rows import (
    Difference,
    interruptions_in,
    replace_interruptions,
)
from service.store.judgement import Change
from service.store.pool import Connection
from service.store.register_reads import register_entries

_DAY_US: Final = 86_400_000_000  # entries are looked for so far beside: their times may be off


@dataclass(slots=True)
class Derived:
    """What came of some jobs."""

    n_points: int = 0  # derived anew, those that were not due included
    n_rows: int = 0  # of evidence and interruptions, written or deleted
    n_false_alarms: int = 0  # last gasps of meters that went on reading
    changed: Counter[Grade] = field(default_factory=Counter)  # interruptions, by best grade
    changes: list[Change] = field(default_factory=list)  # what is to be judged again
    differences: list[tuple[Job, Difference]] = field(default_factory=list)  # those that are any

    def __iadd__(self, other: "Derived") -> "Derived":
        self.n_points += other.n_points
        self.n_rows += other.n_rows
        self.n_false_alarms += other.n_false_alarms
        self.changed += other.changed
        self.changes += other.changes
        self.differences += other.differences
        return self


async def derive(connection: Connection, look: Look, jobs: Sequence[Job]) -> Derived:
    """Bring evidence and interruptions of some feeders in line with all that is known, each feeder once.

    Call it in the transaction that took away what is due.
    """
    asked = {point_id: one for job in jobs for point_id, one in job.asked.items()}
    seen = {one.point.point_id: one for one in await look.at(connection, asked)}
    more, looked = await _others(connection, jobs, seen)
    seen |= {one.point.point_id: one for one in await look.at(connection, more)}
    found = await _supply(connection, look, jobs, seen)
    return await _store(connection, jobs, seen, looked, found, look.kept_from_us)


async def _others(
    connection: Connection, jobs: Sequence[Job], seen: Mapping[int, Seen]
) -> tuple[dict[int, Stretch], dict[int, Stretch]]:
    """Return for what time other points, or those that are due, are to be looked at, too; and for what places are."""
    stretches = {point_id: one.stretch for point_id, one in seen.items()}
    before: defaultdict[int, list[StoredEvidence]] = defaultdict(list)
    for stored in await evidence_in(connection, stretches):
        before[stored.point_id].append(stored)
    changed = {point_id: _changed(one, before[point_id]) for point_id, one in seen.items()}
    spans = [hull([job.span, *_times(job, changed)]) for job in jobs]
    near: defaultdict[int, list[Piece]] = defaultdict(list)
    for stored in await physical_evidence_of(
        connection, [point_id for job in jobs for point_id in job.points], hull(spans)
    ):
        near[stored.point_id].append(stored.piece)
    more: dict[int, Stretch] = {}
    looked: dict[int, Stretch] = {}
    for job, span in zip(jobs, spans, strict=True):
        said = _said(job, span, seen, near, changed)
        places = [
            piece
            for point_id in job.points
            for piece in near[point_id]
            if not is_own(piece) and reaches_into(piece, span)
        ]
        wide = witnessed_span(span, said)
        looked |= {point_id: hull([wide, one]) for point_id, one in job.asked.items()}
        for point_id in concerned(job, said, places):
            whole = looked[point_id] = hull([wide, job.asked.get(point_id, wide)])
            if point_id not in seen or not _covers(seen[point_id].stretch, whole):
                more[point_id] = whole
    return more, looked


def _changed(seen: Seen, stored: Sequence[StoredEvidence]) -> list[Piece]:
    """Return what the point says of itself now and did not, or did and does not any more."""
    point_id = seen.point.point_id
    now = {
        piece_key(point_id, piece): piece
        for piece in seen.own.pieces
        if _starts_in(piece.start, seen.stretch)
    }
    then = {one.key: one.piece for one in stored if is_own(one.piece)}
    differing = now.keys() ^ then.keys()
    return [now.get(key) or then[key] for key in differing]


def _times(job: Job, changed: Mapping[int, Sequence[Piece]]) -> list[Stretch]:
    return [
        Stretch(piece.earliest, max(piece.start, piece.end))
        for point_id in job.asked
        for piece in changed[point_id]
    ]


def _said(
    job: Job,
    span: Stretch,
    seen: Mapping[int, Seen],
    stored: Mapping[int, Sequence[Piece]],
    changed: Mapping[int, Sequence[Piece]],
) -> list[Said]:
    """Return what points of a feeder say of themselves in a span, and what those that are due said before."""
    said: list[Said] = []
    for point_id, point in job.points.items():
        if point_id in job.asked:
            pieces = [*seen[point_id].own.pieces, *changed[point_id]]
        else:
            pieces = [piece for piece in stored.get(point_id, ()) if is_own(piece)]
        said += [(point, piece) for piece in pieces if reaches_into(piece, span)]
    return said


async def _supply(
    connection: Connection, look: Look, jobs: Sequence[Job], seen: Mapping[int, Seen]
) -> list[FeederSupply]:
    """Return what follows for each job, from all its points that were looked at."""
    span = hull(one.stretch for one in seen.values())
    every = [point_id for job in jobs for point_id in job.points]
    entries = await register_entries(
        connection, every, (max(0, span.from_us - _DAY_US), span.to_us + _DAY_US)
    )

    def supply() -> list[FeederSupply]:
        return [
            feeder_supply(
                job.feeder,
                [seen[point_id].own for point_id in job.points if point_id in seen],
                _of_job(entries, job),
                look.rule,
                look.through_us,
            )
            for job in jobs
        ]

    return await asyncio.to_thread(supply)


def _of_job(entries: Iterable[RegisterEntry], job: Job) -> list[RegisterEntry]:
    found = []
    for entry in entries:
        point_ids = entry.point_ids & job.points.keys()
        if point_ids:
            found.append(
                RegisterEntry(
                    declaration_id=entry.declaration_id,
                    point_ids=frozenset(point_ids),
                    cause=entry.cause,
                    off=entry.off,
                    on=entry.on,
                    window_from=entry.window_from,
                    window_to=entry.window_to,
                )
            )
    return found


async def _store(
    connection: Connection,
    jobs: Sequence[Job],
    seen: Mapping[int, Seen],
    looked: Mapping[int, Stretch],
    found: Sequence[FeederSupply],
    kept_from_us: int,
) -> Derived:
    """Write what differs from what is stored, in the stretches of the points that were looked at."""
    before: defaultdict[int, list[Piece]] = defaultdict(list)
    for stored in await evidence_in(
        connection, {point_id: one.stretch for point_id, one in seen.items()}
    ):
        before[stored.point_id].append(stored.piece)
    stretches = {
        point_id: part_looked_at(
            one.stretch, looked[point_id], [*one.own.pieces, *before[point_id]]
        )
        for point_id, one in seen.items()
    }
    keys: set[PieceKey] = set()
    interruptions: list[Interruption] = []
    for supply in found:
        for point_id, point in supply.points.items():
            stretch = stretches[point_id]
            keys |= {
                piece_key(point_id, piece)
                for piece in point.pieces
                if _starts_in(piece.start, stretch)
            }
            interruptions += [one for one in point.interruptions if _starts_in(one.start, stretch)]
    ended = await ended_since(connection, seen, found, kept_from_us)
    n_rows = await replace_evidence(
        connection,
        [*await evidence_in(connection, stretches), *ended.evidence],
        {*keys, *ended.keys},
    )
    difference = await replace_interruptions(
        connection,
        [*await interruptions_in(connection, stretches), *ended.interruptions],
        [*interruptions, *ended.now],
    )
    derived = Derived(
        n_points=len(seen),
        n_rows=n_rows + len({one.key for one in difference.before} | _keys(difference.after)),
        n_false_alarms=sum(supply.n_false_alarms for supply in found),
        changed=Counter(one.evidence for one in difference.after),
        differences=_by_job(jobs, difference),
    )
    derived.changes = _mask_changes(difference, seen)
    return derived


def _mask_changes(difference: Difference, seen: Mapping[int, Seen]) -> list[Change]:
    before: defaultdict[int, list[Interruption]] = defaultdict(list)
    after: defaultdict[int, list[Interruption]] = defaultdict(list)
    for stored in difference.before:
        before[stored.found.point_id].append(stored.found)
    for one in difference.after:
        after[one.point_id].append(one)
    return [
        change
        for point_id in sorted(before.keys() | after.keys())
        for change in mask_changes(
            point_id, before[point_id], after[point_id], seen[point_id].ledger
        )
    ]


def _by_job(jobs: Sequence[Job], difference: Difference) -> list[tuple[Job, Difference]]:
    parts = []
    for job in jobs:
        before = tuple(one for one in difference.before if one.found.point_id in job.points)
        after = tuple(one for one in difference.after if one.point_id in job.points)
        if before or after:
            parts.append((job, Difference(before, after)))
    return parts


def _keys(found: Iterable[Interruption]) -> set[tuple[int, int]]:
    return {(one.point_id, one.start) for one in found}


def _covers(stretch: Stretch, asked: Stretch) -> bool:
    return stretch.from_us <= asked.from_us and asked.to_us <= stretch.to_us


def _starts_in(start: int, stretch: Stretch) -> bool:
    return stretch.from_us <= start < stretch.to_us
