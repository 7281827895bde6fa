"""What a file of interruptions comes to: the indices of both standards, and what to know of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from service.domain.reliability.causes import PARENT, CauseNode
from service.domain.reliability.interruption_indices import InterruptionIndices
from service.domain.reliability.major_event_days import MajorEventThreshold
from service.domain.reliability.outages import SECOND_US, Definition
from service.domain.reliability.supply_reliability import FourReliabilities, SupplyReliability

Json = dict[str, object]
NAMES = (
    "saidi_minutes",
    "saifi",
    "caidi_minutes",
    "ctaidi_minutes",
    "caifi",
    "asai",
    "maifi",
    "maifi_e",
    "asifi",
    "asidi_minutes",
)  # of IEEE 1366, in the order in which they are shown

ADDITIVE: Final = (
    "saidi_minutes",
    "saifi",
    "maifi",
    "maifi_e",
)  # of leaves: they make their node's


@dataclass(frozen=True, slots=True, kw_only=True)
class MajorEvents:
    """The threshold of the period's year, its days, and the indices without them."""

    threshold: MajorEventThreshold | None  # None: too few days before that year
    days: tuple[date, ...]
    without: InterruptionIndices | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseFigures:
    """What the outages of a node of the tree of causes have of the indices that add up."""

    node: CauseNode
    first: SupplyReliability  # everything counted
    indices: InterruptionIndices


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """The indices of a file."""

    from_at: datetime  # in the zone of the file
    to_at: datetime  # exclusive
    n_customers: int
    n_records: int
    rule_set: str
    definition: Definition
    four: FourReliabilities
    indices: InterruptionIndices
    by_cause: tuple[CauseFigures, ...]  # nodes that there are, each before what hangs under it
    major: MajorEvents | None  # None: no daily SAIDI was given
    remarks: tuple[str, ...]


def as_json(report: IndexReport) -> Json:
    """Return the report as it is printed in JSON; shares are fractions of 1."""
    four: Json = {}
    for name, attribute in (("rs", "rs"), ("aihc", "aihc_hours"), ("aitc", "aitc")):
        for i, one in enumerate(report.four.in_order(), 1):
            key = f"{name}_{i}_hours" if name == "aihc" else f"{name}_{i}"
            four[key] = _number(getattr(one, attribute))
    major = report.major
    return {
        "from": report.from_at.isoformat(),
        "to": report.to_at.isoformat(),
        "customers": report.n_customers,
        "records": report.n_records,
        **indices_json(report.indices),
        **four,
        "by_cause": {one.node: _cause_json(one) for one in report.by_cause},
        "med": None if major is None else _major_json(major),
        "without_major_event_days": (
            None if major is None or major.without is None else indices_json(major.without)
        ),
        "definition": definition_json(report.rule_set, report.definition),
        "remarks": list(report.remarks),
    }


def _cause_json(one: CauseFigures) -> Json:
    return {
        "parent": PARENT.get(one.node),
        "rs_1": _number(one.first.rs),
        "aihc_1_hours": _number(one.first.aihc_hours),
        "aitc_1": _number(one.first.aitc),
        **{name: _number(getattr(one.indices, name)) for name in ADDITIVE},
    }


def indices_json(indices: InterruptionIndices) -> Json:
    """Return the indices of IEEE 1366 by their names in lower case."""
    return {
        **{name: _number(getattr(indices, name)) for name in NAMES},
        "cemi": _by_number(indices.cemi),
        "cemsmi": _by_number(indices.cemsmi),
        "celid_s": _by_number(indices.celid_s),
        "celid_t": _by_number(indices.celid_t),
    }


def definition_json(rule_set: str, definition: Definition) -> Json:
    """Return what counted as an interruption."""
    return {
        "rule_set": rule_set,
        "sustained_over_s": definition.sustained_us // SECOND_US,
        "sustained_inclusive": definition.sustained_inclusive,
        "merge_within_s": definition.merge_within_us // SECOND_US,
        "momentary_event_s": definition.momentary_event_us // SECOND_US,
        "many_inclusive": definition.many_inclusive,
    }


def threshold_json(threshold: MajorEventThreshold | None) -> Json:
    """Return alpha, beta and T_MED."""
    return {
        "alpha": None if threshold is None else threshold.alpha,
        "beta": None if threshold is None else threshold.beta,
        "t_med_minutes": None if threshold is None else threshold.t_med_minutes,
        "n_days": 0 if threshold is None else threshold.n_days,
    }


def sustained_words(definition: Definition) -> str:
    """Return in words what is sustained."""
    seconds = definition.sustained_us // SECOND_US
    return (
        f"{seconds} s or longer" if definition.sustained_inclusive else f"longer than {seconds} s"
    )


def _major_json(major: MajorEvents) -> Json:
    days = None if major.threshold is None else [day.isoformat() for day in major.days]
    return {**threshold_json(major.threshold), "days": days}


def _number(figure: Fraction | None) -> float | None:
    return None if figure is None else float(figure)


def _by_number(
    shares: Mapping[int, Fraction | None] | Mapping[Fraction, Fraction | None],
) -> Json | None:
    """Return shares by the number asked for; nothing if customers are not told apart."""
    if None in shares.values():
        return None
    return {f"{float(n):g}": _number(share) for n, share in shares.items()}
