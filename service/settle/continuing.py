"""Interruptions that began before the pages that are still kept, and have ended since.

Their beginning cannot be found again and stands; their end is where what was derived from the kept
pages ends, or where supply was measured again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from service.domain.supply.feeders import FeederSupply
from service.domain.supply.interruptions import Interruption
from service.settle.looking import Seen
from service.settle.windows import first_live
from service.store.evidence_rows import PieceKey, StoredEvidence, open_evidence_before, piece_key
from service.store.interruption_rows import StoredInterruption, open_interruptions_before
from service.store.pool import Connection


@dataclass(frozen=True, slots=True)
class Ended:
    """What is stored as open and has ended, and what it is now."""

    interruptions: list[StoredInterruption] = field(default_factory=list)
    now: list[Interruption] = field(default_factory=list)
    evidence: list[StoredEvidence] = field(default_factory=list)
    keys: list[PieceKey] = field(default_factory=list)


async def ended_since(
    connection: Connection,
    seen: Mapping[int, Seen],
    found: Sequence[FeederSupply],
    kept_from_us: int,
) -> Ended:
    """Return what began before ``kept_from_us``, microseconds, is stored as open, and has ended.

    Args:
        connection: Inside the transaction that will write it.
        seen: Points that were looked at, by their number.
        found: What was derived of them.
        kept_from_us: What began before is not derived anew; 0: nothing is that old.
    """
    ended = Ended()
    reaching = [one for one, point in seen.items() if point.stretch.from_us <= kept_from_us]
    if not reaching or kept_from_us <= 0:
        return ended
    stored = await open_interruptions_before(connection, reaching, kept_from_us)
    if not stored:
        return ended
    supply = {
        point_id: point.interruptions for each in found for point_id, point in each.points.items()
    }
    ends: dict[int, tuple[int, int]] = {}
    for one in stored:
        point_id = one.found.point_id
        end = _end(supply.get(point_id, ()), seen[point_id], kept_from_us)
        if end is not None:
            ends[point_id] = end
            ended.interruptions.append(one)
            ended.now.append(replace(one.found, end=end[0], latest=end[1]))
    for piece in await open_evidence_before(connection, list(ends), kept_from_us):
        at, latest = ends[piece.point_id]
        ended.evidence.append(piece)
        ended.keys.append(piece_key(piece.point_id, replace(piece.piece, end=at, latest=latest)))
    return ended


def _end(found: Sequence[Interruption], seen: Seen, kept_from_us: int) -> tuple[int, int] | None:
    """Return the end, and the latest one, of what was going on at ``kept_from_us``; None: it still does."""
    going_on = [
        one
        for one in found
        if one.start < kept_from_us and (one.end is None or one.end >= kept_from_us)
    ]
    if going_on:
        last = going_on[-1]
        return None if last.end is None else (last.end, last.latest or last.end)
    live = first_live(seen.ledger, kept_from_us)
    return None if live is None else (live, live)
