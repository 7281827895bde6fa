"""The words of the dashboards: two catalogues that say the same, and nothing that nobody reads."""

import re
from typing import Any

import pytest

from deploy.grafana.edition import LANGUAGES, edition_of, read_catalogue
from deploy.grafana.generate import DASHBOARDS as KINDS
from tests.deploy.dashboards import DASHBOARDS, strings_of

CATALOGUES = {language: read_catalogue(language) for language in LANGUAGES}


@pytest.mark.parametrize("kind", KINDS)
def test_the_languages_say_the_same(kind: str) -> None:
    """Apart from words, the dashboards are the same: places, queries, units, colours, choices."""
    english, chinese = (_without_words(DASHBOARDS[f"{one}/{kind}.json"]) for one in LANGUAGES)

    assert english == chinese


def test_the_catalogues_have_the_same_keys_and_fill_in_the_same() -> None:
    english, chinese = (dict(_texts(CATALOGUES[language])) for language in LANGUAGES)

    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert _placeholders(text) == _placeholders(chinese[key]), key
        assert text, key


def test_every_text_is_used() -> None:
    """A key that nobody asks for is of a panel that went."""
    catalogue = CATALOGUES["en"]
    shown = {
        text
        for name, one in DASHBOARDS.items()
        if name.startswith("en/")
        for text in strings_of(one)
    }
    edition = edition_of("en")

    for part in ("dashboards", "rows", "panels"):
        assert {key for key in catalogue[part] if edition.title(part, key) not in shown} == set()
    labels, words = catalogue["labels"], catalogue["words"]
    drawn_elsewhere = {"target_any", "target_special_remote"}  # by other rule sets
    assert {key for key, text in labels.items() if text not in shown} <= drawn_elsewhere
    everything = "\n".join(shown)
    assert {key for key, text in words.items() if str(text) not in everything} == {
        "bounds_text",  # filled into others
        "in_en",
    }


def test_no_placeholder_is_left() -> None:
    assert [
        text for one in DASHBOARDS.values() for text in strings_of(one) if _placeholders(text)
    ] == []


def _texts(catalogue: Any, prefix: str = "") -> list[tuple[str, str]]:
    return [
        found
        for key, value in catalogue.items()
        for found in (
            [(f"{prefix}{key}", value)]
            if isinstance(value, str)
            else _texts(value, f"{prefix}{key}.")
        )
    ]


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"<[a-z_]+>", text))


def _without_words(dashboard: Any) -> Any:
    """Return a dashboard without what people read."""
    words = {"title", "description", "label", "name", "text", "tags", "links", "current"}
    match dashboard:
        case {"id": "displayName"}:
            return None
        case dict():
            return {
                key: _without_words(one)
                for key, one in dashboard.items()
                if key not in words and key not in {"uid", "rawSql"}
            }
        case list():
            return [_without_words(one) for one in dashboard]
        case str():
            return re.sub(r"voltpass-(\w+)-(en|zh)|\blang=(en|zh)", "", dashboard)
    return dashboard
