"""The demonstration in Chromium: pages of points, outages and promises, and their figures against the raw files."""

import csv
import gzip
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files

import pytest
from playwright.sync_api import Page

from tests.console.browser import (
    EVERY_WAY,
    ONCE_EACH,
    Chromium,
    accessibility_complaints,
    opened,
    overflow_px,
)
from tests.demo.sent import street_days

pytestmark = [pytest.mark.real, pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

MINUTE = timedelta(minutes=1)
VERDICTS = ("pass", "over", "under", "interrupted", "exempt", "invalid", "missing")
ALL_OF_HOUSE = "from=2006-12-16&to=2007-01-13"
PATHS = (
    f"/console/points/uci-house-220V?{ALL_OF_HOUSE}&day=2006-12-20",
    "/console/points",
    "/console/outages",
    "/console/promises?rule_set=sgcc-pledge-2023",
)
MORE_PATHS = (  # other states of the same pages
    "/console/points/secha-34.5kV?from=1999-06-01&to=1999-07-01",
    "/console/points/street-171",
    "/console/points/street-255",
    "/console/points?q=street-2",
    "/console/outages/1",
    "/console/promises",
)


def addressed(path: str, language: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}lang={language}"


def minutes_shown(page: Page) -> dict[str, int]:
    """Return the minutes by verdict as people read them."""
    return {
        name: int(page.locator(f"#n-{name}").inner_text().replace(",", ""))
        for name in ("due", *VERDICTS)
    }


def fraction_shown(page: Page, name: str) -> Fraction:
    """Return a share in full, as the page has it for programs."""
    return Fraction(str(page.locator(f"#{name}").get_attribute("value")))


def percent_shown(page: Page, name: str) -> Decimal:
    """Return a share as people read it, in percent."""
    return Decimal(page.locator(f"#{name}").inner_text().replace("\u00a0", " ").removesuffix(" %"))


def of_raw_file(lowest_v: Decimal, highest_v: Decimal) -> dict[str, int]:
    """Return the minutes of the recorded house by verdict: decimals of the file as it ships, no code of ours."""
    packed = (files("service.recordings") / "uci_household.csv.gz").read_bytes()
    volts = {
        datetime.fromisoformat(row["ts"]): Decimal(row["v"])
        for row in csv.DictReader(gzip.decompress(packed).decode().splitlines())
    }
    at, last = min(volts), max(volts)
    counts: Counter[str] = Counter()
    while at <= last:
        value = volts.get(at)
        if value is None:
            counts["missing"] += 1
        else:
            counts["over" if value > highest_v else "under" if value < lowest_v else "pass"] += 1
        at += MINUTE
    return {"due": counts.total(), **{name: counts[name] for name in VERDICTS}}


@pytest.mark.parametrize(
    ("path", "width_px", "language"),
    [
        *((path, *way) for path in PATHS for way in EVERY_WAY),
        *((path, *way) for path in MORE_PATHS for way in ONCE_EACH),
    ],
)
def test_a_page_is_whole(
    served: str, browser: Chromium, path: str, language: str, width_px: int
) -> None:
    url = served + addressed(path, language)

    with opened(browser, url, width_px=width_px, language=language) as watched:
        assert watched.complaints == []
        assert watched.left == []
        assert accessibility_complaints(watched.page) == []
        assert overflow_px(watched.page) == 0


@pytest.mark.parametrize(
    ("point", "lowest_v", "highest_v"),
    [("uci-house", "207.00", "246.10"), ("uci-house-220V", "198.00", "235.40")],
)
def test_the_figures_of_the_recorded_house_equal_the_raw_file(
    served: str, browser: Chromium, point: str, lowest_v: str, highest_v: str
) -> None:
    expected = of_raw_file(Decimal(lowest_v), Decimal(highest_v))
    judged = expected["pass"] + expected["over"] + expected["under"]
    to_judge = judged + expected["missing"]
    url = f"{served}/console/points/{point}?{ALL_OF_HOUSE}&lang=en"

    with opened(browser, url, width_px=1440, language="en") as watched:
        page = watched.page

        assert minutes_shown(page) == expected
        for name, part, whole in (
            ("rate", expected["pass"], judged),
            ("lower", expected["pass"], to_judge),
            ("upper", expected["pass"] + expected["missing"], to_judge),
            ("coverage", judged, to_judge),
        ):
            exact = Fraction(part, whole)
            assert fraction_shown(page, name) == exact
            assert percent_shown(page, name) == Decimal(exact * 10_000 // 1) / 100
        in_days = page.locator("#strip td.wide").all_inner_texts()
        assert sum(int(text.replace(",", "")) for text in in_days if text != "–") == (
            expected["over"] + expected["under"]
        )


@pytest.mark.parametrize(
    "name", ["street-022", "street-149", "street-171", "street-205", "street-255"]
)
def test_the_figures_of_the_street_equal_what_was_sent(
    served: str, browser: Chromium, name: str
) -> None:
    (sent,) = [day for day in street_days() if day.point == name]

    with opened(
        browser, f"{served}/console/points/{name}?lang=en", width_px=1440, language="en"
    ) as watched:
        shown = minutes_shown(watched.page)

    assert {verdict: shown[verdict] for verdict in VERDICTS} == sent.minutes


def test_the_strip_is_one_stop_of_the_keyboard_with_arrows_inside(
    served: str, browser: Chromium
) -> None:
    url = f"{served}/console/points/uci-house-220V?{ALL_OF_HOUSE}&lang=en"

    with opened(browser, url, width_px=1440, language="en") as watched:
        page = watched.page
        assert page.locator("#strip a.h[tabindex='0']").count() == 1
        page.locator("#strip a.h[tabindex='0']").focus()
        before = page.evaluate("document.activeElement.getAttribute('aria-label')")
        page.keyboard.press("ArrowRight")
        told = page.locator("#strip-reading").inner_text()
        page.keyboard.press("Enter")
        page.wait_for_selector("#close")

    assert told != before
    assert "minutes" in told


def test_the_outages_of_the_street_are_listed_with_their_points(
    served: str, browser: Chromium
) -> None:
    with opened(
        browser, f"{served}/console/outages?lang=en", width_px=1440, language="en"
    ) as watched:
        page = watched.page
        page.get_by_role("link", name="Transformer 6 号台区").click()
        page.wait_for_selector("#members")

        assert page.locator("table.stacks tbody tr").count() == 50
        assert "DEMO-1" in page.locator("main").inner_text()
