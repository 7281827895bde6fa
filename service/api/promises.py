"""Promises as part of answers."""

from service.api.promise_shapes import PromiseBlock, PromiseShape, UnruledShape
from service.store.promise_figures import PromiseFigures


def block_of(figures: PromiseFigures) -> PromiseBlock:
    """Return the promises as part of an answer."""
    return PromiseBlock(
        promises=[PromiseShape.of_figure(one) for one in figures.promises],
        deadlines=[PromiseShape.of_figure(one) for one in figures.deadlines],
        not_ruled=[UnruledShape.of(one) for one in figures.unruled],
    )
