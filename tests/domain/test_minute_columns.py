"""Pages unfold into exactly the minutes that are due, whatever the points and the span."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import CELL_NONE, MISSING, RANK_MASK, RANK_SHIFT
from service.domain.minute_columns import NO_JUDGEMENT, ExportPoint, HourPages, minute_columns

START = datetime(2024, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Row = tuple[int, int, int, tuple[int, ...], tuple[int, ...], int]


def point(number: int, valid: tuple[int, int | None]) -> ExportPoint:
    first, last = valid
    return ExportPoint(
        point_id=number,
        point=f"P{number}",
        nominal_mv=220_000,
        valid_from=START + first * MINUTE,
        valid_to=None if last is None else START + last * MINUTE,
    )


def page_of(seed: int, number: int, hour: int, n_phases: int) -> HourPages:
    random = np.random.default_rng(seed)
    return HourPages(
        point_id=np.array([number], np.int32),
        hour=np.array([int(START.timestamp()) // 3600 + hour], np.int64),
        judgement=np.array([seed], np.int64),
        cell=random.integers(-9999, 9999, (1, n_phases, 60)).astype(np.int16),
        mark=random.integers(0, 256, (1, n_phases, 60)).astype(np.uint8),
        verdict=random.integers(0, 7, (1, 60)).astype(np.uint8),
    )


def slowly(
    points: Sequence[ExportPoint], pages: Sequence[HourPages], from_at: datetime, to_at: datetime
) -> list[Row]:
    """Return the same minutes one by one."""
    page_at = {(int(one.point_id[0]), int(one.hour[0])): one for one in pages}
    found = []
    for place, one in enumerate(points):
        at = from_at
        while at < to_at:
            if one.valid_from <= at and (one.valid_to is None or at < one.valid_to):
                minute = int(at.timestamp()) // 60
                page = page_at.get((one.point_id, minute // 60))
                cells, ranks, verdict, judgement = [CELL_NONE] * 3, [0] * 3, MISSING, NO_JUDGEMENT
                if page is not None:
                    verdict, judgement = int(page.verdict[0, minute % 60]), int(page.judgement[0])
                    for phase in range(page.cell.shape[1]):
                        cells[phase] = int(page.cell[0, phase, minute % 60])
                        mark = int(page.mark[0, phase, minute % 60])
                        ranks[phase] = mark >> RANK_SHIFT & RANK_MASK
                found.append((place, minute, verdict, tuple(cells), tuple(ranks), judgement))
            at += MINUTE
    return found


@given(
    valid=st.lists(
        st.tuples(st.integers(-100, 300), st.none() | st.integers(0, 400)), min_size=1, max_size=3
    ),
    span=st.tuples(st.integers(0, 200), st.integers(0, 200)),
    known=st.sets(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=8),
)
def test_agrees_with_the_slow_twin(
    valid: list[tuple[int, int | None]], span: tuple[int, int], known: set[tuple[int, int]]
) -> None:
    points = [point(10 * place, one) for place, one in enumerate(valid)]
    from_at, to_at = START + span[0] * MINUTE, START + sum(span) * MINUTE
    hours = {hour for hour in range(7) if span[0] // 60 <= hour < -(-sum(span) // 60)}
    pages = [
        page_of(10 * place + hour, 10 * place, hour, 3 if place % 2 else 1)
        for place, hour in sorted(known)
        if place < len(points) and hour in hours
    ]

    found = minute_columns(points, pages, from_at, to_at)

    rows = zip(
        found.place.tolist(),
        found.minute.tolist(),
        found.verdict.tolist(),
        map(tuple, found.cell.tolist()),
        map(tuple, found.rank.tolist()),
        found.judgement.tolist(),
        strict=True,
    )
    assert list(rows) == slowly(points, pages, from_at, to_at)
