"""Charts: figures of plotly as JSON in the page, which the console's script draws with plotly's own.

A figure names colours by role (``ink``, ``good`` ...) or as ``#rrggbb``; the script puts in those of the page, light or
dark.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from markupsafe import Markup

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A figure, and what it shows for who does not see it."""

    name: str  # its id in the page
    says: str  # one sentence, in the language of the page; the table beside it has the figures
    traces: Sequence[Mapping[str, Json]]
    layout: Mapping[str, Json] = field(default_factory=dict)
    height_px: int = 280

    def as_json(self) -> Markup:
        """Return the figure as it stands in a script element of the page: no text in it ends that."""
        figure = {"data": list(self.traces), "layout": {**self.layout, "height": self.height_px}}
        text = json.dumps(figure, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Markup(text.translate(_ESCAPED))  # noqa: S704 (escaped above)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """A small line of shares, 0..1, as an SVG path in a box of 100 by 24; a gap where there is none."""

    path: str
    last: tuple[float, float] | None  # where the line ends
    target_y: float | None

    @classmethod
    def of(cls, shares: Sequence[float | None], target: float | None = None) -> "Sparkline":
        """Return the line of ``shares``, oldest first; the lowest of them, or 90 %, stands at the bottom."""
        known = [share for share in shares if share is not None]
        low = min([0.9, *known])
        step = 100 / max(1, len(shares) - 1)

        def place(i: int, share: float) -> tuple[float, float]:
            return round(i * step, 1), round(2 + 20 * (1 - (share - low) / max(1 - low, 1e-9)), 1)

        parts: list[str] = []
        before: float | None = None
        last = None
        for i, share in enumerate(shares):
            if share is not None:
                last = place(i, share)
                # a day alone between two gaps is a dash: a path needs two points to be seen
                parts.append(f"{'M' if before is None else 'L'}{last[0]} {last[1]}")
                if before is None:
                    parts.append("h0.1")
            before = share
        inside = target is not None and low <= target <= 1
        target_y = place(0, target)[1] if target is not None and inside else None
        return cls(path="".join(parts), last=last, target_y=target_y)
