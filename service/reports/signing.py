"""Signing a report off: only a month that is over and settled, by two persons, once for the same figures."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.domain.periods import day_start
from service.domain.report_month import ReportMonth
from service.domain.rules import RuleSet
from service.errors import ServiceError
from service.reports.figures import Report, written
from service.reports.monthly_report import present_figures, read_report
from service.reports.retiring import behind_in_words
from service.store.deployment_reads import Snapshot, reading
from service.store.pool import Pool
from service.store.report_reads import Waiting, waiting_of
from service.store.report_sign_offs import SignOff, add_sign_off


class SignOffRefusedError(ServiceError):
    """A report cannot be signed off now, or not so; the message says why, and what to do next."""

    code = "sign_off_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignature:
    """Who signs what off."""

    report: Report
    month: ReportMonth
    signed_by: str
    approver: str  # somebody else
    lateness_window: timedelta  # how long late readings are waited for
    is_revision: bool = False  # it was signed before, and is signed again because figures moved


async def sign_off(pool: Pool, new: NewSignature, rule_set: RuleSet, now: datetime) -> SignOff:
    """Sign a report off with the figures as they are, and return what was stored.

    Args:
        pool: Of writers.
        new: Who signs what.
        rule_set: The statutory one.
        now: The present instant.

    Raises:
        SignOffRefusedError: The month is not over, late readings of it may still come from a partition, it is not
            settled, the same figures were signed before, one person signs and approves, or somebody else was faster.
        StoreError: The database does not do it.
    """
    _check_persons(new)
    async with reading(pool) as snapshot:
        made = await _prepared(snapshot, new, rule_set, now)
    async with pool.transaction() as connection:
        signed_at = await add_sign_off(connection, made)
    if signed_at is None:
        raise SignOffRefusedError(
            f"{_name(new)} was signed off by somebody else meanwhile: look at the report again"
        )
    return replace(made, signed_at=signed_at)


async def _prepared(
    snapshot: Snapshot, new: NewSignature, rule_set: RuleSet, now: datetime
) -> SignOff:
    """Return what is to be stored, read and checked in one snapshot."""
    through = await _all_through(snapshot, new, now)
    waiting = await waiting_of(snapshot.connection, new.month.days)
    if not waiting.is_nothing:
        raise SignOffRefusedError(
            f"{new.month.label} is still being counted: {_left(waiting)}; let `voltpass settle` work and sign again"
        )
    figures = await present_figures(snapshot, new.report, new.month, rule_set)
    return SignOff(
        report=new.report,
        month=new.month.label,
        from_day=new.month.from_day,
        to_day=new.month.to_day,
        revision=await _next_revision(snapshot, new, rule_set),
        signed_by=new.signed_by.strip(),
        approver=new.approver.strip(),
        signed_at=now,
        rule_set=figures.rule_set,
        rule_set_checksum=figures.rule_set_checksum,
        judgement=figures.judgement,
        data_through=through,
        digest=figures.digest,
        figures=written(figures),
    )


async def _all_through(snapshot: Snapshot, new: NewSignature, now: datetime) -> datetime:
    """Return how far the data reach, once every partition has passed the end of the month and the lateness window."""
    end = day_start(new.month.to_day, snapshot.zone)
    final = end + new.lateness_window
    through = snapshot.data_through
    if through is None or min(through, now) < end:
        reached = "there are no data yet"
        if through is not None:
            reached = f"the data reach {through.astimezone(snapshot.zone).isoformat()}"
        raise SignOffRefusedError(
            f"{new.month.label} is not over: it ends at {end.astimezone(snapshot.zone).isoformat()} and {reached}; "
            f"sign when every partition has passed {final.astimezone(snapshot.zone).isoformat()}"
        )
    behind = await behind_in_words(snapshot, final)
    if behind is not None or now < final:
        raise SignOffRefusedError(
            f"readings of {new.month.label} may still come: they are waited for until "
            f"{final.astimezone(snapshot.zone).isoformat()}, VOLTPASS_LATENESS_WINDOW_S after its end, and "
            f"{behind or 'that is not over'}. Sign when every partition has passed that instant; if one stands still, "
            "see whether `voltpass consume` reads it; if nothing comes from it any more, say so with "
            "`voltpass reports retire TOPIC --partition NUMBER --by NAME --reason TEXT`"
        )
    return through


async def _next_revision(snapshot: Snapshot, new: NewSignature, rule_set: RuleSet) -> int:
    before = await read_report(snapshot, new.report, new.month, rule_set)
    signature = before.signature
    if signature is None:
        if new.is_revision:
            raise SignOffRefusedError(
                f"{_name(new)} was not signed off yet: sign it without --revise"
            )
        return 1
    by = f"{_name(new)} was signed off by {signature.signed_by} as revision {signature.revision}"
    if not before.changes:
        raise SignOffRefusedError(f"{by}, and no figure has moved since: nothing is to be signed")
    if not new.is_revision:
        raise SignOffRefusedError(
            f"{by}, and {len(before.changes)} figures have moved since: look at them in the report, and give "
            "--revise to sign what they are now"
        )
    return signature.revision + 1


def _check_persons(new: NewSignature) -> None:
    by, approver = new.signed_by.strip(), new.approver.strip()
    if not by or not approver:
        raise SignOffRefusedError("who signs and who approves are both to be named")
    if by.casefold() == approver.casefold():
        raise SignOffRefusedError(f"{by} signs, so somebody else has to approve")


def _left(waiting: Waiting) -> str:
    parts = (
        (waiting.n_days, "days of points to be counted"),
        (waiting.n_changes, "changes whose pages are to be judged again"),
        (waiting.n_late, "late readings to be merged"),
        (waiting.n_interruptions, "interruptions to be derived anew"),
        (waiting.n_months, "months of power factors to be looked at"),
    )
    return ", ".join(f"{n} {what}" for n, what in parts if n)


def _name(new: NewSignature) -> str:
    return f"the {new.report} report of {new.month.label}"
