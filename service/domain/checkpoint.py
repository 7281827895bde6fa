"""One checkpoint: the images of a consumer's partitions, their pages joined into one row a point and hour."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels import join_into
from kernels.layout import NONE
from service.domain.batch import Refusal
from service.domain.engine import PartitionImage
from service.domain.pages import PageColumns, empty_pages


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionCheckpoint:
    """What one partition has to store, and the offsets that it stands for."""

    topic: str
    partition: int
    epoch: int  # of this owner
    from_offset: int | None  # as stored now; None before the first checkpoint
    next_offset: int  # first offset that is not part of it
    image: PartitionImage
    refusals: Sequence[Refusal]
    n_refused: int  # readings among the refusals; an undecodable message counts as one


@dataclass(slots=True, kw_only=True)
class Checkpoint:
    """Everything that one transaction writes."""

    partitions: Sequence[PartitionCheckpoint]
    pages: PageColumns  # one a point and hour, ordered by them
    page_of: Sequence[NDArray[np.int64]]  # for each partition, the page of ``pages`` that each of its pages went to
    shared: NDArray[np.bool_]  # pages to which more than one lane contributed


def checkpoint_of(partitions: Sequence[PartitionCheckpoint]) -> Checkpoint:
    """Return the checkpoint of some partitions; two lanes' pages of one point and hour become one."""
    images = [partition.image.pages for partition in partitions]
    whole = concatenated(images)
    order = np.lexsort((whole.hour, whole.point))
    is_first = np.ones(order.size, np.bool_)
    is_first[1:] = (np.diff(whole.point[order]) != 0) | (np.diff(whole.hour[order]) != 0)
    page_of_sorted = np.cumsum(is_first) - 1
    pages = chosen_pages(whole, order[is_first])
    shared = np.bincount(page_of_sorted, minlength=pages.n_pages) > 1
    for position in np.flatnonzero(~is_first).tolist():
        _join_page(pages, int(page_of_sorted[position]), whole, int(order[position]))
    page_of_whole = np.empty(order.size, np.int64)
    page_of_whole[order] = page_of_sorted
    ends = np.cumsum([image.n_pages for image in images])
    return Checkpoint(
        partitions=partitions,
        pages=pages,
        page_of=np.split(page_of_whole, ends[:-1]) if images else [],
        shared=shared,
    )


def mixed_pages(page_of: NDArray[np.int64], is_mixed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return ``page_of`` with NONE for every page that one lane alone wrote (see ``PartitionEngine.acknowledge``)."""
    return np.where(is_mixed[page_of], page_of, NONE) if page_of.size else page_of


def join_pages(pages: PageColumns, into: NDArray[np.int64], others: PageColumns) -> None:
    """Join page ``i`` of ``others`` into page ``into[i]`` of ``pages``, and take the other's revision.

    ``others`` are rows as they stand in the database, so what is written next follows their revision.

    Raises:
        ValueError: Two pages of one point and hour differ in their number of phases.
    """
    for other, page in enumerate(into.tolist()):
        _join_page(pages, page, others, other)
    pages.revision[into] = others.revision


def concatenated(parts: Sequence[PageColumns]) -> PageColumns:
    """Return the pages of all parts, one part after another; scores are empty."""
    n_phases = np.concatenate([part.planes.n_phases for part in parts] or [np.zeros(0, np.uint8)])
    whole = empty_pages(n_phases)
    page, plane = 0, 0
    for part in parts:
        pages = slice(page, page + part.n_pages)
        planes = slice(plane, plane + part.planes.cell.shape[0])
        _copy(whole, pages, part, slice(None))
        whole.planes.cell[planes] = part.planes.cell
        whole.planes.mark[planes] = part.planes.mark
        page, plane = pages.stop, planes.stop
    return whole


def chosen_pages(pages: PageColumns, chosen: NDArray[np.int64]) -> PageColumns:
    """Return copies of the chosen pages, in that order; scores are empty."""
    part = empty_pages(pages.planes.n_phases[chosen])
    _copy(part, slice(None), pages, chosen)
    planes = plane_indices(pages, chosen)
    part.planes.cell[:] = pages.planes.cell[planes]
    part.planes.mark[:] = pages.planes.mark[planes]
    return part


def plane_indices(pages: PageColumns, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the indices of the planes of the chosen pages, one page after another."""
    n_phases = pages.planes.n_phases[chosen].astype(np.int64)
    starts = np.cumsum(n_phases) - n_phases
    within = np.arange(int(n_phases.sum())) - np.repeat(starts, n_phases)
    return np.repeat(pages.planes.first[chosen].astype(np.int64), n_phases) + within


def _copy(
    into: PageColumns, where: slice, source: PageColumns, which: slice | NDArray[np.int64]
) -> None:
    into.point[where] = source.point[which]
    into.hour[where] = source.hour[which]
    into.revision[where] = source.revision[which]
    into.interval_s[where] = source.interval_s[which]
    into.power_s[where] = source.power_s[which]
    into.active_ws[where] = source.active_ws[which]
    into.reactive_vars[where] = source.reactive_vars[which]


def _join_page(pages: PageColumns, page: int, others: PageColumns, other: int) -> None:
    """Join one page into another of the same point and hour; the greater revision and the fuller energy win."""
    n_phases = int(pages.planes.n_phases[page])
    if n_phases != int(others.planes.n_phases[other]):
        point, hour = int(pages.point[page]), int(pages.hour[page])
        message = f"point {point}, hour {hour}: {n_phases} phases meet {int(others.planes.n_phases[other])}"
        raise ValueError(message)
    first, first_other = int(pages.planes.first[page]), int(others.planes.first[other])
    planes = slice(first_other, first_other + n_phases)
    into = np.arange(first, first + n_phases, dtype=np.int32)
    join_into(pages.planes.cell, pages.planes.mark, into, others.planes.cell[planes], others.planes.mark[planes])
    mine = (int(pages.power_s[page]), int(pages.active_ws[page]), int(pages.reactive_vars[page]))
    theirs = (int(others.power_s[other]), int(others.active_ws[other]), int(others.reactive_vars[other]))
    if theirs > mine:
        pages.power_s[page], pages.active_ws[page], pages.reactive_vars[page] = theirs
    pages.revision[page] = max(int(pages.revision[page]), int(others.revision[other]))
    pages.interval_s[page] = min(int(pages.interval_s[page]), int(others.interval_s[other]))
