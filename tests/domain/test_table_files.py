"""Files that people open in a spreadsheet: what goes out comes back, and what Excel makes of it is understood."""

import csv
import io
from datetime import UTC, datetime
from zipfile import ZIP_DEFLATED, ZipFile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from service.domain import table_files
from service.domain.chinese_words import HEADERS, VALUES, chinese_of, column_of, word_of
from service.domain.outage_files import read_outages
from service.domain.registry_files import read_customers, read_points
from service.domain.table_files import TableForm, content_of, text_of, workbook_of
from service.errors import RegistryFileError

SHANGHAI = ZoneInfo("Asia/Shanghai")
# What a cell of a workbook can hold: no control characters, and none that stand for half of another.
fields = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=12)


def workbook(*rows: list[object]) -> bytes:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


@given(st.lists(st.tuples(fields, fields), max_size=6), st.sampled_from(("en", "zh")))
def test_a_workbook_gives_back_the_text_that_it_was_made_of(
    rows: list[tuple[str, str]], language: str
) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("point", "region_name"), *rows])

    back = text_of(workbook_of(text.getvalue(), "points", "zh" if language == "zh" else "en"))

    header, *records = csv.reader(io.StringIO(back))
    assert [column_of(name) for name in header] == ["point", "region_name"]
    assert [tuple(record) for record in records] == rows


def test_cells_of_a_workbook_are_texts() -> None:
    made = workbook_of("point,region_name\n000123,=1+1\n", "points", "zh")

    sheet = load_workbook(io.BytesIO(made)).worksheets[0]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["监测点", "区域名称"],
        ["000123", "=1+1"],
    ]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}
    assert sheet.freeze_panes == "A2"


def test_what_a_spreadsheet_makes_of_fields_is_understood() -> None:
    content = workbook(
        ["监测点", "标称电压(V)", "接线方式", "监测点类别", "配变终端", "生效时间", None],
        [1001, 220.0, "单相", "D", True, datetime(2026, 1, 1)],  # noqa: DTZ001 (a cell has no zone)
        [],
        ["P2", 10000, "三相三线", "A", "否", "2026-02-01T08:30", ""],
    )

    found = read_points(text_of(content), SHANGHAI)

    assert not found.bad_rows
    assert [(one.point, one.nominal_mv, one.wiring, one.is_terminal) for one in found.rows] == [
        ("1001", 220_000, "1p", True),
        ("P2", 10_000_000, "3p3w", False),
    ]
    assert [one.valid_from for one in found.rows] == [
        datetime(2025, 12, 31, 16, tzinfo=UTC),
        datetime(2026, 2, 1, 0, 30, tzinfo=UTC),
    ]
    assert found.lines == [2, 4]


def test_what_is_wrong_is_reported_by_its_row_and_in_its_words() -> None:
    content = workbook(
        ["户号", "供电监测点", "供电电压(V)", "居民用户", "用户类别", "供电区域", "生效时间"],
        ["C1", "P1", 220, "是", "低压", "城市", "2026-01-01"],
        ["C2", "P1", 220, "也许", "低压", "郊区", "2026-01-01"],
    )

    found = read_customers(text_of(content), SHANGHAI)

    assert [(bad.line, bad.column, bad.value) for bad in found.bad_rows] == [
        (3, "居民用户", "也许"),
        (3, "供电区域", "郊区"),
    ]


def test_an_unknown_header_is_told_what_is_allowed_in_both_languages() -> None:
    found = read_points("监测点,电压\nP1,220\n", SHANGHAI)

    assert found.bad_rows[0].column == "电压"
    assert "nominal_v" in found.bad_rows[0].allowed
    assert "标称电压(V)" in found.bad_rows[0].allowed


def test_lists_of_words_are_understood_with_the_separator_of_chinese_keyboards() -> None:
    assert word_of("notice_fields", "停电区域；停电线路") == "area;lines"
    assert word_of("place", "线路") == "feeder"
    assert word_of("ticket", "线路；一") == "线路；一"  # a name stays as it is


@pytest.mark.parametrize("column", VALUES)
def test_words_come_back(column: str) -> None:
    for word in VALUES[column]:
        assert word_of(column, chinese_of(column, word)) == word


