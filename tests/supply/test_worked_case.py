"""docs/interruptions.md: the worked case comes out as the page says, and its numbers are those of the rules."""

import pytest

from tests.supply.builders import RULE
from tests.supply.worked_case import (
    PAGE,
    clock,
    figure_row,
    interruption_rows,
    read_case,
    supply_on,
)

CASE = read_case()


@pytest.mark.parametrize("evening", CASE.evenings)
def test_the_interruptions_of_each_evening_are_those_of_the_page(evening: str) -> None:
    expected = [row for row in CASE.interruptions if row["on"] == evening]

    assert interruption_rows(CASE, evening, supply_on(CASE, evening)) == expected


@pytest.mark.parametrize("evening", CASE.evenings)
def test_the_figures_of_each_evening_are_those_of_the_page(evening: str) -> None:
    expected = [row for row in CASE.figures if row["on"] == evening]

    assert [figure_row(CASE, evening, supply_on(CASE, evening))] == expected


def test_silence_and_a_false_alarm_make_no_interruption() -> None:
    supply = supply_on(CASE, CASE.evenings[-1])

    untouched = {i for i, row in enumerate(CASE.points, 1) if row["transformer"] == "T2"}

    assert untouched
    assert all(not supply.points[i].interruptions for i in untouched)
    assert supply.n_false_alarms == 1


def test_the_outage_is_the_one_of_the_page() -> None:
    (outage,) = supply_on(CASE, CASE.evenings[-1]).outages

    assert outage.end is not None
    line = (
        f"T1 from {clock(outage.start)} to {clock(outage.end)}, "
        f"{len(outage.members)} points, none nested"
    )
    assert (outage.place, outage.code, outage.nested) == ("transformer", "T1", frozenset())
    assert line in CASE.text


@pytest.mark.parametrize(
    "words",
    [
        f"it went {RULE.last_gasp_after_s_min} to {RULE.last_gasp_after_s_max} s before",
        f"it came back {RULE.restored_after_s_min} to {RULE.restored_after_s_max} s before",
        f"clocks may be {RULE.clock_tolerance_s // 60} minutes apart",
        f"more than {RULE.event_tolerance_s} s and up to {RULE.clock_tolerance_s // 60} minutes off",
        f"no more than {RULE.live_share_max * 100:.0f} % were live",
        f"near them ({RULE.declared_tolerance_s // 60} minutes)",
        f"begin within {RULE.outage_window_s // 60} minutes of one another",
    ],
)
def test_the_page_gives_the_numbers_of_the_rules(words: str) -> None:
    assert words in PAGE.read_text(encoding="utf-8")
