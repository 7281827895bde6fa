"""One checkpoint: the images of a consumer's partitions, their pages joined into one row a point and hour."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels import join_into
from kernels.layout import NONE
from service.domain.batch import Refusal
from service.domain.engine import PartitionImage
from service.domain.pages import PageColumns, empty_pages, plane_indices
from service.errors import PhasesDifferError


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
    page_of: Sequence[
        NDArray[np.int64]
    ]  # for each partition, the page of ``pages`` that each of its pages went to
    shared: NDArray[np.bool_]  # pages to which more than one lane contributed


def checkpoint_of(partitions: Sequence[PartitionCheckpoint]) -> Checkpoint:
    """Return the checkpoint of some partitions; two lanes' pages of one point and hour become one."""
    images = [partition.image.pages for partition in partitions]
    pages, page_of_whole = merged_pages(concatenated(images))
    ends = np.cumsum([image.n_pages for image in images])
    return Checkpoint(
        partitions=partitions,
        pages=pages,
        page_of=np.split(page_of_whole, ends[:-1]) if images else [],
        shared=np.bincount(page_of_whole, minlength=pages.n_pages) > 1,
    )


def merged_pages(whole: PageColumns) -> tuple[PageColumns, NDArray[np.int64]]:
    """Return one page a point and hour, ordered by them, and the page that each page of ``whole`` went to.

    Raises:
        PhasesDifferError: Two pages of one point and hour differ in their number of phases.
    """
    order = np.lexsort((whole.hour, whole.point))
    is_first = np.ones(order.size, np.bool_)
    is_first[1:] = (np.diff(whole.point[order]) != 0) | (np.diff(whole.hour[order]) != 0)
    page_of = np.empty(order.size, np.int64)
    page_of[order] = np.cumsum(is_first) - 1
    pages = chosen_pages(whole, order[is_first])
    rest = order[~is_first]
    join_pages(pages, page_of[rest], chosen_pages(whole, rest))
    return pages, page_of


def mixed_pages(page_of: NDArray[np.int64], is_mixed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return ``page_of`` with NONE for every page that one lane alone wrote (see ``PartitionEngine.acknowledge``)."""
    return np.where(is_mixed[page_of], page_of, NONE) if page_of.size else page_of


def join_pages(pages: PageColumns, into: NDArray[np.int64], others: PageColumns) -> None:
    """Join page ``i`` of ``others`` into page ``into[i]`` of ``pages``; several may share a target.

    The greater revision wins, so that what was read from the database last is followed; the fuller energy wins.

    Raises:
        PhasesDifferError: Two pages of one point and hour differ in their number of phases; nothing was joined.
    """
    differ = np.flatnonzero(pages.planes.n_phases[into] != others.planes.n_phases)
    if differ.size:
        point, hour = int(others.point[differ[0]]), int(others.hour[differ[0]])
        message = f"point id {point}, hour {hour}: pages of 1 and of 3 phases meet, its wiring was changed"
        raise PhasesDifferError(message)
    planes = plane_indices(pages, into).astype(np.int32)
    join_into(pages.planes.cell, pages.planes.mark, planes, others.planes.cell, others.planes.mark)
    np.maximum.at(pages.revision, into, others.revision)
    np.minimum.at(pages.interval_s, into, others.interval_s)
    for other in np.flatnonzero(others.power_s).tolist():
        page = int(into[other])
        mine = (
            int(pages.power_s[page]),
            int(pages.active_ws[page]),
            int(pages.reactive_vars[page]),
        )
        theirs = (
            int(others.power_s[other]),
            int(others.active_ws[other]),
            int(others.reactive_vars[other]),
        )
        if theirs > mine:
            pages.power_s[page], pages.active_ws[page], pages.reactive_vars[page] = theirs


def concatenated(parts: Sequence[PageColumns]) -> PageColumns:
    """Return the pages of all parts, one part after another; scores are empty."""
    n_phases = np.concatenate([part.planes.n_phases for part in parts] or [np.zeros(0, np.uint8)])
    whole = empty_pages(n_phases)
    page, plane = 0, 0
    for part in parts:
        n_planes = part.planes.cell.shape[0]
        _copy(whole, np.arange(page, page + part.n_pages), part, np.arange(part.n_pages))
        whole.planes.cell[plane : plane + n_planes] = part.planes.cell
        whole.planes.mark[plane : plane + n_planes] = part.planes.mark
        page, plane = page + part.n_pages, plane + n_planes
    return whole


def chosen_pages(pages: PageColumns, chosen: NDArray[np.int64]) -> PageColumns:
    """Return copies of the chosen pages, in that order; scores are empty."""
    part = empty_pages(pages.planes.n_phases[chosen])
    _copy(part, np.arange(part.n_pages), pages, chosen)
    planes = plane_indices(pages, chosen)
    part.planes.cell[:] = pages.planes.cell[planes]
    part.planes.mark[:] = pages.planes.mark[planes]
    return part


def _copy(
    into: PageColumns, where: NDArray[np.int64], source: PageColumns, which: NDArray[np.int64]
) -> None:
    into.point[where] = source.point[which]
    into.hour[where] = source.hour[which]
    into.revision[where] = source.revision[which]
    into.interval_s[where] = source.interval_s[which]
    into.power_s[where] = source.power_s[which]
    into.active_ws[where] = source.active_ws[which]
    into.reactive_vars[where] = source.reactive_vars[which]
