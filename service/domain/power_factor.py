"""The power factor at peak load, customer by customer and month by month, and whom it exempts.

A limit of voltage does not bind the supplier towards a customer whose power factor is below its
requirement at the system's peak load (State Grid norm, art. 8(3); 供电营业规则 2024, art. 45). That
is never decided for a residential customer, and never when the factor is not known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from service.domain.periods import month_start, next_month
from service.domain.registry import Customer, Exemption
from service.domain.rule_rows import PowerFactorRow

_HOUR_S = 3600
_FOUR_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class HourlyEnergy:
    """Energy of one point by hour, as its pages hold it, ``(n_hours,)`` each."""

    hour: NDArray[np.int32]  # hours since the Unix epoch, UTC, each at most once
    active_ws: NDArray[np.int64]  # watt seconds, negative where the customer feeds in
    reactive_vars: NDArray[np.int64]  # var seconds, either sign
    power_s: NDArray[np.int32]  # seconds of the hour whose power is known


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakFactor:
    """The power factor of one customer in the peak hours of one month."""

    customer: str
    month: date  # its first day
    required: Decimal
    active_ws: int  # sums of hourly amounts: directions do not cancel each other
    reactive_vars: int
    known_s: int  # seconds of peak time whose power is known, over all points of the customer
    expected_s: int  # all of them
    is_known: bool  # enough of them are known, and there was any energy

    @property
    def is_below(self) -> bool:
        """Whether the factor is known and below the requirement; judged exactly, unrounded."""
        if not self.is_known:
            return False
        required = Fraction(self.required) ** 2
        return self.active_ws**2 < required * (self.active_ws**2 + self.reactive_vars**2)

    @property
    def power_factor(self) -> Decimal | None:
        """The factor, rounded down to four places, so that 0.89999 never reads as 0.9000."""
        if not self.is_known:
            return None
        apparent = Decimal(self.active_ws**2 + self.reactive_vars**2).sqrt()
        return (self.active_ws / apparent).quantize(_FOUR_PLACES, ROUND_FLOOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptPoint:
    """A point that is exempt in one month, and why."""

    point_id: int
    month: date  # its first day
    power_factor: Decimal  # of the customer nearest to its requirement
    required: Decimal

    def interval(self, zone: ZoneInfo) -> Exemption:
        """Return the exemption with its instants, for judging."""
        return Exemption(
            point_id=self.point_id,
            from_at=month_start(self.month, zone),
            to_at=month_start(next_month(self.month), zone),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakMonth:
    """Which hours count: the peak hours of one month."""

    month: date  # its first day
    zone: ZoneInfo
    rule: PowerFactorRow

    def hours(self) -> NDArray[np.int32]:
        """Return the hours since the Unix epoch whose local midpoint lies in a peak window.

        The midpoint, because hours of the ledger are UTC hours: in a zone off by half an hour they
        straddle the edges of a window.
        """
        edges = (month_start(day, self.zone) for day in (self.month, next_month(self.month)))
        start, stop = (-((_HOUR_S // 2 - int(at.timestamp())) // _HOUR_S) for at in edges)
        hours = np.arange(start, stop, dtype=np.int32)
        return hours[[self._is_peak(int(hour)) for hour in hours]]

    def _is_peak(self, hour: int) -> bool:
        middle = datetime.fromtimestamp(hour * _HOUR_S, UTC) + timedelta(minutes=30)
        local: time = middle.astimezone(self.zone).time()
        return any(start <= local < end for start, end in self.rule.peak_windows)


def peak_factor(
    customer: Customer, energies: Sequence[HourlyEnergy], peak: PeakMonth
) -> PeakFactor | None:
    """Return the factor of ``customer`` in a month, None where it has no requirement.

    Residential customers have none, whatever the registry says. Hours outside the customer's
    validity do not count.

    Args:
        customer: Whose factor.
        energies: One entry for each of its points; of a point without energy, an empty one.
        peak: The month and its peak hours.
    """
    if customer.residential or customer.required_power_factor is None:
        return None
    hours = _hours_in_service(customer, peak.hours())
    active_ws = reactive_vars = known_s = 0
    for energy in energies:
        chosen = np.isin(energy.hour, hours)
        active_ws += int(np.abs(energy.active_ws[chosen]).sum())
        reactive_vars += int(np.abs(energy.reactive_vars[chosen]).sum())
        known_s += int(energy.power_s[chosen].sum())
    expected_s = hours.size * _HOUR_S * len(energies)
    enough = known_s >= peak.rule.known_share_min * expected_s
    return PeakFactor(
        customer=customer.customer,
        month=peak.month,
        required=customer.required_power_factor,
        active_ws=active_ws,
        reactive_vars=reactive_vars,
        known_s=known_s,
        expected_s=expected_s,
        is_known=enough and active_ws + reactive_vars > 0,
    )


def exemptions(
    customers: Sequence[Customer],
    energy_of: Mapping[str, HourlyEnergy],
    point_ids: Mapping[str, int],
    peak: PeakMonth,
) -> list[ExemptPoint]:
    """Return the points that are exempt in a month, in the order of their ids.

    A point that supplies several customers is exempt only if all of them are below their
    requirements; one residential customer keeps it under the limits.

    Args:
        customers: All customers; those out of service in the month take no part.
        energy_of: Energy by point (the operator's identifier); absent is unknown.
        point_ids: Ids of the database by the same.
        peak: The month and its peak hours.
    """
    factors_at: dict[str, list[PeakFactor | None]] = {}
    for customer in customers:
        if _is_out_of_service(customer, peak):
            continue
        energies = [energy_of.get(point, _NO_ENERGY) for point in customer.points]
        factor = peak_factor(customer, energies, peak)
        for point in customer.points:
            factors_at.setdefault(point, []).append(factor)
    found = (_exempt(point_ids[point], factors) for point, factors in factors_at.items())
    return sorted((point for point in found if point), key=lambda point: point.point_id)


def _exempt(point_id: int, factors: Sequence[PeakFactor | None]) -> ExemptPoint | None:
    shown: list[tuple[Decimal, Decimal, date]] = []
    for factor in factors:
        if factor is None or not factor.is_below or factor.power_factor is None:
            return None
        shown.append((factor.power_factor - factor.required, factor.required, factor.month))
    margin, required, month = max(shown)
    return ExemptPoint(
        point_id=point_id, month=month, power_factor=margin + required, required=required
    )


def _hours_in_service(customer: Customer, hours: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the hours that begin inside the customer's validity."""
    start_s = hours.astype(np.int64) * _HOUR_S
    inside = start_s >= customer.valid_from.timestamp()
    if customer.valid_to is not None:
        inside &= start_s < customer.valid_to.timestamp()
    return hours[inside]


def _is_out_of_service(customer: Customer, peak: PeakMonth) -> bool:
    begins_later = customer.valid_from >= month_start(next_month(peak.month), peak.zone)
    month_begin = month_start(peak.month, peak.zone)
    return begins_later or (customer.valid_to is not None and customer.valid_to <= month_begin)


_NO_ENERGY = HourlyEnergy(
    hour=np.zeros(0, np.int32),
    active_ws=np.zeros(0, np.int64),
    reactive_vars=np.zeros(0, np.int64),
    power_s=np.zeros(0, np.int32),
)
