"""What happens in the district: outages, losses of communication, abnormal states, false alarms."""

from dataclasses import dataclass

import numpy as np

from service.simulate.instants import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, day_start_ms
from service.simulate.network import NO_UNIT, Network
from service.simulate.outage_drawing import OutageDrawing
from service.simulate.outages import Outage
from service.simulate.plan import SimulationPlan
from service.simulate.random_streams import Purpose, random_of
from service.simulate.vacancy import Vacancy


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A loss of communication: meters measure on, nobody hears them."""

    level: str  # feeder: all of its concentrators; or concentrator
    code: str
    first_point: int
    stop_point: int
    from_ms: int
    to_ms: int
    is_backfilled: bool  # what was measured meanwhile comes afterwards


@dataclass(frozen=True, slots=True, kw_only=True)
class AbnormalState:
    """A feeder fed in an unusual way: its voltage is low, and the wider band applies."""

    feeder: int
    from_ms: int
    to_ms: int
    depth: float  # share of nominal by which voltage is lower


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseGasp:
    """A last gasp of a meter that never lost its supply."""

    point: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that happens in ``[from_ms, to_ms)``."""

    from_ms: int
    to_ms: int
    outages: tuple[Outage, ...]  # in the order of their starts
    losses: tuple[Loss, ...]
    abnormal_states: tuple[AbnormalState, ...]
    false_gasps: tuple[FalseGasp, ...]
    n_left_out: int  # outages for which no time was free


def draw_scenario(plan: SimulationPlan, network: Network) -> Scenario:
    """Return what happens under a plan. Outages end two hours before the period does, at the latest."""
    from_ms = day_start_ms(plan.start)
    to_ms = from_ms + plan.days * DAY_MS
    vacancy = Vacancy(from_ms + HOUR_MS, to_ms - 2 * HOUR_MS)
    random = random_of(plan.seed, Purpose.LOSSES)
    long_losses = _long_losses(plan, network, vacancy, from_ms, random)
    drawing = OutageDrawing(plan, network, vacancy, from_ms, random_of(plan.seed, Purpose.OUTAGES))
    outages = drawing.all_kinds()
    n_short = drawing.number_of(plan.delivery.short_losses)
    n_abnormal = drawing.number_of(plan.operation.abnormal_states)
    return Scenario(
        from_ms=from_ms,
        to_ms=to_ms,
        outages=outages,
        losses=(
            *long_losses,
            *(_short_loss(plan, network, from_ms, random) for _ in range(n_short)),
        ),
        abnormal_states=tuple(_abnormal_state(plan, from_ms, random) for _ in range(n_abnormal)),
        false_gasps=_false_gasps(plan, network, vacancy, from_ms, random),
        n_left_out=drawing.n_left_out,
    )


def _long_losses(
    plan: SimulationPlan,
    network: Network,
    vacancy: Vacancy,
    from_ms: int,
    random: np.random.Generator,
) -> list[Loss]:
    """Return losses of all concentrators of a feeder, at times when it has no outage."""
    length_ms = round(plan.delivery.long_loss_s * SECOND_MS)
    made: list[Loss] = []
    for _ in range(plan.delivery.long_losses):
        feeder = network.feeders[int(random.integers(plan.feeders))]
        start_ms = vacancy.take(length_ms, feeder.number, lambda: _any_time(plan, from_ms, random))
        if start_ms is None:
            continue
        transformers = network.transformers_of(feeder)
        made.append(
            Loss(
                level="feeder",
                code=feeder.code,
                first_point=transformers[0].first_point,
                stop_point=transformers[-1].stop_point,
                from_ms=start_ms,
                to_ms=start_ms + length_ms,
                is_backfilled=bool(random.random() < plan.delivery.backfilled_share),
            )
        )
    return made


def _short_loss(
    plan: SimulationPlan, network: Network, from_ms: int, random: np.random.Generator
) -> Loss:
    """Return a loss of one concentrator, also while it has an outage."""
    collecting = [one for one in network.concentrators if one.home_unit != NO_UNIT]
    sender = collecting[int(random.integers(len(collecting)))]
    start_ms = _any_time(plan, from_ms, random)
    most_s = plan.delivery.short_loss_max_s
    return Loss(
        level="concentrator",
        code=sender.key,
        first_point=sender.first_point,
        stop_point=sender.stop_point,
        from_ms=start_ms,
        to_ms=start_ms + round(random.uniform(most_s / 4, most_s) * SECOND_MS),
        is_backfilled=bool(random.random() < plan.delivery.backfilled_share),
    )


def _abnormal_state(
    plan: SimulationPlan, from_ms: int, random: np.random.Generator
) -> AbnormalState:
    start_ms = _any_time(plan, from_ms, random) // MINUTE_MS * MINUTE_MS
    return AbnormalState(
        feeder=int(random.integers(plan.feeders)),
        from_ms=start_ms,
        to_ms=start_ms + int(random.integers(2 * 60, 10 * 60)) * MINUTE_MS,
        depth=float(random.uniform(0.03, 0.06)),
    )


def _false_gasps(
    plan: SimulationPlan,
    network: Network,
    vacancy: Vacancy,
    from_ms: int,
    random: np.random.Generator,
) -> tuple[FalseGasp, ...]:
    gasping = np.flatnonzero(network.points.gasps)
    made = []
    for _ in range(plan.events.false_gasps if gasping.size else 0):
        point = int(random.choice(gasping))
        feeder = int(network.points.feeder[point])
        at_ms = vacancy.take(MINUTE_MS, feeder, lambda: _any_time(plan, from_ms, random))
        if at_ms is not None:
            made.append(FalseGasp(point=point, at_ms=at_ms))
    return tuple(made)


def _any_time(plan: SimulationPlan, from_ms: int, random: np.random.Generator) -> int:
    return from_ms + round(random.random() * plan.days * DAY_MS)
