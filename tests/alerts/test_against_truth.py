"""The policy on simulated districts, without a database: what is told is true, once, and not too often."""

from pathlib import Path

import pytest

from service.domain.alerts.budget import over_budget
from service.domain.alerts.policy import Outcome, alerts_of, outcome_of
from tests.alerts.against_truth import Verdict, verdict_of
from tests.alerts.builders import ROW
from tests.alerts.district_known import known_of
from tests.simulate.district import make
from tests.supply.builders import RULE
from tests.supply.district_evidence import supplies_of, us

pytestmark = pytest.mark.slow

# More faults of feeders than a district has, so that there is something to tell.
FAULTS = ("faults.feeder_faults=12", "operation.overrun_share=0.6")


def judged(folder: Path, seed: int) -> tuple[Outcome, Verdict]:
    district = make(folder / "out", *FAULTS, seed=seed, meters=240, feeders=3)
    known = known_of(district, supplies_of(district, RULE), (ROW, RULE))
    outcome = outcome_of(alerts_of(known, ROW), ROW, (0, us(district.figures["to"]) * 2))
    assert len(outcome.alerts) == len(known.outages)
    return outcome, verdict_of(district, outcome.notifications, ROW)


@pytest.mark.parametrize("seed", [11, 12])
def test_a_district_is_told_what_is_true_once_and_not_too_often(tmp_path: Path, seed: int) -> None:
    outcome, verdict = judged(tmp_path, seed)

    assert verdict.in_declared_windows == []
    assert verdict.without_true_outage == []
    assert verdict.crowded_quiet_shifts == []
    assert verdict.wrongly_told == []
    assert over_budget(outcome.notifications, ROW) == []
    assert verdict.figures["of these to be told"] >= 2
    assert any(one.reason == "declared_window" for one in outcome.held)
    assert not outcome.pending
