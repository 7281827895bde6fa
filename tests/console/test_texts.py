"""The catalogues: both languages have every message, and pages use each of them."""

import re
from string import Formatter
from typing import get_args

import pytest

from service.console.texts import LANGUAGES, language_of, read_texts
from service.domain.registry import TargetArea
from service.domain.reliability.causes import CAUSES, LEAF_OF
from service.domain.rules import load_rule_set, rule_set_names
from service.domain.scorecard import Verdict
from service.domain.supply.pieces import Grade
from service.domain.target_rows import Figure, Population
from service.errors import ServiceError
from service.metrics.words import Reason
from service.store.outage_reads import OutagePlace
from tests.console.messages import used_messages

EN, ZH = read_texts("en").texts, read_texts("zh").texts
_CHINESE = re.compile("[\u4e00-\u9fff]")


def test_both_languages_have_every_message() -> None:
    assert set(EN) == set(ZH)
    assert LANGUAGES == ("zh", "en")


def test_no_message_is_empty_and_each_has_the_same_places_in_both_languages() -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    for message in EN:
        assert EN[message].strip(), message
        assert ZH[message].strip(), message
        assert places(EN[message]) == places(ZH[message]), message


def test_chinese_texts_are_chinese_and_english_ones_are_not() -> None:
    without = {"place.concentrator_id"}

    for message in set(EN) - without:
        assert not _CHINESE.search(EN[message]), message
        only_places = re.sub(r"\{\w+\}|[^\w]|\d", "", ZH[message])
        assert not only_places or _CHINESE.search(ZH[message]), message


def test_every_message_that_pages_use_is_there() -> None:
    used = used_messages()

    assert used.ids - set(EN) == set()
    assert [one for one in used.beginnings if not any(m.startswith(one) for m in EN)] == []


def test_every_message_is_used_by_a_page() -> None:
    used = used_messages()

    assert [message for message in EN if not used.has(message)] == []


@pytest.mark.parametrize(
    ("family", "codes"),
    [
        ("reason", get_args(Reason)),
        ("reason_next", get_args(Reason)),
        ("area", (*get_args(TargetArea), "any")),
        ("figure", get_args(Figure)),
        ("population", get_args(Population)),
        ("verdict_of", get_args(Verdict)),
        ("grade", get_args(Grade)),
        ("place", get_args(OutagePlace)),
        ("cause", ("fault", "prearranged", "planned", "rationing", *CAUSES, *LEAF_OF)),
    ],
)
def test_every_code_of_a_closed_family_has_a_word(family: str, codes: tuple[str, ...]) -> None:
    assert codes
    assert [code for code in codes if f"{family}.{code}" not in EN] == []


def test_a_code_that_nobody_foresaw_shows_itself() -> None:
    assert read_texts("en").word("reason", "sent_by_pigeon") == "sent by pigeon"


def test_a_cause_that_people_wrote_with_blanks_is_called_as_its_code() -> None:
    assert read_texts("zh").word("cause", "Planned maintenance ") == "计划检修"


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "language"),
    [
        ("zh", "en", "en", "zh"),
        (None, "zh", "en-GB,en;q=0.9", "zh"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, None, "de-DE,de;q=0.9,en;q=0.8", "en"),
        (None, None, "fr", "en"),
        (None, None, "", "en"),
        ("xx", "yy", "zh-TW", "zh"),
    ],
)
def test_the_language_is_asked_for_then_kept_then_the_browsers(
    asked: str | None, kept: str | None, accepted: str, language: str
) -> None:
    assert language_of(asked, kept, accepted) == language


# Names of standards, formulas and makers, and units: what Chinese texts keep.
_CODES = re.compile(
    r"\b(?:GB|AS|EN|IEC|IEEE|ANSI|DL|DI|SAIDI|T_MED|exp|alpha|beta|Voltpass|SGIC|Aclara|docs/\w+\.md|kV|[A-Z]|s)\b"
)


def english_words(text: str) -> list[str]:
    """Return what is left in English in a Chinese text."""
    return re.findall(r"[A-Za-z]{2,}", _CODES.sub(" ", text))


@pytest.mark.parametrize("name", rule_set_names())
def test_whatever_a_packaged_rule_rests_on_is_said_in_chinese(name: str) -> None:
    rule_set = load_rule_set(name)
    texts = [row.source for row in rule_set.rows()]
    texts += [text for row in rule_set.rows() if (text := getattr(row, "set_by", None))]

    said = [read_texts("zh").source(text) for text in texts]

    assert said
    assert [text for text in said if not _CHINESE.search(text) or english_words(text)] == []
    assert read_texts("en").source(texts[0]) == texts[0]


def test_what_an_edited_rule_set_rests_on_is_shown_as_it_says() -> None:
    assert read_texts("zh").source("By-law 7") == "By-law 7"
    assert read_texts("zh").source(None) == ""


def test_errors_are_named_in_both_languages() -> None:
    from service.console.problems import _ANSWERS  # noqa: PLC0415

    names = {name for _, name in _ANSWERS.values()}

    assert ServiceError in _ANSWERS
    for name in names:
        assert f"problem.{name}.title" in EN
        assert f"problem.{name}.next" in ZH
