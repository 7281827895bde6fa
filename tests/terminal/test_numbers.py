"""Figures are cut, never rounded up to something better."""

import pytest

from service.terminal.numbers import decimal, percent, signed, whole_percent


@pytest.mark.parametrize(
    ("share", "places", "shown"),
    [
        (0.99996, 2, "99.99"),
        (1.0, 4, "100.0000"),
        (0.9645390070921985, 4, "96.4539"),
        (0.0, 2, "0.00"),
        (1e-7, 2, "0.00"),
        (12.3456, 2, "1,234.56"),
        (None, 2, "-"),
    ],
)
def test_a_share_is_shown_in_percent(share: float | None, places: int, shown: str) -> None:
    assert percent(share, places) == shown


@pytest.mark.parametrize(
    ("margin", "shown"),
    [(2.12345, "+2.1234"), (0.0, "+0.0000"), (-1e-14, "-0.0001"), (-5.0, "-5.0000"), (None, "-")],
)
def test_a_margin_below_zero_never_shows_as_zero(margin: float | None, shown: str) -> None:
    assert signed(margin, 4) == shown


def test_thousands_are_told_apart() -> None:
    assert decimal(7_905_600.75, 0) == "7,905,600"


@pytest.mark.parametrize(
    ("share", "shown"), [(0.95, "95"), (0.9989, "99.89"), (0.9, "90"), (1.0, "100"), (None, "-")]
)
def test_a_target_has_as_many_places_as_it_needs(share: float | None, shown: str) -> None:
    assert whole_percent(share) == shown
