"""The network as settling goes through it: points by number and by feeder, and the devices of each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.registry import Device, Point, Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Points and devices of a registry. Make it with ``network_of``."""

    points: Mapping[int, Point]  # by point id
    of_feeder: Mapping[str, Sequence[Point]]  # points without a feeder are not in it
    devices: Mapping[int, Sequence[Device]]  # by point id; points without a device are not in it


def network_of(registry: Registry) -> Network:
    """Return the network of ``registry``, which is gone through once: it makes a point each time."""
    of_feeder: dict[str, list[Point]] = defaultdict(list)
    devices: dict[int, list[Device]] = defaultdict(list)
    points = {point.point_id: point for point in registry.points}
    for point in points.values():
        if point.feeder:
            of_feeder[point.feeder].append(point)
    for device in registry.devices:
        devices[device.point_id].append(device)
    return Network(
        points=points,
        of_feeder=dict(of_feeder),
        devices=dict(devices),
    )
