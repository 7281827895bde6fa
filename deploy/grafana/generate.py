"""``python -m deploy.grafana.generate`` writes the dashboards anew, as JSON for Grafana."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.dashboards.supply import supply_dashboard
from deploy.grafana.dashboards.voltage import voltage_dashboard

FOLDER = Path(__file__).parent / "dashboards"


def dashboards() -> dict[str, str]:
    """Return the text of every dashboard file by its name."""
    return {
        "supply.json": _text_of(supply_dashboard()),
        "voltage.json": _text_of(voltage_dashboard()),
    }


def main() -> None:
    """Write the files."""
    for name, text in dashboards().items():
        (FOLDER / name).write_text(text, "utf-8")


def _text_of(dashboard: Dashboard) -> str:
    text = json.dumps(dashboard, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False)
    return text + "\n"


if __name__ == "__main__":
    main()
