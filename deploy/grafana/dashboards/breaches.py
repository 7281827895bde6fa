"""Panels of the voltage dashboard about this moment: points outside their band."""

from grafana_foundation_sdk.models.common import BigValueTextMode

from deploy.grafana.panels import ORANGE, PURPLE, VERMILION, Look, Panel, bars, coloured, stat
from deploy.grafana.queries import SELECTED, instant_of, range_of


def points_now() -> list[Panel]:
    """Return how many points are outside, and the rule set that says so."""
    texts = {
        "under": ("Below the band", "Points below their voltage band now.", 5),
        "over": ("Above the band", "Points above their voltage band now, up to +20 %.", 5),
        "high": ("Above +20 %", "Points above +20 % of nominal now: appliances break.", 1),
    }
    by_kind: list[Panel] = [
        stat(
            Look(title=title, text=text, unit="short", width=6, height=4),
            instant_of(f"{_sum_of(kind)} or vector(0)", title),
            bad_from=bad_from,
        )
        for kind, (title, text, bad_from) in texts.items()
    ]
    rule_sets = stat(
        Look(
            title="Rule set",
            text="The rule set that the rates are judged by, as the service says.",
            unit="short",
            width=6,
            height=4,
        ),
        instant_of("count by (rule_set) (voltpass_pass_ratio)", "{{rule_set}}"),
    ).text_mode(BigValueTextMode.NAME)
    return [*by_kind, rule_sets]


def _sum_of(kind: str) -> str:
    selected = SELECTED.replace("}", f',kind="{kind}"}}')
    return f"sum(voltpass_feeder_points_in_breach{selected})"


def breaches() -> Panel:
    """Return the points outside over time."""
    names = {"under": "below the band", "over": "above the band", "high": "above +20 %"}
    panel = bars(
        Look(
            title="Points outside their band",
            text="How many points of the chosen feeders are outside their band, by kind.",
            unit="short",
            width=24,
        ),
        [range_of(_sum_of(kind), name, kind) for kind, name in names.items()],
    )
    colours = (ORANGE, PURPLE, VERMILION)
    return coloured(panel, dict(zip(names.values(), colours, strict=True)))
