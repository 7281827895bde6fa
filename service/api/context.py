"""What the routes work with, made when the process starts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from service.api.access import Asking
from service.api.exporting import ExportDesk
from service.api.live_desk import LiveDesk
from service.domain.access import NOBODY, Access
from service.domain.catalogue import Catalogue
from service.domain.rules import RuleSet
from service.metrics import ServeMetrics
from service.store.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeContext:
    """The parts of this process, as a request has them."""

    rule_set: RuleSet  # in force: the statutory one
    beside: tuple[RuleSet, ...]  # judged over the same pages
    catalogue: Catalogue  # all there are
    reader: Pool  # of a request: sees the territory of who asks, and nothing else
    writer: Pool  # for declarations
    metrics: ServeMetrics
    now: Callable[[], datetime]
    point_series_max: int  # of one answer of /metrics/points
    exports: ExportDesk
    live: LiveDesk
    fewest_in_group: int  # users or points, for who may not read customers
    month_start_day: int  # of the months of reports
    report_font: Path | None  # that PDF reports embed; None: the one that readers have
    asking: Access = NOBODY  # of a request: who asks


def _context(request: Request, asking: Asking) -> ServeContext:
    context: ServeContext = request.app.state.context
    return replace(context, reader=context.reader.within(asking.territory), asking=asking)


Context = Annotated[ServeContext, Depends(_context)]
