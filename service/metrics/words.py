"""The closed sets of label values."""

from typing import Literal

Outcome = Literal["folded", "duplicate", "late", "invalid", "dead_lettered"]
Reason = Literal[
    "undecodable_message",
    "malformed_reading",
    "empty_message",
    "unknown_device",
    "outside_service",
    "wrong_phases",
    "stamp_ahead",
    "stamp_too_old",
    "malformed_event",
]
EventWord = Literal[
    "power_off",
    "power_on",
    "last_gasp",
    "restored",
    "power_failure_log",
    "none",  # it could not be decoded
]
EventOutcome = Literal["folded", "duplicate", "dead_lettered"]
Area = Literal["urban", "rural", "special_remote", "none"]  # none: the point supplies no customer
Kind = Literal["under", "over", "high"]  # high: above +20 %, and not counted under "over" too
PointClass = Literal["A", "B", "C", "D"]  # GB/T 12325
Period = Literal["day", "month"]
Table = Literal[
    "page",
    "lane_block",
    "late_reading",
    "event",
    "interruption",
    "dead_letter",
    "dirty_day",
    "meter_event",
]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"]
TargetFigure = Literal["pass_rate", "composite_pass_rate", "supply_reliability", "compliant_share"]
TargetPopulation = Literal["residential_points", "points_from_10kv", "all_points", "users"]
TargetArea = Literal["urban", "rural", "special_remote", "any"]
EvidenceGrade = Literal["measured", "meter_event", "feeder", "declared", "inferred"]  # best first
BurnWindow = Literal["1h", "6h", "3d", "30d"]
CommunicationPlace = Literal["concentrator", "transformer", "feeder"]
HeldReason = Literal["communication", "declared_window", "stale"]
OutageHeldReason = Literal[  # as the notification policy has them
    "communication_incident",
    "declared_window",
    "no_meter_evidence",
    "stale",
    "reclosed",
    "below_threshold",
    "feeder_outage",
    "storm",
]
OutageAlertKind = Literal["interruption", "overrun"]
PromiseRisk = Literal[
    "deadline_close", "deadline_overdue", "notice_close", "notice_late", "planned_too_often"
]
