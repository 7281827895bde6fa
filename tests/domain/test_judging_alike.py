"""Rule sets judge alike when their limits are the same, whatever they rest on."""

from decimal import Decimal

import pytest

from service.domain.judging_alike import judge_alike
from service.domain.rules import load_rule_set, parse_rule_set

NORM = load_rule_set("sgcc-2003")
HEAD = 'name = "own"\ntitle = "t"\nextends = "sgcc-2003"\neffective_from = 2003-11-01\n'
ROW = 'source = "another"\ncertainty = "confirm"\neffective_from = 2003-11-01\n'


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sgcc-2003", True),
        ("sgcc-pledge-2005", True),
        ("sgcc-pledge-2023", True),
        ("nea-regulation", False),
        ("en-50160", False),
    ],
)
def test_pledges_judge_as_the_norm_does(name: str, *, expected: bool) -> None:
    assert judge_alike(load_rule_set(name), NORM) is expected
    assert judge_alike(NORM, load_rule_set(name)) is expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("[coverage]\nfloor = 0.5\n", True),  # says whose rate counts, not what it is
        ("[interruption]\npercent = 10.00\n", True),  # as the norm: only the source differs
        ("[interruption]\npercent = 5.00\n", False),
        ('[denominator]\ninterrupted = "bad"\nmissing = "excluded"\n', False),
        ("[[bands]]\nlower_percent = -10.0\nupper_percent = 7.0\n", False),
    ],
)
def test_a_limit_tells_them_apart_and_a_source_does_not(part: str, *, expected: bool) -> None:
    assert NORM.interruption.percent == Decimal(10)

    assert judge_alike(parse_rule_set(HEAD + part + ROW), NORM) is expected


def test_the_order_of_bands_matters() -> None:
    turned = NORM.model_copy(update={"bands": NORM.bands[::-1]})

    assert len(NORM.bands) > 1
    assert not judge_alike(turned, NORM)
