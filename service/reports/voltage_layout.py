"""The sheets of 电压合格率月报."""

from typing import Final

from service.reports.columns import (
    SOURCES,
    TARGETS,
    Column,
    Layout,
    Name,
    Sheet,
    count,
    number,
    share,
    text,
    word,
)

_RATES: Final[tuple[Column, ...]] = (
    share("rate", "合格率", "Pass rate"),
    share("target", "目标", "Target"),
    number("margin", "差值 (百分点)", "Margin (points)", "points"),
    share("lower", "下界", "Lower bound"),
    share("upper", "上界", "Upper bound"),
    share("coverage", "覆盖率", "Coverage"),
    share("pooled", "合并合格率", "Pooled rate"),
    count("points", "监测点数", "Points"),
    count("monitored", "有效监测点", "Monitored"),
    count("not_monitored", "未监测点", "Not monitored"),
    count("sampled", "其中采样", "Of these sampled"),
    word("method", "测量方法", "Method", 12),
)
_PLACE: Final[tuple[Column, ...]] = (
    text("point", "监测点", "Point", 22, is_key=True),
    text("class", "类别", "Class", 6),
    word("area", "区域类别", "Area", 10),
    text("region", "地区", "Region", 10),
    text("region_name", "地区名称", "Region name", 14),
    text("feeder", "线路", "Feeder", 10),
    text("feeder_name", "线路名称", "Feeder name", 14),
    text("transformer", "配变", "Transformer", 10),
    text("transformer_name", "配变名称", "Transformer name", 14),
)
_OUTSIDE: Final[tuple[Column, ...]] = (
    number("over", "越上限 (分钟)", "Over (min)", "minutes"),
    number("under", "越下限 (分钟)", "Under (min)", "minutes"),
)
_MINUTES: Final[tuple[Column, ...]] = (
    number("due", "应监测 (分钟)", "Due (min)", "minutes"),
    number("pass", "合格 (分钟)", "Pass (min)", "minutes"),
    *_OUTSIDE,
    number("interrupted", "停电 (分钟)", "Interrupted (min)", "minutes"),
    number("exempt", "免考 (分钟)", "Exempt (min)", "minutes"),
    number("invalid", "无效 (分钟)", "Invalid (min)", "minutes"),
    number("missing_minutes", "缺测 (分钟)", "Missing (min)", "minutes"),
)

VOLTAGE: Final[Layout] = (
    Sheet(
        table="summary",
        name=Name("汇总", "Summary"),
        note=Name(
            "合格率为有效监测点合格率的算术平均；综合合格率缺类时不计算，缺的类别列在最后一列。",
            "Rates are unweighted means of monitored points; without one of its classes there is no composite rate, "
            "and the last column names what is missing.",
        ),
        columns=(
            word("item", "指标", "Figure", 26, is_key=True),
            *_RATES,
            text("missing", "缺的类别", "Missing classes", 12),
        ),
    ),
    TARGETS,
    Sheet(
        table="minutes",
        name=Name("分钟统计", "Minutes"),
        note=Name(
            "所有监测点的分钟数，含未监测点。",
            "Minutes of all points, those not monitored included.",
        ),
        columns=(
            word("item", "指标", "Figure", 26, is_key=True),
            *_MINUTES,
            count("below", "低于目标的点", "Points below target"),
            count("exempt_points", "功率因数免考点", "Exempt points"),
            text("lowest_point", "最低监测点", "Lowest point", 22),
            share("lowest_rate", "最低合格率", "Lowest rate"),
        ),
    ),
    Sheet(
        table="regions",
        name=Name("分地区", "Regions"),
        columns=(
            word("population", "对象", "Of whom", 16, is_key=True),
            text("region", "地区", "Region", 10, is_key=True),
            text("region_name", "地区名称", "Region name", 16),
            word("area", "区域类别", "Area", 10, is_key=True),
            *_RATES,
            count("below", "低于目标的点", "Points below target"),
            *_OUTSIDE,
        ),
    ),
    Sheet(
        table="methods",
        name=Name("测量方法", "Methods"),
        note=Name(
            "采样（间隔大于一分钟）的合格率单列，不作为法定指标。",
            "Rates of points that give less than a value a minute stand apart: they are not statutory.",
        ),
        columns=(
            word("item", "指标", "Figure", 26, is_key=True),
            word("method", "测量方法", "Method", 12, is_key=True),
            share("rate", "合格率", "Pass rate"),
            count("monitored", "有效监测点", "Monitored"),
        ),
    ),
    Sheet(
        table="worst_points",
        name=Name("最差监测点", "Worst points"),
        note=Name(
            "合格率最低的有效监测点，至多 50 个。",
            "The monitored points with the lowest rates, 50 at most.",
        ),
        columns=(
            *_PLACE,
            share("rate", "合格率", "Pass rate"),
            share("coverage", "覆盖率", "Coverage"),
            *_OUTSIDE,
            number("interrupted", "停电 (分钟)", "Interrupted (min)", "minutes"),
            number("missing_minutes", "缺测 (分钟)", "Missing (min)", "minutes"),
            word("method", "测量方法", "Method", 12),
        ),
    ),
    Sheet(
        table="not_monitored",
        name=Name("未监测点", "Not monitored"),
        note=Name(
            "没有合格率或覆盖率低于下限的监测点，从不算作合格；至多列 5000 个，总数见汇总。",
            "Points without a rate, or covered below the floor: never compliant. 5000 at most; the summary counts all.",
        ),
        columns=(
            *_PLACE,
            share("rate", "合格率(仅供参考)", "Rate, for information"),
            share("coverage", "覆盖率", "Coverage"),
            number("due", "应监测 (分钟)", "Due (min)", "minutes"),
            number("missing_minutes", "缺测 (分钟)", "Missing (min)", "minutes"),
            number("invalid", "无效 (分钟)", "Invalid (min)", "minutes"),
        ),
    ),
    SOURCES,
)
