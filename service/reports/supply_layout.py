"""The sheets of 供电可靠性月报."""

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

_AREA: Final = word("area", "区域类别", "Area", 12, is_key=True)
_TOLD: Final = word("declarations", "申报", "Declarations", 12, is_key=True)
_USERS: Final = number("users", "等效用户数", "Users", "number", 12)
_AIHC: Final = number("aihc_1", "AIHC-1 (时/户)", "AIHC-1 (h/user)", "number")
_AITC: Final = number("aitc_1", "AITC-1 (次/户)", "AITC-1 (1/user)", "number")
_SAIDI: Final = number("saidi", "SAIDI (分/户)", "SAIDI (min/user)", "number")
_SAIFI: Final = number("saifi", "SAIFI (次/户)", "SAIFI (1/user)", "number")
_CAIDI: Final = number("caidi", "CAIDI (分/次)", "CAIDI (min)", "number")
_USER_HOURS: Final = number("user_hours", "停电时户数 (时户)", "User hours out (h)", "hours", 14)
_BOUNDS: Final[tuple[Column, ...]] = (
    share("lower", "RS-1 下界", "RS-1 lower"),
    share("upper", "RS-1 上界", "RS-1 upper"),
)


def _way(number_: int) -> tuple[Column, ...]:
    """Return the columns of one of the four ways of DL/T 836 to count."""
    return (
        share(f"rs_{number_}", f"RS-{number_}", f"RS-{number_}"),
        number(f"aihc_{number_}", f"AIHC-{number_} (时/户)", f"AIHC-{number_} (h/user)", "number"),
        number(f"aitc_{number_}", f"AITC-{number_} (次/户)", f"AITC-{number_} (1/user)", "number"),
    )


SUPPLY: Final[Layout] = (
    Sheet(
        table="summary",
        name=Name("汇总", "Summary"),
        note=Name(
            "供电可靠率 RS、平均停电时间 AIHC、平均停电次数 AITC：-1 全部，-2 不计外部影响，-3 不计系统电源不足限电，"
            "-4 不计短时停电。“不计申报”：如同没有任何停电申报。",
            "RS, AIHC, AITC of DL/T 836: -1 everything, -2 without external influence, -3 without rationing for want "
            "of power, -4 without short ones. Without: as if nobody had declared an outage.",
        ),
        columns=(_AREA, _TOLD, _USERS, *_way(1), *_BOUNDS, *_way(2), *_way(3), *_way(4)),
    ),
    TARGETS,
    Sheet(
        table="ieee",
        name=Name("IEEE 1366", "IEEE 1366"),
        note=Name(
            "只计持续停电；MAIFI 只计短时停电。",
            "Of sustained interruptions; MAIFI of momentary ones.",
        ),
        columns=(
            _AREA,
            _TOLD,
            _USERS,
            _SAIDI,
            _SAIFI,
            _CAIDI,
            share("asai", "ASAI", "ASAI"),
            number("ctaidi", "CTAIDI (分/户)", "CTAIDI (min)", "number"),
            number("caifi", "CAIFI (次/户)", "CAIFI", "number"),
            number("maifi", "MAIFI (次/户)", "MAIFI (1/user)", "number"),
            count("interruptions", "停电户次", "User interruptions", 12),
            count("interrupted_users", "停电用户数", "Users interrupted", 12),
        ),
    ),
    Sheet(
        table="natures",
        name=Name("故障与预安排", "Fault and planned"),
        note=Name("含短时停电，各性质相加为总数。", "Short ones too; natures add up to the whole."),
        columns=(
            _AREA,
            word("nature", "停电性质", "Nature", 14, is_key=True),
            _AIHC,
            _AITC,
            number("maifi", "MAIFI (次/户)", "MAIFI (1/user)", "number"),
        ),
    ),
    Sheet(
        table="causes",
        name=Name("分原因", "Causes"),
        note=Name(
            "停电原因树，下级相加为上级；一段时间只属于一个原因。",
            "The tree of causes: children add up to their parent, and time belongs to one cause.",
        ),
        columns=(
            word("cause", "停电原因", "Cause", 24, is_key=True),
            count("depth", "层级", "Level", 6),
            _USER_HOURS,
            share("share", "占比", "Share"),
            _AIHC,
            _AITC,
            _SAIDI,
            _SAIFI,
            _CAIDI,
        ),
    ),
    Sheet(
        table="regions",
        name=Name("分地区", "Regions"),
        columns=(
            text("region", "地区", "Region", 10, is_key=True),
            text("region_name", "地区名称", "Region name", 16),
            _AREA,
            _USERS,
            share("rs_1", "RS-1", "RS-1"),
            *_BOUNDS,
            _USER_HOURS,
            _AIHC,
            _AITC,
            _SAIDI,
            _SAIFI,
        ),
    ),
    Sheet(
        table="worst_feeders",
        name=Name("最差线路", "Worst feeders"),
        note=Name(
            "停电时户数最多的线路，至多 50 条。",
            "Feeders with the most user hours without supply, 50 at most.",
        ),
        columns=(
            text("feeder", "线路", "Feeder", 12, is_key=True),
            text("feeder_name", "线路名称", "Feeder name", 18),
            text("region", "地区", "Region", 10, is_key=True),
            text("region_name", "地区名称", "Region name", 16),
            _USERS,
            _USER_HOURS,
            share("rs_1", "RS-1", "RS-1"),
            *_BOUNDS,
            _AIHC,
            _AITC,
            _SAIDI,
            _SAIFI,
        ),
    ),
    Sheet(
        table="major_events",
        name=Name("重大事件日对比", "Major events"),
        note=Name(
            "重大事件日按前几年逐日 SAIDI 的 2.5β 法；历史不足两天时没有门槛，也没有剔除后的数字。",
            "By 2.5 beta of the daily SAIDI of the years before; with fewer than two such days there is no threshold.",
        ),
        columns=(
            word("major_events", "重大事件日", "Major event days", 20, is_key=True),
            count("days", "天数", "Days"),
            _SAIDI,
            _SAIFI,
            _CAIDI,
        ),
    ),
    Sheet(
        table="major_event_days",
        name=Name("重大事件日", "Major event days"),
        columns=(
            Column(key="day", name=Name("日期", "Day"), kind="day", width=12, is_key=True),
            number("saidi", "当日 SAIDI (分/户)", "SAIDI of the day (min)", "number", 16),
            number("t_med", "T_MED (分/户)", "T_MED (min)", "number", 14),
            count("past_days", "依据天数", "Days it rests on"),
        ),
    ),
    Sheet(
        table="outages",
        name=Name("停电清单", "Outages"),
        note=Name(
            "与本月有交集的停电，按开始时间；至多列最新的 5000 条。",
            "Outages that reach into the month, by their start; the newest 5000 at most.",
        ),
        columns=(
            Column(key="outage", name=Name("编号", "No."), kind="count", width=8, is_key=True),
            word("place", "范围", "Place", 10),
            text("code", "代码", "Code", 16),
            text("feeder", "线路", "Feeder", 12),
            text("feeder_name", "线路名称", "Feeder name", 16),
            number("start", "开始", "Start", "instant", 18),
            number("end", "恢复", "End", "instant", 18),
            number("last_end", "全部恢复", "Last end", "instant", 18),
            number("minutes", "时长 (分钟)", "Length (min)", "minutes"),
            word("cause", "停电原因", "Cause", 18),
            word("evidence", "证据", "Evidence", 12),
            text("ticket", "工单", "Ticket", 14),
            count("outage_points", "停电点数", "Points"),
            count("customers", "停电户数", "Customers"),
        ),
    ),
    SOURCES,
)
