"""Alerts that notified nobody: listed with why and until when, page by page."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.api.clients import get, problem
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATH = "/v1/held-alerts"
MARCH = {"from": "2024-03-01", "to": "2024-04-01"}
OUTAGE = """
INSERT INTO outage_alert (outage_id, kind, organisation, region, feeder, start_at, noted_at, ready_at, told_at, reason,
       over_at, n_points, n_customers)
VALUES ($1, 'interruption', 'O1', 'R1', $2, $3, $3, $3, $4, $5, $6, 12, 24)
"""


async def seed(seeder: Seeder) -> None:
    """Put an outage that was told, one of a storm, one of a window that lasts, and a silent point's breach."""
    await seeder.points(NewPoint(point="P1", feeder="F1", area="urban"))
    await seeder.run(OUTAGE, 1, "F1", START, START, None, None)
    await seeder.run(OUTAGE, 2, "F2", START + HOUR, None, "storm", START + 3 * HOUR)
    await seeder.run(OUTAGE, 3, "F3", START + 2 * HOUR, None, "declared_window", None)
    number = await seeder.run(
        "INSERT INTO communication_incident (place, code, from_at, against, n_due, n_usual, n_silent)"
        " VALUES ('feeder', 'F1', $1, 'usual', 12, 10, 6) RETURNING incident_id",
        START + 4 * HOUR,
    )
    await seeder.run(
        "INSERT INTO communication_incident_point (incident_id, point_id, silent_from, silent_to, held)"
        " VALUES ($1, $2, $3, $4, 'over')",
        number, seeder.point_ids["P1"], START + 4 * HOUR, START + 5 * HOUR,
    )  # fmt: skip
    await seeder.reach(START + 24 * HOUR)


async def test_every_alert_that_notified_nobody_is_listed_with_why_and_until_when(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seed(seeder)

    found = (await get(client, PATH, **MARCH))["held_alerts"]

    assert [(one["rule"], one["reason"], one["feeder"], one["point"]) for one in found] == [
        ("tolerance_breach", "communication_incident", "F1", "P1"),
        ("interruption", "declared_window", "F3", None),
        ("interruption", "storm", "F2", None),
    ]
    storm = found[2]
    assert (storm["held_from"], storm["held_to"]) == (
        "2024-03-01T09:00:00+08:00",
        "2024-03-01T11:00:00+08:00",
    )
    assert (storm["points"], storm["customers"], storm["outage_id"]) == (12, 24, 2)
    assert (found[0]["held_to"], found[0]["customers"]) == (None, 1)


async def test_they_are_chosen_and_come_page_by_page(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seed(seeder)

    first = await get(client, PATH, **MARCH, limit="2")
    second = await get(client, PATH, **MARCH, limit="2", cursor=first["next_cursor"])
    now = await get(client, PATH, **MARCH, open="true")
    storm = await get(client, PATH, **MARCH, reason="storm")
    of_feeder = await get(client, PATH, **MARCH, feeder="F3")

    reasons = [one["reason"] for page in (first, second) for one in page["held_alerts"]]
    assert reasons == ["communication_incident", "declared_window", "storm"]
    assert second["next_cursor"] is None
    assert [len(page["held_alerts"]) for page in (now, storm, of_feeder)] == [2, 1, 1]


async def test_a_reason_that_there_is_not_is_refused(client: httpx.AsyncClient) -> None:
    found = await problem(client, PATH, reason="laziness")

    assert found["status"] == 422
    assert "reason" in str(found)
