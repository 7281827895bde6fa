"""The folder `truth`: what really happened, and the figures that follow from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.simulate.csv_files import write_csv
from service.simulate.declarations import Declaration
from service.simulate.evidence import KINDS, PHYSICAL, evidence_of
from service.simulate.figures import (
    THRESHOLDS_S,
    customer_figures,
    medium_voltage_figures,
    planned_counts,
    spans_by_point,
    user_spans,
)
from service.simulate.instants import MINUTE_MS, instant_text, instant_texts
from service.simulate.meter_events import MeterEvents
from service.simulate.network import Network, Role
from service.simulate.outages import PointOutages, point_outages
from service.simulate.plan import SimulationPlan
from service.simulate.scenario import Scenario

_OUTAGES: Final = (
    *("outage", "kind", "cause", "level", "feeder", "codes", "phase", "start", "restored"),
    *("last_restored", "n_points", "n_customers", "n_steps", "n_nested", "leaves_evidence"),
)
_ROLES: Final = {
    Role.HEAD: "head",
    Role.TERMINAL: "terminal",
    Role.CUSTOMER: "customer",
    Role.MEDIUM_VOLTAGE: "medium_voltage",
    Role.RESERVE: "reserve",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """All that is known of a simulated district."""

    plan: SimulationPlan
    network: Network
    scenario: Scenario
    events: MeterEvents
    declarations: tuple[Declaration, ...]


def write_truth(folder: Path, truth: Truth) -> dict[str, object]:
    """Write the files of the truth and return its figures; `figures.json` is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    network, scenario = truth.network, truth.scenario
    rows = point_outages(scenario.outages)
    evidence = evidence_of(
        network, scenario.outages, rows, truth.events, truth.declarations, truth.plan.interval_ms
    )
    write_csv(folder / "outages.csv", _OUTAGES, _outage_rows(network, scenario))
    write_csv(
        folder / "point_outages.csv",
        ("outage", "point", "start", "end", "nested", "evidence"),
        _point_rows(network, scenario, rows, evidence),
    )
    write_csv(
        folder / "user_outages.csv",
        ("outage", "user", "start", "end", "kind", "cause"),
        _user_rows(network, scenario),
    )
    write_csv(
        folder / "communication_losses.csv",
        ("level", "code", "from", "to", "n_points", "backfilled"),
        _loss_rows(scenario),
    )
    write_csv(
        folder / "devices.csv",
        ("device", "point", "role", "phase", "supply", "behaviour", "clock_offset_s", "gasps"),
        _device_rows(network),
    )
    write_csv(folder / "false_gasps.csv", ("device", "at"), _false_rows(network, scenario))
    write_csv(
        folder / "declarations.csv",
        ("ticket", "outage", "notice", "overrun_min"),
        _declaration_rows(truth.declarations),
    )
    write_csv(
        folder / "planned_counts.csv",
        ("customer", "year", "n_planned"),
        ((*key, n) for key, n in sorted(planned_counts(network, scenario.outages).items())),
    )
    (folder / "plan.json").write_bytes(_json(truth.plan))
    figures = _figures(network, scenario, rows, evidence)
    (folder / "figures.json").write_bytes(_json(figures))
    return figures


def _figures(
    network: Network,
    scenario: Scenario,
    rows: PointOutages,
    evidence: dict[str, NDArray[np.bool_]],
) -> dict[str, object]:
    """Return the figures, of all outages and of those with physical evidence at the point."""
    has_physical = _has_physical(network, rows, evidence)
    chosen = {"all": np.ones(rows.point.size, np.bool_), "with_physical_evidence": has_physical}
    figures: dict[str, object] = {
        "from": instant_text(scenario.from_ms),
        "to": instant_text(scenario.to_ms),
        "point_outages": rows.point.size,
        "point_outages_without_physical_evidence": int((~has_physical).sum()),
    }
    columns = (rows.point, rows.start_ms, rows.end_ms)
    for name, which in chosen.items():
        spans = spans_by_point(zip(*(column[which].tolist() for column in columns), strict=True))
        figures[name] = {
            f"longer_than_{threshold_s}_s": customer_figures(network, spans, threshold_s)
            for threshold_s in THRESHOLDS_S
        }
    figures["medium_voltage"] = medium_voltage_figures(network, scenario)
    return figures


