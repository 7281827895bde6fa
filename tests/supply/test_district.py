"""A small simulated district: what is found is what happened, within the limits of acceptance."""

from fractions import Fraction

import pytest

from tests.simulate.district import District
from tests.supply.builders import RULE
from tests.supply.district_evidence import supplies_of, us
from tests.supply.truth import (
    Comparison,
    compare,
    found_interruptions,
    indices,
    true_indices,
    true_outages,
    with_physical_evidence,
)

LIMIT = Fraction(99, 100)


@pytest.fixture(scope="module")
def compared(district: District) -> Comparison:
    found = found_interruptions(district, supplies_of(district, RULE).values())
    return compare(true_outages(district), found)


def test_what_left_evidence_is_found_and_nothing_is_invented(compared: Comparison) -> None:
    assert len(compared.pairs) > 300
    assert compared.recall >= LIMIT, compared.missed[:5]
    assert compared.precision >= LIMIT, compared.invented[:5]


def test_the_truth_lies_where_edges_say_it_lies(compared: Comparison) -> None:
    outside = [pair for pair in compared.pairs if not (pair.holds_start and pair.holds_end)]

    assert compared.containment >= LIMIT, outside[:5]


def test_saidi_and_saifi_are_those_of_the_truth(district: District, compared: Comparison) -> None:
    found = found_interruptions(district, supplies_of(district, RULE).values())

    figures, truth = (
        indices(district, with_physical_evidence(found, compared)),
        true_indices(district),
    )

    assert abs(figures.saidi_min / truth.saidi_min - 1) <= Fraction(1, 100)
    assert abs(figures.saifi / truth.saifi - 1) <= Fraction(1, 100)


def test_a_loss_of_communication_makes_no_interruption(
    district: District, compared: Comparison
) -> None:
    losses = [
        (row["code"], us(row["from"]), us(row["to"]))
        for row in district.rows("truth/communication_losses.csv")
        if row["level"] == "feeder"
    ]

    assert losses
    for code, start, end in losses:
        for point, one in compared.invented:
            assert not (point.startswith(code) and one.start < end and (one.end or end) > start)


def test_every_false_alarm_is_counted_and_none_is_an_interruption(district: District) -> None:
    supplies = supplies_of(district, RULE)

    n_false = len(district.rows("truth/false_gasps.csv"))

    assert n_false > 0
    assert sum(one.n_false_alarms for one in supplies.values()) == n_false
