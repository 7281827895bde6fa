"""Every page in Chinese, over data that bring out each cause, grade and source: no word of them is English."""

import re
from datetime import timedelta
from typing import Final, get_args
from urllib.parse import quote

import httpx
import pytest

from service.console.texts import read_texts
from service.domain.reliability.causes import CAUSES
from service.domain.rules import rule_set_names
from service.domain.supply.pieces import Grade
from tests.api.seeding import Seeder
from tests.console.test_point_pages import MARCH, START
from tests.console.test_point_pages import seed as seed_points

pytestmark = [pytest.mark.integration, pytest.mark.slow]

# What stays as it is: products, formats, standards, zones, symbols, names that the test gave, and what lang="en" marks.
_KEPT: Final = re.compile(
    r"Voltpass|English|CSV|Parquet|Asia/Shanghai|UTC|SAIDI|docs/\w+\.md|/v1/\S+|voltpass \w+(?: \w+)?|"
    r"\b(?:U(?:ab|bc|ca)|no-rule|silent|three|bus|elsewhere|readings|unknown_device|test|register)\b"
)
_PAGES: Final = (
    "/?period=month",
    "/feeders?period=month",
    "/points?q=",
    *(f"/points/{quote(name, safe='')}" for name in ("a/1", "three", "bus", "no-rule", "silent")),
    "/outages",
    "/outages/1",
    "/quality?period=month",
    *(f"/promises?rule_set={name}" for name in rule_set_names()),
    *(f"/points/{quote('a/1', safe='')}?rule_set={name}" for name in rule_set_names()),
)


async def seed(seeder: Seeder) -> None:
    """Put the points of other pages, and an outage of each cause, in turn of each grade."""
    await seed_points(seeder)
    grades = get_args(Grade)
    for nth, cause in enumerate(CAUSES):
        at = START + timedelta(minutes=60 * nth)
        outage_id = await seeder.run(
            """
            INSERT INTO outage (place, code, feeder, earliest_at, start_at, end_at, last_end_at, evidence, cause,
                                n_points, n_nested, n_customers)
            VALUES ('point', 'a/1', 'F1', $1, $1, $2, $2, $3, $4, 1, 0, 1)
            RETURNING outage_id
            """,
            *(at, at + timedelta(minutes=5), grades[nth % len(grades)], cause),
        )
        await seeder.run(
            """
            INSERT INTO interruption (point_id, earliest_at, start_at, end_at, latest_at, evidence, grades, cause,
                                      outage_id)
            VALUES ($1, $2, $2, $3, $3, $4, ARRAY[$4], $5, $6)
                ON CONFLICT DO NOTHING
            """,
            *(seeder.point_ids["a/1"], at, at + timedelta(minutes=5), grades[nth % len(grades)]),
            *(cause, outage_id),
        )


def words_left(html: str) -> list[str]:
    """Return English words that a page shows in Chinese."""
    body = html[html.index("<main") : html.index("</main>")]
    body = re.sub(r"<(script|style|select|option)\b.*?</\1>", " ", body, flags=re.DOTALL)
    body = re.sub(r'<(\w+)[^>]*\blang="en"[^>]*>.*?</\1>', " ", body, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", body).replace("\u00a0", " ")
    for name in sorted(rule_set_names(), key=len, reverse=True):
        text = text.replace(name, " ")
    return re.findall(r"[A-Za-z][a-z]{2,}[A-Za-z ]*", _KEPT.sub(" ", text))


@pytest.mark.slow
async def test_no_page_in_chinese_keeps_english_words(console: httpx.AsyncClient) -> None:
    left: dict[str, list[str]] = {}
    for path in _PAGES:
        mark = "&" if "?" in path else "?"
        asked = f"/console{path}{mark}lang=zh"
        if path.startswith(("/points/", "/outages", "/promises")):
            asked += "".join(f"&{name}={value}" for name, value in MARCH.items())
        answer = await console.get(asked)
        assert answer.status_code == 200, (asked, answer.text[-500:])
        if found := words_left(answer.text):
            left[path] = found

    assert left == {}, left


async def test_every_cause_and_grade_is_said_in_chinese(console: httpx.AsyncClient) -> None:
    chinese, english = read_texts("zh"), read_texts("en")

    answer = await console.get("/console/outages", params={**MARCH, "lang": "zh"})

    for family, codes in (("cause", CAUSES), ("grade", get_args(Grade))):
        for code in codes:
            assert chinese.word(family, code) in answer.text, code
            assert f">{english.word(family, code)}<" not in answer.text, code
