"""What a partition counts is a matter of its own log, whatever others have written into its pages meanwhile."""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kernels.layout import DUPLICATE, FOLDED, LATE, N_OUTCOMES
from service.domain.checkpoint import concatenated, join_pages, merged_pages
from service.domain.engine import PartitionEngine
from service.domain.pages import PageColumns
from tests.domain.test_rehomed_device import directory, engine_of, fold

KNOWN = directory(1)
VOLTS = ((220.0, 231.0), (225.0, 205.0))  # by partition and parity: they contradict each other


@dataclass(slots=True)
class Partition:
    """The engine of one partition, and what it has stored."""

    engine: PartitionEngine = field(default_factory=lambda: engine_of(KNOWN))
    blocks: dict[int, tuple[int, bytes, bytes]] = field(default_factory=dict)
    data_through_ms: int = 0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(N_OUTCOMES, np.int64))

    def read(self, number: int, minute: int) -> None:
        """Fold the reading of a minute."""
        self.counts += fold(self.engine, "M0", minute, VOLTS[number][minute % 2])

    def restart(self, stored: PageColumns) -> None:
        """Go on as another process does: from what is stored."""
        self.engine = engine_of(KNOWN)
        self.engine.restore(self.blocks.values(), self.data_through_ms)
        self.engine.load_pages(stored)


def checkpoint(partitions: list[Partition], stored: list[PageColumns]) -> None:
    """Store both partitions in one checkpoint; each then knows what the other has written."""
    images = [one.engine.take_image() for one in partitions]
    pages, page_of = merged_pages(concatenated([*(one.pages for one in images), *stored]))
    stored[:] = [pages]
    first = 0
    for one, image in zip(partitions, images, strict=True):
        mine = page_of[first : first + image.pages.n_pages]
        one.engine.acknowledge(image, np.ones(mine.size, np.int32), pages, mine)
        one.blocks |= {block[0]: block for block in image.blocks}
        one.data_through_ms = image.data_through_ms
        first += mine.size


STEPS = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 1), st.integers(58, 60)),  # partition and minute of a reading
        st.sampled_from(("checkpoint", "restart")),
    ),
    min_size=5,
    max_size=30,
)


@given(steps=STEPS)
@settings(max_examples=120)
def test_what_is_counted_does_not_hang_on_what_another_partition_has_stored(
    steps: list[tuple[int, int] | str],
) -> None:
    disturbed, alone = ([Partition(), Partition()] for _ in range(2))
    stored: list[PageColumns] = []
    for step in steps:
        if isinstance(step, tuple):
            number, minute = step
            disturbed[number].read(number, minute)
            alone[number].read(number, minute)
            continue
        checkpoint(disturbed, stored)
        if step == "restart":
            for one in disturbed:
                one.restart(stored[0])

    for one, calm in zip(disturbed, alone, strict=True):
        assert one.counts.tolist() == calm.counts.tolist()


def test_a_reading_that_another_partition_had_first_is_no_repetition_but_the_next_one_is() -> None:
    partitions, stored = [Partition(), Partition()], list[PageColumns]()
    partitions[0].read(0, 10)
    partitions[1].read(1, 11)
    checkpoint(partitions, stored)

    partitions[1].counts += fold(partitions[1].engine, "M0", 10, VOLTS[0][0])
    partitions[1].counts += fold(partitions[1].engine, "M0", 10, VOLTS[0][0])

    assert partitions[1].counts[[FOLDED, DUPLICATE]].tolist() == [2, 1]


def test_a_reading_that_was_late_until_another_confirmed_it_is_folded_when_it_is_said_again() -> (
    None
):
    """As the kill test met it: the settle role had merged the late one, and the partition changed its owner."""
    one, merger, stored = Partition(), Partition(), list[PageColumns]()
    one.read(0, 10)
    one.read(0, 20)  # far ahead, and alone
    checkpoint([one], stored)
    merger.read(0, 20)
    join_pages(stored[0], np.zeros(1, np.int64), merger.engine.take_image().pages)
    one.restart(stored[0])

    one.read(0, 21)
    one.read(0, 20)

    assert one.counts[[FOLDED, DUPLICATE, LATE]].tolist() == [3, 0, 1]
