"""A small district through the whole service, with the limits of the large one."""

import asyncio
from pathlib import Path

import pytest

from service.simulate.plan import plan_of
from service.simulate.simulation import simulate_into
from tests.backends import IS_REAL
from tests.district.run import Options, answered
from tests.district.scorecard import scorecard, told_of
from tests.simulate.district import District

# Never used while the code was written; a week has every kind of outage that the plan knows.
SMALL: dict[str, object] = {"seed": 20261126, "meters": 600, "feeders": 6, "days": 7}
SETTLED_WITHIN_S = 600


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_small_district_is_known_as_well_as_a_large_one(tmp_path: Path) -> None:
    plan = plan_of(SMALL, ())
    made = simulate_into(tmp_path / "district", plan, lambda _done, _all: None)
    district = District(tmp_path / "district", plan, made)
    told: list[str] = []

    answers = asyncio.run(answered(district, Options(IS_REAL, SETTLED_WITHIN_S, told.append)))

    lines = scorecard(district, answers, told_of(district, answers))
    missed = [line for line in lines if not line.is_kept]
    assert missed == [], told
