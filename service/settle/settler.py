"""The settle loop: one pass after another, each from what the database holds."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from service.domain.catalogue import checksum_of
from service.domain.meter_events import EventPolicy
from service.domain.rules import RuleSet, load_rule_set
from service.errors import JudgementMovedError, StoreError
from service.metrics.settle import SettleMetrics
from service.settle.adoption import adopt_letters
from service.settle.beside import count_due_days_beside
from service.settle.communication import close_slots
from service.settle.event_adoption import adopt_event_letters
from service.settle.interruptions import rebuild_due_interruptions
from service.settle.knowledge import Knowledge, load_knowledge
from service.settle.late import merge_late_readings
from service.settle.months import Months
from service.settle.outage_pages import OutagePages
from service.settle.power_factors import decide_due_months
from service.settle.rescoring import rescore
from service.settle.retention import keep_to_retention
from service.settle.rollup import RollUp
from service.settle.weeks import count_due_weeks
from service.store.beside_rows import n_due_beside, open_day
from service.store.communication_rows import incident_extents
from service.store.deployment import require_rule_set
from service.store.device_clocks import device_clocks
from service.store.interruption_due import n_points_due
from service.store.interruption_rows import reached
from service.store.judgement import judgement_number
from service.store.kept_rule_sets import Kept, keep_rule_sets
from service.store.late import n_pending
from service.store.page_batches import PageWriter
from service.store.pool import Connection, Pool
from service.store.rescoring import n_open_changes
from service.store.rollups import n_dirty
from service.store.supply_now import n_open_outages, points_without_supply

log = structlog.get_logger(__name__)

_CLOCKS_EVERY_S: Final = 60.0
_ROUNDS: Final = 2  # what interruptions change of the pages is done in the same pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlePolicy:
    """How much is done how often."""

    interval_s: float  # from the end of one pass to the start of the next
    late_per_pass: int  # late readings merged in one pass, at most
    lateness_window_s: int  # how long late readings are kept
    retention_days: int  # how long pages, meter events and alerts are kept; 0 is for ever
    events: EventPolicy = field(default_factory=EventPolicy)  # which meter events are taken up


@dataclass(frozen=True, slots=True)
class PassReport:
    """What one pass did."""

    n_adopted: int = 0  # dead letters taken up
    n_late: int = 0  # late readings merged, those that changed nothing included
    n_months: int = 0  # months whose power factors were looked at
    n_rescored: int = 0  # pages judged again
    n_days: int = 0  # days counted anew
    n_interruptions: int = 0  # points whose interruptions were due
    n_beside: int = 0  # days of points counted under the rule sets beside
    n_weeks: int = 0  # weeks of points counted anew
    n_slots: int = 0  # slots of reporting that were closed

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return self == PassReport()


@dataclass(slots=True)
class _Derived:
    """What judging again and deriving interruptions did."""

    n_rescored: int = 0
    n_days: int = 0
    n_due: int = 0
    is_raised: bool = False  # the knowledge is another one by now


@dataclass(slots=True)
class Settler:
    """Brings in order what checkpoints leave for later. One of it works on a database at a time."""

    pool: Pool
    rule_set: RuleSet
    zone: str
    policy: SettlePolicy
    metrics: SettleMetrics
    monotonic_s: Callable[[], float]
    load_rules: Callable[[str], RuleSet] = load_rule_set  # by name, those that are kept
    beside: tuple[RuleSet, ...] = ()  # to be kept, with the statutory one
    _knowledge: Knowledge | None = None
    _writer: PageWriter | None = None
    _has_kept: bool = False
    _clocks_shown_s: float | None = None
    _outage_pages: OutagePages = field(default_factory=OutagePages)
    _roll_up: RollUp = field(init=False)
    _months: Months = field(default_factory=Months)

    def __post_init__(self) -> None:
        """Begin without a rest."""
        self._roll_up = RollUp(self.monotonic_s)

    async def run(self, stop: asyncio.Event) -> None:
        """Make passes until told to stop; a pass that fails is made again."""
        while not stop.is_set():
            started_s = self.monotonic_s()
            try:
                await self.keep_rule_sets()
                report = await self.make_pass()
            except JudgementMovedError as error:
                log.info("pass_overtaken", judgement=error.number)
            except StoreError as error:
                if not error.retryable:
                    raise
                log.warning("pass_failed", error=str(error), code=error.code)
            else:
                self.metrics.record_pass(self.monotonic_s() - started_s)
                if not report.is_idle:
                    log.info("pass_done", adopted=report.n_adopted, late=report.n_late, months=report.n_months,
                             rescored=report.n_rescored, days=report.n_days, interruptions=report.n_interruptions,
                             beside=report.n_beside, weeks=report.n_weeks, slots=report.n_slots)  # fmt: skip
            try:
                async with asyncio.timeout(self.policy.interval_s):
                    await stop.wait()
            except TimeoutError:
                continue

    async def keep_rule_sets(self) -> None:
        """Bring the rule sets whose days and weeks are kept in line with this role's, once.

        Raises:
            RuleSetDiffersError: The statutory one is not the deployment's; nothing was changed.
            StoreError: Nothing was changed; call again.
        """
        if self._has_kept:
            return
        wanted = [Kept(self.rule_set.name, checksum_of(self.rule_set), is_beside=False)]
        wanted += [Kept(one.name, checksum_of(one), is_beside=True) for one in self.beside]
        with_weeks = {one.name for one in (self.rule_set, *self.beside) if one.week_limits}
        async with self.pool.transaction() as connection:
            await require_rule_set(connection, self.rule_set)
            if await keep_rule_sets(connection, wanted, with_weeks):
                log.info("rule_sets_kept", rule_sets=[one.rule_set for one in wanted])
        self._has_kept = True

    async def make_pass(self) -> PassReport:
        """Do once what is to be done now, in the order in which one step feeds the next.

        Raises:
            JudgementMovedError: Twice in this pass; what was done before it stays, call again.
            StoreError: What was done before it stays; a retryable one may be gone at the next pass.
        """
        try:
            return await self._make_pass(await self._known())
        except JudgementMovedError:
            return await self._make_pass(await self._known())

    async def _make_pass(self, known: Knowledge) -> PassReport:
        writer = self._writer = self._writer or PageWriter(self.pool, self.zone)
        n_adopted = await adopt_letters(self.pool, writer, known)
        n_adopted += await adopt_event_letters(self.pool, self.policy.events)
        merged = await merge_late_readings(self.pool, writer, known, self.policy.late_per_pass)
        self.metrics.count_late(n_merged=merged.n_merged, n_duplicate=merged.n_duplicate)
        zone = ZoneInfo(self.zone)
        decided = await decide_due_months(self.pool, known, zone, self.policy.retention_days)
        if decided.n_changed:
            known = await self._known()
        done = await self._judge_and_derive(writer, known)
        known = await self._known() if done.is_raised else known
        await self._months.run(self.pool)
        n_beside = await count_due_days_beside(self.pool, known, self.load_rules, zone)
        n_weeks = await count_due_weeks(self.pool, known, self.load_rules, zone)
        slots = await close_slots(self.pool, self.rule_set.communication, zone)
        self.metrics.count_communication_incidents(slots.n_opened)
        await keep_to_retention(
            self.pool, self.policy.lateness_window_s, self.policy.retention_days
        )
        async with self.pool.connection() as connection:
            self.metrics.show_late_pending(await n_pending(connection))
            self.metrics.show_rescore_pending(await n_open_changes(connection))
            self.metrics.show_dirty_days(await n_dirty(connection))
            through = await reached(connection)
            self.metrics.show_without_supply(
                await points_without_supply(connection), await n_open_outages(connection)
            )
            self.metrics.show_interruptions_due(await n_points_due(connection, through))
            before = await open_day(connection)
            self.metrics.show_beside_days(await n_due_beside(connection, before))
            await self._show_clocks(connection)
            self.metrics.show_communication(
                [(one.place, one.code, one.n_points) for one in await incident_extents(connection)]
            )
        return PassReport(
            n_adopted=n_adopted,
            n_late=merged.n_merged + merged.n_duplicate,
            n_months=decided.n_months,
            n_rescored=done.n_rescored,
            n_days=done.n_days,
            n_interruptions=done.n_due,
            n_beside=n_beside,
            n_weeks=n_weeks,
            n_slots=slots.n_slots,
        )

    async def _judge_and_derive(self, writer: PageWriter, known: Knowledge) -> _Derived:
        """Judge pages again, sum days, derive interruptions; and once more what these change of the pages."""
        done = _Derived()
        for _ in range(_ROUNDS):
            done.n_rescored += await self._outage_pages.write(self.pool, writer, known)
            done.n_rescored += await rescore(self.pool, writer, known)
            done.n_days += await self._roll_up.run(self.pool, known)
            rebuilt = await rebuild_due_interruptions(self.pool, known, self.policy.retention_days)
            self.metrics.count_interruptions(rebuilt.changed)
            self.metrics.count_false_alarms(rebuilt.n_false_alarms)
            done.n_due += rebuilt.n_due
            if not rebuilt.is_raised:
                break
            done.is_raised = True
            known = await self._known()
        self.metrics.count_rescored(done.n_rescored)
        return done

    async def _show_clocks(self, connection: Connection) -> None:
        """Show the clocks of devices, now and then: every device is looked at, and its day is long."""
        now_s = self.monotonic_s()
        if self._clocks_shown_s is not None and now_s - self._clocks_shown_s < _CLOCKS_EVERY_S:
            return
        clocks = await device_clocks(connection)
        self.metrics.show_clocks((one.organisation, one.clock.finding) for one in clocks)
        self._clocks_shown_s = now_s

    async def _known(self) -> Knowledge:
        """Return the knowledge of the judgement number in force."""
        async with self.pool.connection() as connection:
            number = await judgement_number(connection)
        if self._knowledge is None or self._knowledge.judgement != number:
            self._knowledge = await load_knowledge(
                self.pool, self.rule_set, self.zone, self._knowledge
            )
        return self._knowledge
