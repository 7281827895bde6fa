"""What has to be said of a report beside its figures: its title, its standing, and what it rests on."""

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.reports.columns import Language, Name
from service.reports.monthly_report import MonthlyReport, Signature
from service.reports.words import TITLES

_DAY: Final = timedelta(days=1)
_PROVISIONAL: Final = Name("初步数据，未签发", "Provisional, not signed off")
_PRESENT: Final = Name(
    "现时数据，非签发数据", "Figures of now, which are not those that were signed off"
)


def title_of(report: MonthlyReport, language: Language) -> str:
    """Return the title, with the month."""
    figures = report.figures
    year, month = figures.month.split("-")
    name = TITLES[figures.report].of(language)
    return f"{name} {year} 年 {int(month)} 月" if language == "zh" else f"{name}, {figures.month}"


def period_of(report: MonthlyReport, language: Language) -> str:
    """Return the days of the month, both included, with their zone."""
    figures = report.figures
    last = figures.to_day - _DAY
    if language == "zh":
        return f"统计期 {figures.from_day} 至 {last}（{figures.zone}）"
    return f"{figures.from_day} to {last}, both included ({figures.zone})"


def standing_of(report: MonthlyReport, language: Language) -> str:
    """Return whether the figures are provisional, or who signed them off and when."""
    signature = report.signature
    if signature is None:
        return _PROVISIONAL.of(language)
    text = _signed(signature, language, ZoneInfo(report.figures.zone))
    return text if report.is_signed else f"{_PRESENT.of(language)}; {text}"


def warning_of(report: MonthlyReport, language: Language) -> str:
    """Return what is to be warned of, empty if nothing is: figures that moved since they were signed."""
    if not report.changes:
        return ""
    n = len(report.changes)
    if language == "zh":
        return f"注意：签发后有 {n} 处数字变动，见“签发后变动”"
    return f"Note: {n} figures have moved since they were signed off, see the sheet Changes"


def notes_of(report: MonthlyReport, language: Language) -> list[tuple[str, str]]:
    """Return names and values of what the figures rest on."""
    figures, zone = report.figures, ZoneInfo(report.figures.zone)
    is_zh = language == "zh"
    through = figures.data_through
    notes = [
        ("状态" if is_zh else "Standing", standing_of(report, language)),
        ("统计期" if is_zh else "Period", period_of(report, language)),
        (
            "数据截至" if is_zh else "Data through",
            "—"
            if through is None
            else f"{through.astimezone(zone):%Y-%m-%d %H:%M} ({figures.zone})",
        ),
        ("规则集" if is_zh else "Rule set", f"{figures.rule_set}: {figures.rule_set_title}"),
        ("规则集校验和" if is_zh else "Checksum of the rule set", figures.rule_set_checksum),
        ("判定编号" if is_zh else "Judgement number", str(figures.judgement)),
        ("数字摘要 (SHA-256)" if is_zh else "Digest of the figures (SHA-256)", figures.digest),
    ]
    warning = warning_of(report, language)
    return notes + ([("注意" if is_zh else "Note", warning)] if warning else [])


def _signed(signature: Signature, language: Language, zone: ZoneInfo) -> str:
    at = f"{signature.signed_at.astimezone(zone):%Y-%m-%d %H:%M}"
    if language == "zh":
        return f"已签发：第 {signature.revision} 版，编制 {signature.signed_by}，审批 {signature.approver}，{at}"
    return f"Signed off: revision {signature.revision} by {signature.signed_by}, approved by {signature.approver}, {at}"
