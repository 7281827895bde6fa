"""What the routes work with, made when the process starts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from service.api.exporting import ExportDesk
from service.api.live_desk import LiveDesk
from service.domain.catalogue import Catalogue
from service.domain.rules import RuleSet
from service.metrics import ServeMetrics
from service.store.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeContext:
    """The parts of this process, shared by all requests."""

    rule_set: RuleSet  # in force: the statutory one
    beside: tuple[RuleSet, ...]  # judged over the same pages
    catalogue: Catalogue  # all there are
    reader: Pool
    writer: Pool  # for declarations
    metrics: ServeMetrics
    now: Callable[[], datetime]
    point_series_max: int  # of one answer of /metrics/points
    exports: ExportDesk
    live: LiveDesk
    fewest_in_group: int  # users or points, for who may not read customers


def _context(request: Request) -> ServeContext:
    context: ServeContext = request.app.state.context
    return context


Context = Annotated[ServeContext, Depends(_context)]
