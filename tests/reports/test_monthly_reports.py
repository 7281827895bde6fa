"""Monthly reports of a small district equal a plain recount of what was measured, in every form."""

import asyncio
import io
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pypdf
import pytest
from click.testing import CliRunner, Result

from service.__main__ import main
from service.reports.forms import MEDIA_TYPES
from service.settings import Settings
from tests.api.clients import get, problem, problem_of
from tests.reports.month import (
    OUTAGES,
    POINTS,
    class_rate,
    composite,
    reliability,
    residential_rate,
    seed,
)
from tests.reports.test_files import rows_of

__all__ = ["seed"]  # of the fixture ``seeded``
pytestmark = [pytest.mark.integration, pytest.mark.slow]

MONTH = "2024-03"
ITEMS = {
    **{f"class_{name}": class_rate(name) for name in "ABCD"},
    "composite": composite(),
    "residential_urban": residential_rate("urban"),
    "residential_rural": residential_rate("rural"),
    "residential_special_remote": None,
}


def run(settings: Settings, *arguments: str) -> Result:
    env = {"VOLTPASS_DATABASE_DSN": settings.database_dsn}
    return CliRunner(env=env).invoke(main, ["reports", *arguments])


def number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)


def percent(share: Fraction) -> str:
    exact = Decimal(100 * share.numerator) / Decimal(share.denominator)
    return f"{exact.quantize(Decimal('0.0001'), ROUND_HALF_UP)}%"


async def report_of(client: httpx.AsyncClient, report: str, **params: str) -> Any:
    return await get(client, f"/v1/reports/{report}", month=MONTH, **params)


def table_of(report: Any, name: str) -> list[dict[str, Any]]:
    (found,) = [table["rows"] for table in report["tables"] if table["table"] == name]
    assert isinstance(found, list)
    return found


