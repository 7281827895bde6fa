"""The colours of the console and of Grafana: those of Okabe and Ito, which the colour-blind can tell apart.

Blue is good and vermilion is bad; no pair of red and green has to be told apart. The style sheet has the same colours
as ``--verdict-...``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BLUE: Final = "#0072B2"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
YELLOW: Final = "#F0E442"
ORANGE: Final = "#E69F00"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
GREY: Final = "#999999"

VERDICT_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pass": BLUE,
        "over": VERMILION,
        "under": ORANGE,
        "interrupted": PURPLE,
        "exempt": SKY,
        "invalid": YELLOW,
        "missing": GREY,
    }
)
