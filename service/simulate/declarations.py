"""What operators declare: planned work with its notice, faults afterwards, abnormal states, and what they cancel.

Recorded times are whole minutes as people write them: of what is planned the minute itself, of faults one
off by a minute or two. A declaration has one time for all, also where supply came back in steps.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypedDict

import numpy as np

from service.simulate.instants import DAY_MS, HOUR_MS, MINUTE_MS
from service.simulate.network import Network
from service.simulate.outages import Outage
from service.simulate.plan import SimulationPlan
from service.simulate.random_streams import Purpose, random_of
from service.simulate.scenario import AbnormalState, Scenario

DeclaredKind = Literal[
    "fault", "planned", "temporary", "emergency", "customer_request", "rationing", "abnormal_state"
]
Notice = Literal["not_due", "kept", "none", "late", "field_missing", "important_not_told"]

FIELDS: Final = ("area", "lines", "off", "restore")  # of a public notice, article 9(3)
_HALF_HOUR_MS: Final = 30 * MINUTE_MS
_PLANNED_NOTICE_MS: Final = 7 * DAY_MS
_TEMPORARY_NOTICE_MS: Final = DAY_MS
_EXACT_SHARE: Final = 0.1  # of kept notices are given exactly in time
_PEOPLE: Final = ("li.na", "wang.wei", "zhang.min", "liu.yang", "chen.jie", "zhao.lei", "sun.li")

_KIND_OF: Final[dict[str, DeclaredKind]] = {
    "maintenance": "planned",
    "construction": "planned",
    "temporary": "temporary",
    "emergency": "emergency",
    "customer_request": "customer_request",
    "rationing": "rationing",
    "network_limit": "rationing",
}


class _People(TypedDict):
    """Who declares, and who agreed: two persons."""

    author: str
    approver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One declaration; times in milliseconds, None where there is none."""

    ticket: str
    kind: DeclaredKind
    cause: str
    place: str  # feeder, transformer, point
    codes: tuple[str, ...]
    window_from_ms: int | None = None  # as announced
    window_to_ms: int | None = None
    notice_at_ms: int | None = None  # public
    notice_fields: tuple[str, ...] = ()
    important_customers: tuple[str, ...] = ()  # who were told
    important_told_at_ms: int | None = None
    off_ms: int | None = None  # actual
    on_ms: int | None = None
    cancelled_at_ms: int | None = None
    author: str
    approver: str
    entered_at_ms: int
    outage: str = ""  # truth: what it declares
    notice: Notice = "not_due"  # truth


def draw_declarations(
    plan: SimulationPlan, network: Network, scenario: Scenario
) -> tuple[Declaration, ...]:
    """Return the declarations in the order in which they were entered."""
    drawing = _Drawing(plan, network, random_of(plan.seed, Purpose.DECLARATIONS))
    made = [drawing.outage(outage) for outage in scenario.outages if drawing.is_declared(outage)]
    made += [drawing.abnormal(state) for state in scenario.abnormal_states]
    made += [drawing.cancelled(scenario) for _ in range(drawing.n_cancelled())]
    return tuple(sorted(made, key=lambda one: (one.entered_at_ms, one.ticket)))


