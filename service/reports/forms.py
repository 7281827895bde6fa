"""The forms in which a report is handed out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from service.reports.columns import Language
from service.reports.monthly_report import MonthlyReport
from service.reports.pdf import pdf_bytes
from service.reports.words import TITLES
from service.reports.workbook import workbook_bytes

FileForm = Literal["xlsx", "pdf"]

MEDIA_TYPES: Final[dict[FileForm, str]] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """A report as a file."""

    content: bytes
    media_type: str
    name: str

    @property
    def disposition(self) -> str:
        """What lets a browser keep the file under its name, by RFC 6266."""
        return f"attachment; filename*=UTF-8''{quote(self.name)}"


def report_file(
    report: MonthlyReport, form: FileForm, language: Language, font_file: Path | None = None
) -> ReportFile:
    """Return a report as a file; it takes seconds of a processor where lists are long.

    Raises:
        SettingsError: The font cannot be read.
    """
    is_book = form == "xlsx"
    content = (
        workbook_bytes(report, language) if is_book else pdf_bytes(report, language, font_file)
    )
    title = TITLES[report.figures.report].of(language).removeprefix("Monthly report: ")
    name = f"{title}-{report.figures.month}.{form}".replace(" ", "-")
    return ReportFile(content=content, media_type=MEDIA_TYPES[form], name=name)
