"""The registry of the district, in the files that `voltpass import` takes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from service.simulate import names
from service.simulate.csv_files import write_csv
from service.simulate.instants import ZONE_NAME, day_start_ms, minute_text
from service.simulate.network import NO_UNIT, Network, Points, Role
from service.simulate.plan import SimulationPlan

PT_RATIO: Final = 100  # of 10 kV / 100 V
MEDIUM_VOLTAGE_V: Final = 10_000
_LOW_VOLTAGE_V: Final = 220

_POINTS: Final = (
    *("point", "nominal_v", "wiring", "class"),
    *("organisation", "organisation_name", "region", "region_name"),
    *("substation", "substation_name", "feeder", "feeder_name"),
    *("transformer", "transformer_name", "terminal", "feeder_head", "valid_from"),
)
_DEVICES: Final = (
    *("device", "point", "interval_s", "voltage_ratio", "reading_kind", "stamp_at", "zone"),
    *("delivery_delay_s", "self_powered", "zero_means", "concentrator", "valid_from"),
)
_CUSTOMERS: Final = (
    *("customer", "points", "voltage_level_v", "residential", "important", "user_class"),
    *("required_power_factor", "capacity_kva", "target_area", "response_area", "valid_from"),
)


def write_registry(out: Path, plan: SimulationPlan, network: Network) -> dict[str, int]:
    """Write the three registry files; return the number of rows of each."""
    valid_from = minute_text(day_start_ms(plan.start))
    return {
        "points": write_csv(out / "points.csv", _POINTS, _point_rows(network, valid_from)),
        "devices": write_csv(
            out / "devices.csv", _DEVICES, _device_rows(plan, network, valid_from)
        ),
        "customers": write_csv(
            out / "customers.csv", _CUSTOMERS, _customer_rows(network, valid_from)
        ),
    }


def is_medium_voltage(role: int) -> bool:
    """Return whether a point of this role is at 10 kV."""
    return role in (Role.HEAD, Role.MEDIUM_VOLTAGE, Role.RESERVE)


def _point_rows(network: Network, valid_from: str) -> Iterator[tuple[object, ...]]:
    points = network.points
    for feeder in network.feeders:
        region = names.REGIONS[feeder.region]
        substation = (f"S{feeder.substation + 1:03d}", names.substation_name(feeder.substation))
        above = (*names.ORGANISATION, *region[:2], *substation, feeder.code, feeder.name)
        for point in range(feeder.first_point, feeder.stop_point):
            role, unit = int(points.role[point]), int(points.unit[point])
            below = (network.units[unit].code, network.units[unit].name) if unit >= 0 else ("", "")
            kind = _kind(role, int(points.phase[point]))
            witness = (role == Role.TERMINAL, role == Role.HEAD)
            yield (points.code[point], *kind, *above, *below, *witness, valid_from)


def _kind(role: int, phase: int) -> tuple[int, str, str]:
    """Return nominal voltage, wiring and class of a point."""
    if is_medium_voltage(role):
        return MEDIUM_VOLTAGE_V, "3p3w", "C"
    return _LOW_VOLTAGE_V, "1p" if phase else "3p4w", "D"


def _device_rows(
    plan: SimulationPlan, network: Network, valid_from: str
) -> Iterator[tuple[object, ...]]:
    points = network.points
    usual_delay_s = round(plan.delivery.delay_median_s)
    for sender in network.concentrators:
        for point in range(sender.first_point, sender.stop_point):
            yield (
                points.device[point],
                points.code[point],
                plan.interval_s,
                PT_RATIO if is_medium_voltage(int(points.role[point])) else 1,
                "instant" if sender.is_instant else "mean",
                "end" if sender.stamps_at_end else "start",
                ZONE_NAME,
                usual_delay_s,
                bool(points.self_powered[point]),
                _zero_means(points, point),
                sender.key if sender.home_unit != NO_UNIT else "",
                valid_from,
            )


def _zero_means(points: Points, point: int) -> str:
    if points.role[point] == Role.RESERVE:
        return "no_input"
    return "asleep" if points.sleeps[point] else "no_supply"


def _customer_rows(network: Network, valid_from: str) -> Iterator[tuple[object, ...]]:
    points = network.points
    for point, account in enumerate(points.customer):
        if not account:
            continue
        role = int(points.role[point])
        _, _, target, response = names.REGIONS[network.feeders[points.feeder[point]].region]
        is_mv = role == Role.MEDIUM_VOLTAGE
        level_v = MEDIUM_VOLTAGE_V if is_mv else _LOW_VOLTAGE_V if points.phase[point] else 380
        yield (
            account,
            ";".join(points.code[one] for one in points_of_customer(network, point)),
            level_v,
            bool(points.residential[point]),
            bool(points.important[point]),
            "MV" if is_mv else "LV",
            "0.9" if is_mv else "",
            int(points.capacity_kva[point]),
            target,
            response,
            valid_from,
        )


def points_of_customer(network: Network, point: int) -> range:
    """Return the points of the customer whose first point this is."""
    if network.points.role[point] != Role.MEDIUM_VOLTAGE:
        return range(point, point + 1)
    unit = network.units[network.points.unit[point]]
    return range(unit.first_point, unit.stop_point)
