"""The figures of a report: exact, in no language, and written down so that what was signed can be shown again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Literal, TypeAlias, TypedDict, get_args

Report = Literal["voltage", "supply"]
Value: TypeAlias = int | str | Fraction | date | datetime | None
Row: TypeAlias = Mapping[str, Value]  # by the columns of ``tables``
Tables: TypeAlias = Mapping[str, Sequence[Row]]
Written: TypeAlias = int | str | dict[str, str] | None  # of JSON
WrittenTables: TypeAlias = dict[str, list[dict[str, Written]]]

REPORTS: tuple[Report, ...] = get_args(Report)


WrittenFigures = TypedDict(
    "WrittenFigures",
    {
        "report": Report,
        "month": str,
        "from": str,
        "to": str,
        "zone": str,
        "rule_set": str,
        "rule_set_title": str,
        "rule_set_checksum": str,
        "judgement": int,
        "data_through": str | None,
        "tables": WrittenTables,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFigures:
    """All figures of one report, and what they rest on."""

    report: Report
    month: str  # 2026-11
    from_day: date  # inclusive, of the zone
    to_day: date  # exclusive
    zone: str
    rule_set: str
    rule_set_title: str
    rule_set_checksum: str
    judgement: int  # the number under which registry, rules and declarations stood
    data_through: datetime | None  # minutes from here on were not due yet
    tables: Tables

    @property
    def digest(self) -> str:
        """SHA-256 of the figures: not of how far the data reached, nor of numbers that rise by themselves."""
        said = {
            "report": self.report,
            "days": [self.from_day.isoformat(), self.to_day.isoformat()],
            "zone": self.zone,
            "rule_set": self.rule_set,
            "tables": _written_tables(self.tables),
        }
        text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def written(figures: ReportFigures) -> WrittenFigures:
    """Return figures as plain JSON without loss: fractions as "n/d", instants in UTC."""
    return {
        "report": figures.report,
        "month": figures.month,
        "from": figures.from_day.isoformat(),
        "to": figures.to_day.isoformat(),
        "zone": figures.zone,
        "rule_set": figures.rule_set,
        "rule_set_title": figures.rule_set_title,
        "rule_set_checksum": figures.rule_set_checksum,
        "judgement": figures.judgement,
        "data_through": None
        if figures.data_through is None
        else figures.data_through.astimezone(UTC).isoformat(),
        "tables": _written_tables(figures.tables),
    }


def read_figures(text: WrittenFigures) -> ReportFigures:
    """Return the figures that ``written`` has written down."""
    through = text["data_through"]
    return ReportFigures(
        report=text["report"],
        month=text["month"],
        from_day=date.fromisoformat(text["from"]),
        to_day=date.fromisoformat(text["to"]),
        zone=text["zone"],
        rule_set=text["rule_set"],
        rule_set_title=text["rule_set_title"],
        rule_set_checksum=text["rule_set_checksum"],
        judgement=text["judgement"],
        data_through=None if through is None else datetime.fromisoformat(through),
        tables={
            name: [{key: _read(value) for key, value in row.items()} for row in rows]
            for name, rows in text["tables"].items()
        },
    )


def _written_tables(tables: Tables) -> WrittenTables:
    return {
        name: [{key: _write(value) for key, value in row.items()} for row in rows]
        for name, rows in tables.items()
    }


def _write(value: Value) -> Written:
    """Return a value as JSON: what JSON cannot say stands in an object of one member that names its kind."""
    if isinstance(value, Fraction):
        return {"fraction": f"{value.numerator}/{value.denominator}"}
    if isinstance(value, datetime):
        return {"instant": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return value


def _read(value: Written) -> Value:
    if not isinstance(value, dict):
        return value
    ((kind, text),) = value.items()
    if kind == "fraction":
        return Fraction(text)
    return datetime.fromisoformat(text) if kind == "instant" else date.fromisoformat(text)