async def file_of(client: httpx.AsyncClient, report: str, media_type: str) -> httpx.Response:
    answer = await client.get(
        f"/v1/reports/{report}", params={"month": MONTH}, headers={"Accept": media_type}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media_type
    return answer


async def test_pass_rates_equal_the_recount(reader: httpx.AsyncClient) -> None:
    found = await report_of(reader, "voltage")

    summary = {row["item"]: row for row in table_of(found, "summary")}
    assert {item: summary[item]["rate"] for item in ITEMS} == {
        item: number(rate) for item, rate in ITEMS.items()
    }
    assert (summary["class_D"]["points"], summary["class_D"]["not_monitored"]) == (5, 1)
    assert summary["class_D"]["method"] == "sampled"
    assert summary["residential_urban"]["target"] == 0.95
    minutes = {row["item"]: row for row in table_of(found, "minutes")}["all_points"]
    for verdict, cells in (("pass", {100}), ("over", {800}), ("under", {-1200})):
        assert minutes[verdict] == sum(
            cell in cells for one in POINTS.values() for cell in one.cells
        )
    assert (found["final"], found["signature"], found["from"], found["to"]) == (
        *(False, None),
        *("2024-03-01", "2024-04-01"),
    )


async def test_pass_rates_are_those_of_the_other_routes(reader: httpx.AsyncClient) -> None:
    days = {"from": "2024-03-01", "to": "2024-04-01"}
    other = await get(reader, "/v1/composite-pass-rate", **days)
    areas = await get(reader, "/v1/residential-pass-rate", **days)
    found = await report_of(reader, "voltage")

    summary = {row["item"]: row for row in table_of(found, "summary")}
    for one in other["classes"]:
        row = summary[f"class_{one['class']}"]
        assert [row[name] for name in ("rate", "lower", "upper", "coverage")] == [
            one[name] for name in ("rate", "lower", "upper", "coverage")
        ]
    assert summary["composite"]["rate"] == other["composite"]["rate"]
    for one in areas["areas"]:
        if one["area"] != "none":
            assert summary[f"residential_{one['area']}"]["rate"] == one["rate"]
    for one in areas["regions"]:
        (row,) = [
            row
            for row in table_of(found, "regions")
            if (row["population"], row["region"], row["area"])
            == ("residential_points", one["region"], one["area"])
        ]
        assert (row["rate"], row["points"]) == (one["rate"], one["points"])


async def test_what_was_sampled_stands_apart(reader: httpx.AsyncClient) -> None:
    rows = table_of(await report_of(reader, "voltage"), "methods")

    rate_of = {(row["item"], row["method"]): row["rate"] for row in rows}
    continuous = [POINTS[name].rate for name in ("D-1", "=D-2", "D-3")]
    assert rate_of["class_D", "continuous"] == float(sum(continuous, Fraction(0)) / 3)
    assert rate_of["class_D", "sampled"] == float(POINTS["D-5"].rate)
    assert rate_of["composite", "sampled"] is None


async def test_worst_points_and_points_not_monitored_are_listed(reader: httpx.AsyncClient) -> None:
    found = await report_of(reader, "voltage")

    worst, silent = table_of(found, "worst_points"), table_of(found, "not_monitored")
    expected = sorted(
        (one.rate, name) for name, one in POINTS.items() if one.is_monitored and one.rate < 1
    )
    assert [(row["rate"], row["point"]) for row in worst] == [
        (float(rate), name) for rate, name in expected
    ]
    assert [(row["point"], row["missing_minutes"]) for row in silent] == [("D-4", 4320 - 1001)]


@pytest.mark.parametrize(("area", "of"), [("all", None), ("urban", "urban"), ("rural", "rural")])
async def test_reliability_equals_the_recount(
    reader: httpx.AsyncClient, area: str, of: str | None
) -> None:
    found = await report_of(reader, "supply")

    (row,) = [
        row
        for row in table_of(found, "summary")
        if (row["area"], row["declarations"]) == (area, "with")
    ]
    ways = (
        reliability(of),
        reliability(of, "fault_external"),
        reliability(of, "supply_shortage"),
        reliability(of, short=False),
    )
    for place, way in enumerate(ways, 1):
        shown = tuple(row[f"{name}_{place}"] for name in ("rs", "aihc", "aitc"))
        assert shown == tuple(float(one) for one in way)
    (ieee,) = [
        row
        for row in table_of(found, "ieee")
        if (row["area"], row["declarations"]) == (area, "with")
    ]
    _, hours, times = reliability(of, short=False)
    assert (ieee["saidi"], ieee["saifi"]) == (float(60 * hours), float(times))
    assert ieee["caidi"] == float(60 * hours / times)


async def test_causes_outages_and_feeders_equal_the_recount(reader: httpx.AsyncClient) -> None:
    found = await report_of(reader, "supply")

    hours: dict[str, Fraction] = {}
    for _, first, last, cause in OUTAGES:
        hours[cause] = hours.get(cause, Fraction(0)) + Fraction(last - first, 60)
    causes = {row["cause"]: row["user_hours"] for row in table_of(found, "causes")}
    assert {cause: causes[cause] for cause in hours} == {
        cause: float(one) for cause, one in hours.items()
    }
    assert causes["all"] == float(sum(hours.values()))
    assert [(row["code"], row["minutes"], row["cause"]) for row in table_of(found, "outages")] == [
        (name, last - first, cause) for name, first, last, cause in OUTAGES
    ]
    dark = {row["feeder"]: row["user_hours"] for row in table_of(found, "worst_feeders")}
    assert dark == {"F-R2": float(Fraction(120 + 2 + 30 + 10, 60)), "F-R1": 1.0}


async def test_reliability_is_that_of_the_other_route(reader: httpx.AsyncClient) -> None:
    asked = {"from": "2024-03-01", "to": "2024-04-01", "group_by": "area"}
    other = await get(reader, "/v1/reliability", **asked)
    untold = await get(reader, "/v1/reliability", **asked, declarations="without")
    found = await report_of(reader, "supply")

    rows = {(row["area"], row["declarations"]): row for row in table_of(found, "summary")}
    for declarations, answer in (("with", other), ("without", untold)):
        assert answer["groups"]
        for group in answer["groups"]:
            row = rows[group["group"], declarations]
            assert [row[f"rs_{way['number']}"] for way in group["dl_t_836"]] == [
                way["rs"] for way in group["dl_t_836"]
            ]


async def test_the_workbook_has_the_same_numbers(reader: httpx.AsyncClient) -> None:
    answer = await file_of(reader, "voltage", MEDIA_TYPES["xlsx"])
    shown = await report_of(reader, "voltage", lang="en")
    supply = await file_of(reader, "supply", MEDIA_TYPES["xlsx"])

    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    rates = {row["指标"]: row["合格率 (%)"] for row in rows_of(book["汇总"])}
    assert rates["综合合格率"] == float(composite())
    assert rates["农村居民端"] == number(residential_rate("rural"))
    assert rates["特殊边远居民端"] is None
    assert len(rates) == len(table_of(shown, "summary"))
    regions = [row["地区名称"] for row in rows_of(book["分地区"])]
    assert '=HYPERLINK("x")' in regions
    notes = {row[0].value: row[1].value for row in book["说明"].iter_rows(max_col=2)}
    assert notes["判定编号"] == str(shown["judgement"])
    assert notes["数字摘要 (SHA-256)"] == shown["digest"]
    assert "sgcc-2003" in str(notes["规则集"])
    (total,) = [
        row
        for row in rows_of(openpyxl.load_workbook(io.BytesIO(supply.content))["汇总"])
        if (row["区域类别"], row["申报"]) == ("全部", "计入")
    ]
    assert total["RS-1 (%)"] == float(reliability(None)[0])
    assert "%E7%94%B5%E5%8E%8B" in answer.headers["content-disposition"]


async def test_the_pdf_has_the_same_numbers(reader: httpx.AsyncClient) -> None:
    voltage = await file_of(reader, "voltage", MEDIA_TYPES["pdf"])
    supply = await file_of(reader, "supply", MEDIA_TYPES["pdf"])

    texts = [
        "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(one.content)).pages)
        for one in (voltage, supply)
    ]
    for rate in ITEMS.values():
        assert rate is None or percent(rate) in texts[0]
    for area in (None, "urban", "rural"):
        assert percent(reliability(area)[0]) in texts[1]
    assert "初步数据，未签发" in texts[0]


async def test_what_cannot_be_answered_is_a_problem(reader: httpx.AsyncClient) -> None:
    wrong_month = await problem(reader, "/v1/reports/voltage", month="2024-13")
    answer = await reader.get(
        "/v1/reports/voltage", params={"month": MONTH}, headers={"Accept": "text/csv"}
    )

    assert "like 2026-11" in wrong_month["detail"]
    assert problem_of(answer)["status"] == 406


async def test_a_month_without_points_is_empty_and_no_error(reader: httpx.AsyncClient) -> None:
    for report in ("voltage", "supply"):
        found = await get(reader, f"/v1/reports/{report}", month="2023-01")
        assert found["final"] is False
        assert all(row.get("rate") is None for row in found["tables"][0]["rows"])


def test_commands_write_files_and_say_what_they_are(seeded: Settings, tmp_path: Path) -> None:
    book, paper = tmp_path / "电压.xlsx", tmp_path / "supply.pdf"

    written = [
        run(seeded, "voltage", "--month", MONTH, "--out", str(book)),
        run(seeded, "supply", "--month", MONTH, "--out", str(paper), "--lang", "en"),
    ]
    wrong = run(seeded, "voltage", "--month", MONTH, "--out", str(tmp_path / "a.doc"))

    assert [one.exit_code for one in written] == [0, 0], [one.output for one in written]
    assert "Provisional" in written[0].output
    assert "汇总" in openpyxl.load_workbook(book).sheetnames
    assert "Supply reliability" in pypdf.PdfReader(paper).pages[0].extract_text()
    assert wrong.exit_code == 2
    assert ".xlsx or .pdf" in wrong.output


async def test_the_same_figures_whatever_the_loop_does_meanwhile(reader: httpx.AsyncClient) -> None:
    asked = [report_of(reader, report) for report in ("voltage", "supply") for _ in range(2)]

    found = await asyncio.gather(*asked)

    assert found[0]["digest"] == found[1]["digest"]
    assert found[2]["digest"] == found[3]["digest"]
