"""What the processes say about themselves to Prometheus, in the words of the domain.

Each role makes one metrics object on a registry of its own; callers count and show, and never see
a label. The sets of labels are closed: nothing here grows with the number of points or customers.
``count_...`` adds to a counter, ``record_...`` adds to a histogram, ``show_...`` replaces a state.
"""

from service.metrics.consume import ConsumeMetrics, FeederState, Lag
from service.metrics.exposition import Snapshot, new_registry, render
from service.metrics.serve import Figure, ServeMetrics
from service.metrics.settle import SettleMetrics
from service.metrics.words import (
    Area,
    Kind,
    Method,
    Outcome,
    Period,
    PointClass,
    Reason,
    Table,
)

__all__ = [
    "Area",
    "ConsumeMetrics",
    "FeederState",
    "Figure",
    "Kind",
    "Lag",
    "Method",
    "Outcome",
    "Period",
    "PointClass",
    "Reason",
    "ServeMetrics",
    "SettleMetrics",
    "Snapshot",
    "Table",
    "new_registry",
    "render",
]
