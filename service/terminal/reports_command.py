"""``voltpass reports``."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final, get_args
from zoneinfo import ZoneInfo

import click

from service import clock
from service.domain.catalogue import chosen_rule_sets
from service.domain.report_month import ReportMonth, report_month
from service.reports.columns import Language
from service.reports.figures import REPORTS, Report
from service.reports.forms import FileForm, report_file
from service.reports.monthly_report import MonthlyReport, Shown, read_report
from service.reports.notes import standing_of, warning_of
from service.reports.retiring import retire as store_retirement
from service.reports.signing import NewSignature, sign_off
from service.settings import Settings, read_settings
from service.store.deployment import require_rule_set
from service.store.deployment_reads import reading
from service.store.partition_retirements import Retirement
from service.store.pool import Pool
from service.store.report_sign_offs import SignOff

_FORMS: Final[dict[str, FileForm]] = {f".{form}": form for form in get_args(FileForm)}


@click.group(short_help="Write the monthly reports, and sign them off.")
def reports() -> None:
    """Write the monthly reports 电压合格率月报 and 供电可靠性月报, and sign them off.

    A month has the name of the calendar month in which it ends; VOLTPASS_MONTH_START_DAY says on which day it begins.
    """


def _write_command(report: Report, what: str) -> None:
    @reports.command(report, short_help=f"Write {what}.", help=f"Write {what} to a file.")
    @click.option("--month", required=True, help="Year and month, like 2026-10.")
    @click.option(
        "--out",
        required=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="FILE.xlsx or FILE.pdf.",
    )
    @click.option("--lang", type=click.Choice(get_args(Language)), default="zh", show_default=True)
    @click.option(
        "--figures",
        type=click.Choice(get_args(Shown)),
        default="signed",
        show_default=True,
        help="signed: those that were signed off, if somebody has; present: those of now.",
    )
    def write(month: str, out: Path, lang: Language, figures: Shown) -> None:
        form = _form_of(out)
        settings = read_settings()
        chosen = _month(month, settings)
        found = asyncio.run(_read(settings, report, chosen, figures))
        out.write_bytes(report_file(found, form, lang, settings.report_font).content)
        click.echo(f"{out}: {chosen.label}, {standing_of(found, 'en')}")
        if warning := warning_of(found, "en"):
            click.echo(warning, err=True)


_write_command("voltage", "the voltage pass rate of a month (电压合格率月报)")
_write_command("supply", "the supply reliability of a month (供电可靠性月报)")


@reports.command("sign-off", short_help="Sign a report off, so that its figures are final.")
@click.option("--month", required=True, help="Year and month, like 2026-10.")
@click.option("--report", required=True, type=click.Choice(REPORTS))
@click.option("--by", "signed_by", required=True, help="Who signs.")
@click.option("--approver", required=True, help="Who approves: somebody else.")
@click.option("--revise", is_flag=True, help="Sign again, because figures moved since.")
def sign_off_(month: str, report: Report, signed_by: str, approver: str, revise: bool) -> None:
    """Sign a report off: the figures of now are kept, and shown from then on.

    Refused while late readings of the month may still come from a partition, or it is still being counted.
    """
    settings = read_settings()
    new = NewSignature(
        report=report,
        month=_month(month, settings),
        signed_by=signed_by,
        approver=approver,
        lateness_window=timedelta(seconds=settings.lateness_window_s),
        is_revision=revise,
    )
    stored = asyncio.run(_sign(settings, new))
    at = stored.signed_at.astimezone(ZoneInfo(settings.zone))
    click.echo(
        f"{report} {stored.month} ({stored.from_day} to {stored.to_day}, exclusive): revision {stored.revision} signed "
        f"off by {stored.signed_by}, approved by {stored.approver}, {at:%Y-%m-%d %H:%M}; judgement {stored.judgement}, "
        f"figures {stored.digest}"
    )


@reports.command(short_help="Say that nothing comes from a topic or partition any more.")
@click.argument("topic")
@click.option(
    "--partition",
    "partitions",
    type=click.IntRange(min=0),
    multiple=True,
    help="Number of a partition, once for each; without: all of the topic.",
)
@click.option("--by", "made_by", required=True, metavar="NAME", help="Who says so.")
@click.option("--reason", required=True, help="Why, for who looks at it later.")
@click.option("--withdraw", is_flag=True, help="Take back what was said.")
def retire(
    *, topic: str, partitions: tuple[int, ...], made_by: str, reason: str, withdraw: bool
) -> None:
    """Say that nothing comes from TOPIC any more, so that sign-offs do not wait for it.

    It holds for a partition until something comes from it, and stands in the table partition_retirement for good.
    """
    new = Retirement(
        topic=topic,
        partitions=partitions or None,
        is_retired=not withdraw,
        made_by=made_by.strip(),
        reason=reason.strip(),
    )
    numbers = asyncio.run(_retire(read_settings(), new))
    said = "sign-offs wait again for" if withdraw else "sign-offs no longer wait for"
    click.echo(f"{said} {topic}/{', '.join(map(str, numbers))}, says {new.made_by}")


def _form_of(out: Path) -> FileForm:
    form = _FORMS.get(out.suffix.lower())
    if form is None:
        raise click.UsageError(f"--out is {out.name!r}; give a name that ends in .xlsx or .pdf")
    return form


def _month(label: str, settings: Settings) -> ReportMonth:
    try:
        return report_month(label, settings.month_start_day)
    except ValueError as error:
        raise click.UsageError(f"--{error}") from error


async def _read(
    settings: Settings, report: Report, month: ReportMonth, shown: Shown
) -> MonthlyReport:
    rule_set = chosen_rule_sets(settings).statutory
    async with Pool(settings, "reader", max_size=1) as pool, reading(pool) as snapshot:
        await require_rule_set(snapshot.connection, rule_set)
        return await read_report(snapshot, report, month, rule_set, shown)


async def _sign(settings: Settings, new: NewSignature) -> SignOff:
    rule_set = chosen_rule_sets(settings).statutory
    async with Pool(settings, "writer", max_size=1) as pool:
        async with pool.connection() as connection:
            await require_rule_set(connection, rule_set)
        return await sign_off(pool, new, rule_set, clock.now())


async def _retire(settings: Settings, new: Retirement) -> list[int]:
    async with Pool(settings, "writer", max_size=1) as pool:
        return await store_retirement(pool, new)
