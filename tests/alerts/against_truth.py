"""What organisations were told, held against what a simulated district knows to be true."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import Alert, Notification
from tests.simulate.district import District, Reading
from tests.supply.district_evidence import us

_NEAR = 300_000_000  # clocks may be off
_SHIFT_ZONE = 8 * 3_600_000_000  # China's clocks
_ANNOUNCED = frozenset({"planned", "temporary", "emergency", "customer_request", "rationing"})


@dataclass(frozen=True, slots=True)
class TrueOutage:
    """A row of truth/outages.csv; microseconds."""

    outage: str
    kind: str
    level: str
    feeder: str
    codes: frozenset[str]
    start: int
    restored: int
    last_restored: int
    n_points: int
    leaves_evidence: bool


@dataclass(frozen=True, slots=True)
class Declared:
    """A row of outages.csv that was announced."""

    outage: str  # which it is in truth; empty: none came
    place: str
    codes: frozenset[str]
    begins: int
    ends: int
    entered: int
    withdrawn: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The three properties; each list is empty where it holds."""

    in_declared_windows: list[str]
    without_true_outage: list[str]  # communications incidents, false alarms
    crowded_quiet_shifts: list[str]
    wrongly_told: list[str]  # true feeder outages told more or less than once
    figures: Counter[str]


def verdict_of(
    district: District, notifications: Iterable[Notification], rule: AlertsRow
) -> Verdict:
    """Return how notifications keep what acceptance asks of them."""
    notifications = list(notifications)
    true, declared = true_outages(district), declared_of(district)
    told: defaultdict[str, list[tuple[Notification, Alert]]] = defaultdict(list)
    without: list[str] = []
    inside: list[str] = []
    breaches: list[Alert] = []
    for one in notifications:
        for alert in one.alerts if one.kind in ("alerts", "storm") else ():
            if alert.rule != "interruption":
                breaches.append(alert)
                continue
            match = _true_of(alert, true)
            if match is None:
                without.append(f"{alert} told at {one.at}")
            else:
                told[match.outage].append((one, alert))
            inside += [
                f"{alert} told at {one.at} in {window}"
                for window in declared
                if _covers(window, alert, one.at)
            ]
    without += [f"{one} was not measured" for one in _not_measured(district, breaches, rule)]
    due = [one for one in true if _is_due(one, declared, rule)]
    wrong = [
        f"{one} told {len(told[one.outage])} times"
        for one in due
        if one.level == "feeder" and len(told[one.outage]) != 1
    ]
    quiet, crowded = _shifts(notifications, due, district, rule)
    return Verdict(
        in_declared_windows=inside,
        without_true_outage=without,
        crowded_quiet_shifts=crowded,
        wrongly_told=wrong,
        figures=Counter(
            {
                "true outages": len(true),
                "true feeder outages": sum(one.level == "feeder" for one in true),
                "of these to be told": sum(one.level == "feeder" for one in due),
                "notifications": len(notifications),
                "outages told": sum(len(mine) for mine in told.values()),
                "breaches told": len(breaches),
                "overruns told": sum(
                    alert.is_overrun for mine in told.values() for _, alert in mine
                ),
                "quiet shifts": quiet,
            }
        ),
    )


def true_outages(district: District) -> list[TrueOutage]:
    """Return what really happened."""
    return [
        TrueOutage(
            outage=row["outage"],
            kind=row["kind"],
            level=row["level"],
            feeder=row["feeder"],
            codes=frozenset(row["codes"].split(";")),
            start=us(row["start"]),
            restored=us(row["restored"]),
            last_restored=us(row["last_restored"]),
            n_points=int(row["n_points"]),
            leaves_evidence=row["leaves_evidence"] == "yes",
        )
        for row in district.rows("truth/outages.csv")
    ]


def declared_of(district: District) -> list[Declared]:
    """Return what was announced, with the true outage that it announces."""
    outage_of = {row["ticket"]: row["outage"] for row in district.rows("truth/declarations.csv")}
    return [
        Declared(
            outage=outage_of[row["ticket"]],
            place=row["place"],
            codes=frozenset(row["codes"].split(";")),
            begins=us(row["window_from"] or row["off_at"]),
            ends=us(row["window_to"] or row["on_at"]),
            entered=us(row["entered_at"]),
            withdrawn=us(row["cancelled_at"]) if row["cancelled_at"] else None,
        )
        for row in district.rows("outages.csv")
        if row["kind"] in _ANNOUNCED
    ]


def _true_of(alert: Alert, true: Iterable[TrueOutage]) -> TrueOutage | None:
    """Return the true outage that an alert tells: the closest of its feeder."""
    meets = [
        one
        for one in true
        if one.feeder == alert.feeder and one.start - _NEAR <= alert.starts <= one.last_restored
    ]
    return min(meets, key=lambda one: abs(one.start - alert.starts), default=None)


