"""The pages of points, outages and promises over a seeded database: what they say, and to whom."""

import csv
import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from html.parser import HTMLParser

import httpx
import pyarrow.parquet as pq
import pytest
from fastapi import Request

from kernels.layout import CELL_NONE
from service.domain.access import Access, Territory
from service.settings import Settings
from tests.api.clients import client_of
from tests.api.recount import recount, verdict_of
from tests.api.registering import Registrar
from tests.api.seeding import NewPoint, Seeder
from tests.console.serving import application

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # 1 March, midnight in Shanghai
DAY = timedelta(days=1)
CELLS = [0] * 1080 + [900] * 60 + [-1500] * 15 + [-10000] * 30 + [CELL_NONE] * 15 + [0] * 240
# Two days and a bit: 10.01 % across nominal, then 9.5 % on one side of it.
BUS = [
    [650] * 720 + [-351] * 720 + [950] * 60,
    [0] * 1440 + [200] * 60,
    [0] * 1440 + [200] * 60,
]
MARCH = {"from": "2024-03-01", "to": "2024-04-01"}
POINT = "/console/points/a%2F1"


async def seed(seeder: Seeder) -> None:
    """Put one day: a/1 with everything, three phases by quarter hours, a level without rule, another region."""
    await seeder.points(
        NewPoint(point="a/1", area="urban", valid_from=START),
        NewPoint(point="three", wiring="3p4w", area="rural", feeder="F2", valid_from=START),
        NewPoint(point="no-rule", nominal_v=30_000, wiring="3p3w", feeder="F2", valid_from=START),
        NewPoint(
            point="bus",
            nominal_v=110_000,
            wiring="3p3w",
            point_class="B",
            feeder="F2",
            valid_from=START,
        ),
        NewPoint(point="silent", area="urban", valid_from=START),
        NewPoint(point="elsewhere", area="urban", region="R2", feeder="F9", valid_from=START),
    )
    await seeder.device("a/1", "SM-1")
    await seeder.minutes("a/1", START, [CELLS])
    await seeder.minutes("three", START, [[0] * 1440, [800] * 144 + [0] * 1296, [0] * 1440], 900)
    await seeder.minutes("no-rule", START, [[0] * 60] * 3)
    await seeder.minutes("bus", START, BUS)
    await seeder.minutes("elsewhere", START, [[-10000] * 30 + [0] * 1410])
    await seeder.reach(START + DAY)
    register = Registrar(seeder)
    await register.call("95598-1", "2024-03-01T08:30", "2024-03-01T10:00", point="a/1")
    await register.call("95598-2", "2024-03-01T09:30", "2024-03-01T09:40", point="elsewhere")
    await register.deadline("YK-1", "supply_plan", "2024-03-01T08:30", None, subject="low_voltage")
    await register.outage("P-7", "F1", window=("2024-06-05T08:00", "2024-06-05T12:00"))
    await seeder.settle()


