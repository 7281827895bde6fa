"""docs/alerts.md: the worked case comes out as the page says, and its numbers are those of the rule set."""

import re
from pathlib import Path

import pytest

from service.domain.alerts.budget import over_budget
from service.domain.alerts.darkness import DeclaredWindow, Word, dark_point
from service.domain.alerts.outage_alerts import OutageRecord
from service.domain.alerts.policy import Known, Outcome, alerts_of, outcome_of
from service.domain.alerts.words import REASONS, RULES
from tests.alerts.builders import FOREVER, ROW, SECOND

TEXT = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
Row = dict[str, str]


def table_of(heading: str) -> list[Row]:
    lines = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0].splitlines()
    cells = [
        [cell.strip() for cell in line[1:-1].split("|")] for line in lines if line.startswith("|")
    ]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


CASE = table_of("A worked case")


def us(clock: str) -> int:
    hours, minutes, seconds = (int(part) for part in f"{clock}:00".split(":")[:3])
    return (hours * 3600 + minutes * 60 + seconds) * SECOND


def records() -> tuple[list[OutageRecord], list[DeclaredWindow]]:
    outages, windows = [], []
    for number, row in enumerate(CASE):
        place, code, *rest = row["of"].split()
        point_ids = range(1000 * number, 1000 * number + int(row["points"]))
        members = tuple(
            dark_point(
                point_id=point_id,
                n_customers=1,
                start=us(row["gone"]),
                told=[Word(us(row["gone"]), us(row["known"]))],
                measured=[],
                back=[Word(us(row["back"]), us(row["back"]))],
                rule=ROW,
            )
            for point_id in point_ids
        )
        assert place in ("feeder", "transformer", "point")
        outages.append(
            OutageRecord(
                record_id=number,
                organisation="ORG",
                feeder=rest[-1] if rest else code,
                place="feeder"
                if place == "feeder"
                else "transformer"
                if place == "transformer"
                else "point",
                code=code,
                start=us(row["gone"]),
                members=members,
            )
        )
        if row["declared"]:
            begins, _, ends = row["declared"].partition(" to ")
            windows.append(
                DeclaredWindow(
                    declaration_id=number,
                    point_ids=frozenset(point_ids),
                    begins=us(begins),
                    ends=us(ends),
                    entered=us(row["entered"]),
                )
            )
    return outages, windows


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    outages, windows = records()
    return outcome_of(alerts_of(Known(outages=outages, windows=windows), ROW), ROW, (0, FOREVER))


def test_each_outage_comes_out_as_the_page_says(outcome: Outcome) -> None:
    told = {
        alert.record_id: f"told {clock(one.at)}"
        for one in outcome.notifications
        for alert in one.alerts
    }
    held = {one.alert.record_id: f"held: {one.reason}" for one in outcome.held}

    found = [(told | held).get(number) for number in range(len(CASE))]

    assert found == [row["outcome"] for row in CASE]
    assert not told.keys() & held.keys()


def test_the_case_keeps_the_budget_in_three_notifications(outcome: Outcome) -> None:
    assert len(outcome.notifications) == 3
    assert over_budget(outcome.notifications, ROW) == []


def test_the_page_names_every_rule_and_every_reason() -> None:
    assert [row["rule"].strip("`") for row in table_of("Alerts")] == list(RULES)
    assert {row["reason"].strip("`") for row in table_of("Held")} == set(REASONS)


def test_the_numbers_of_the_page_are_those_of_the_rule_set() -> None:
    said = re.sub(r"\s+", " ", TEXT)
    for words in (
        f"outage of {ROW.interruption_points_min} points or more",
        f"the wait for reclosing ({ROW.reclose_wait_s // 60} minutes)",
        f"when a first point is back ({ROW.return_wait_s // 60} minute passes",
        f"dark still {ROW.left_wait_s // 60} minutes after the first was back",
        f"at least {ROW.breach_share_min * 100:.0f} % and at least {ROW.breach_points_min} points of a feeder "
        f"outside their band for {ROW.breach_for_s // 60} minutes",
        f"fewer for {ROW.breach_clear_s // 60} minutes",
        f"told at most once in {ROW.breach_interval_s // 3600} hours",
        f"above +20 % for {ROW.high_voltage_for_s // 60} minute",
        f"more than {ROW.news_age_max_s // 60} minutes old",
        f"begins {ROW.declared_early_s // 60} minutes before",
        f"fires** {ROW.overrun_wait_s // 60} minutes after",
        f"waits {ROW.group_wait_s} s for others, and tells what is new each {ROW.group_interval_s // 60} minutes",
        f"With {ROW.storm_alerts_min} outages of an organisation within {ROW.storm_window_s // 60} minutes",
        f"one of {ROW.shift_s // 3600} hours",
    ):
        assert words in said, words


def clock(at: int) -> str:
    seconds = at // SECOND
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