def _not_measured(district: District, breaches: list[Alert], rule: AlertsRow) -> list[Alert]:
    """Return breaches of which raw readings do not say that so many points were in breach when it was raised.

    Any reading of the time for which they had to be is held against that, not the first alone.
    """
    told_of = {one.feeder for one in breaches if one.rule == "tolerance_breach"}
    if not told_of:
        return []
    feeder_of = {row["point"]: row["feeder"] for row in district.rows("points.csv")}
    n_points = Counter(feeder_of.values())
    least = {
        feeder: max(rule.breach_points_min, float(rule.breach_share_min) * n)
        for feeder, n in n_points.items()
    }
    interval = district.plan.interval_ms
    devices = {
        device: feeder_of[row["point"]]
        for device, row in district.registered.items()
        if feeder_of[row["point"]] in told_of
    }
    in_breach: Counter[tuple[str, int]] = Counter()  # by feeder and start of the interval
    for device, readings in district.readings_of(devices).items():
        found = _intervals_in_breach(district, device, readings)
        in_breach.update((devices[device], one) for one in found)
    return [
        one
        for one in breaches
        if one.rule != "tolerance_breach"
        or any(
            in_breach[one.feeder, at // interval] < least[one.feeder]
            for at in range(
                one.starts // 1000, one.starts // 1000 + rule.breach_for_s * 1000, interval
            )
        )
    ]


def _intervals_in_breach(district: District, device: str, readings: Sequence[Reading]) -> set[int]:
    """Return the intervals in which any phase of a device was in breach: from one outside to one well inside."""
    interval = district.plan.interval_ms
    volts_at = {
        district.begins_ms(device, one) // interval: one.volts
        for one in reversed(readings)  # the first that came stands
    }
    found: set[int] = set()
    n_phases = max((len(volts) for volts in volts_at.values()), default=0)
    for phase in range(n_phases):
        goes_on, before = False, None
        for at in sorted(volts_at):
            volts = volts_at[at][phase]
            goes_on = _goes_on(volts, n_phases, goes_on=goes_on and before == at - 1)
            before = at
            if goes_on:
                found.add(at)
    return found


def _goes_on(volts: float, n_phases: int, *, goes_on: bool) -> bool:
    """Return whether a phase is in breach: State Grid's +7/-10 % for one phase, else +-7 %; inside again by 0.5 %."""
    nominal = 100 if n_phases == 2 else 220  # line voltages of 3p3w
    lower = 0.90 if n_phases == 1 else 0.93
    if volts < nominal / 10:
        return False
    if volts < lower * nominal or volts > 1.07 * nominal:
        return True
    is_inside = (lower + 0.005) * nominal <= volts <= 1.065 * nominal
    return goes_on and not is_inside


def _covers(window: Declared, alert: Alert, at: int) -> bool:
    """Return whether a window that was declared by then lies over a notification."""
    if window.entered > at or (window.withdrawn is not None and window.withdrawn <= at):
        return False
    is_of_place = alert.feeder in window.codes or alert.code in window.codes
    return is_of_place and window.begins <= at < window.ends


def _is_due(one: TrueOutage, declared: Iterable[Declared], rule: AlertsRow) -> bool:
    """Return whether somebody has to be told: it lasts, is no single point's, and was not declared before."""
    wait = rule.reclose_wait_s * 1_000_000
    if one.restored - one.start <= wait or one.n_points < rule.interruption_points_min:
        return False
    if not one.leaves_evidence:
        return False
    return not any(
        window.outage == one.outage and window.entered <= one.start + wait for window in declared
    )


def _shifts(
    notifications: list[Notification],
    due: list[TrueOutage],
    district: District,
    rule: AlertsRow,
) -> tuple[int, list[str]]:
    """Return how many shifts are quiet, without an outage or overrun to be told, and those told of more than once."""
    length = rule.shift_s * 1_000_000
    organisation_of = {row["feeder"]: row["organisation"] for row in district.rows("points.csv")}
    first, last = us(district.figures["from"]), us(district.figures["to"])
    spans = [(one.feeder, one.start, one.last_restored) for one in due]
    spans += _overruns(district, rule)
    busy = {
        (organisation_of[feeder], shift)
        for feeder, begin, end in spans
        for shift in range(_shift(begin, length), _shift(end, length) + 1)
    }
    told: defaultdict[tuple[str, int], list[Notification]] = defaultdict(list)
    for sent in notifications:
        told[sent.organisation, _shift(sent.at, length)].append(sent)
    shifts = range(_shift(first, length), _shift(last - 1, length) + 1)
    quiet = [
        (organisation, shift)
        for organisation in sorted(set(organisation_of.values()))
        for shift in shifts
        if (organisation, shift) not in busy
    ]
    return len(quiet), [f"{which}: {told[which]}" for which in quiet if len(told[which]) > 1]


def _overruns(district: District, rule: AlertsRow) -> list[tuple[str, int, int]]:
    """Return feeder, begin and end of what was dark beyond the end of its window for so long that it has to be told."""
    wait = rule.overrun_wait_s * 1_000_000
    true = {one.outage: one for one in true_outages(district)}
    return [
        (true[window.outage].feeder, window.ends, true[window.outage].last_restored)
        for window in declared_of(district)
        if window.outage and true[window.outage].last_restored > window.ends + wait
    ]


def _shift(at: int, length: int) -> int:
    return (at + _SHIFT_ZONE) // length
