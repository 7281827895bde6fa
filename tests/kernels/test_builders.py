"""The lanes of these tests are the lanes of the engine."""

from datetime import UTC, datetime

import pytest

from kernels.layout import LANE_SETTINGS
from service.domain.lanes import lane_settings as engine_settings
from service.domain.registry import Device, Point, ZeroMeans
from tests.kernels.builders import lane_settings
from tests.kernels.logs import INTERVALS_S
from tests.oracle.assignments import Assignment

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
UNTIL = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("interval_s", INTERVALS_S)
@pytest.mark.parametrize(
    ("ratio", "self_powered", "zero_means"),
    [
        (1.0, False, "no_supply"),
        (100.0, True, "no_supply"),
        (345.0, False, "asleep"),
        (1.0, False, "no_input"),
        (1.0, True, "asleep"),
    ],
)
def test_a_lane_is_set_as_the_engine_sets_it(
    interval_s: int, ratio: float, self_powered: bool, zero_means: ZeroMeans
) -> None:
    point = Point(
        point_id=7,
        point="p",
        nominal_mv=34_500_000,
        wiring="3p4w",
        point_class="C",
        valid_from=SINCE,
        valid_to=UNTIL,
    )
    device = Device(
        device_id=3,
        device="meter",
        point_id=7,
        interval_s=interval_s,
        voltage_ratio=ratio,
        stamp_at="end",
        self_powered=self_powered,
        zero_means=zero_means,
        valid_from=SINCE,
    )
    assignment = Assignment(
        device_id=3,
        point_id=7,
        nominal_mv=34_500_000,
        interval_s=interval_s,
        n_phases=3,
        voltage_ratio=ratio,
        stamps_end=True,
        self_powered=self_powered,
        zero_means=zero_means,
        wants_power=True,
        live_band=(930_000, 1_070_000),
        from_ms=round(SINCE.timestamp()) * 1000,
        to_ms=round(UNTIL.timestamp()) * 1000,
    )

    ours, _, _ = lane_settings({"meter": [assignment]})
    theirs = engine_settings(device, point, (930_000, 1_070_000), wants_power=True)

    names = LANE_SETTINGS.names or ()
    assert {name: ours[name][0].tolist() for name in names} == {
        name: theirs[name].tolist() for name in names
    }
