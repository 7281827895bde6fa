"""Names for people, as a Chinese district has them; a place of a given number always has the same."""

from typing import Final

ORGANISATION: Final = ("ORG-01", "江城供电公司")

# Code, name, and whose target and response apply: urban, rural, remote or special_remote places.
REGIONS: Final = (
    ("R01", "城东供电服务站", "urban", "urban"),
    ("R02", "城西供电服务站", "urban", "urban"),
    ("R03", "河口镇供电所", "rural", "rural"),
    ("R04", "青山乡供电所", "rural", "remote"),
    ("R05", "云岭乡供电所", "special_remote", "special_remote"),
)
N_URBAN_REGIONS: Final = 2

_FEEDERS: Final = (
    *("青松", "桃源", "学府", "滨江", "东湖", "南山", "北塔", "西园", "龙泉", "凤岗"),
    *("长安", "和平", "新华", "解放", "人民", "文昌", "翠竹", "玉兰", "金桥", "银河"),
    *("白云", "红星", "石桥", "柳林", "杏花", "梅溪", "莲塘", "枫树", "古渡", "高岭"),
)
_SUBSTATIONS: Final = ("城东", "滨江", "河口", "青山", "云岭", "南湖", "北郊", "开发区")
_ORDER: Final = "一二三四五六七八九"
_QUARTERS: Final = ("花园", "新村", "小区", "家园", "苑", "里", "庄", "湾", "坪", "街")
_PLANTS: Final = ("纺织", "水泥", "化工", "机械", "食品", "造纸", "电子", "建材", "医药", "冷链")


def substation_name(number: int) -> str:
    """Return the name of a substation, numbered from 0."""
    name, round_ = number % len(_SUBSTATIONS), number // len(_SUBSTATIONS)
    second = _numeral(round_) if round_ else ""
    return f"{_SUBSTATIONS[name]}{second}110千伏变电站"


def feeder_name(number: int) -> str:
    """Return the name of a feeder, numbered from 0."""
    return f"10千伏{_stem(number)}线"


def transformer_name(feeder: int, number: int) -> str:
    """Return the name of a public transformer of a feeder, numbered from 1."""
    quarter = _QUARTERS[(feeder + number) % len(_QUARTERS)]
    return f"{_stem(feeder)}{quarter}{number:02d}号公变"


def plant_name(feeder: int, number: int) -> str:
    """Return the name of the transformer that a medium-voltage customer owns."""
    plant = _PLANTS[(3 * feeder + number) % len(_PLANTS)]
    return f"{_stem(feeder)}{plant}厂{number:02d}号专变"


def _stem(number: int) -> str:
    return f"{_FEEDERS[number % len(_FEEDERS)]}{_numeral(number // len(_FEEDERS))}"


def _numeral(round_: int) -> str:
    """Return 一, 二 ... for the first rounds, and figures from the tenth on."""
    return _ORDER[round_] if round_ < len(_ORDER) else f"{round_ + 1}"
