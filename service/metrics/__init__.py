"""What the processes say about themselves to Prometheus, in the words of the domain.

Each role makes one metrics object on a registry of its own; callers count and show, and never see
a label. The sets of labels are closed: nothing here grows with the number of points or customers.
``count_...`` adds to a counter, ``record_...`` adds to a histogram, ``show_...`` replaces a state.
"""

from service.metrics.alert_series import HighPoint
from service.metrics.consume import ConsumeMetrics, FeederState, Lag
from service.metrics.exposition import Snapshot, new_registry, render
from service.metrics.outage_alerts import OutageAlertMetrics, Storm, ToldOutage
from service.metrics.serve import BudgetFigure, Figure, ServeMetrics
from service.metrics.settle import SettleMetrics
from service.metrics.words import (
    Area,
    BurnWindow,
    CommunicationPlace,
    HeldReason,
    Kind,
    Method,
    OutageAlertKind,
    OutageHeldReason,
    Outcome,
    Period,
    PointClass,
    PromiseRisk,
    Reason,
    Table,
    TargetArea,
    TargetFigure,
    TargetPopulation,
)

__all__ = [
    "Area",
    "BudgetFigure",
    "BurnWindow",
    "CommunicationPlace",
    "ConsumeMetrics",
    "FeederState",
    "Figure",
    "HeldReason",
    "HighPoint",
    "Kind",
    "Lag",
    "Method",
    "OutageAlertKind",
    "OutageAlertMetrics",
    "OutageHeldReason",
    "Outcome",
    "Period",
    "PointClass",
    "PromiseRisk",
    "Reason",
    "ServeMetrics",
    "SettleMetrics",
    "Snapshot",
    "Storm",
    "Table",
    "TargetArea",
    "TargetFigure",
    "TargetPopulation",
    "ToldOutage",
    "new_registry",
    "render",
]
