"""``python -m tests.console.screenshots``: the pictures of the README, in docs/images."""

import os
from pathlib import Path

import click

from tests.console.browser import chromium, opened
from tests.console.demo_server import demo_served
from tests.real.parts import read_parts

_IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
_POINT = "/console/points/uci-house-220V?from=2006-12-16&to=2007-01-13"
# name, path, width, language, scheme
_PICTURES = (
    ("console-overview", "/console/?period=day", 1440, "en", "light"),
    ("console-overview-zh", "/console/?period=day", 1440, "zh", "dark"),
    ("console-feeders", "/console/feeders?period=day", 1440, "en", "light"),
    ("console-feeders-400", "/console/feeders?period=day", 400, "zh", "light"),
    ("console-point", f"{_POINT}&day=2006-12-20", 1440, "en", "light"),
    ("console-point-400", _POINT, 400, "zh", "light"),
    ("console-outages", "/console/outages", 1440, "en", "light"),
    ("console-promises", "/console/promises", 1440, "zh", "light"),
    ("console-quality", "/console/quality", 1440, "zh", "light"),
)


@click.command()
@click.option("--dsn", help="A database that has the demonstration's data already.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=_IMAGES)
@click.option("--only", help="Pictures whose name contains this.")
def main(dsn: str | None, into: Path, only: str | None) -> None:
    """Make the pictures that the README shows."""
    into.mkdir(parents=True, exist_ok=True)
    with demo_served(dsn) as url, chromium(read_parts(os.environ).chromium) as browser:
        for name, path, width_px, language, scheme in _PICTURES:
            if only and only not in name:
                continue
            address = f"{url}{path}{'&' if '?' in path else '?'}lang={language}"
            with opened(
                browser, address, width_px=width_px, language=language, scheme=scheme
            ) as watched:
                file = into / f"{name}.png"
                watched.page.screenshot(path=str(file), full_page=True)
                click.echo(f"{file} {file.stat().st_size // 1024} KiB {watched.complaints}")


if __name__ == "__main__":
    main()
