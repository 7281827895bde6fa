"""The frame around every page: addresses, problems, signing in, what a browser may load."""

import re
from html.parser import HTMLParser

import httpx
import pytest
from fastapi import Request

from service.console.app import PATH
from service.console.charts import Chart, Sparkline
from service.console.packaged import packaged
from service.console.palette import VERDICT_COLOURS
from service.console.sessions import LONGEST_KEY
from service.domain.access import LOCAL_ACCESS, Access
from service.errors.access import UnauthenticatedError
from tests.api.clients import NOWHERE, client_of
from tests.console.messages import CONSOLE
from tests.console.serving import application

GOOD_KEY = "vp_good"


async def of_key(request: Request) -> Access:
    """Know one key."""
    if request.headers.get("authorization") != f"Bearer {GOOD_KEY}":
        raise UnauthenticatedError("no such key")
    return LOCAL_ACCESS


class Tags(HTMLParser):
    """Collects what could run, or load something."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.styles: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src", "action"}:
                self.addresses.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)
            if name == "style":
                self.styles.append(value or "")


async def test_people_are_sent_to_the_console() -> None:
    async with client_of(application(NOWHERE)) as client:
        answer = await client.get("/")

    assert answer.headers["location"] == f"{PATH}/"


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "The database is away"), ("zh", "数据库暂时无法访问")]
)
async def test_a_database_that_is_away_is_a_page_and_may_be_tried_again(
    lang: str, said: str
) -> None:
    async with client_of(application(NOWHERE)) as client:
        answer = await client.get(f"/console/?lang={lang}")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert said in answer.text


@pytest.mark.parametrize(("lang", "said"), [("en", "Not found"), ("zh", "未找到")])
async def test_an_unknown_address_is_a_page_with_the_navigation(lang: str, said: str) -> None:
    async with client_of(application(NOWHERE)) as client:
        answer = await client.get(f"/console/nowhere?lang={lang}")

    assert answer.status_code == 404
    assert said in answer.text
    assert 'href="/console/feeders"' in answer.text


async def test_who_may_not_see_a_page_is_told_which_scope_it_needs() -> None:
    async def writes_only(request: Request) -> Access:
        return Access(
            principal="writer",
            scopes=frozenset({"write:declarations"}),
            territory=LOCAL_ACCESS.territory,
        )

    async with client_of(application(NOWHERE, access_of=writes_only)) as client:
        answer = await client.get("/console/feeders?lang=en")

    assert answer.status_code == 403
    assert "read:aggregate" in answer.text
    assert 'href="/console/sign-in"' in answer.text


async def test_who_is_not_signed_in_is_asked_to_and_comes_back_to_the_page() -> None:
    async with client_of(application(NOWHERE, access_of=of_key)) as client:
        asked = await client.get("/console/feeders?period=day")
        form = await client.get(asked.headers["location"])

    assert asked.status_code == 303
    assert asked.headers["location"] == "/console/sign-in?to=%2Ffeeders%3Fperiod%3Dday"
    assert 'name="to" value="/feeders?period=day"' in form.text


async def test_a_key_that_was_revoked_is_forgotten() -> None:
    async with client_of(application(NOWHERE, access_of=of_key)) as client:
        answer = await client.get("/console/", headers={"cookie": "voltpass_key=revoked"})

    assert answer.headers["location"].startswith("/console/sign-in")
    assert 'voltpass_key=""' in answer.headers["set-cookie"]


async def test_a_good_key_is_kept_in_a_cookie_that_no_script_and_no_other_site_gets() -> None:
    async with client_of(application(NOWHERE, access_of=of_key)) as client:
        answer = await client.post(
            "/console/sign-in", data={"key": f" {GOOD_KEY}\n", "to": "/feeders?period=day"}
        )

    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/feeders?period=day"
    cookie = answer.headers["set-cookie"]
    for part in (f"voltpass_key={GOOD_KEY}", "HttpOnly", "SameSite=lax", "Path=/console"):
        assert part in cookie
    assert "Secure" not in cookie  # this was http


async def test_over_https_the_cookie_is_for_https_only() -> None:
    app = application(NOWHERE, access_of=of_key)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="https://serve") as client,
    ):
        answer = await client.post("/console/sign-in", data={"key": GOOD_KEY})

    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("key", ["", "wrong", "two words", "schlüssel", "a\r\nX-Other: b"])
async def test_a_bad_key_is_refused_and_not_kept(key: str) -> None:
    async with client_of(application(NOWHERE, access_of=of_key)) as client:
        answer = await client.post("/console/sign-in?lang=en", data={"key": key})

    assert answer.status_code == 401
    assert "This key is not valid" in answer.text
    assert "voltpass_key" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize(
    "to", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "", "x\ny"]
)
async def test_signing_in_never_leads_to_another_site(to: str) -> None:
    async with client_of(application(NOWHERE, access_of=of_key)) as client:
        answer = await client.post("/console/sign-in", data={"key": GOOD_KEY, "to": to})

    assert answer.headers["location"] == "/console/"


async def test_behind_a_proxy_people_are_where_the_settings_say() -> None:
    settings = NOWHERE.model_copy(update={"public_url": "https://voltpass.example"})
    async with client_of(application(settings, access_of=of_key)) as client:
        answer = await client.post(
            "/console/sign-in",
            data={"key": GOOD_KEY},
            headers={"origin": "https://voltpass.example", "host": "10.0.0.7:8000"},
        )

    assert answer.status_code == 303
    assert "Secure" in answer.headers["set-cookie"]


async def test_who_was_not_signed_in_loses_nothing() -> None:
    async with client_of(application(NOWHERE, access_of=of_key)) as client:
        answer = await client.get("/console/feeders")

    assert answer.headers["location"].startswith("/console/sign-in")
    assert "set-cookie" not in answer.headers


async def test_a_form_of_another_site_is_refused() -> None:
    async with client_of(application(NOWHERE, access_of=of_key)) as client:
        answer = await client.post(
            "/console/sign-in",
            data={"key": GOOD_KEY},
            headers={"origin": "https://elsewhere.example"},
        )

    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


async def test_a_form_without_end_is_refused() -> None:
    async with client_of(application(NOWHERE, access_of=of_key)) as client:
        answer = await client.post("/console/sign-in", data={"key": "x" * 40_000})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("length", "is_kept"), [(LONGEST_KEY, True), (LONGEST_KEY + 1, False), (16_384, False)]
)
async def test_a_token_that_no_cookie_can_hold_is_refused_with_advice(
    length: int, is_kept: bool
) -> None:
    async def of_anything(request: Request) -> Access:
        if "authorization" not in request.headers:
            raise UnauthenticatedError("nothing came")
        return LOCAL_ACCESS

    async with client_of(application(NOWHERE, access_of=of_anything)) as client:
        form = await client.get("/console/sign-in")
        answer = await client.post("/console/sign-in?lang=en", data={"key": "t" * length})

    cookie = answer.headers.get("set-cookie", "")
    assert ("voltpass_key=ttt" in cookie) is is_kept
    assert answer.status_code == (303 if is_kept else 413)
    assert ("voltpass keys; or ask who runs the issuer" in answer.text) is not is_kept
    assert len(cookie) <= 4096
    assert "maxlength" not in form.text  # it would cut a token off without a word


async def test_signing_out_makes_the_browser_forget_the_key() -> None:
    async with client_of(application(NOWHERE, access_of=of_key)) as client:
        await client.post("/console/sign-in", data={"key": GOOD_KEY})
        answer = await client.post("/console/sign-out")

    assert answer.headers["location"] == "/console/sign-in"
    assert 'voltpass_key=""' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]


async def test_a_page_loads_from_here_only_and_runs_nothing_inline() -> None:
    async with client_of(application(NOWHERE)) as client:
        answer = await client.get("/console/sign-in")

    tags = Tags()
    tags.feed(answer.text)
    assert tags.addresses
    assert all(one.startswith(("/", "#", "?")) for one in tags.addresses)
    assert tags.handlers == []
    assert tags.styles == []
    assert "<style" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "private, no-store"


async def test_packaged_files_may_be_kept_for_ever_under_their_digest() -> None:
    async with client_of(application(NOWHERE)) as client:
        page = await client.get("/console/sign-in")
        addresses = re.findall(r'"(/console/assets/[^"]+)"', page.text)
        answers = {one: await client.get(one) for one in addresses}
        name = addresses[0].rsplit("/", 1)[-1]
        old = await client.get(f"/console/assets/0123456789abcdef/{name}")
        strange = await client.get("/console/assets/0123456789abcdef/..%2fapp.py")
        again = await client.get(
            addresses[0], headers={"if-none-match": answers[addresses[0]].headers["etag"]}
        )

    assert len(answers) == 3
    for answer in answers.values():
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert old.headers["cache-control"] == "no-cache"
    assert strange.status_code == 404
    assert again.status_code == 304


async def test_plotlys_own_script_is_served_from_its_wheel_zipped() -> None:
    digest = packaged("plotly.min.js").digest
    async with client_of(application(NOWHERE)) as client:
        zipped = await client.get(f"/console/assets/{digest}/plotly.min.js")
        plain = await client.get(
            f"/console/assets/{digest}/plotly.min.js", headers={"accept-encoding": "identity"}
        )

    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.content == plain.content  # httpx unzips
    assert b"plotly.js" in plain.content[:200]


async def test_a_page_without_charts_does_not_load_plotly() -> None:
    async with client_of(application(NOWHERE)) as client:
        answer = await client.get("/console/sign-in")

    assert "plotly" not in answer.text


def test_no_text_of_a_chart_ends_its_script_element() -> None:
    chart = Chart(
        name="x", says="x", traces=[{"name": "</script><script>alert(1)</script>&\u2028"}]
    )

    text = str(chart.as_json())

    assert "<" not in text
    assert "&" not in text
    assert "\u2028" not in text


def test_a_sparkline_has_gaps_where_nothing_is_known() -> None:
    line = Sparkline.of([1.0, None, 0.95, 0.9])

    assert line.path.count("M") == 2
    assert line.last == (100.0, 22.0)
    assert Sparkline.of([None, None]).path == ""
    assert Sparkline.of([]).last is None


def test_the_colours_of_verdicts_are_the_same_in_style_sheet_and_grafana() -> None:
    from deploy.grafana.dashboards import rates  # noqa: PLC0415

    style = (CONSOLE / "assets" / "console.css").read_text("utf-8")
    in_style = dict(re.findall(r"--verdict-([a-z]+): (#[0-9A-Fa-f]{6});", style))

    assert in_style == dict(VERDICT_COLOURS)
    assert dict(vars(rates)["VERDICT_COLOURS"]) == dict(VERDICT_COLOURS)
