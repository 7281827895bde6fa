"""Pieces of evidence as rows: what is stored of points and feeders, and the difference to what was found."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.domain.instants import at_us, epoch_us
from service.domain.supply.pieces import OPEN, Piece
from service.store.pool import Connection
from service.store.statements import statement

# point, grade, earliest, start, end, latest, declaration, place, code; ends are None while open.
PieceKey = tuple[int, str, int, int, int | None, int | None, int | None, str, str]

_COLUMNS: Final = """evidence_id, evidence.point_id, grade, earliest_at, start_at, end_at, latest_at, declaration_id,
           place, code"""

_IN_STRETCHES = statement(
    "evidence_in_stretches",
    f"""
    SELECT {_COLUMNS}
      FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS asked (point_id, from_at, to_at)
      JOIN evidence USING (point_id)
     WHERE start_at >= asked.from_at
       AND start_at < asked.to_at
    """,  # noqa: S608 (SQL of ours)
)

_OF_POINTS = statement(
    "evidence_of_points",
    f"""
    SELECT {_COLUMNS}
      FROM evidence
     WHERE point_id = ANY ($1::integer[])
       AND grade <> 'declared'
       AND start_at < $3                               -- timestamptz
       AND coalesce(latest_at, 'infinity') > $2
    """,  # noqa: S608 (SQL of ours)
)

_OPEN_BEFORE = statement(
    "evidence_open_before",
    f"""
    SELECT {_COLUMNS}
      FROM evidence
     WHERE point_id = ANY ($1::integer[])
       AND start_at < $2                               -- timestamptz
       AND end_at IS NULL
       AND grade <> 'declared'
    """,  # noqa: S608 (SQL of ours)
)

_DELETE = statement(
    "evidence_delete",
    """
    DELETE FROM evidence
     WHERE evidence_id = ANY ($1::bigint[])
    """,
)

_INSERT = statement(
    "evidence_insert",
    """
    INSERT INTO evidence (point_id, grade, earliest_at, start_at, end_at, latest_at, declaration_id, place, code)
    SELECT point_id, grade, earliest_at, start_at, end_at, latest_at, declaration_id, place, code
      FROM unnest($1::integer[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
                  $6::timestamptz[], $7::bigint[], $8::text[], $9::text[])
           AS found (point_id, grade, earliest_at, start_at, end_at, latest_at, declaration_id, place, code)
     ORDER BY point_id, start_at, grade
    """,
)


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """A stored piece of a point."""

    evidence_id: int
    point_id: int
    piece: Piece

    @property
    def key(self) -> PieceKey:
        """All that is said of it."""
        return piece_key(self.point_id, self.piece)


def piece_key(point_id: int, piece: Piece) -> PieceKey:
    """Return all that a row says of a piece: of one that is open, not where it was known to be dark last."""
    is_open = piece.is_open
    return (
        point_id,
        piece.grade,
        piece.earliest,
        piece.start,
        None if is_open else piece.end,
        None if is_open else piece.latest,
        piece.declaration_id,
        piece.place,
        piece.code,
    )


async def evidence_in(
    connection: Connection, stretches: Mapping[int, tuple[int, int]]
) -> list[StoredEvidence]:
    """Return the stored pieces that start in a stretch of their point; microseconds, half-open."""
    rows = await connection.fetch(
        _IN_STRETCHES,
        list(stretches),
        [at_us(from_us) for from_us, _ in stretches.values()],
        [at_us(to_us) for _, to_us in stretches.values()],
    )
    return [_stored(row) for row in rows]


async def physical_evidence_of(
    connection: Connection, point_ids: Collection[int], span: tuple[int, int]
) -> list[StoredEvidence]:
    """Return the stored pieces of points, but what is declared, that reach into a span of time; microseconds."""
    rows = await connection.fetch(_OF_POINTS, list(point_ids), at_us(span[0]), at_us(span[1]))
    return [_stored(row) for row in rows]


async def open_evidence_before(
    connection: Connection, point_ids: Collection[int], before_us: int
) -> list[StoredEvidence]:
    """Return the stored pieces of points, but what is declared, that are open and start before an instant."""
    rows = await connection.fetch(_OPEN_BEFORE, list(point_ids), at_us(before_us))
    return [_stored(row) for row in rows]


async def replace_evidence(
    connection: Connection, stored: Sequence[StoredEvidence], found: Collection[PieceKey]
) -> int:
    """Bring stored pieces in line with those that were found; return how many rows were written or deleted."""
    wanted = set(found)
    gone, kept = [], set()
    for one in stored:
        if one.key in wanted and one.key not in kept:
            kept.add(one.key)
        else:
            gone.append(one.evidence_id)
    new = sorted(wanted - kept, key=lambda key: (key[0], key[3], key[1]))
    if gone:
        await connection.execute(_DELETE, gone)
    if new:
        columns: list[list[Any]] = [list(column) for column in zip(*new, strict=True)]
        for place in range(2, 6):
            columns[place] = [None if one is None else at_us(one) for one in columns[place]]
        await connection.execute(_INSERT, *columns)
    return len(gone) + len(new)


def _stored(row: Any) -> StoredEvidence:
    start = epoch_us(row["start_at"])
    piece = Piece(
        grade=row["grade"],
        earliest=epoch_us(row["earliest_at"]),
        start=start,
        end=start if row["end_at"] is None else epoch_us(row["end_at"]),
        latest=OPEN if row["latest_at"] is None else epoch_us(row["latest_at"]),
        declaration_id=row["declaration_id"],
        place=row["place"],
        code=row["code"],
    )
    return StoredEvidence(row["evidence_id"], row["point_id"], piece)
