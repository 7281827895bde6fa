"""Text that no spreadsheet takes for a formula."""

import pytest

from service.domain.spreadsheet_text import plain_text


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_what_begins_a_formula_gets_an_apostrophe(first: str) -> None:
    assert plain_text(f"{first}1+1") == f"'{first}1+1"


@pytest.mark.parametrize("text", ["", "P-1", "馈线=1", "'=1", " =1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert plain_text(text) == text
