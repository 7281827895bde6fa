"""A monthly report as it is handed out: figures, whether they are final, who signed them, and what moved since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from service.domain.catalogue import checksum_of
from service.domain.report_month import ReportMonth
from service.domain.rules import RuleSet
from service.reports.changes import Change, changes_between
from service.reports.figures import Report, ReportFigures, read_figures
from service.reports.layouts import laid_out
from service.reports.supply import supply_tables
from service.reports.voltage import voltage_tables
from service.store.deployment_reads import Snapshot
from service.store.judgement import judgement_number
from service.store.report_sign_offs import SignOff, sign_off_of

Shown = Literal["signed", "present"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who signed a report off, and what the figures rested on then."""

    revision: int  # from 1
    signed_by: str
    approver: str
    signed_at: datetime
    judgement: int
    data_through: datetime
    digest: str

    @classmethod
    def of(cls, stored: SignOff) -> "Signature":
        """Return the signature of a stored sign-off."""
        return cls(
            revision=stored.revision,
            signed_by=stored.signed_by,
            approver=stored.approver,
            signed_at=stored.signed_at,
            judgement=stored.judgement,
            data_through=stored.data_through,
            digest=stored.digest,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReport:
    """A report with what is to be said of it."""

    figures: ReportFigures  # that are shown
    signature: Signature | None  # None: provisional, nobody has signed
    changes: Sequence[Change]  # figures that are not what was signed any more
    is_signed: bool  # the figures shown are those that were signed


async def present_figures(
    snapshot: Snapshot, report: Report, month: ReportMonth, rule_set: RuleSet
) -> ReportFigures:
    """Return the figures of a month as they are now."""
    make = voltage_tables if report == "voltage" else supply_tables
    tables = await make(snapshot, month.days, rule_set)
    return ReportFigures(
        report=report,
        month=month.label,
        from_day=month.from_day,
        to_day=month.to_day,
        zone=snapshot.zone.key,
        rule_set=rule_set.name,
        rule_set_title=rule_set.title,
        rule_set_checksum=checksum_of(rule_set),
        judgement=await judgement_number(snapshot.connection),
        data_through=snapshot.data_through,
        tables=laid_out(report, tables),
    )


async def read_report(
    snapshot: Snapshot,
    report: Report,
    month: ReportMonth,
    rule_set: RuleSet,
    shown: Shown = "signed",
) -> MonthlyReport:
    """Return the report of a month: what was signed, or the figures as they are now.

    Args:
        snapshot: Of the database.
        report: Which one.
        month: Of the deployment's zone.
        rule_set: The statutory one.
        shown: ``signed``: the figures that were signed last, if somebody has; ``present``: those of now.
    """
    present = await present_figures(snapshot, report, month, rule_set)
    stored = await sign_off_of(snapshot.connection, report, month.days)
    if stored is None:
        return MonthlyReport(figures=present, signature=None, changes=(), is_signed=False)
    signed = read_figures(stored.figures)
    return MonthlyReport(
        figures=signed if shown == "signed" else present,
        signature=Signature.of(stored),
        changes=changes_between(signed, present),
        is_signed=shown == "signed",
    )
