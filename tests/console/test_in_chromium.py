"""Every console page in a real browser, on the demonstration's data: both languages, wide and narrow."""

import re

import pytest

from tests.console.browser import (
    EVERY_WAY,
    LANGUAGES,
    ONCE_EACH,
    Chromium,
    accessibility_complaints,
    opened,
    overflow_px,
    reached_by_tab,
)

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]

# Those with a period: of the demonstration's one day. The others are in test_point_walk.py.
PAGES = (
    "/?period=day",
    "/feeders?period=day&sort=interrupted",
    "/quality",
    "/sign-in",
)
MORE_PAGES = ("/", "/feeders?region=nowhere")
WRONG_PAGES = (("/nowhere", 404), ("/feeders?sort=colour", 422))


@pytest.mark.parametrize(
    ("path", "width_px", "language"),
    [
        *((path, *way) for path in PAGES for way in EVERY_WAY),
        *((path, *way) for path in MORE_PAGES for way in ONCE_EACH),
    ],
)
def test_a_page_is_whole(
    served: str, browser: Chromium, path: str, language: str, width_px: int
) -> None:
    with opened(browser, f"{served}/console{path}", width_px=width_px, language=language) as seen:
        page = seen.page

        assert seen.left == []
        assert seen.complaints == []
        assert overflow_px(page) <= 0
        assert accessibility_complaints(page) == []
        said = page.inner_text("body")
        assert (
            bool(re.search("[\u4e00-\u9fff]{5}", page.inner_text("main"))) == (language == "zh")
            or "国家电网" in said
        )
        assert not re.search(r"\b[a-z_]+\.[a-z_]+\.(title|next)\b|\bNone\b|\bnan\b|undefined", said)
        first = reached_by_tab(page, 1)[0]
        assert first.startswith("a ")  # the link past the navigation


@pytest.mark.parametrize(("path", "status"), WRONG_PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_problem_is_a_whole_page_too(
    served: str, browser: Chromium, path: str, status: int, language: str
) -> None:
    with opened(browser, f"{served}/console{path}", width_px=400, language=language) as seen:
        assert seen.left == []
        # the browser itself remarks on the status of the document
        assert [one for one in seen.complaints if str(status) not in one] == []
        assert overflow_px(seen.page) <= 0
        assert accessibility_complaints(seen.page) == []


def test_a_keyboard_alone_skips_to_the_content_and_sorts_the_feeders(
    served: str, browser: Chromium
) -> None:
    with opened(browser, f"{served}/console/feeders", width_px=1440, language="en") as seen:
        page = seen.page
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"

        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent").startswith("Without supply"):
                break
        page.keyboard.press("Enter")
        page.wait_for_url("**/feeders?*sort=interrupted*")

        assert page.locator('th[aria-sort="descending"]').inner_text().startswith("Without supply")
        assert "F3" in page.locator("tbody tr").first.inner_text()


def test_focus_can_be_seen(served: str, browser: Chromium) -> None:
    with opened(browser, f"{served}/console/", width_px=1440, language="en") as seen:
        for _ in range(6):
            seen.page.keyboard.press("Tab")
            outline = seen.page.evaluate(
                "getComputedStyle(document.activeElement).outlineStyle + ' ' + "
                "getComputedStyle(document.activeElement).outlineWidth"
            )

            assert outline == "solid 3px"


def test_the_other_language_is_a_link_and_is_kept(served: str, browser: Chromium) -> None:
    with opened(browser, f"{served}/console/quality", width_px=1440, language="en") as seen:
        page = seen.page
        page.get_by_role("link", name="中文").click()
        page.wait_for_selector("html[data-drawn]")
        page.get_by_role("link", name="馈线", exact=True).click()

        page.wait_for_selector("h1:has-text('馈线排名')")
        assert page.evaluate("document.documentElement.lang") == "zh-Hans"


def test_a_region_is_chosen_without_a_button(served: str, browser: Chromium) -> None:
    with opened(browser, f"{served}/console/feeders", width_px=1440, language="en") as seen:
        page = seen.page
        codes = page.locator("#region option").evaluate_all("all => all.map(one => one.value)")
        chosen = next(code for code in codes if code)

        page.select_option("#region", chosen)

        page.wait_for_url(f"**region={chosen}*")


def test_charts_are_drawn_in_the_colours_of_a_dark_page(served: str, browser: Chromium) -> None:
    with opened(
        browser, f"{served}/console/quality", width_px=1440, language="en", scheme="dark"
    ) as seen:
        page = seen.page
        ink = page.evaluate("getComputedStyle(document.body).color")
        tick = page.locator(".js-plotly-plot .legendtext").first.evaluate(
            "e => getComputedStyle(e).fill"
        )

        assert seen.complaints == []
        assert tick == ink
