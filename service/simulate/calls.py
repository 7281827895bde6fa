"""Fault calls: when a customer called, when a crew was there, when supply was back."""

from dataclasses import dataclass
from typing import Final

from service.simulate import names
from service.simulate.instants import MINUTE_MS
from service.simulate.network import Network
from service.simulate.plan import SimulationPlan
from service.simulate.random_streams import Purpose, random_of
from service.simulate.scenario import Scenario

_USUAL_MINUTES: Final = {"urban": 45, "rural": 90, "remote": 120, "special_remote": 180}
_LATE_SHARE: Final = 0.08  # of crews need longer than usual
_BAD_WEATHER_SHARE: Final = 0.05
_KINDS: Final = ("feeder_fault", "transformer_fault", "phase_loss", "customer_fault")
_LEAST_MS: Final = 10 * MINUTE_MS  # nobody calls about less


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call about a fault, and what followed; times to the minute, milliseconds."""

    call: str
    customer: str
    point: str
    response_area: str
    called_ms: int
    arrived_ms: int
    restored_ms: int
    severe_weather: bool
    outage: str  # truth


def draw_calls(plan: SimulationPlan, network: Network, scenario: Scenario) -> tuple[Call, ...]:
    """Return the first call about each fault, where there was one, in the order of the calls."""
    random = random_of(plan.seed, Purpose.CALLS)
    made: list[Call] = []
    for outage in scenario.outages:
        accounts = [one for one in outage.extent.points.tolist() if network.points.customer[one]]
        may_call = outage.kind in _KINDS and outage.leaves_evidence and bool(accounts)
        length_ms = outage.extent.main_after_ms
        if not (may_call and length_ms > _LEAST_MS):
            continue
        if random.random() >= plan.operation.called_share:
            continue
        area = names.REGIONS[network.feeders[outage.extent.feeder].region][3]
        point = accounts[int(random.integers(len(accounts)))]
        called_ms = outage.start_ms + round(random.uniform(0.05, 0.4) * length_ms)
        called_ms = min(called_ms, outage.start_ms + 40 * MINUTE_MS)
        is_late = random.random() < _LATE_SHARE
        share = random.uniform(1.02, 1.8) if is_late else random.uniform(0.25, 0.98)
        way_ms = round(share * _USUAL_MINUTES[area] * MINUTE_MS)
        arrived_ms = min(called_ms + way_ms, outage.end_ms - MINUTE_MS)
        made.append(
            Call(
                call=f"95598-{len(made) + 1:06d}",
                customer=network.points.customer[point],
                point=network.points.code[point],
                response_area=area,
                called_ms=called_ms,
                arrived_ms=arrived_ms,
                restored_ms=outage.end_ms,
                severe_weather=bool(random.random() < _BAD_WEATHER_SHARE),
                outage=outage.code,
            )
        )
    return tuple(sorted(made, key=lambda one: (one.called_ms, one.call)))
