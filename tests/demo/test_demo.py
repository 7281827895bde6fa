"""The demonstration as its users start it: once, with the table on one stream and the figures on the other."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from service.demo.street import OUTAGE, PLANNED_OUTAGE
from service.recordings import SECHA_FEEDER, UCI_HOUSEHOLD
from tests.demo.recount import (
    DAY,
    TARGETS,
    WINDOW_MINUTES,
    figure_of,
    of_area,
    rest_of_year,
    use_of,
)
from tests.demo.sent import PointDay, street_days
from tests.offline.files import score_one
from tests.offline.test_household import recompute

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(240)]

WITHIN_S = 200.0
FLOOR = Fraction(9, 10)  # coverage below which a point is not monitored
VOLTPASS = Path(sys.executable).with_name("voltpass")


def demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run ``voltpass demo`` to its end, temporary files in ``folder``."""
    return subprocess.run(
        [VOLTPASS, "demo", *options],
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        encoding="utf-8",
        timeout=WITHIN_S,
        check=False,
    )


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the database may enter when root runs the tests, as pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="voltpass-demo-") as name:
        made = Path(name)
        made.chmod(0o755)
        yield made


@pytest.fixture(scope="module")
def ended(folder: Path) -> subprocess.CompletedProcess[str]:
    return demo(folder, "--once", "--json")


@pytest.fixture(scope="module")
def figures(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


@pytest.fixture(scope="module")
def sent() -> dict[str, PointDay]:
    return {day.point: day for day in street_days()}


def point_of(figures: dict[str, Any], name: str) -> dict[str, Any]:
    (point,) = [one for one in figures["points"] if one["point"] == name]
    assert isinstance(point, dict)
    return point


def without_due(minutes: dict[str, int]) -> dict[str, int]:
    """Return minutes by verdict; what is due is their sum."""
    verdicts = {name: n for name, n in minutes.items() if name != "due"}
    assert sum(verdicts.values()) == minutes["due"]
    return verdicts


def test_the_table_is_printed_and_nothing_is_left(
    ended: subprocess.CompletedProcess[str], folder: Path
) -> None:
    assert ended.returncode == 0, ended.stderr
    house = ["uci-house", "34,052", "3,231", "91.3338", "91.32", "91.33", "99.98"]
    dark = ["T6", "14:00", "14:50", "declared", "DEMO-1", "50"]
    lines = ended.stderr.splitlines()
    kept = ["pass rate", "residential points", "urban", "95", "99.1809", "+4.1809", "200", "kept"]
    broken = ["supply reliability", "users", "rural", "99", "96.9791", "-2.0209", "broken"]
    used = ["supply reliability", "rural", "87", "3.020"]
    for words in (house, dark, kept, broken, used):
        assert any(all(word in line for word in words) for line in lines), ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "nominal", "lowest", "highest"),
    [("uci-house", "230", 20700, 24610), ("uci-house-220V", "220", 19800, 23540)],
)
def test_the_house_equals_its_score_and_an_independent_recomputation(
    figures: dict[str, Any], name: str, nominal: str, lowest: int, highest: int
) -> None:
    expected = recompute(lowest, highest)
    n_judged = expected.n_pass + expected.n_over + expected.n_under
    with UCI_HOUSEHOLD.path() as path:
        scored = score_one(path, "--nominal", nominal, "--timezone", UCI_HOUSEHOLD.zone)

    shown = point_of(figures, name)

    minutes = without_due(shown["minutes"])
    assert minutes == scored["minutes"]
    assert minutes == {
        "pass": expected.n_pass,
        "over": expected.n_over,
        "under": expected.n_under,
        "interrupted": 0,
        "exempt": 0,
        "invalid": 0,
        "missing": expected.n_missing,
    }
    assert shown["rate"] == scored["pass_rate"]
    assert shown["rate"] == pytest.approx(Fraction(expected.n_pass, n_judged), abs=1e-12)
    for bound in ("lower", "upper", "coverage"):
        assert shown[bound] == scored[bound]