class Figures(HTMLParser):
    """Reads the figures of a page: what ``<data>`` elements say to programs, and show to people."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self._open: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "data" and found.get("id"):
            self._open = str(found["id"])
            self.values[self._open] = str(found["value"])
            self.shown[self._open] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "data":
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.shown[self._open] += data

    def minutes(self) -> Mapping[str, int]:
        """Return the minutes by verdict, those that are due among them, as people read them."""
        counts = {}
        for name in ("due", "pass", "over", "under", "interrupted", "exempt", "invalid", "missing"):
            counts[name] = int(self.shown[f"n-{name}"].replace(",", ""))
            assert counts[name] == int(self.values[f"n-{name}"])
        return counts


def text_of(answer: httpx.Response, status: int = 200) -> str:
    """Return what a page says, without its tags, on one line."""
    assert answer.status_code == status, answer.text
    body = answer.text[answer.text.index("<main") :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\u00a0", " ").split())


async def test_the_figures_of_a_point_equal_a_recount(console: httpx.AsyncClient) -> None:
    cells = {
        START + timedelta(minutes=i): cell for i, cell in enumerate(CELLS) if cell != CELL_NONE
    }
    (expected,) = recount(cells, (START, START + DAY), lambda _: "all").values()

    figures = Figures((await console.get(POINT, params=MARCH)).text)

    assert figures.minutes() == expected
    judged = expected["pass"] + expected["over"] + expected["under"]
    assert Fraction(figures.values["rate"]) == Fraction(expected["pass"], judged)
    assert int(figures.values["n-judged"]) == judged
    assert Fraction(figures.values["coverage"]) == Fraction(judged, judged + expected["missing"])


async def test_a_failed_point_says_why(console: httpx.AsyncClient) -> None:
    said = text_of(await console.get(POINT, params={**MARCH, "lang": "en"}))

    assert "Failed 95 % needed, 94.62 % had" in said
    assert "60 minutes over +7.00 % in 1 evening (18–24 h), up to 239.8 V (+9.00 %)" in said
    assert "15 minutes under -10.00 % in 1 evening" in said
    assert "30 minutes without supply" in said
    assert "198.0 V … 235.4 V" in said
    assert "Norm art. 8(1)" in said
    assert "SM-1" in said
    assert "C-a/1" in said


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ("three", "Sampled: readings come more slowly"),
        ("no-rule", "No rule"),
        ("silent", "Nothing stored"),
    ],
)
async def test_a_point_that_cannot_be_judged_says_so(
    console: httpx.AsyncClient, point: str, words: str
) -> None:
    said = text_of(await console.get(f"/console/points/{point}", params={**MARCH, "lang": "en"}))

    assert words in said


async def test_phases_are_counted_apart(console: httpx.AsyncClient) -> None:
    figures = Figures((await console.get("/console/points/three", params=MARCH)).text)

    assert [figures.values[f"{phase}-over"] for phase in ("Ua", "Ub", "Uc")] == ["0", "144", "0"]
    assert figures.values["n-over"] == "144"


async def test_a_month_without_service_has_nothing_due(console: httpx.AsyncClient) -> None:
    said = text_of(await console.get(POINT, params={"from": "2023-01", "lang": "en"}))

    assert "Nothing due" in said


async def test_a_day_shows_its_minutes_as_runs(console: httpx.AsyncClient) -> None:
    answer = await console.get(POINT, params={**MARCH, "day": "2024-03-01", "lang": "en"})

    said = text_of(answer)
    assert "18:00 19:00 ▲ over 60 239.80 V 239.80 V" in said
    assert "19:15 19:45 ✕ no supply 30" in said
    assert answer.text.count('class="h over s3"') == 1


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2024-03-01", "to": "2024-06-02"},
        {"from": "yesterday"},
        {"from": "2024-03-02", "to": "2024-03-02"},
        {"from": "2024-03", "day": "2024-05-01"},
        {"rule_set": "of-nobody"},
    ],
)
async def test_a_wrong_address_is_told(console: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await console.get(POINT, params=params)

    assert answer.status_code == 422
    assert next(iter(params)) in answer.text


async def test_an_unknown_point_is_answered_with_the_search(console: httpx.AsyncClient) -> None:
    said = text_of(await console.get("/console/points/a/2", params={"lang": "en"}), status=404)

    assert "No point a/2" in said


async def test_the_search_finds_points_places_and_accounts(console: httpx.AsyncClient) -> None:
    by_part = text_of(await console.get("/console/points", params={"q": "e", "lang": "en"}))
    by_account = await console.get("/console/points", params={"q": "C-a/1"})

    assert "three" in by_part
    assert "elsewhere" in by_part
    assert by_account.status_code == 303
    assert by_account.headers["location"] == POINT


async def test_the_minutes_are_there_to_take_away(console: httpx.AsyncClient) -> None:
    text = (await console.get("/console/minutes/a%2F1.csv", params=MARCH)).text
    packed = (await console.get("/console/minutes/a%2F1.parquet", params=MARCH)).content

    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert text.startswith("\ufeff")
    assert [row["verdict"] for row in rows] == [
        verdict_of(None if cell == CELL_NONE else cell) for cell in CELLS
    ]
    assert (rows[0]["minute"], rows[1080]["voltage_v_1"]) == ("2024-03-01T00:00+08:00", "239.8")
    table = pq.read_table(io.BytesIO(packed))
    assert table["verdict"].to_pylist() == [row["verdict"] for row in rows]
    assert table["voltage_v_1"].null_count == CELLS.count(CELL_NONE)


async def test_outages_stand_with_their_extent(console: httpx.AsyncClient) -> None:
    answer = await console.get("/console/outages", params={**MARCH, "lang": "en"})

    said = text_of(answer)
    assert "No point is known to be without supply" in said
    assert "Transformer T1 1 Mar 2024, 19:15 +08:00 30 min 2 0 2 measured" in said
    assert "5 Jun 2024, 08:00 +08:00 – 5 Jun, 12:00 Feeder F1 planned P-7" in said
    (number,) = re.findall(r"/outages/(\d+)\">Transformer T1<", answer.text)
    one = text_of(await console.get(f"/console/outages/{number}", params={"lang": "en"}))
    assert "over, 30 min" in one
    assert "2 of 2 points have supply again" in one
    assert "a/1" in one


async def test_an_outage_that_there_is_not_is_not_found(console: httpx.AsyncClient) -> None:
    assert (await console.get("/console/outages/999999")).status_code == 404


async def test_promises_stand_with_their_breaches(console: httpx.AsyncClient) -> None:
    said = text_of(await console.get("/console/promises", params={**MARCH, "lang": "en"}))

    assert re.search(r"crew on site urban at most 45 min every case ✕ broken 50.0 % 1 / 2", said)
    assert "95598-1" in said
    assert "crew late: 45 min" in said


async def test_deadlines_that_are_due_are_listed(console: httpx.AsyncClient) -> None:
    params = {**MARCH, "rule_set": "sgcc-pledge-2023", "lang": "en"}

    said = text_of(await console.get("/console/promises", params=params))

    assert "YK-1" in said
    assert "overdue by" in said


def keyed(*scopes: str, regions: frozenset[str] | None = None) -> Access:
    return Access(
        principal="key",
        scopes=frozenset(scopes),  # type: ignore[arg-type]
        territory=Territory(regions=regions),
    )


async def ask(seeded: Settings, access: Access, path: str) -> httpx.Response:
    async def access_of(request: Request) -> Access:
        return access

    async with client_of(application(seeded, access_of=access_of)) as client:
        return await client.get(path, params={**MARCH, "lang": "en"})


async def test_who_reads_sums_only_sees_no_point_no_outage_and_no_case(seeded: Settings) -> None:
    sums = keyed("read:aggregate")

    for path in (POINT, "/console/points", "/console/outages", "/console/minutes/a%2F1.csv"):
        assert (await ask(seeded, sums, path)).status_code == 403
    said = text_of(await ask(seeded, sums, "/console/promises"))
    assert re.search(r"crew on site urban at most 45 min every case of too few cases", said)
    assert "1 / 2" not in said
    assert "95598" not in said
    assert "YK-1" not in said


async def test_nothing_outside_a_territory_is_seen(seeded: Settings) -> None:
    there = keyed("read:customer", regions=frozenset({"R2"}))

    for path in (POINT, "/console/minutes/a%2F1.csv"):
        assert (await ask(seeded, there, path)).status_code == 404
    outages = text_of(await ask(seeded, there, "/console/outages"))
    promises = text_of(await ask(seeded, there, "/console/promises"))
    inside = await ask(seeded, there, "/console/points/elsewhere")
    assert "a/1" not in outages
    assert "elsewhere" in outages
    assert "P-7" not in outages
    assert "95598-1" not in promises
    assert "YK-1" not in promises
    assert inside.status_code == 200


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            (
                "1 of 2 days beyond the limit",
                "day spread beyond the limit on 1 of 2 days",
                "3.51 % + 6.50 %",
                "the larger of 2.00 % and 9.50 %",
            ),
        ),
        (
            "zh",
            (
                "2 天中有 1 天超限",
                "3.51 % + 6.50 %",
                "2.00 % 与 9.50 % 中的较大者",
                "规范第八条（一）",
            ),
        ),
    ],
)
async def test_a_point_of_110_kv_shows_the_spread_of_each_day_and_how_it_comes_about(
    console: httpx.AsyncClient, lang: str, said: tuple[str, ...]
) -> None:
    answer = await console.get("/console/points/bus", params={**MARCH, "lang": lang})
    other = await console.get(POINT, params={**MARCH, "lang": lang})

    text = " ".join(re.sub(r"<[^>]+>", " ", answer.text).replace("\u00a0", " ").split())
    for words in said:
        assert words in text, words
    assert re.findall(r'class="spread" value="(\d+)"', answer.text) == ["1001", "950"]
    assert 'id="spread-widest" value="1001"' in answer.text
    assert "minutes exempt" not in text  # nobody exempts what no rule judges
    assert 'id="spread"' not in other.text  # below 35 kV
