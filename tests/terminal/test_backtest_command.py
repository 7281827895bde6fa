"""``voltpass alerts backtest`` over a small history: what was told, what was held, and the budget."""

import asyncio
import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.__main__ import main
from service.domain.catalogue import checksum_of
from service.domain.rules import packaged_text, parse_rule_set
from service.settings import Settings
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

DAY = datetime(2024, 3, 1, 16, tzinfo=UTC)  # midnight of 2 March in China
SPAN = ("--from", "2024-03-02", "--to", "2024-03-03")
MINUTE = timedelta(minutes=1)


async def put_outage(seeder: Seeder, points: str, start: float, minutes: float, code: str) -> None:
    """Put an outage of a transformer of which every meter told within ten seconds."""
    begins, ends = DAY + start * MINUTE, DAY + (start + minutes) * MINUTE
    outage_id = await seeder.run(
        """
        INSERT INTO outage (place, code, feeder, earliest_at, start_at, end_at, last_end_at, evidence,
                            n_points, n_nested, n_customers)
        VALUES ('transformer', $1, $2, $3, $3, $4, $4, 'meter_event', $5, 0, $5)
        RETURNING outage_id
        """,
        code, f"F{code}", begins, ends, len(points),
    )  # fmt: skip
    for point in points:
        await seeder.run(
            """
            INSERT INTO interruption (point_id, earliest_at, start_at, end_at, latest_at, evidence, grades, outage_id)
            VALUES ($1, $2, $2, $3, $3, 'meter_event', '{meter_event}', $4)
            """,
            seeder.point_ids[point], begins, ends, outage_id,
        )  # fmt: skip
        for event, at in (("power_off", begins), ("power_on", ends)):
            await seeder.run(
                """
                INSERT INTO meter_event (point_id, device_id, event, at, until_at, arrived_at)
                VALUES ($1, 1, $2, $3, $3, $3::timestamptz + interval '10 seconds')
                """,
                seeder.point_ids[point], event, at,
            )  # fmt: skip


async def seed(seeder: Seeder) -> None:
    """Put three outages of the same three points, one of them declared; a breach; a loss of communication."""
    await seeder.zone("Asia/Shanghai")
    await seeder.points(
        *(NewPoint(point=name, feeder="FT1", area="urban") for name in "ABC"),
        *(NewPoint(point=name, feeder="F2", transformer="T2") for name in "UVWXYZ"),
    )
    await seeder.run("UPDATE point SET organisation = 'ORG-' || feeder")
    await put_outage(seeder, "ABC", 60, 45, "T1")
    await put_outage(seeder, "ABC", 300, 2, "T1")
    await put_outage(seeder, "ABC", 600, 110, "T1")
    await seeder.run(
        """
        WITH made AS (
            INSERT INTO declaration (kind, outage_kind, ticket, author, approver, window_from, window_to, made_at)
            VALUES ('outage', 'planned', 'P-1', 'a', 'b', $1, $2, $3)
            RETURNING declaration_id
        )
        INSERT INTO declaration_scope SELECT declaration_id, 'transformer', 'T1' FROM made
        """,
        DAY + 600 * MINUTE, DAY + 720 * MINUTE, DAY - timedelta(days=8),
    )  # fmt: skip
    for name in "UVWXYZ":
        await seeder.device(name, f"M-{name}")
        cells = [[1200] * 20 + [300] * 40]  # +12 % for twenty minutes
        await seeder.minutes(name, DAY + 120 * MINUTE, cells)
    await seeder.run(
        """
        WITH made AS (
            INSERT INTO communication_incident (place, code, from_at, to_at, against, n_due, n_usual, n_silent)
            VALUES ('feeder', 'F2', $1, $2, 'usual', 6, 6, 6)
            RETURNING incident_id
        )
        INSERT INTO communication_incident_point SELECT incident_id, $3, $1, $2 FROM made
        """,
        DAY + 900 * MINUTE, DAY + 930 * MINUTE, seeder.point_ids["U"],
    )  # fmt: skip
    await seeder.reach(DAY + timedelta(days=3))


def run(settings: Settings, *arguments: str, **env: str) -> Result:
    dsn = {"VOLTPASS_DATABASE_DSN": settings.database_dsn}
    return CliRunner(env=dsn | env).invoke(main, ["alerts", "backtest", *arguments])