def test_the_feeder_equals_its_score(figures: dict[str, Any]) -> None:
    with SECHA_FEEDER.path() as path:
        scored = score_one(
            path,
            *("--nominal", "34500", "--wiring", SECHA_FEEDER.wiring, "--band=-3..+7"),
            *("--stamp", SECHA_FEEDER.stamp_at, "--timezone", SECHA_FEEDER.zone),
        )

    shown = point_of(figures, "secha-34.5kV")

    assert without_due(shown["minutes"]) == scored["minutes"]
    assert shown["rate"] == scored["pass_rate"]


def test_every_point_of_the_street_is_as_it_was_simulated(
    figures: dict[str, Any], sent: dict[str, PointDay]
) -> None:
    shown = [one for one in figures["points"] if one["point"].startswith("street-")]

    assert len(shown) >= 8
    for one in shown:
        day = sent[one["point"]]
        assert without_due(one["minutes"]) == day.minutes, one["point"]
        rate = Fraction(day.minutes["pass"], day.n_judged)
        assert one["rate"] == pytest.approx(rate, abs=1e-12), one["point"]


def test_each_fault_is_there(sent: dict[str, PointDay]) -> None:
    """The simulation itself: without its faults the comparison above would say little."""
    assert sent["street-000"].minutes["pass"] == 1440
    assert sent["street-022"].minutes["missing"] == 180
    assert sent["street-062"].minutes["over"] > 300
    assert sent["street-149"].minutes["under"] > 50
    assert sent["street-171"].minutes["over"] == 12
    assert sent["street-205"].minutes["interrupted"] == 37
    assert sent["street-255"].minutes["interrupted"] == 50


def test_the_feeders_of_the_street_are_the_sums_of_their_points(
    figures: dict[str, Any], sent: dict[str, PointDay]
) -> None:
    assert [feeder["group"] for feeder in figures["feeders"]] == ["F1", "F2", "F3"]
    for feeder in figures["feeders"]:
        days = [day for day in sent.values() if day.feeder == feeder["group"]]
        monitored = [day for day in days if Fraction(day.n_judged, 1440) >= FLOOR]
        rates = [Fraction(day.minutes["pass"], day.n_judged) for day in monitored]
        n_pass = sum(day.minutes["pass"] for day in days)
        pooled = Fraction(n_pass, sum(day.n_judged for day in days))

        assert feeder["points"] == len(days) == 100
        assert feeder["not_monitored"] == len(days) - len(monitored)
        for verdict, n in without_due(feeder["minutes"]).items():
            assert n == sum(day.minutes[verdict] for day in days), verdict
        assert feeder["rate"] == pytest.approx(sum(rates) / len(rates), abs=1e-12)
        assert feeder["pooled"]["rate"] == pytest.approx(pooled, abs=1e-12)


@pytest.mark.parametrize(
    ("transformer", "span", "evidence", "ticket", "points"),
    [
        ("T5", OUTAGE, "measured", None, range(200, 250)),
        ("T6", PLANNED_OUTAGE, "declared", "DEMO-1", range(250, 300)),
    ],
)
def test_the_interruptions_are_there_to_the_minute(
    figures: dict[str, Any],
    transformer: str,
    span: tuple[int, int],
    evidence: str,
    ticket: str | None,
    points: range,
) -> None:
    found = [one for one in figures["interruptions"] if one["transformer"] == transformer]

    assert sorted(one["point"] for one in found) == [f"street-{number}" for number in points]
    for one in found:
        ends = (datetime.fromisoformat(one["start_at"]), datetime.fromisoformat(one["end_at"]))
        assert tuple(at.hour * 60 + at.minute for at in ends) == span
        assert one["duration_s"] == (span[1] - span[0]) * 60
        assert (one["evidence"], one["ticket"]) == (evidence, ticket)


def test_there_are_no_other_interruptions(figures: dict[str, Any]) -> None:
    assert {one["transformer"] for one in figures["interruptions"]} == {"T5", "T6"}


