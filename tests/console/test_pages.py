"""The pages over a seeded database: what they say, to whom, and how fast."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import Request

from kernels.layout import CELL_NONE
from service.domain.access import Access, Scope, Territory
from service.settings import Settings
from tests.api.clients import client_of
from tests.api.seeding import NewPoint, Seeder
from tests.console.serving import application

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # 1 March, midnight in Shanghai
DAY = timedelta(days=1)
PAGES = ("/", "/feeders", "/quality")


async def seed(seeder: Seeder) -> None:
    """Put a day of feeders of two regions: F1 good, F2 high for 72 of 1440 minutes, F3 in part silent."""
    await seeder.points(
        *(NewPoint(point=f"A{i}", area="urban", feeder="F1", region="R1") for i in range(2)),
        NewPoint(point="B", area="rural", feeder="F2", region="R1"),
        NewPoint(point="C", area="rural", feeder="F3", region="R2"),
        NewPoint(point="quiet", feeder="F3", region="R2"),
    )
    for point in ("A0", "A1"):
        await seeder.minutes(point, START, [[100] * 1440])
    await seeder.minutes("B", START, [[900] * 72 + [0] * 1368])
    await seeder.minutes("C", START, [[-10000] * 30 + [0] * 1380 + [CELL_NONE] * 30])
    await seeder.reach(START + DAY)
    await seeder.run(
        """
        INSERT INTO dead_letter (topic, partition, kafka_offset, index_in_message, reason, detail, device, record_at)
        VALUES ('readings', 0, 7, 0, 'unknown_device', 'no device <b>X</b>', 'X', $1)
        """,
        START,
    )
    await seeder.settle()


def text_of(answer: httpx.Response) -> str:
    """Return what a page says, without its tags, on one line."""
    assert answer.status_code == 200, answer.text
    body = answer.text[answer.text.index("<main") :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\u00a0", " ").split())


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
async def test_a_page_answers_in_the_language_asked_for(
    console: httpx.AsyncClient, path: str, lang: str
) -> None:
    answer = await console.get(f"/console{path}", params={"lang": lang})

    said = text_of(answer)
    assert bool(re.search("[\u4e00-\u9fff]{4}", said)) == (lang == "zh")
    assert not re.search(r"\b(page|overview|feeders|quality|frame|figure)\.[a-z_]+\b", said)
    assert f'<html lang="{"zh-Hans" if lang == "zh" else "en"}">' in answer.text
    assert "Asia/Shanghai" in said


async def test_the_language_that_was_chosen_is_kept(console: httpx.AsyncClient) -> None:
    await console.get("/console/", params={"lang": "zh"})

    answer = await console.get("/console/feeders", headers={"accept-language": "en"})

    assert '<html lang="zh-Hans">' in answer.text


async def test_the_overview_holds_figures_against_their_targets(
    console: httpx.AsyncClient,
) -> None:
    said = text_of(await console.get("/console/"))

    assert "Voltage pass rate · urban ✓ kept" in said
    assert "100.00 %" in said
    assert "Voltage pass rate · rural" in said
    assert "97.50 %" in said  # the mean of 95 % and 100 %
    assert "Asia/Shanghai" in said
    assert "2 Mar 2024, 00:00 +08:00" in said


async def test_feeders_are_ranked_worst_first(console: httpx.AsyncClient) -> None:
    answer = await console.get("/console/feeders")

    feeders = re.findall(r'<th scope="row">(线 F\d)', answer.text)
    assert feeders == ["线 F2", "线 F1", "线 F3"]
    said = text_of(answer)
    assert "95.00 %" in said
    assert "72 min" in said


async def test_feeders_can_be_sorted_by_a_link(console: httpx.AsyncClient) -> None:
    answer = await console.get("/console/feeders")
    link = re.search(r'<a class="sort" href="([^"]*sort=interrupted[^"]*)"', answer.text)
    assert link is not None

    sorted_ = await console.get("/console/feeders" + link[1].replace("&amp;", "&"))

    assert 'aria-sort="descending"' in sorted_.text
    assert re.findall(r'<th scope="row">(线 F\d)', sorted_.text)[0] == "线 F3"


async def test_feeders_of_one_region(console: httpx.AsyncClient) -> None:
    answer = await console.get("/console/feeders", params={"region": "R2"})

    assert re.findall(r'<th scope="row">(线 F\d)', answer.text) == ["线 F3"]


async def test_the_ranking_as_a_file_has_the_numbers_of_the_page(
    console: httpx.AsyncClient,
) -> None:
    answer = await console.get("/console/feeders.csv", params={"lang": "en"})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["feeder"] for row in rows] == ["F2", "F1", "F3"]
    assert float(rows[0]["pass rate (0..1)"]) == 1368 / 1440
    assert rows[0]["minutes over"] == "72"


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/feeders?sort=colour", "sort is one of rate"),
        ("/feeders?order=up", "order is asc or desc"),
        ("/feeders?period=decade", "period is one of day, month, year"),
        ("/feeders?page=0", "greater than or equal to 1"),
        ("/?period=", "period is one of"),
    ],
)
async def test_a_wrong_address_says_what_is_allowed(
    console: httpx.AsyncClient, path: str, wrong: str
) -> None:
    answer = await console.get(f"/console{path}")

    assert answer.status_code == 422
    assert wrong in answer.text


async def test_the_quality_page_says_what_is_missing_and_why(console: httpx.AsyncClient) -> None:
    answer = await console.get("/console/quality")

    said = text_of(answer)
    assert "Device that nobody registered" in said
    assert "Import the device with voltpass import devices" in said
    assert "no device &lt;b&gt;X&lt;/b&gt;" in answer.text  # never as markup
    assert "<b>X</b>" not in answer.text
    assert re.search(r'href="/console/points/quiet"', answer.text)


async def test_an_empty_deployment_has_pages_that_say_so(empty: Settings) -> None:
    async with client_of(application(empty)) as client:
        for path in PAGES:
            said = text_of(await client.get(f"/console{path}"))

            assert "No reading has come yet" in said or path != "/"


async def test_who_may_read_sums_only_sees_no_point_and_no_group_of_few(seeded: Settings) -> None:
    async def sums_only(request: Request) -> Access:
        return Access(
            principal="sums",
            scopes=frozenset({"read:aggregate"}),
            territory=Territory(regions=None),
        )

    async with client_of(application(seeded, access_of=sums_only)) as client:
        overview = text_of(await client.get("/console/"))
        feeders = text_of(await client.get("/console/feeders"))
        quality = await client.get("/console/quality")

    assert "97.50 %" not in overview
    assert "withheld: too few members" in overview
    assert "3 feeders of too few points are withheld" in feeders or "线 F" not in feeders
    assert "quiet" not in quality.text
    assert "no device" not in quality.text


async def test_a_territory_is_all_that_its_key_sees(seeded: Settings) -> None:
    async def of_region(request: Request) -> Access:
        return Access(
            principal="R2",
            scopes=frozenset({"read:customer"}),
            territory=Territory.of(["R2"]),
        )

    async with client_of(application(seeded, access_of=of_region)) as client:
        answers = [await client.get(f"/console{path}") for path in PAGES]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert re.findall(r'<th scope="row">(线 F\d)', answers[1].text) == ["线 F3"]
    assert all("线 F1" not in answer.text for answer in answers)
    assert all("区 R1" not in answer.text for answer in answers)


@pytest.mark.parametrize(
    ("lang", "unseen", "good", "silent"),
    [
        ("en", "for the whole deployment only", "everything came in", "1 points silent"),
        ("zh", "此处不可见", "接收正常", "1 个监测点连续三小时无数据"),
    ],
)
async def test_who_sees_one_region_is_not_told_that_everything_came_in(
    seeded: Settings, lang: str, unseen: str, good: str, silent: str
) -> None:
    async def access_of(request: Request) -> Access:
        scope: Scope = "read:customer" if "x-customers" in request.headers else "read:aggregate"
        territory = Territory(regions=frozenset({"R2"}))
        return Access(principal="region", scopes=frozenset({scope}), territory=territory)

    async with client_of(application(seeded, access_of=access_of)) as client:
        sums = text_of(await client.get(f"/console/?lang={lang}"))
        points = text_of(await client.get(f"/console/?lang={lang}", headers={"x-customers": "yes"}))

    assert (unseen in sums, unseen in points) == (True, True)
    assert (good in sums, good in points) == (False, False)
    assert (silent in sums, silent in points) == (False, True)


async def test_before_the_first_reading_nothing_is_said_to_have_come_in(empty: Settings) -> None:
    async with client_of(application(empty)) as client:
        said = text_of(await client.get("/console/?lang=en"))

    assert "nothing has come in yet" in said
    assert "everything came in" not in said


async def test_data_that_stand_still_are_not_said_to_have_come_in(seeded: Settings) -> None:
    async with client_of(application(seeded, now=START + DAY + timedelta(minutes=31))) as client:
        said = text_of(await client.get("/console/?lang=en"))
    async with client_of(application(seeded, now=START + DAY + timedelta(minutes=30))) as client:
        just = text_of(await client.get("/console/?lang=en"))

    assert "a partition stands at" in said
    assert "a partition stands at" not in just
