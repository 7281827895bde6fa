"""What the pages say, in Chinese and English: gettext catalogues, one file for each page and language.

A message is named by an id, ``page.what``; both languages have a text for each. `tests/console/test_texts.py` holds
them to that, and to what the pages use.
"""

from collections.abc import Mapping
from importlib.resources import files
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

    def __init__(self, language: Language, texts: Mapping[str, str]) -> None:
        self.language: Language = language
        self.texts = MappingProxyType(dict(texts))

    def __call__(self, message: str, /, **values: object) -> str:
        """Return a text with its places filled; of an unknown message its id, which the log tells, too."""
        text = self.texts.get(message)
        if text is None:
            log.error("text_missing", message=message, language=self.language)
            return message
        return text.format_map(values) if values else text

    def word(self, family: str, code: str) -> str:
        """Return what a code is called, ``family.code``; a code of an edited rule set may have no text: itself."""
        return self.texts.get(f"{family}.{code}", code.replace("_", " "))


def read_texts(language: Language) -> Texts:
    """Return all texts of a language.

    Raises:
        ValueError: Two files have a text for one message.
    """
    found: dict[str, str] = {}
    folder = files("service.console").joinpath("messages", language)
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".po"):
            continue
        with file.open("rb") as opened:
            for message in read_po(opened, locale=language, abort_invalid=True):
                if not message.id:
                    continue  # the header
                if message.id in found:
                    raise ValueError(f"{file.name}: {message.id} has a text in another file, too")
                found[str(message.id)] = str(message.string)
    return Texts(language, found)


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
