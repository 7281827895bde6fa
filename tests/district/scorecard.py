"""What the service says of a district, held against its truth: one line a figure, with its limit."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from service.domain.alerts.budget import over_budget
from tests.alerts.against_truth import Verdict, verdict_of
from tests.district.answers import Answers
from tests.simulate.district import District
from tests.supply.district_evidence import us
from tests.supply.truth import (
    Comparison,
    Indices,
    compare,
    indices,
    true_indices,
    true_outages,
    with_physical_evidence,
)

_ENOUGH = Fraction(99, 100)
_INDEX_ERROR = Fraction(1, 100)
_RS_ERROR_POINTS = Fraction(1, 1000)  # percentage points
_HOUR_US = 3_600_000_000
# Which outages each index leaves out; reclosing that succeeds is no outage of a user (DL/T 836).
_LEFT_OUT = {1: "", 2: "fault_external", 3: "supply_shortage"}


@dataclass(frozen=True, slots=True)
class Line:
    """A figure, and what it has to keep."""

    name: str
    value: str
    limit: str
    is_kept: bool
    wrong: tuple[str, ...] = ()  # what is not as it has to be, where it can be named


def told_of(district: District, answers: Answers) -> Verdict:
    """Return how the notifications of the back-test keep what is asked of them: readings of whole feeders are read."""
    return verdict_of(district, answers.backtest.outcome.notifications, answers.backtest.row)


def scorecard(district: District, answers: Answers, told: Verdict) -> list[Line]:
    """Return every line, in the order of the acceptance."""
    found = answers.interruptions
    comparison = compare(true_outages(district), found)
    apart = with_physical_evidence(found, comparison)
    return [
        _at_least("interruptions found", comparison.recall, _ENOUGH),
        _at_least("interruptions that are true", comparison.precision, _ENOUGH),
        _at_least("starts and ends within their bounds", comparison.containment, _ENOUGH),
        _none("interruptions made of lost communication", _from_losses(district, comparison)),
        *_indices(indices(district, apart), true_indices(district)),
        *_reliability(district, answers),
        _none("customers with a wrong planned count", _wrong_counts(district, answers)),
        *_told(answers, told),
    ]


def apart(district: District, answers: Answers, told: Verdict) -> list[tuple[str, int]]:
    """Return what is reported beside: true outages of points without physical evidence, and the like."""
    true = [one for mine in true_outages(district).values() for one in mine]
    comparison = compare(true_outages(district), answers.interruptions)
    return [
        ("outages of points", len(true)),
        ("without physical evidence", sum(not one.is_physical for one in true)),
        ("of these found all the same", sum(not one.true.is_physical for one in comparison.pairs)),
        ("missed", len(comparison.missed)),
        ("invented", len(comparison.invented)),
        ("of these declared", sum(one.evidence == "declared" for _, one in comparison.invented)),
        ("communications incidents", answers.n_incidents),
        ("true losses of communication", len(district.rows("truth/communication_losses.csv"))),
        ("last gasps taken for false alarms", len(district.rows("truth/false_gasps.csv"))),
        *sorted(_told_figures(answers, told).items()),
    ]


def _told_figures(answers: Answers, told: Verdict) -> Counter[str]:
    """Return what was told and held, and why."""
    held = Counter(f"alerts held: {one.reason}" for one in answers.backtest.outcome.held)
    return Counter({f"alerts: {name}": n for name, n in told.figures.items()}) + held


def _told(answers: Answers, told: Verdict) -> Iterator[Line]:
    """Yield how the notifications of a back-test keep what is asked of them."""
    found = answers.backtest
    for name, wrong in (
        ("notifications inside declared windows", told.in_declared_windows),
        ("alerts told without a true outage", told.without_true_outage),
        ("quiet shifts with more than one notification", told.crowded_quiet_shifts),
        ("true feeder outages not told once", told.wrongly_told),
        ("times over the budget", over_budget(found.outcome.notifications, found.row)),
    ):
        yield replace(_none(name, len(wrong)), wrong=tuple(map(str, wrong)))


def _at_least(name: str, value: Fraction, limit: Fraction) -> Line:
    return Line(name, f"{float(100 * value):.3f} %", f">= {float(100 * limit):g} %", value >= limit)


def _none(name: str, n: int) -> Line:
    return Line(name, str(n), "0", n == 0)


def _indices(mine: Indices, true: Indices) -> Iterator[Line]:
    for name, value, truth in (
        ("SAIDI of all customers", mine.saidi_min, true.saidi_min),
        ("SAIFI of all customers", mine.saifi, true.saifi),
    ):
        error = abs(value / truth - 1) if truth else Fraction(value != truth)
        shown = f"{float(value):.4f}, true {float(truth):.4f}: {float(100 * error):.3f} % off"
        yield Line(name, shown, "<= 1 %", error <= _INDEX_ERROR)


def _from_losses(district: District, comparison: Comparison) -> int:
    """Return how many interruptions there are that never were, at points and times that nobody heard.

    None of those that people declared: an entry that names more than was dark makes them, heard or not.
    """
    losses = [
        (row["level"], row["code"], us(row["from"]), us(row["to"]))
        for row in district.rows("truth/communication_losses.csv")
    ]
    feeder = {row["point"]: row["feeder"] for row in district.rows("points.csv")}
    concentrator = {row["point"]: row["concentrator"] for row in district.rows("devices.csv")}
    places = {"feeder": feeder, "concentrator": concentrator}
    return sum(
        any(
            places[level][point] == code and one.start < to and (one.end is None or one.end > from_)
            for level, code, from_, to in losses
        )
        for point, one in comparison.invented
        if one.evidence != "declared"
    )


def _reliability(district: District, answers: Answers) -> Iterator[Line]:
    for number, left_out in _LEFT_OUT.items():
        true = _true_rs(district, left_out)
        mine = answers.rs[number]
        error = abs(100 * (mine - true))
        shown = f"{float(100 * mine):.6f} %, true {float(100 * true):.6f} %"
        yield Line(
            f"RS-{number} of medium-voltage users",
            shown,
            "<= 0.001 points off",
            error <= _RS_ERROR_POINTS,
        )


def _true_rs(district: District, left_out: str) -> Fraction:
    """Return the true RS, of outages that left evidence; spans of a user are united."""
    leaves = {
        row["outage"]
        for row in district.rows("truth/outages.csv")
        if row["leaves_evidence"] == "yes"
    }
    spans: dict[str, list[tuple[int, int]]] = {}
    for row in district.rows("truth/user_outages.csv"):
        if row["outage"] in leaves and row["kind"] != "reclosed" and row["cause"] != left_out:
            spans.setdefault(row["user"], []).append((us(row["start"]), us(row["end"])))
    dark = sum(_united(mine) for mine in spans.values())
    n_users, hours = (
        district.figures["medium_voltage"]["users"],
        district.figures["medium_voltage"]["hours"],
    )
    return 1 - Fraction(dark, n_users * int(hours) * _HOUR_US)


def _united(spans: Sequence[tuple[int, int]]) -> int:
    length, reach = 0, 0
    for start, end in sorted(spans):
        length += max(0, end - max(start, reach))
        reach = max(reach, end)
    return length


def _wrong_counts(district: District, answers: Answers) -> int:
    true = {
        row["customer"]: int(row["n_planned"]) for row in district.rows("truth/planned_counts.csv")
    }
    mine: Mapping[str, int] = answers.planned_counts
    return sum(true.get(one, 0) != mine.get(one, 0) for one in true.keys() | mine.keys())
