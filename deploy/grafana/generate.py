"""``python -m deploy.grafana.generate`` writes the dashboards anew, as JSON for Grafana.

Each language has a folder of its own. What differs from deployment to deployment is said here:
``--zone Europe/Berlin --rule-set en-50160 --console-url https://voltpass.example --out FOLDER``.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.dashboards.feeder import feeder_dashboard
from deploy.grafana.dashboards.fleet import fleet_dashboard
from deploy.grafana.dashboards.pipeline import pipeline_dashboard
from deploy.grafana.dashboards.point import point_dashboard
from deploy.grafana.dashboards.promises import promises_dashboard
from deploy.grafana.dashboards.supply import supply_dashboard
from deploy.grafana.dashboards.voltage import voltage_dashboard
from deploy.grafana.edition import LANGUAGES, Edition, Site, edition_of

FOLDER: Final = Path(__file__).parent / "dashboards"

DASHBOARDS: Final[Mapping[str, Callable[[Edition], Dashboard]]] = {
    "fleet": fleet_dashboard,
    "voltage": voltage_dashboard,
    "supply": supply_dashboard,
    "feeder": feeder_dashboard,
    "point": point_dashboard,
    "promises": promises_dashboard,
    "pipeline": pipeline_dashboard,
}


def dashboards(site: Site | None = None) -> dict[str, str]:
    """Return the text of every dashboard file by its name: ``en/fleet.json``."""
    return {
        f"{language}/{name}.json": _text_of(make(edition_of(language, site)))
        for language in LANGUAGES
        for name, make in DASHBOARDS.items()
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files."""
    site = Site()
    parser = argparse.ArgumentParser(prog="python -m deploy.grafana.generate", description=__doc__)
    parser.add_argument("--zone", default=site.zone, help="whose days are shown, as VOLTPASS_ZONE")
    parser.add_argument("--rule-set", default=site.rule_set, help="as VOLTPASS_RULE_SET")
    parser.add_argument("--console-url", default=site.console_url, help="of serve, for browsers")
    parser.add_argument("--runbooks-url", default=site.runbooks_url, help="of the runbooks' page")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write en/ and zh/ into")
    given = parser.parse_args(arguments)
    for name, text in dashboards(
        Site(
            zone=given.zone,
            rule_set=given.rule_set,
            console_url=given.console_url.rstrip("/"),
            runbooks_url=given.runbooks_url,
        )
    ).items():
        path = given.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _text_of(dashboard: Dashboard) -> str:
    text = json.dumps(dashboard, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False)
    return text + "\n"


if __name__ == "__main__":
    main()
