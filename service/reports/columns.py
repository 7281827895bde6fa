"""How a report is laid out: its sheets, their columns, and what stands in them; in Chinese and English."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Language = Literal["zh", "en"]

# What a column holds, which decides how a number is written.
Kind = Literal[
    "text",
    "word",  # of ``words``: shown in the language of the report
    "count",  # whole number
    "share",  # 0..1, shown in percent
    "points",  # difference of shares, shown in percentage points with its sign
    "number",  # any other number, four decimals
    "hours",
    "minutes",  # whole, or with decimals
    "instant",  # shown on the clocks of the deployment
    "day",
]


@dataclass(frozen=True, slots=True)
class Name:
    """What something is called in both languages."""

    zh: str
    en: str

    def of(self, language: Language) -> str:
        """Return the name in a language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a sheet."""

    key: str  # in the rows of the figures
    name: Name  # with its unit
    kind: Kind
    width: int  # characters
    is_key: bool = False  # with the other keys it tells which row is meant

    @property
    def is_number(self) -> bool:
        """Whether numbers stand in it, which are set to the right."""
        return self.kind not in {"text", "word", "instant", "day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of a workbook, and a section of a PDF: one table of the figures."""

    table: str  # of the figures
    name: Name
    columns: tuple[Column, ...]
    note: Name | None = None  # what has to be said above it


Layout: TypeAlias = tuple[Sheet, ...]


def text(key: str, zh: str, en: str, width: int = 14, *, is_key: bool = False) -> Column:
    """Return a column of texts."""
    return Column(key=key, name=Name(zh, en), kind="text", width=width, is_key=is_key)


def word(key: str, zh: str, en: str, width: int = 14, *, is_key: bool = False) -> Column:
    """Return a column of words that are shown in the language of the report."""
    return Column(key=key, name=Name(zh, en), kind="word", width=width, is_key=is_key)


def number(key: str, zh: str, en: str, kind: Kind, width: int = 12) -> Column:
    """Return a column of numbers, or of times."""
    return Column(key=key, name=Name(zh, en), kind=kind, width=width)


def share(key: str, zh: str, en: str) -> Column:
    """Return a column of shares, shown in percent."""
    return number(key, f"{zh} (%)", f"{en} (%)", "share", 12)


def count(key: str, zh: str, en: str, width: int = 10) -> Column:
    """Return a column of whole numbers."""
    return number(key, zh, en, "count", width)


TARGETS = Sheet(
    table="targets",
    name=Name("目标", "Targets"),
    note=Name(
        "按规则集逐项考核；比较用未修约值。“每个地区”由最差地区决定。",
        "Each target of the rule set, judged unrounded; of each region the lowest one decides.",
    ),
    columns=(
        Column(key="number", name=Name("序号", "No."), kind="count", width=6, is_key=True),
        word("figure", "指标", "Figure", 16),
        word("population", "对象", "Of whom", 16),
        word("area", "区域类别", "Area", 10),
        word("reach", "考核方式", "Reach", 10),
        share("at_least", "目标", "Target"),
        share("actual", "实际", "Actual"),
        number("margin", "差值 (百分点)", "Margin (points)", "points"),
        share("lower", "下界", "Lower bound"),
        share("upper", "上界", "Upper bound"),
        text("region", "决定地区", "Deciding region", 12),
        count("members", "成员数", "Members"),
        count("known", "有数据的", "Known"),
        word("verdict", "结论", "Verdict", 12),
        word("certain", "结论确定", "Certain", 8),
        share("undeclared", "不计申报", "Undeclared"),
        text("source", "依据条款", "Source", 30),
    ),
)

SOURCES = Sheet(
    table="sources",
    name=Name("说明", "Notes"),
    note=Name(
        "“待核”：默认值，宣称达标前须与纸质标准核对。",
        "Confirm: a default, to be compared with the paper standard before compliance is claimed.",
    ),
    columns=(
        word("rule", "公式或规则", "Formula or rule", 64, is_key=True),
        Column(key="value", name=Name("取值", "Value"), kind="text", width=24, is_key=True),
        Column(key="source", name=Name("依据条款", "Source"), kind="text", width=56, is_key=True),
        word("certainty", "确认情况", "Certainty", 10),
    ),
)
