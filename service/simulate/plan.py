"""What is to be simulated: a frozen plan, every number of which can be set and swept."""

from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from service.errors.simulation import SimulationError

Share = Annotated[float, Meta(ge=0, le=1)]
Rate = Annotated[float, Meta(ge=0, le=100)]  # expected number per feeder in 30 days; 0 is never
Seconds = Annotated[float, Meta(ge=0, le=5 * 86_400)]

METERS_PER_FEEDER_MIN: Final = 25
_MINUTES_OF_INTERVAL: Final = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers that belong together; each is a field with its bounds."""


class GridPlan(_Section, frozen=True, kw_only=True):
    """What the network is made of."""

    meters_per_transformer: Annotated[float, Meta(ge=10, le=500)] = 80  # +-25 %
    terminal_share: Share = 0.9  # of public transformers have a meter at their terminals
    head_share: Share = 0.8  # of feeders have a monitor behind their breaker
    mv_share: Share = 0.006  # of all meters are those of medium-voltage customers
    reserve_share: Share = 0.1  # of those have a reserve entrance whose transformer input is absent
    three_phase_share: Share = 0.08  # of low-voltage customers; none of them is residential
    business_share: Share = 0.06  # of single-phase customers are not residential
    important_share: Share = 0.003  # of customers
    rural_share: Share = 0.4  # of feeders
    self_powered_share: Share = 0.7  # of low-voltage meters fall silent without supply
    gasping_share: Share = 0.85  # of those can send a last gasp
    instant_share: Share = 0.25  # of concentrators read instants instead of means
    stamp_at_end_share: Share = 0.3  # of concentrators
    sleeping_share: Share = 0.005  # of single-phase meters are at inverters, and read 0 V at night
    clock_offset_share: Share = 0.005  # of low-voltage meters
    clock_offset_max_s: Annotated[float, Meta(ge=0, le=240)] = 240


class FaultPlan(_Section, frozen=True, kw_only=True):
    """Faults: how many, and of what kind. At least one of every kind whose rate is not 0."""

    feeder_faults: Rate = 0.4
    reclosed: Rate = 1.0  # the breaker recloses within a minute, with success
    short_faults: Rate = 0.1  # over within three minutes
    transformer_faults: Rate = 1.0
    phase_losses: Rate = 0.3  # of one phase of a transformer
    customer_faults: Rate = 3.0
    stepwise_share: Share = 0.35  # of outages of several transformers are restored in steps
    stays_dark_share: Share = 0.3  # leave one transformer or customer dark after restoration
    external_share: Share = 0.3  # of faults come from outside
    no_evidence_share: Share = 0.05  # of customer faults leave nothing but silence


class OperationPlan(_Section, frozen=True, kw_only=True):
    """What operators do and declare. At least one of every kind whose rate is not 0."""

    maintenance: Rate = 0.8
    construction: Rate = 0.15
    temporary: Rate = 0.2
    emergency: Rate = 0.1
    customer_request: Rate = 0.15
    rationing: Rate = 0.15  # for want of supply
    network_limit: Rate = 0.05  # rationing because the network is the limit
    cancelled: Rate = 0.15
    abnormal_states: Rate = 0.05
    notice_kept_share: Share = 0.7  # of planned and temporary outages
    overrun_share: Share = 0.15  # of planned outages end after their window
    declared_share: Share = 0.9  # of faults of transformers and phases; feeders always are
    customer_declared_share: Share = 0.3  # of customer faults
    called_share: Share = 0.9  # of faults somebody calls about


class EventPlan(_Section, frozen=True, kw_only=True):
    """What meters say of outages, and what becomes of it on its way."""

    last_gasp_lost_share: Share = 0.4
    last_gasp_copies_max: Annotated[int, Meta(ge=1, le=10)] = 3
    hold_off_min_s: Seconds = 30
    hold_off_max_s: Seconds = 45
    boot_max_s: Seconds = 60  # between the return of supply and `restored`, at least 5 s
    delay_median_s: Seconds = 8
    delayed_share: Share = 0.05
    delayed_max_s: Seconds = 2 * 86_400
    partner_missing_share: Share = 0.15  # of power_on, power_off and restored are never sent
    log_delay_max_s: Seconds = 3 * 86_400  # of the power-failure log, which is read in the end
    log_repeated_share: Share = 0.1
    log_threshold_s: Seconds = 60  # shorter outages are in no log
    false_gasps: Annotated[int, Meta(ge=0, le=100_000)] = 10  # in all, sent while there is supply


class DeliveryPlan(_Section, frozen=True, kw_only=True):
    """What becomes of readings on their way."""

    delay_median_s: Seconds = 40
    reading_lost_share: Share = 0.005
    refilled_share: Share = 0.7  # of lost readings are asked for again in the night after
    late_share: Share = 0.01  # of messages
    late_max_s: Seconds = 2 * 3600
    repeated_share: Share = 0.005  # of messages
    long_losses: Annotated[int, Meta(ge=0, le=1000)] = 1  # of all concentrators of a feeder
    long_loss_s: Seconds = 6 * 3600
    short_losses: Rate = 0.5  # of one concentrator
    short_loss_max_s: Seconds = 2 * 3600
    backfilled_share: Share = 0.5  # of losses whose readings come afterwards


class SimulationPlan(_Section, frozen=True, kw_only=True):
    """All that the result depends on; the same plan gives the same bytes."""

    seed: Annotated[int, Meta(ge=0, lt=2**32)] = 1
    meters: Annotated[int, Meta(ge=METERS_PER_FEEDER_MIN, le=10_000_000)] = 20_000  # all there are
    feeders: Annotated[int, Meta(ge=1, le=9999)] = 60
    days: Annotated[int, Meta(ge=1, le=366)] = 30
    start: Annotated[str, Meta(pattern=r"^20\d\d-\d\d-\d\d$")] = "2026-03-01"  # in China
    interval_s: int = 900
    wire_format: Literal["arrow", "json"] = "arrow"
    grid: GridPlan = GridPlan()
    faults: FaultPlan = FaultPlan()
    operation: OperationPlan = OperationPlan()
    events: EventPlan = EventPlan()
    delivery: DeliveryPlan = DeliveryPlan()

    @property
    def interval_ms(self) -> int:
        """Length of an interval, milliseconds."""
        return self.interval_s * 1000

    @property
    def intervals_per_day(self) -> int:
        """Number of readings of a meter and day."""
        return 86_400 // self.interval_s


def plan_of(given: dict[str, object], settings: Iterable[str]) -> SimulationPlan:
    """Return the plan of some fields and of settings like ``events.last_gasp_lost_share=0.6``.

    Raises:
        SimulationError: A name is unknown or a value out of bounds; the message says which.
    """
    fields: dict[str, object] = dict(given)
    for setting in settings:
        name, separator, value = setting.partition("=")
        section, dot, key = name.strip().partition(".")
        if not (separator and dot):
            raise SimulationError(f"{setting!r}: write section.name=value, e.g. grid.mv_share=0.01")
        fields[section] = {**_section_of(fields, section), key: _number(value)}
    try:
        plan = msgspec.convert(fields, SimulationPlan)
    except msgspec.ValidationError as error:
        raise SimulationError(f"{error}; known settings: {', '.join(setting_names())}") from error
    _check(plan)
    return plan


def setting_names() -> list[str]:
    """Return the names of all settings that stand in a section."""
    names = []
    for section in msgspec.structs.fields(SimulationPlan):
        if isinstance(section.default, _Section):
            inner = msgspec.structs.fields(section.default)
            names += [f"{section.name}.{field.name}" for field in inner]
    return names


def _section_of(fields: dict[str, object], section: str) -> dict[str, object]:
    earlier = fields.get(section, {})
    if not isinstance(earlier, dict):
        raise SimulationError(f"{section} is no section; known settings: {setting_names()}")
    return earlier


def _number(value: str) -> object:
    try:
        return msgspec.json.decode(value.strip())
    except msgspec.DecodeError:
        return value.strip()


def _check(plan: SimulationPlan) -> None:
    """Check what one field alone does not show."""
    if plan.interval_s % 60 or plan.interval_s // 60 not in _MINUTES_OF_INTERVAL:
        allowed = ", ".join(str(60 * minutes) for minutes in _MINUTES_OF_INTERVAL)
        raise SimulationError(f"interval is {plan.interval_s} s; allowed: {allowed}")
    if plan.meters < METERS_PER_FEEDER_MIN * plan.feeders:
        least = METERS_PER_FEEDER_MIN * plan.feeders
        raise SimulationError(
            f"{plan.meters} meters are too few for {plan.feeders} feeders; at least {least}"
        )
    if plan.events.hold_off_min_s > plan.events.hold_off_max_s:
        raise SimulationError(
            f"events.hold_off_min_s is {plan.events.hold_off_min_s}, "
            f"above events.hold_off_max_s, {plan.events.hold_off_max_s}"
        )
