"""The words of the figures as people read them, in Chinese and English."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from service.reports.columns import Language, Name

TITLES: Final[Mapping[str, Name]] = MappingProxyType(
    {
        "voltage": Name("电压合格率月报", "Monthly report: voltage pass rate"),
        "supply": Name("供电可靠性月报", "Monthly report: supply reliability"),
    }
)

WORDS: Final[Mapping[str, Name]] = MappingProxyType(
    {
        "class_A": Name("A 类监测点", "Points of class A"),
        "class_B": Name("B 类监测点", "Points of class B"),
        "class_C": Name("C 类监测点", "Points of class C"),
        "class_D": Name("D 类监测点", "Points of class D"),
        "composite": Name("综合合格率", "Composite rate"),
        "residential_urban": Name("城市居民端", "Residential, urban"),
        "residential_rural": Name("农村居民端", "Residential, rural"),
        "residential_special_remote": Name("特殊边远居民端", "Residential, special remote"),
        "residential_none": Name("未分类居民端", "Residential, no area"),
        "points_from_10kv": Name("10 kV 及以上监测点", "Points from 10 kV on"),
        "all_points": Name("全部监测点", "All points"),
        "residential_points": Name("居民监测点", "Residential points"),
        "users": Name("用户", "Users"),
        "pass_rate": Name("电压合格率", "Voltage pass rate"),
        "composite_pass_rate": Name("综合电压合格率", "Composite pass rate"),
        "supply_reliability": Name("供电可靠率", "Supply reliability"),
        "urban": Name("城市", "Urban"),
        "rural": Name("农村", "Rural"),
        "special_remote": Name("特殊边远", "Special remote"),
        "none": Name("未分类", "No area"),
        "any": Name("不分区域", "Any"),
        "all": Name("全部", "All"),
        "each": Name("每个地区", "Each region"),
        "average": Name("平均", "Average"),
        "generality": Name("达标比例", "Share of members"),
        "kept": Name("达到", "Kept"),
        "broken": Name("未达到", "Broken"),
        "not_enough_data": Name("数据不足", "Not enough data"),
        "no_target": Name("无数值目标", "No number set"),
        "yes": Name("是", "Yes"),
        "no": Name("否", "No"),
        "continuous": Name("连续", "Continuous"),
        "sampled": Name("采样(非法定)", "Sampled, not statutory"),
        "with": Name("计入", "With"),
        "without": Name("不计", "Without"),
        "fault": Name("故障停电", "Fault"),
        "prearranged": Name("预安排停电", "Pre-arranged"),
        "planned": Name("计划停电", "Planned"),
        "rationing": Name("限电", "Rationing"),
        "unknown": Name("原因不明", "Unknown"),
        "fault_internal": Name("内部故障", "Fault, internal"),
        "fault_external": Name("外部故障", "Fault, external"),
        "emergency": Name("紧急停电", "Emergency"),
        "fault_unspecified": Name("故障(未细分)", "Fault, unspecified"),
        "planned_maintenance": Name("计划检修", "Planned maintenance"),
        "planned_construction": Name("计划施工", "Planned construction"),
        "customer_request": Name("用户申请", "Customer request"),
        "planned_unspecified": Name("计划(未细分)", "Planned, unspecified"),
        "temporary": Name("临时停电", "Temporary"),
        "supply_shortage": Name("系统电源不足限电", "Power shortage"),
        "network_limit": Name("供电网限电", "Network limit"),
        "rationing_unspecified": Name("限电(未细分)", "Rationing, unspecified"),
        "prearranged_unspecified": Name("预安排(未细分)", "Pre-arranged, unspecified"),
        "feeder": Name("线路", "Feeder"),
        "transformer": Name("配变", "Transformer"),
        "point": Name("监测点", "Point"),
        "measured": Name("实测", "Measured"),
        "meter_event": Name("表计事件", "Meter event"),
        "declared": Name("申报", "Declared"),
        "confirmed": Name("已核", "Confirmed"),
        "confirm": Name("待核", "Confirm"),
        "rule_rate": Name(
            "单点合格率 V = 合格 / (合格 + 越上限 + 越下限) × 100%，按分钟",
            "Rate of a point V = pass / (pass + over + under), in minutes",
        ),
        "rule_bounds": Name(
            "下界 = 合格 / (判定 + 缺测 + 无效)；上界 = (合格 + 缺测) / 同一分母；覆盖率 = 判定 / 同一分母",
            "Lower = pass / (judged + missing + invalid); upper = (pass + missing) / same; coverage = judged / same",
        ),
        "rule_mean": Name(
            "类别、区域、地区合格率 = 有效监测点合格率的算术平均；合并合格率 = 全部分钟合并",
            "Rate of a class, area or region = unweighted mean of its monitored points; pooled = all minutes together",
        ),
        "rule_composite": Name(
            "综合合格率 V = w·V_A + (1 - w)·(V_B + V_C + V_D) / 3",
            "Composite rate V = w V_A + (1 - w) (V_B + V_C + V_D) / 3",
        ),
        "rule_coverage": Name(
            "有效监测点：覆盖率不低于下限", "Monitored: coverage reaches the floor"
        ),
        "rule_denominator": Name(
            "停电与缺测分钟是否进入分母",
            "How minutes without supply and without reading count",
        ),
        "rule_power_factor": Name(
            "高峰功率因数低于要求的非居民用户当月免考",
            "Months below the required power factor at peak hours are exempt, never of residential customers",
        ),
        "rule_method": Name(
            "连续：每分钟至少一个值；采样：更慢，不作法定指标",
            "Continuous: at least a value a minute; sampled: slower, and not statutory",
        ),
        "rule_band": Name("允许偏差(自上而下首条适用)", "Permitted deviation, the first that fits"),
        "rule_rs": Name(
            "AIHC = Σ(停电时间 × 户数) / N；RS = 1 - AIHC / T；AITC = 停电户次 / N；T 为实际小时数",
            "AIHC = sum of hours without supply / N; RS = 1 - AIHC / T; AITC = interruptions / N; T is the real length",
        ),
        "rule_ways": Name(
            "-1 全部；-2 不计外部影响；-3 不计系统电源不足限电；-4 不计短时停电",
            "-1 everything; -2 less external influence; -3 less rationing for want of power; -4 less short ones",
        ),
        "rule_users": Name(
            "统计单位；公用配变计为一个中压用户",
            "Whose figures; a public transformer is one medium-voltage user",
        ),
        "rule_sustained": Name("持续停电的界限", "What is sustained"),
        "rule_indices": Name(
            "SAIDI = 持续停电用户分钟 / N；SAIFI = 持续停电户次 / N；CAIDI = SAIDI / SAIFI (IEEE 1366)",
            "SAIDI = user minutes / N; SAIFI = interruptions / N; CAIDI = SAIDI / SAIFI; sustained ones (IEEE 1366)",
        ),
        "rule_rs_bounds": Name(
            "RS-1 界：下界把无人看到的时间算停电，上界只计有头有尾的停电",
            "Bounds of RS-1: the lower takes unseen time as dark, the upper counts only outages whose end is known",
        ),
        "rule_declarations": Name(
            "不计申报：仅有申报的停电不算，其余原因不明",
            "Without declarations: outages that are only declared are none, all others have no cause",
        ),
        "rule_major_event_day": Name(
            "重大事件日 T_MED = exp(alpha + k·beta)，按前几年逐日 SAIDI",
            "Major event day: T_MED = exp(alpha + k beta), of the daily SAIDI of the years before",
        ),
    }
)


def shown_word(word: str, language: Language) -> str:
    """Return a word as people read it; what has no translation stands as it is."""
    name = WORDS.get(word)
    return word if name is None else name.of(language)
