"""Parts of pages are views: together they are the pages, and what is judged in them is judged in the pages."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.domain.pages import empty_pages, part_of, plane_indices


@given(
    n_phases=st.lists(st.sampled_from([1, 3]), max_size=20),
    size=st.integers(1, 25),
)
def test_parts_have_every_page_and_its_planes_once(n_phases: list[int], size: int) -> None:
    pages = empty_pages(np.array(n_phases, np.uint8))
    pages.point[:] = np.arange(pages.n_pages)
    pages.planes.cell[:] = np.arange(sum(n_phases))[:, None]

    parts = [part_of(pages, first, first + size) for first in range(0, pages.n_pages, size)]

    assert [point for part in parts for point in part.point.tolist()] == pages.point.tolist()
    for part in parts:
        mine = part.planes.cell[plane_indices(part, np.arange(part.n_pages))]
        whole = pages.planes.cell[plane_indices(pages, part.point.astype(np.int64))]
        assert np.array_equal(mine, whole)


@given(n_phases=st.lists(st.sampled_from([1, 3]), min_size=1, max_size=20), data=st.data())
def test_what_is_written_to_a_part_is_written_to_the_pages(
    n_phases: list[int], data: st.DataObject
) -> None:
    pages = empty_pages(np.array(n_phases, np.uint8))
    first = data.draw(st.integers(0, pages.n_pages - 1))
    last = data.draw(st.integers(first + 1, pages.n_pages))

    part = part_of(pages, first, last)
    part.revision += 1
    part.planes.mark[:] = 5
    part.scores.verdict[:] = 3
    part.scores.phase_counter[:] = 7

    inside = np.arange(first, last)
    planes = plane_indices(pages, inside)
    assert pages.revision.nonzero()[0].tolist() == inside.tolist()
    assert np.unique(pages.scores.verdict.nonzero()[0]).tolist() == inside.tolist()
    assert np.unique(pages.planes.mark.nonzero()[0]).tolist() == planes.tolist()
    assert np.unique(pages.scores.phase_counter.nonzero()[0]).tolist() == planes.tolist()
