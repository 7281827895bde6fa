"""Chromium before the console: what every page is held to, whoever made it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LANGUAGES = ("zh", "en")
WIDTHS_PX = (1440, 400)
# Where a page was seen in all four already: each language and each width once.
ONCE_EACH = ((1440, "en"), (400, "zh"))
EVERY_WAY = tuple((width_px, language) for width_px in WIDTHS_PX for language in LANGUAGES)
_HEIGHTS_PX = {1440: 900, 400: 800}

# What is wrong with a page for who sees little or uses no mouse; each entry is a sentence.
_COMPLAINTS = """
() => {
  const wrong = [];
  const named = (e) => (e.getAttribute("aria-label") || e.textContent || e.title || "").trim() !== "" ||
    [...e.querySelectorAll("img[alt], svg[aria-label]")].length > 0;
  const seen = (e) => e.checkVisibility({ visibilityProperty: true });
  if (document.title.trim() === "") wrong.push("the page has no title");
  if (!document.documentElement.lang) wrong.push("the page has no language");
  if (document.querySelectorAll("h1").length !== 1) wrong.push("there is not exactly one h1");
  for (const name of ["main", "header", "footer"]) {
    if (!document.querySelector(name)) wrong.push(`there is no ${name}`);
  }
  let before = 1;
  for (const h of document.querySelectorAll("h1, h2, h3, h4")) {
    const level = Number(h.tagName[1]);
    if (level > before + 1) wrong.push(`h${level} "${h.textContent.trim()}" follows h${before}`);
    if (h.textContent.trim() === "") wrong.push(`an h${level} is empty`);
    before = level;
  }
  for (const e of document.querySelectorAll("a, button")) {
    if (seen(e) && !named(e)) wrong.push(`nameless: ${e.outerHTML.slice(0, 80)}`);
  }
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!e.labels.length && !e.getAttribute("aria-label")) wrong.push(`without label: ${e.outerHTML.slice(0, 80)}`);
  }
  for (const e of document.querySelectorAll("img:not([alt])")) wrong.push(`without alt: ${e.src}`);
  for (const e of document.querySelectorAll("svg")) {
    if (e.closest("[role=img], [aria-hidden=true]") === null && !e.closest(".js-plotly-plot, #js-plotly-tester")) {
      wrong.push(`a picture that says nothing: ${e.outerHTML.slice(0, 80)}`);
    }
  }
  for (const e of document.querySelectorAll("th:not([scope])")) wrong.push(`th without scope: ${e.textContent.trim()}`);
  const ids = [...document.querySelectorAll("[id]")].filter((e) => !e.closest(".js-plotly-plot svg")).map((e) => e.id);
  for (const id of new Set(ids.filter((one, i) => ids.indexOf(one) !== i))) wrong.push(`id twice: ${id}`);
  return wrong;
}
"""


@dataclass
class Watched:
    """What a page did while it was open."""

    page: Page
    complaints: list[str] = field(default_factory=list)  # of the browser: errors, policy, failures
    left: list[str] = field(default_factory=list)  # requests for another machine; none got out

    def asked(self, url: str) -> None:
        """Take note of a request."""
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob"} and parts.hostname not in LOOPBACK:
            self.left.append(url)


class Chromium:
    """A running browser. Pages of one kind share a context, and so the packaged scripts that it keeps."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: dict[tuple[int, str, str], BrowserContext] = {}

    def new_page(self, width_px: int, language: str, scheme: str) -> Page:
        """Return an empty page, as of somebody who has not been here: nothing is left in the cookies."""
        kind = width_px, language, scheme
        context = self._contexts.get(kind)
        if context is None:
            context = self._contexts[kind] = self._browser.new_context(
                viewport={"width": width_px, "height": _HEIGHTS_PX[width_px]},
                locale={"zh": "zh-CN", "en": "en-GB"}[language],
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
        context.clear_cookies()
        return context.new_page()


@contextmanager
def chromium(executable: Path) -> Iterator[Chromium]:
    """Run the browser of this machine; it ends with the block, and finds no other machine."""
    with sync_playwright() as playwright:
        # A route that looks at each request would switch the browser's cache off.
        alone = "--host-resolver-rules=MAP * ~NOTFOUND, " + ", ".join(
            f"EXCLUDE {host}" for host in sorted(LOOPBACK)
        )
        browser = playwright.chromium.launch(
            executable_path=str(executable), args=["--no-sandbox", "--disable-gpu", alone]
        )
        try:
            yield Chromium(browser)
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Chromium, url: str, *, width_px: int, language: str, scheme: str = "light"
) -> Iterator[Watched]:
    """Open a page and wait until its charts are drawn."""
    watched = Watched(page=browser.new_page(width_px, language, scheme))
    page = watched.page
    page.on("request", lambda request: watched.asked(request.url))
    page.on("websocket", lambda socket: watched.asked(socket.url))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on(
        "console",
        lambda one: (
            watched.complaints.append(one.text) if one.type in {"error", "warning"} else None
        ),
    )
    page.on(
        "requestfailed", lambda request: watched.complaints.append(f"not loaded: {request.url}")
    )
    try:
        page.goto(url, wait_until="load")
        if page.locator("[data-chart]").count():
            page.wait_for_selector("html[data-drawn]", timeout=60_000)
        yield watched
    finally:
        page.close()


def accessibility_complaints(page: Page) -> list[str]:
    """Return what is wrong with a page for who sees little or uses no mouse."""
    found: list[str] = page.evaluate(_COMPLAINTS)
    return found


def overflow_px(page: Page) -> int:
    """Return by how much the page is wider than its window."""
    found: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return found


def reached_by_tab(page: Page, presses: int) -> list[str]:
    """Press Tab so many times; return what had the focus, as tag and text or label."""
    found: list[str] = []
    for _ in range(presses):
        page.keyboard.press("Tab")
        found.append(
            page.evaluate(
                "(e => `${e.tagName.toLowerCase()} ${(e.getAttribute('aria-label') || e.textContent).trim()}`)"
                "(document.activeElement)"
            )
        )
    return found
