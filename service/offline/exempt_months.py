"""The months in which the points of a file are exempt by their power factor."""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from service.domain.periods import month_start, next_month, periods
from service.domain.power_factor import HourlyEnergy, PeakFactor, PeakMonth, peak_factor
from service.domain.registry import Customer, Exemption, Point
from service.domain.rule_rows import PowerFactorRow
from service.offline.ledger import FileLedger


def exempt_months(
    ledger: FileLedger, point: Point, required: Decimal, rule: PowerFactorRow, zone: ZoneInfo
) -> tuple[list[Exemption], list[str]]:
    """Return the months in which ``point`` is exempt, and what to say of each month.

    Args:
        ledger: Of all points, with their energies.
        point: In service for as long as its file reaches; only that time counts.
        required: The power factor that its customer has to keep at peak load.
        rule: What peak load is.
        zone: Whose months and hours.
    """
    pages, mine = ledger.pages, ledger.pages_of(point.point_id)
    energy = HourlyEnergy(
        hour=pages.hour[mine],
        active_ws=pages.active_ws[mine],
        reactive_vars=pages.reactive_vars[mine],
        power_s=pages.power_s[mine],
    )
    customer = _customer_of(point, required)
    exemptions: list[Exemption] = []
    remarks: list[str] = []
    for period in periods(point.valid_from, point.valid_to or point.valid_from, "month", zone):
        month = date.fromisoformat(f"{period.label}-01")
        factor = peak_factor(customer, [energy], PeakMonth(month=month, zone=zone, rule=rule))
        if factor is None:
            continue
        remarks.append(f"{period.label}: {_remark(factor)}")
        if factor.is_below:
            from_at, to_at = month_start(month, zone), month_start(next_month(month), zone)
            exemptions.append(Exemption(point_id=point.point_id, from_at=from_at, to_at=to_at))
    return exemptions, remarks


def _customer_of(point: Point, required: Decimal) -> Customer:
    """Return a customer at ``point`` with a requirement, for as long as the point is in service."""
    return Customer(
        customer_id=0,
        customer=point.point,
        points=(point.point,),
        voltage_level_mv=point.nominal_mv,
        residential=False,
        important=False,
        user_class="LV",
        required_power_factor=required,
        target_area="urban",
        response_area="urban",
        valid_from=point.valid_from,
        valid_to=point.valid_to,
    )


def _remark(factor: PeakFactor) -> str:
    if not factor.is_known:
        return "power factor at peak load not known, so not exempt"
    below = f"below {factor.required}: exempt" if factor.is_below else f"at least {factor.required}"
    return f"power factor at peak load {factor.power_factor}, {below}"
