"""Text in CSV files that people open in a spreadsheet, which takes some of it for formulas."""

from typing import Final

_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def plain_text(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe before it where it would.

    Numbers are not given here: a negative one begins as a formula does. Source: OWASP, CSV Injection.
    """
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text
