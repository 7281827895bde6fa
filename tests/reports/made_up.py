"""Reports that are made up, with every kind of value in them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction

from service.reports.figures import Report, ReportFigures, Row
from service.reports.layouts import laid_out
from service.reports.monthly_report import MonthlyReport

THROUGH = datetime(2024, 4, 2, tzinfo=UTC)


def figures(report: Report, tables: Mapping[str, Sequence[Row]]) -> ReportFigures:
    """Return figures of March 2024 in Shanghai."""
    return ReportFigures(
        report=report,
        month="2024-03",
        from_day=date(2024, 3, 1),
        to_day=date(2024, 4, 1),
        zone="Asia/Shanghai",
        rule_set="sgcc-2003",
        rule_set_title="国家电网公司供电服务规范 & others",
        rule_set_checksum="c" * 64,
        judgement=17,
        data_through=THROUGH,
        tables=laid_out(report, tables),
    )


def provisional(report: Report, tables: Mapping[str, Sequence[Row]]) -> MonthlyReport:
    """Return the same as a report that nobody has signed."""
    return MonthlyReport(
        figures=figures(report, tables), signature=None, changes=(), is_signed=False
    )


def worst_point(point: str, **others: object) -> Row:
    """Return a row of the worst points."""
    row: dict[str, object] = {
        "point": point,
        "class": "D",
        "area": "urban",
        "region": "R1",
        "region_name": "区 R1",
        "rate": Fraction(2, 3),
        "coverage": Fraction(1),
        "over": 1440,
        "under": 0,
        "interrupted": 0,
        "missing_minutes": 0,
        "method": "continuous",
    }
    return row | others  # type: ignore[return-value]
