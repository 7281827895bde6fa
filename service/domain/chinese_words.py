"""The words of import files in Chinese: headers of columns, and values of columns that hold one of some words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_YES: Final = {"yes": "是", "no": "否"}
_AREAS: Final = {"urban": "城市", "rural": "农村", "remote": "边远", "special_remote": "特殊边远"}

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # points
        "point": "监测点",
        "nominal_v": "标称电压(V)",
        "wiring": "接线方式",
        "class": "监测点类别",
        "organisation": "单位编码",
        "organisation_name": "单位名称",
        "region": "区域编码",
        "region_name": "区域名称",
        "substation": "变电站编码",
        "substation_name": "变电站名称",
        "feeder": "线路编码",
        "feeder_name": "线路名称",
        "transformer": "配变编码",
        "transformer_name": "配变名称",
        "terminal": "配变终端",
        "feeder_head": "线路首端",
        "band_percent": "合格范围(%)",
        "valid_from": "生效时间",
        "valid_to": "失效时间",
        # devices
        "device": "表计",
        "interval_s": "采集间隔(s)",
        "voltage_ratio": "电压变比",
        "reading_kind": "读数类型",
        "stamp_at": "时标位置",
        "zone": "时区",
        "delivery_delay_s": "上送延迟(s)",
        "self_powered": "自供电",
        "zero_means": "零值含义",
        "concentrator": "集中器",
        # customers
        "customer": "户号",
        "points": "供电监测点",
        "voltage_level_v": "供电电压(V)",
        "residential": "居民用户",
        "important": "重要用户",
        "user_class": "用户类别",
        "required_power_factor": "功率因数要求",
        "capacity_kva": "容量(kVA)",
        "target_area": "供电区域",
        "response_area": "抢修区域",
        # outages
        "ticket": "工单号",
        "kind": "停电类型",
        "cause": "停电原因",
        "place": "范围类型",
        "codes": "范围编码",
        "window_from": "计划开始时间",
        "window_to": "计划结束时间",
        "notice_at": "公告时间",
        "notice_fields": "公告内容",
        "important_customers": "已通知重要用户",
        "important_told_at": "通知时间",
        "off_at": "实际停电时间",
        "on_at": "实际送电时间",
        "cancelled_at": "取消时间",
        "author": "填报人",
        "approver": "审核人",
        "entered_at": "录入时间",
        # fault calls
        "call": "报修单号",
        "called_at": "报修时间",
        "arrived_at": "到达时间",
        "restored_at": "复电时间",
        "severe_weather": "恶劣天气",
        # deadlines
        "reference": "业务单号",
        "promise": "承诺",
        "subject": "事项",
        "opened_at": "受理时间",
        "answered_at": "办结时间",
        # daily counters of meters and voltage monitors
        "day": "日期",
        "phase": "相别",
        "monitored_min": "监测时间(min)",
        "over_min": "越上限时间(min)",
        "under_min": "越下限时间(min)",
        "qualified_min": "合格时间(min)",
        "lower_limit_v": "合格下限(V)",
        "upper_limit_v": "合格上限(V)",
        "assessment_lower_v": "考核下限(V)",
        "assessment_upper_v": "考核上限(V)",
    }
)

VALUES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "wiring": {"1p": "单相", "3p4w": "三相四线", "3p3w": "三相三线"},
        "terminal": _YES,
        "feeder_head": _YES,
        "reading_kind": {"mean": "平均值", "instant": "瞬时值"},
        "stamp_at": {"start": "起始", "end": "结束"},
        "self_powered": _YES,
        "zero_means": {"no_supply": "停电", "asleep": "休眠", "no_input": "无输入"},
        "residential": _YES,
        "important": _YES,
        "user_class": {"LV": "低压", "MV": "中压", "HV": "高压"},
        "target_area": _AREAS,
        "response_area": _AREAS,
        "kind": {
            "planned": "计划停电",
            "temporary": "临时停电",
            "emergency": "紧急停电",
            "customer_request": "用户申请停电",
            "rationing": "限电",
            "fault": "故障停电",
            "abnormal_state": "电网异常状态",
            "outage": "停电",
        },
        "cause": {
            "planned_maintenance": "计划检修",
            "planned_construction": "计划施工",
            "planned": "计划停电",
            "temporary": "临时停电",
            "emergency": "紧急停电",
            "customer_request": "用户申请停电",
            "supply_shortage": "系统电源不足限电",
            "network_limit": "供电网限电",
            "rationing": "限电",
            "fault_internal": "内部故障",
            "fault_external": "外部故障",
            "fault": "故障停电",
        },
        "place": {
            "organisation": "单位",
            "region": "区域",
            "substation": "变电站",
            "feeder": "线路",
            "transformer": "配变",
            "point": "监测点",
        },
        "notice_fields": {
            "area": "停电区域",
            "lines": "停电线路",
            "off": "停电时间",
            "restore": "恢复时间",
        },
        "severe_weather": _YES,
    }
)
_NAMES: Final = {chinese: name for name, chinese in HEADERS.items()}
_WORDS: Final = {
    name: {chinese: word for word, chinese in words.items()} for name, words in VALUES.items()
}
_BETWEEN: Final = ";"


def column_of(header: str) -> str:
    """Return the name of the column whose header stands in a file, in Chinese or as its own name."""
    return _NAMES.get(header, header)


def word_of(column: str, value: str) -> str:
    """Return what a field of ``column`` says in our words; one that says anything else besides, a free text, stays."""
    words = _WORDS.get(column)
    if words is None:
        return value
    parts = [part.strip() for part in value.replace("；", _BETWEEN).split(_BETWEEN)]
    if not all(part in words or part in VALUES[column] for part in parts):
        return value
    return _BETWEEN.join(words.get(part, part) for part in parts)


def chinese_of(column: str, value: str) -> str:
    """Return a field of ``column`` in Chinese; the other way of ``word_of``."""
    words = VALUES.get(column)
    if words is None:
        return value
    return _BETWEEN.join(words.get(part, part) for part in value.split(_BETWEEN))
