"""Panels about this moment, from the live state of the consumers: operations, no statutory figure."""

from deploy.grafana.edition import Edition
from deploy.grafana.panels import Look, Panel, bars, coloured, lines, stat
from deploy.grafana.queries import SELECTED, instant_of, range_of
from service.console.palette import BLUE, GREY, ORANGE, PURPLE, SKY, VERMILION

_DARK = f"voltpass_feeder_open_interruptions{SELECTED}"
_BREACH_FROM = {"under": 5, "over": 5, "high": 1}  # points from which the number is vermilion


def breach_stats(edition: Edition, width: int) -> list[Panel]:
    """Return how many points of the chosen feeders are outside their band now."""
    return [
        stat(
            edition,
            Look(key=f"points_{kind}", unit="short", width=width, height=4),
            instant_of(f"{_breach(kind)} or vector(0)", kind),
            bad_from=bad_from,
        )
        for kind, bad_from in _BREACH_FROM.items()
    ]


def dark_stats(edition: Edition, width: int) -> list[Panel]:
    """Return how many points are without supply now, and in how many feeders."""
    feeders = f"count(sum by (region, feeder) ({_DARK}) > 0) or vector(0)"
    return [
        stat(
            edition,
            Look(key="dark_points", unit="short", width=width, height=4),
            instant_of(f"sum({_DARK}) or vector(0)", "points"),
            bad_from=1,
        ),
        stat(
            edition,
            Look(key="dark_feeders", unit="short", width=width, height=4),
            instant_of(feeders, "feeders"),
            bad_from=1,
        ),
    ]


def network_stats(edition: Edition, width: int) -> list[Panel]:
    """Return the outages and losses of communication that last, in the whole deployment."""
    return [
        stat(
            edition,
            Look(key="open_outages", unit="short", width=width, height=4),
            instant_of("sum(voltpass_open_outages)", "outages"),
            bad_from=1,
        ),
        stat(
            edition,
            Look(key="open_incidents", unit="short", width=width, height=4),
            instant_of("sum(voltpass_communication_incidents_open)", "incidents"),
            bad_from=1,
        ),
    ]


def breaches(edition: Edition, width: int = 24) -> Panel:
    """Return the points outside over time."""
    colours = {"under": ORANGE, "over": PURPLE, "high": VERMILION}
    return bars(
        edition,
        Look(key="breaches", unit="short", width=width),
        [range_of(_breach(kind), kind, kind) for kind in colours],
        coloured(colours),
    )


def dark_feeders(edition: Edition, width: int) -> Panel:
    """Return the feeders with most points without supply, over time."""
    return lines(
        edition,
        Look(key="dark_by_feeder", unit="short", width=width),
        [
            range_of(
                f"topk(15, sum by (region, feeder) ({_DARK}) > 0)",
                "{{region}} {{feeder}}",
            )
        ],
    )


def dark_by_evidence(edition: Edition, width: int) -> Panel:
    """Return the points without supply by what says so, over time."""
    colours = {
        "measured": BLUE,
        "meter_event": SKY,
        "feeder": PURPLE,
        "declared": ORANGE,
        "inferred": GREY,
    }
    return bars(
        edition,
        Look(key="dark_by_evidence", unit="short", width=width),
        [range_of("sum by (evidence) (voltpass_points_without_supply)", "{{evidence}}")],
        coloured(colours),
    )


def _breach(kind: str) -> str:
    selected = SELECTED.replace("}", f',kind="{kind}"}}')
    return f"sum(voltpass_feeder_points_in_breach{selected})"
