"""A small simulated district: what is found is what happened, within the limits of acceptance."""

from dataclasses import dataclass
from fractions import Fraction

import pytest

from service.domain.supply.feeders import FeederSupply
from service.domain.supply.interruptions import Interruption
from tests.simulate.district import District, make
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


@dataclass(frozen=True)
class Derived:
    district: District
    supplies: dict[str, FeederSupply]
    found: dict[str, list[Interruption]]
    compared: Comparison


@pytest.fixture(scope="module")
def derived(tmp_path_factory: pytest.TempPathFactory) -> Derived:
    district = make(tmp_path_factory.mktemp("supply") / "out", seed=2)
    supplies = supplies_of(district, RULE)
    found = found_interruptions(district, supplies.values())
    return Derived(district, supplies, found, compare(true_outages(district), found))


@pytest.mark.slow
def test_what_left_evidence_is_found_and_nothing_is_invented(derived: Derived) -> None:
    compared = derived.compared

    assert len(compared.pairs) > 300
    assert compared.recall >= LIMIT, compared.missed[:5]
    assert compared.precision >= LIMIT, compared.invented[:5]


def test_the_truth_lies_where_edges_say_it_lies(derived: Derived) -> None:
    pairs = derived.compared.pairs

    outside = [pair for pair in pairs if not (pair.holds_start and pair.holds_end)]

    assert derived.compared.containment >= LIMIT, outside[:5]


def test_saidi_and_saifi_are_those_of_the_truth(derived: Derived) -> None:
    truth = true_indices(derived.district)
    physical = with_physical_evidence(derived.found, derived.compared)

    figures = indices(derived.district, physical)

    assert abs(figures.saidi_min / truth.saidi_min - 1) <= Fraction(1, 100)
    assert abs(figures.saifi / truth.saifi - 1) <= Fraction(1, 100)


def test_a_loss_of_communication_makes_no_interruption(derived: Derived) -> None:
    rows = derived.district.rows("truth/communication_losses.csv")

    losses = [row for row in rows if row["level"] == "feeder"]

    assert losses
    for row in losses:
        for point, one in derived.compared.invented:
            ends = one.latest is None or one.latest > us(row["from"])
            assert not (point.startswith(row["code"]) and one.start < us(row["to"]) and ends)


def test_a_false_alarm_is_counted_and_is_no_interruption(derived: Derived) -> None:
    n_false = len(derived.district.rows("truth/false_gasps.csv"))

    n_counted = sum(one.n_false_alarms for one in derived.supplies.values())

    assert n_counted == n_false > 0


def test_an_outage_of_the_network_is_one_outage(derived: Derived) -> None:
    true = [
        row
        for row in derived.district.rows("truth/outages.csv")
        if row["leaves_evidence"] == "yes" and row["level"] == "feeder"
    ]

    starts = [
        one.start
        for supply in derived.supplies.values()
        for one in supply.outages
        if one.place == "feeder"
    ]

    assert true
    for row in true:
        assert sum(abs(start - us(row["start"])) <= 1_000_000 for start in starts) == 1
