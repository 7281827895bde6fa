"""Reliability of the district by plain counting over the truth; no code of the product has a part in it.

Times are whole milliseconds and sums exact; only what is written to the file is rounded to a double.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Final

from service.simulate.instants import HOUR_MS, MINUTE_MS, SECOND_MS, year_of
from service.simulate.network import Network
from service.simulate.outages import Outage
from service.simulate.registry_rows import points_of_customer
from service.simulate.scenario import Scenario

Span = tuple[int, int]
THRESHOLDS_S: Final = (0, 180, 300)  # counted is what lasts longer


def customer_figures(
    network: Network, spans_of_point: dict[int, list[Span]], longer_than_s: int
) -> dict[str, float]:
    """Return SAIDI and SAIFI of all customers, of outages that last longer than a threshold.

    A customer with several entrances is out while all of them are.
    """
    n_customers = n_interruptions = dark_ms = n_distinct = 0
    for point, account in enumerate(network.points.customer):
        if not account:
            continue
        n_customers += 1
        spans = _all_of([spans_of_point[one] for one in points_of_customer(network, point)])
        lengths = [end - start for start, end in spans]
        counted = [length for length in lengths if length > longer_than_s * SECOND_MS]
        n_interruptions += len(counted)
        dark_ms += sum(counted)
        n_distinct += bool(counted)
    return {
        "customers": n_customers,
        "customer_interruptions": n_interruptions,
        "customers_interrupted": n_distinct,
        "customer_minutes": float(Fraction(dark_ms, MINUTE_MS)),
        "saidi_min": float(Fraction(dark_ms, MINUTE_MS * n_customers)),
        "saifi": float(Fraction(n_interruptions, n_customers)),
    }


def spans_by_point(
    rows: Iterable[tuple[int, int, int]],
) -> dict[int, list[Span]]:
    """Return the united spans of each point; ``rows`` are point, start and end."""
    found: defaultdict[int, list[Span]] = defaultdict(list)
    for point, start_ms, end_ms in rows:
        found[point].append((start_ms, end_ms))
    return defaultdict(list, {point: _united(spans) for point, spans in found.items()})


def user_spans(outage: Outage) -> list[tuple[int, int, int]]:
    """Return unit, start and end for each medium-voltage user without supply."""
    units, after_ms = outage.extent.units.tolist(), outage.extent.unit_after_ms.tolist()
    start = outage.start_ms
    return [(unit, start, start + after) for unit, after in zip(units, after_ms, strict=True)]


def medium_voltage_figures(network: Network, scenario: Scenario) -> dict[str, object]:
    """Return RS-1 to RS-4 of medium-voltage users, in percent: public transformers and customers at 10 kV.

    All but reclosures within a minute counts in RS-1. RS-2 is without what comes from outside, RS-3
    without rationing for want of supply, RS-4 without what is over within three minutes.
    """
    of_indices: dict[str, Callable[[Outage, int], bool]] = {
        "rs_1": lambda _outage, _length: True,
        "rs_2": lambda outage, _length: outage.cause != "fault_external",
        "rs_3": lambda outage, _length: outage.cause != "supply_shortage",
        "rs_4": lambda _outage, length: length > 3 * MINUTE_MS,
    }
    n_users = len(network.units)
    whole_ms = n_users * (scenario.to_ms - scenario.from_ms)
    figures: dict[str, object] = {
        "users": n_users,
        "hours": float(Fraction(scenario.to_ms - scenario.from_ms, HOUR_MS)),
    }
    for index, counts in of_indices.items():
        rows = [
            (unit, start, end)
            for outage in scenario.outages
            if outage.kind != "reclosed"
            for unit, start, end in user_spans(outage)
            if counts(outage, end - start)
        ]
        spans = spans_by_point(rows)
        dark_ms = sum(end - start for each in spans.values() for start, end in each)
        figures[f"{index}_percent"] = float(100 * (1 - Fraction(dark_ms, whole_ms)))
        figures[f"{index}_user_hours"] = float(Fraction(dark_ms, HOUR_MS))
    return figures


def planned_counts(network: Network, outages: Iterable[Outage]) -> dict[tuple[str, int], int]:
    """Return by customer and year how often maintenance that was planned took its supply.

    A restoration in steps is one; construction, temporary work, requests and rationing do not count, and
    what was cancelled never took place.
    """
    counts: defaultdict[tuple[str, int], int] = defaultdict(int)
    for outage in outages:
        if outage.kind != "maintenance":
            continue
        year = year_of(outage.start_ms)
        for point in outage.extent.points.tolist():
            if account := network.points.customer[point]:
                counts[account, year] += 1
    return dict(counts)


def _united(spans: list[Span]) -> list[Span]:
    united: list[Span] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _all_of(of_points: list[list[Span]]) -> list[Span]:
    """Return when all points of a customer are out."""
    out = of_points[0]
    for other in of_points[1:]:
        both = [(max(start, begin), min(end, stop)) for start, end in out for begin, stop in other]
        out = [(start, end) for start, end in both if start < end]
    return out
