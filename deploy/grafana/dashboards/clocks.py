"""Panels about the clocks of devices: how many are wrong, and which are furthest off."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from typing import Final

from deploy.grafana.edition import Edition
from deploy.grafana.panels import Field, Look, Panel, bars, coloured, plain, rows
from deploy.grafana.queries import IN_FEEDER, range_of, table
from service.console.palette import ORANGE, VERMILION

# Seconds by which stamps are behind, below 0 ahead: as service/domain/clock_findings.py counts them.
_ERROR_S: Final = """
       CASE WHEN usual_delay_ms IS NOT NULL THEN delay_ms - usual_delay_ms
            ELSE least(delay_ms, 0) + greatest(delay_ms - delivery_delay_s * 1000, 0)
        END / 1000.0""".strip()


def panels(edition: Edition) -> list[Panel]:
    """Return how many clocks are wrong, and which."""
    return [_wrong(edition), _furthest(edition)]


def _wrong(edition: Edition) -> Panel:
    def devices(kind: str) -> str:
        return f'sum(voltpass_devices_with_clock_error{{kind="{kind}"}})'

    return bars(
        edition,
        Look(key="wrong_clocks", unit="short", width=10, height=9),
        [
            range_of(devices("zone"), "clock_zone", "A"),
            range_of(devices("drift"), "clock_drift", "B"),
        ],
        coloured({"clock_zone": VERMILION, "clock_drift": ORANGE}),
    )


def _furthest(edition: Edition) -> Panel:
    """Return the clocks of the chosen feeders on the newest day of each, those first that are furthest off."""
    return rows(
        edition,
        Look(key="furthest_clocks", unit="short", width=14, height=9),
        table(f"""
SELECT device,
       point,
       feeder,
       concentrator AS behind_concentrator,
       day AS heard_on,
       ({_ERROR_S})::double precision AS clock_error,
       delay_ms / 1000.0::double precision AS least_delay,
       usual_delay_ms / 1000.0::double precision AS usual_delay
  FROM v_device_clock
 WHERE {IN_FEEDER}
 ORDER BY abs({_ERROR_S}) DESC, device
 LIMIT 200"""),
        [
            *plain("device", "point", "feeder", "behind_concentrator", "heard_on"),
            *(Field(name=name, unit="s") for name in ("clock_error", "least_delay", "usual_delay")),
        ],
    )