def test_json_says_what_was_told_and_what_was_held(seeded: Settings) -> None:
    done = run(seeded, *SPAN, "--format", "json")

    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["zone"] == "Asia/Shanghai"
    assert [(one["organisation"], one["at"], one["points"]) for one in found["notifications"]] == [
        ("ORG-FT1", "2024-03-02T01:03:30+08:00", 3),
        ("ORG-F2", "2024-03-02T02:16:30+08:00", 6),
    ]
    assert found["n_held"] == {"communication_incident": 1, "declared_window": 1, "reclosed": 1}
    assert found["n_alerts"] == found["n_told"] + sum(found["n_held"].values()) == 5
    assert found["budget"]["is_kept"]
    assert [one["notifications"] for one in found["by_ten_minutes"]] == [1, 1]


def test_a_csv_has_a_line_of_each_alert(seeded: Settings) -> None:
    done = run(seeded, *SPAN, "--format", "csv")

    rows = list(csv.DictReader(done.output.splitlines()))
    assert [(row["rule"], row["code"], row["held"]) for row in rows] == [
        ("interruption", "T1", ""),
        ("tolerance_breach", "F2", ""),
        ("interruption", "T1", "reclosed"),
        ("interruption", "T1", "declared_window"),
        ("communication", "F2", "communication_incident"),
    ]


@pytest.mark.parametrize(
    ("asked", "n_alerts"),
    [
        (("--rule", "tolerance_breach"), 1),
        (("--rule", "interruption", "--rule", "communication"), 4),
        (("--organisation", "ORG-F2"), 2),
        (("--organisation", "nobody"), 0),
        (("--from", "2024-03-02T02:00+08:00", "--to", "2024-03-02T04:30+08:00"), 1),
    ],
)
def test_a_part_can_be_asked_for(seeded: Settings, asked: tuple[str, ...], n_alerts: int) -> None:
    done = run(seeded, *SPAN, *asked, "--format", "json")

    assert json.loads(done.output)["n_alerts"] == n_alerts


def test_a_table_says_how_many_why_and_which(seeded: Settings) -> None:
    text = " ".join(run(seeded, *SPAN).output.split())

    assert "5 alerts, 2 told in 2 notifications, 2024-03-02 00:00 to 2024-03-03 00:00" in text
    assert "inside a declared window" in text
    assert "interruption transformer T1 since 01:00:00" in text
    assert "budget of 1 notification(s) per organisation and 600 s: kept" in text


async def test_a_broken_budget_is_said_and_fails(seeder: Seeder, tmp_path: Path) -> None:
    await seed(seeder)
    alerts = packaged_text("voltpass-defaults").partition("[alerts]")[2]
    for old, new in (
        ("group_interval_s = 600", "group_interval_s = 60"),
        ("budget_s = 600", "budget_s = 86400"),
        ("reclose_wait_s = 180", "reclose_wait_s = 60"),
    ):
        assert old in alerts
        alerts = alerts.replace(old, new)
    text = (
        'name = "busy"\ntitle = "t"\nextends = "sgcc-2003"\neffective_from = 2003-11-01\n[alerts]'
        + alerts
    )
    (tmp_path / "busy.toml").write_text(text, encoding="utf-8")
    await seeder.run(
        "UPDATE deployment SET rule_set = 'busy', rule_set_checksum = $1 RETURNING 1",
        checksum_of(parse_rule_set(text)),
    )
    env = {"VOLTPASS_RULE_SET": "busy", "VOLTPASS_RULE_SET_FOLDER": str(tmp_path)}

    done = await asyncio.to_thread(lambda: run(seeder.settings, *SPAN, **env))

    assert done.exit_code == 1, done.output
    assert "broken 1 times, first by ORG-FT1 with 2" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rule", "noise"), "is not one of"),
        (("--from", "yesterday"), "from"),
        (("--from", "2024-03-02", "--to", "2024-03-01"), "to"),
        (("--from", "2022-01-01", "--to", "2024-03-01"), "at most 400 are answered"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    seeded: Settings, arguments: tuple[str, ...], said: str
) -> None:
    done = run(seeded, *arguments)

    assert done.exit_code != 0
    assert said in done.output