class _Drawing:
    def __init__(self, plan: SimulationPlan, network: Network, random: np.random.Generator) -> None:
        self._plan, self._network, self._random = plan, network, random
        self._n_tickets = 0

    def is_declared(self, outage: Outage) -> bool:
        operation = self._plan.operation
        if outage.kind == "reclosed" or not outage.leaves_evidence:
            return False
        # What comes from outside counts apart, so somebody wrote it down.
        if outage.kind in _KIND_OF or outage.extent.level == "feeder":
            return True
        if outage.cause == "fault_external":
            return True
        is_one = outage.extent.level == "customer"
        share = operation.customer_declared_share if is_one else operation.declared_share
        return self._happens(share)

    def outage(self, outage: Outage) -> Declaration:
        if outage.kind not in _KIND_OF:
            return self._fault(outage)
        kind = _KIND_OF[outage.kind]
        off_ms = outage.start_ms // MINUTE_MS * MINUTE_MS
        on_ms = _up(outage.end_ms, MINUTE_MS)
        if kind not in ("planned", "temporary"):
            before_ms = self._minutes(20, 300) if kind != "emergency" else -self._minutes(10, 120)
            return self._declaration(outage, kind, off_ms, on_ms, entered_at_ms=off_ms - before_ms)
        window_from_ms = (off_ms + 15 * MINUTE_MS) // _HALF_HOUR_MS * _HALF_HOUR_MS
        return self._with_notice(outage, kind, (off_ms, on_ms), window_from_ms)

    def abnormal(self, state: AbnormalState) -> Declaration:
        return Declaration(
            ticket=self._ticket("A"),
            kind="abnormal_state",
            cause="转供电方式运行",
            place="feeder",
            codes=(self._network.feeders[state.feeder].code,),
            off_ms=state.from_ms,
            on_ms=state.to_ms,
            **self._people(),
            entered_at_ms=state.from_ms + self._minutes(-60, 300),
        )

    def n_cancelled(self) -> int:
        plan = self._plan
        expected = plan.operation.cancelled * plan.feeders * plan.days / 30
        return max(1, int(self._random.poisson(expected))) if expected else 0

    def cancelled(self, scenario: Scenario) -> Declaration:
        """Return a planned outage that never took place, announced in time."""
        day_ms = scenario.from_ms + int(self._random.integers(self._plan.days)) * DAY_MS
        from_ms = day_ms + 8 * HOUR_MS
        notice_ms = from_ms - _PLANNED_NOTICE_MS - self._minutes(60, 2880)
        feeder = self._network.feeders[int(self._random.integers(self._plan.feeders))]
        return Declaration(
            ticket=self._ticket("P"),
            kind="planned",
            cause="planned_maintenance",
            place="feeder",
            codes=(feeder.code,),
            window_from_ms=from_ms,
            window_to_ms=from_ms + int(self._random.integers(4, 17)) * _HALF_HOUR_MS,
            notice_at_ms=notice_ms,
            notice_fields=FIELDS,
            cancelled_at_ms=from_ms - self._minutes(60, 1440),
            **self._people(),
            entered_at_ms=notice_ms - self._minutes(60, 1440),
            notice="kept",
        )

    def _fault(self, outage: Outage) -> Declaration:
        off_ms = outage.start_ms // MINUTE_MS * MINUTE_MS + self._minutes(-1, 2)
        on_ms = max(off_ms + MINUTE_MS, _up(outage.end_ms, MINUTE_MS) + self._minutes(-1, 3))
        return self._declaration(
            outage, "fault", off_ms, on_ms, entered_at_ms=on_ms + self._minutes(10, 5 * 1440)
        )

    def _with_notice(
        self, outage: Outage, kind: DeclaredKind, actual: tuple[int, int], window_from_ms: int
    ) -> Declaration:
        off_ms, on_ms = actual
        window_to_ms = _up(on_ms, _HALF_HOUR_MS)
        if self._happens(self._plan.operation.overrun_share):
            window_to_ms = max((on_ms - 1) // _HALF_HOUR_MS, window_from_ms // _HALF_HOUR_MS + 1)
            window_to_ms *= _HALF_HOUR_MS
        due_ms = _PLANNED_NOTICE_MS if kind == "planned" else _TEMPORARY_NOTICE_MS
        important = self._important(outage)
        notice = self._notice(kind, has_important=bool(important))
        earlier_ms = 0 if self._happens(_EXACT_SHARE) else self._minutes(30, 4320)
        in_time_ms = window_from_ms - due_ms - earlier_ms
        is_late = notice == "late"
        at_ms = (
            window_from_ms - round(due_ms * self._random.uniform(0.1, 0.95))
            if is_late
            else in_time_ms
        )
        at_ms = at_ms // MINUTE_MS * MINUTE_MS
        is_announced = notice != "none"
        is_told = is_announced and notice != "important_not_told" and bool(important)
        left_out = str(self._random.choice(FIELDS)) if notice == "field_missing" else ""
        fields = tuple(field for field in FIELDS if field != left_out) if is_announced else ()
        return Declaration(
            ticket=self._ticket(kind[0].upper()),
            kind=kind,
            cause=outage.cause,
            place=_place(outage),
            codes=outage.extent.codes,
            window_from_ms=window_from_ms,
            window_to_ms=window_to_ms,
            notice_at_ms=at_ms if is_announced else None,
            notice_fields=fields,
            important_customers=important if is_told else (),
            important_told_at_ms=at_ms if is_told else None,
            off_ms=off_ms,
            on_ms=on_ms,
            **self._people(),
            entered_at_ms=at_ms - self._minutes(30, 600),
            outage=outage.code,
            notice=notice,
        )

    def _notice(self, kind: DeclaredKind, *, has_important: bool) -> Notice:
        """Return what becomes of a notice; of a temporary outage, public notice alone is enough."""
        if self._happens(self._plan.operation.notice_kept_share):
            return "kept"
        broken: list[Notice] = ["none", "late"]
        if kind == "planned":
            broken.append("field_missing")
        if kind == "planned" and has_important:
            broken.append("important_not_told")
        return broken[int(self._random.integers(len(broken)))]

    def _declaration(
        self, outage: Outage, kind: DeclaredKind, off_ms: int, on_ms: int, *, entered_at_ms: int
    ) -> Declaration:
        return Declaration(
            ticket=self._ticket(kind[0].upper()),
            kind=kind,
            cause=outage.cause,
            place=_place(outage),
            codes=outage.extent.codes,
            off_ms=off_ms,
            on_ms=on_ms,
            **self._people(),
            entered_at_ms=entered_at_ms // MINUTE_MS * MINUTE_MS,
            outage=outage.code,
        )

    def _important(self, outage: Outage) -> tuple[str, ...]:
        points = self._network.points
        concerned = outage.extent.points[points.important[outage.extent.points]]
        return tuple(points.customer[point] for point in concerned.tolist())

    def _people(self) -> _People:
        author, approver = self._random.permutation(len(_PEOPLE))[:2].tolist()
        return _People(author=_PEOPLE[author], approver=_PEOPLE[approver])

    def _ticket(self, letter: str) -> str:
        self._n_tickets += 1
        return f"{letter}-{self._n_tickets:05d}"

    def _minutes(self, least: int, most: int) -> int:
        return int(self._random.integers(least, most)) * MINUTE_MS

    def _happens(self, share: float) -> bool:
        return bool(self._random.random() < share)


def _place(outage: Outage) -> str:
    level = outage.extent.level
    return {"feeder": "feeder", "customer": "point"}.get(level, "transformer")


def _up(at_ms: int, step_ms: int) -> int:
    return -(-at_ms // step_ms) * step_ms
