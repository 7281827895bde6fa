"""Workbook and PDF of made-up figures: numbers are numbers, texts are texts, whatever people name things."""

import io
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import openpyxl
import pypdf
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import SettingsError
from service.reports.columns import Language
from service.reports.layouts import LAYOUTS
from service.reports.monthly_report import MonthlyReport
from service.reports.pdf import ROWS_MAX, pdf_bytes
from service.reports.workbook import workbook_bytes
from tests.reports.made_up import provisional, worst_point

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", "<b>&amp;</b>", "a\x07b"]


def sheet_of(report: MonthlyReport, name: str, language: Language = "zh") -> Worksheet:
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(report, language)))
    found = book[name]
    assert isinstance(found, Worksheet)
    return found


def rows_of(sheet: Worksheet) -> list[dict[str, object]]:
    """Return the rows below the header, by heading."""
    lines = list(sheet.iter_rows(values_only=True))
    first = int(str(sheet.print_title_rows).replace("$", "").split(":")[0])
    heading = [str(name) for name in lines[first - 1]]
    return [dict(zip(heading, line, strict=False)) for line in lines[first:]]


def text_of(content: bytes) -> str:
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def test_names_that_look_like_formulas_are_texts() -> None:
    report = provisional("voltage", {"worst_points": [worst_point(name) for name in HOSTILE]})

    sheet = sheet_of(report, "最差监测点")

    cells = [row[0] for row in sheet.iter_rows(min_row=sheet.max_row - len(HOSTILE) + 1)]
    assert [cell.value for cell in cells] == [*HOSTILE[:-1], "a\N{REPLACEMENT CHARACTER}b"]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells[:6])


def test_numbers_are_numbers_with_formats_and_not_rounded() -> None:
    rate, hours = Fraction(2, 3), datetime(2024, 3, 1, 16, 0, 1, tzinfo=UTC)
    voltage = provisional("voltage", {"worst_points": [worst_point("P1", rate=rate)]})
    supply = provisional(
        "supply", {"outages": [{"outage": 7, "start": hours, "minutes": Fraction(5, 2)}]}
    )

    (point,) = rows_of(sheet_of(voltage, "最差监测点"))
    (outage,) = rows_of(sheet_of(supply, "停电清单"))

    assert point["合格率 (%)"] == float(rate)
    assert point["越上限 (分钟)"] == 1440
    assert outage["开始"] == datetime(2024, 3, 2, 0, 0, 1)  # noqa: DTZ001 (a workbook knows no zone)
    assert outage["时长 (分钟)"] == 2.5
    assert outage["恢复"] is None
    formats = {cell.number_format for cell in sheet_of(voltage, "最差监测点")[5]}
    assert any(one.endswith("0.0000%") for one in formats)


def test_a_share_below_one_never_shows_as_all() -> None:
    almost = Fraction(10**9 - 1, 10**9)
    report = provisional("voltage", {"worst_points": [worst_point("P1", rate=almost)]})

    (point,) = rows_of(sheet_of(report, "最差监测点"))
    text = text_of(pdf_bytes(report, "zh"))

    assert point["合格率 (%)"] == float(almost)
    assert "<100%" in text


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("report", ["voltage", "supply"])
def test_a_month_without_anything_has_all_its_sheets(report: str, language: Language) -> None:
    made = provisional(report, {})  # type: ignore[arg-type]

    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(made, language)))
    text = text_of(pdf_bytes(made, language))

    names = [sheet.name.of(language) for sheet in LAYOUTS[made.figures.report]]
    assert book.sheetnames == names
    assert all(name in text for name in names)
    assert ("初步数据" if language == "zh" else "Provisional") in text


def test_every_sheet_is_ready_to_be_printed() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(provisional("voltage", {}), "zh")))

    for sheet in book.worksheets:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr is not None
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows
        header, footer = sheet.HeaderFooter.oddHeader, sheet.HeaderFooter.oddFooter
        assert header is not None
        assert "电压合格率月报" in str(header.left.text)
        assert footer is not None
        assert footer.right.text == "&P / &N"
        assert sheet.freeze_panes or sheet.title == "说明"


def test_very_long_names_fit_on_pages_and_into_cells() -> None:
    long = "很长的名字" * 40
    report = provisional(
        "voltage",
        {"worst_points": [worst_point(long + "x" * 300, region_name=long, feeder_name=long * 2)]},
    )

    text = text_of(pdf_bytes(report, "zh")).replace("\n", "")
    (point,) = rows_of(sheet_of(report, "最差监测点"))

    assert long in text
    assert point["地区名称"] == long


@pytest.mark.slow
def test_a_long_list_is_cut_in_the_pdf_and_says_so() -> None:
    rows = [worst_point(f"P{number:04d}") for number in range(ROWS_MAX + 7)]
    report = provisional("voltage", {"not_monitored": rows})

    text = text_of(pdf_bytes(report, "zh"))

    assert f"P{ROWS_MAX - 1:04d}" in text
    assert f"P{ROWS_MAX:04d}" not in text
    assert "另有 7 行" in text
    assert len(rows_of(sheet_of(report, "未监测点"))) == ROWS_MAX + 7


def test_a_font_that_cannot_be_embedded_is_refused_with_its_setting(tmp_path: Path) -> None:
    font = tmp_path / "none.ttf"
    font.write_bytes(b"no font")

    with pytest.raises(SettingsError, match="VOLTPASS_REPORT_FONT"):
        pdf_bytes(provisional("voltage", {}), "zh", font)
