"""docs/sizing.md is made from the coefficients, and leaves none out."""

import pytest

from service.domain.sizing.coefficients import load_coefficients
from service.offline.sizing_page import sizing_page
from tests.docs.documents import REPOSITORY

PAGE = REPOSITORY / "docs" / "sizing.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_coefficients_say(page: str) -> None:
    assert page == sizing_page(load_coefficients()), "make docs"


def test_every_coefficient_is_on_the_page_with_unit_certainty_and_date(page: str) -> None:
    for one in load_coefficients():
        assert f"| {one.what} | {one.value:,f} | {one.unit} |" in page
        assert f"**{one.certainty}**, {one.on}: {one.source}." in page


def test_every_size_and_interval_has_its_row(page: str) -> None:
    for n_points in ("100,000", "1,000,000", "10,000,000"):
        for interval in ("15 min", "1 min", "1 s"):
            assert page.count(f"| {n_points} | {interval} |") == 2  # in both formats