def _has_physical(
    network: Network, rows: PointOutages, evidence: dict[str, NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Return which point outages have physical evidence.

    A reserve entrance has none of its own; its customer's other entrance, the point before it, speaks for both.
    """
    found: NDArray[np.bool_] = np.any([evidence[kind] for kind in PHYSICAL], axis=0)
    reserve = np.flatnonzero(network.points.role[rows.point] == Role.RESERVE)
    found[reserve] |= found[reserve - 1]
    return found


def _outage_rows(network: Network, scenario: Scenario) -> Iterator[tuple[object, ...]]:
    has_customer = np.isin(network.points.role, (Role.CUSTOMER, Role.MEDIUM_VOLTAGE))
    for outage in scenario.outages:
        extent = outage.extent
        yield (
            outage.code,
            outage.kind,
            outage.cause,
            extent.level,
            network.feeders[extent.feeder].code,
            ";".join(extent.codes),
            extent.phase or "",
            instant_text(outage.start_ms),
            instant_text(outage.end_ms),
            instant_text(outage.start_ms + extent.last_after_ms),
            extent.points.size,
            int(has_customer[extent.points].sum()),
            extent.n_steps,
            int(extent.is_nested.sum()),
            outage.leaves_evidence,
        )


def _point_rows(
    network: Network,
    scenario: Scenario,
    rows: PointOutages,
    evidence: dict[str, NDArray[np.bool_]],
) -> Iterator[tuple[object, ...]]:
    starts, ends = instant_texts(rows.start_ms), instant_texts(rows.end_ms)
    kinds = np.stack([evidence[kind] for kind in KINDS], axis=1).tolist()
    for row, (outage, point) in enumerate(
        zip(rows.outage.tolist(), rows.point.tolist(), strict=True)
    ):
        found = ";".join(kind for kind, has in zip(KINDS, kinds[row], strict=True) if has)
        code = network.points.code[point]
        nested = bool(rows.is_nested[row])
        yield scenario.outages[outage].code, code, starts[row], ends[row], nested, found


def _user_rows(network: Network, scenario: Scenario) -> Iterator[tuple[object, ...]]:
    for outage in scenario.outages:
        for unit, start_ms, end_ms in user_spans(outage):
            times = (instant_text(start_ms), instant_text(end_ms))
            yield outage.code, network.units[unit].code, *times, outage.kind, outage.cause


def _loss_rows(scenario: Scenario) -> Iterator[tuple[object, ...]]:
    for loss in sorted(scenario.losses, key=lambda one: (one.from_ms, one.code)):
        times = (instant_text(loss.from_ms), instant_text(loss.to_ms))
        n_points = loss.stop_point - loss.first_point
        yield loss.level, loss.code, *times, n_points, loss.is_backfilled


def _device_rows(network: Network) -> Iterator[tuple[object, ...]]:
    points = network.points
    for point, device in enumerate(points.device):
        role = Role(int(points.role[point]))
        behaviour = "normal"
        if role == Role.RESERVE:
            behaviour = "no_transformer_input"
        elif points.sleeps[point]:
            behaviour = "sleeping"
        yield (
            device,
            points.code[point],
            _ROLES[role],
            int(points.phase[point]) or "",
            "self_powered" if points.self_powered[point] else "own",
            behaviour,
            int(points.clock_offset_ms[point]) // 1000,
            bool(points.gasps[point]),
        )


def _false_rows(network: Network, scenario: Scenario) -> Iterator[tuple[object, ...]]:
    for gasp in sorted(scenario.false_gasps, key=lambda one: (one.at_ms, one.point)):
        yield network.points.device[gasp.point], instant_text(gasp.at_ms)


def _declaration_rows(declarations: tuple[Declaration, ...]) -> Iterator[tuple[object, ...]]:
    for one in declarations:
        overrun_ms = 0
        if one.on_ms is not None and one.window_to_ms is not None:
            overrun_ms = max(0, one.on_ms - one.window_to_ms)
        yield one.ticket, one.outage, one.notice, overrun_ms // MINUTE_MS


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