def test_no_two_columns_have_the_same_header() -> None:
    assert len(set(HEADERS.values())) == len(HEADERS)


def test_an_outage_file_in_chinese_is_read() -> None:
    text = (
        "工单号,停电类型,停电原因,范围类型,范围编码,计划开始时间,计划结束时间,填报人,审核人\n"
        "T1,计划停电,计划检修,线路,F1,2026-03-02T08:00,2026-03-02T12:00,张三,李四\n"
    )

    found = read_outages(text, SHANGHAI)

    assert not found.bad_rows
    assert (found.rows[0].outage_kind, found.rows[0].cause) == ("planned", "planned_maintenance")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04 not a workbook", "no xlsx workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as xlsx"),
        (b"\xff\xfeP\x00", "neither UTF-8 nor GBK"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_what_to_do(content: bytes, says: str) -> None:
    with pytest.raises(RegistryFileError, match=says):
        text_of(content)


@pytest.mark.parametrize(
    ("form", "starts"),
    [
        (TableForm(language="zh"), "监测点,区域名称\n".encode()),
        (TableForm(encoding="utf-8-bom"), b"\xef\xbb\xbfpoint,"),
        (TableForm(encoding="gbk", language="zh"), "监测点,".encode("gbk")),
    ],
)
def test_csv_comes_in_the_encoding_that_was_asked_for(form: TableForm, starts: bytes) -> None:
    assert content_of("point,region_name\nP1,城东\n", form, "points").startswith(starts)


def rewritten(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """Return a workbook with ``new`` instead of ``old`` in one of its parts."""
    stream = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as source, ZipFile(stream, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            inside = source.read(name)
            assert name != part or old in inside
            target.writestr(name, inside.replace(old, new) if name == part else inside)
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("declared", [b"A1", b"A1:B2", b"A1:A9"])
def test_no_row_is_lost_where_a_sheet_declares_too_small_a_range(declared: bytes) -> None:
    content = workbook(["point", "region_name"], ["P1", "R1"], ["P2", "R2"])

    wrong = rewritten(content, SHEET, b'ref="A1:B3"', b'ref="' + declared + b'"')

    assert text_of(wrong) == text_of(content) == "point,region_name\nP1,R1\nP2,R2\n"


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        (SHEET, b"</row>", b"</wor>"),
        (SHEET, b't="inlineStr"><is><t>P1</t></is>', b't="s"><v>7</v>'),  # a text that is not there
        ("xl/workbook.xml", b"<sheets>", b"<sheets"),
    ],
)
def test_a_damaged_workbook_is_refused_with_what_to_do(part: str, old: bytes, new: bytes) -> None:
    content = rewritten(workbook(["point", "region_name"], ["P1", "R1"]), part, old, new)

    with pytest.raises(RegistryFileError, match="save it as xlsx or CSV"):
        text_of(content)


def test_a_workbook_with_damaged_bytes_is_refused_with_what_to_do() -> None:
    rows: list[list[object]] = [["P1", "R1"] for _ in range(99)]
    content = bytearray(workbook(["point", "region_name"], *rows))
    with ZipFile(io.BytesIO(content)) as parts:
        start = parts.getinfo(SHEET).header_offset + 30 + len(SHEET)
    content[start : start + 8] = b"\xff" * 8

    with pytest.raises(RegistryFileError, match="save it as xlsx or CSV"):
        text_of(bytes(content))


def test_a_workbook_that_unpacks_to_very_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "UNPACKED_MAX", 1 << 20)
    stream = io.BytesIO(workbook(["point"], ["P1"]))
    with ZipFile(stream, "a", ZIP_DEFLATED) as parts:
        parts.writestr("xl/media/nothing", bytes(2 << 20))

    with pytest.raises(RegistryFileError, match=r"unpacks to 2 MB, more than the 1 MB"):
        text_of(stream.getvalue())


def test_a_row_below_the_last_of_a_sheet_is_refused() -> None:
    content = rewritten(workbook(["point"], ["P1"]), SHEET, b'r="2"', b'r="1999999999"')

    with pytest.raises(RegistryFileError, match="rows below row 1,048,576"):
        text_of(content)
