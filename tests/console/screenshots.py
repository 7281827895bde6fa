"""``python -m tests.console.screenshots``: the pictures of the README, in docs/images."""

import os
from io import BytesIO
from pathlib import Path

import click
from PIL import Image

from tests.console.browser import chromium, opened
from tests.console.demo_server import demo_served
from tests.real.parts import read_parts

_IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
_POINT = "/console/points/uci-house-220V?from=2006-12-16&to=2007-01-13"
_COLOURS = 128  # enough for these pages, and a third of the bytes
# name, path, language, height in pixels
_PICTURES = (
    ("console-overview", "/console/?period=day", "en", 1130),
    ("console-point", f"{_POINT}&day=2006-12-20", "en", 1400),
    ("console-outages", "/console/outages", "zh", 800),
)


@click.command()
@click.option("--dsn", help="A database that has the demonstration's data already.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=_IMAGES)
@click.option("--only", help="Pictures whose name contains this.")
def main(dsn: str | None, into: Path, only: str | None) -> None:
    """Make the pictures that the README shows."""
    into.mkdir(parents=True, exist_ok=True)
    with demo_served(dsn) as url, chromium(read_parts(os.environ).chromium) as browser:
        for name, path, language, height_px in _PICTURES:
            if only and only not in name:
                continue
            address = f"{url.rstrip('/')}{path}{'&' if '?' in path else '?'}lang={language}"
            with opened(browser, address, width_px=1440, language=language) as watched:
                watched.page.set_viewport_size({"width": 1440, "height": height_px})
                whole = watched.page.screenshot()
            file = into / f"{name}.png"
            Image.open(BytesIO(whole)).convert("RGB").quantize(_COLOURS).save(file, optimize=True)
            click.echo(f"{file} {file.stat().st_size // 1024} KiB {watched.complaints}")


if __name__ == "__main__":
    main()