def entry_of(entries: list[dict[str, Any]], figure: str, area: str) -> dict[str, Any]:
    (found,) = [one for one in entries if (one["figure"], one["area"]) == (figure, area)]
    return found


@pytest.mark.parametrize(("figure", "area"), list(TARGETS))
def test_the_scorecard_of_the_street_equals_a_recount_of_what_was_sent(
    figures: dict[str, Any], sent: dict[str, PointDay], figure: str, area: str
) -> None:
    days, target = of_area(sent.values(), area), TARGETS[figure, area]
    reached, members, not_known = figure_of(days, figure)

    shown = entry_of(figures["scorecard"]["commitments"], figure, area)

    assert len(figures["scorecard"]["commitments"]) == len(TARGETS)
    assert shown["target"] == float(target)
    assert shown["verdict"] == ("kept" if reached >= target else "broken")
    for one in (shown["decisive"], shown["together"], *shown["regions"]):
        assert one["actual"] == pytest.approx(reached, abs=1e-12)
        assert one["margin_points"] == pytest.approx(100 * (reached - target), abs=1e-10)
        assert (one["members"], one["not_known"]) == (members, not_known)
        assert one["lower"] <= one["actual"] <= one["upper"]
    assert [one["region"] for one in shown["regions"]] == ["Demo"]


@pytest.mark.parametrize(("figure", "area"), list(TARGETS))
def test_the_budget_of_the_street_equals_a_recount_of_what_was_sent(
    figures: dict[str, Any], sent: dict[str, PointDay], figure: str, area: str
) -> None:
    days, allowed_share = of_area(sent.values(), area), 1 - TARGETS[figure, area]
    day = use_of(days, figure, DAY)
    budget = figures["budget"]
    through = datetime.fromisoformat(budget["through"])
    members = figure_of(days, figure)[1]
    rest = members * rest_of_year(through, budget["zone"])
    allowed = allowed_share * (members * DAY + rest)
    projected = day.bad + Fraction(day.bad, day.known) * rest

    shown = entry_of(budget["budgets"], figure, area)

    assert through == datetime.fromisoformat(figures["scorecard"]["data_through"])
    assert shown["members"] == members
    assert shown["used_minutes"] == day.bad
    assert shown["allowed_minutes"] == float(allowed)
    assert shown["used_ratio"] == pytest.approx(day.bad / allowed, abs=1e-12)
    assert shown["projected_minutes"] == pytest.approx(projected, rel=1e-12)
    assert shown["projected_ratio"] == pytest.approx(projected / allowed, rel=1e-12)
    assert [one["window"] for one in shown["burn_rates"]] == list(WINDOW_MINUTES)
    for one in shown["burn_rates"]:
        use = use_of(days, figure, WINDOW_MINUTES[one["window"]])
        assert (one["bad_minutes"], one["known_minutes"]) == (use.bad, use.known)
        rate = Fraction(use.bad, use.known) / allowed_share
        assert one["burn_rate"] == pytest.approx(rate, abs=1e-12)


def test_the_street_keeps_some_targets_and_breaks_one(sent: dict[str, PointDay]) -> None:
    """The simulation itself: both verdicts are there to be found."""
    broken = {
        (figure, area)
        for (figure, area), target in TARGETS.items()
        if figure_of(of_area(sent.values(), area), figure)[0] < target
    }

    assert broken == {("supply_reliability", "rural")}
    assert use_of(of_area(sent.values(), "rural"), "supply_reliability", DAY).bad == 37 + 50
    assert use_of(of_area(sent.values(), "urban"), "pass_rate", 360).bad > 50


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port: int = listener.getsockname()[1]
        yield port


def test_a_port_that_is_taken_is_said_in_one_line(taken_port: int, tmp_path: Path) -> None:
    refused = demo(tmp_path, "--port", str(taken_port))

    (line,) = refused.stderr.splitlines()
    assert refused.returncode == 1
    assert f"port {taken_port} of 127.0.0.1 is taken" in line
    assert "--port" in line
    assert refused.stdout == ""
    assert list(tmp_path.iterdir()) == []
