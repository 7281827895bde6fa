"""What the pages say, in Chinese and English: gettext catalogues, one file for each page and language.

A message is named by an id, ``page.what``; both languages have a text for each. `tests/console/test_texts.py` holds
them to that, and to what the pages use.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Final, Literal, get_args

from babel import negotiate_locale
from babel.messages.pofile import read_po

from service.logs import logger

log = logger(__name__)

Language = Literal["zh", "en"]

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
COOKIE: Final = "voltpass_language"
_FALLBACK: Final[Language] = "en"


class Texts:
    """The texts of one language."""

    def __init__(
        self, language: Language, texts: Mapping[str, str], sources: Mapping[str, str]
    ) -> None:
        self.language: Language = language
        self.texts = MappingProxyType(dict(texts))
        self.sources = MappingProxyType(dict(sources))  # by what rule sets say themselves

    def __call__(self, message: str, /, **values: object) -> str:
        """Return a text with its places filled; of an unknown message its id, which the log tells, too."""
        text = self.texts.get(message)
        if text is None:
            log.error("text_missing", message=message, language=self.language)
            return message
        return text.format_map(values) if values else text

    def word(self, family: str, code: str) -> str:
        """Return what a code is called, ``family.code``; a code of an edited rule set may have no text: itself.

        People who enter causes write a code with blanks, too.
        """
        known = self.texts.get(f"{family}.{code.strip().lower().replace(' ', '_')}")
        return self.texts.get(f"{family}.{code}", known or code.replace("_", " "))

    def source(self, text: str | None) -> str:
        """Return what a rule rests on, or who sets its limit; of an edited rule set it is what the set says itself."""
        return self.sources.get(text or "", text or "")


def read_texts(language: Language) -> Texts:
    """Return all texts of a language.

    Raises:
        ValueError: Two files have a text for one message.
    """
    messages = files("service.console").joinpath("messages")
    found: dict[str, str] = {}
    for file in sorted(messages.joinpath(language).iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".po"):
            continue
        for message, text in _texts_of(file, language):
            if message in found:
                raise ValueError(f"{file.name}: {message} has a text in another file, too")
            found[message] = text
    of_rules = messages.joinpath("rules", f"{language}.po")  # rule sets are in English
    sources = dict(_texts_of(of_rules, language)) if of_rules.is_file() else {}
    return Texts(language, found, sources)


def _texts_of(file: Traversable, language: Language) -> Iterator[tuple[str, str]]:
    with file.open("rb") as opened:
        for message in read_po(opened, locale=language, abort_invalid=True):
            if message.id:  # not the header
                yield str(message.id), str(message.string)


def language_of(asked: str | None, kept: str | None, accepted: str) -> Language:
    """Return the language of a page: asked for in its address, else kept in a cookie, else the browser's.

    Args:
        asked: The value of ``?lang=``.
        kept: The cookie's.
        accepted: The header Accept-Language; its order counts, weights do not.
    """
    for name in (asked, kept):
        for language in LANGUAGES:
            if name == language:
                return language
    preferred = [part.split(";")[0].strip() for part in accepted.split(",")]
    short = [name.split("-")[0].lower() for name in preferred if name]
    negotiated = negotiate_locale(short, list(LANGUAGES))
    return next((one for one in LANGUAGES if one == negotiated), _FALLBACK)
