"""A report is signed off once its month is over and settled; what moves after that is shown beside it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.api.clients import get
from tests.api.seeding import Seeder
from tests.reports.month import FINAL, MONTH_END, START, interrupt, seed
from tests.reports.test_monthly_reports import MONTH, run, table_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def sign(
    settings: Settings, *options: str, by: str = "li.na", approver: str = "wang.wei"
) -> Any:
    asked = ("sign-off", "--month", MONTH, "--report", "supply", "--by", by, "--approver", approver)
    return await asyncio.to_thread(run, settings, *asked, *options)


def rs_1(report: Any) -> float:
    (row,) = [
        row
        for row in table_of(report, "summary")
        if (row["area"], row["declarations"]) == ("all", "with")
    ]
    assert isinstance(row["rs_1"], float)
    return row["rs_1"]


async def test_signing_keeps_figures_that_move_later(
    settings: Settings, seeder: Seeder, client: httpx.AsyncClient
) -> None:
    await seed(seeder)
    before = await get(client, "/v1/reports/supply", month=MONTH)

    signed = await sign(settings)
    final = await get(client, "/v1/reports/supply", month=MONTH)
    again = await sign(settings)
    await interrupt(seeder, "D-1", 4000, 4100, "fault_internal")
    kept = await get(client, "/v1/reports/supply", month=MONTH)
    present = await get(client, "/v1/reports/supply", month=MONTH, figures="present")
    unasked = await sign(settings)
    revised = await sign(settings, "--revise")
    newest = await get(client, "/v1/reports/supply", month=MONTH)

    assert signed.exit_code == 0, signed.output
    assert (before["final"], final["final"], final["changes"]) == (False, True, [])
    assert final["signature"]["signed_by"] == "li.na"
    assert final["signature"]["approver"] == "wang.wei"
    assert final["digest"] == final["signature"]["digest"] == before["digest"]
    assert "no figure has moved" in again.output
    assert kept["tables"] == final["tables"]
    assert kept["digest"] == final["digest"]
    moved = {(one["table"], one["column"]): one for one in kept["changes"]}
    assert moved["summary", "rs_1"]["signed"] != moved["summary", "rs_1"]["present"]
    assert present["final"] is False
    assert rs_1(present) < rs_1(kept)
    assert "--revise" in unasked.output
    assert revised.exit_code == 0, revised.output
    assert (newest["signature"]["revision"], newest["changes"]) == (2, [])
    assert rs_1(newest) == rs_1(present)
    stored = await seeder.rows("SELECT revision, digest FROM report_sign_off ORDER BY revision")
    assert [row["digest"] for row in stored] == [final["digest"], newest["digest"]]


async def test_what_is_not_final_is_not_signed(settings: Settings, seeder: Seeder) -> None:
    await seed(seeder)
    point_id = seeder.point_ids["D-1"]
    waits = {
        "INSERT INTO dirty_day VALUES ($1, '2024-03-31', 0)": "DELETE FROM dirty_day WHERE point_id = $1",
        "INSERT INTO judgement_change (number, point_id, from_at, to_at, reason)"
        " VALUES (1, $1, '2024-03-02', '2024-03-03', 'late')": "DELETE FROM judgement_change WHERE point_id = $1",
        "INSERT INTO interruption_due (point_id, from_at, to_at)"
        " VALUES ($1, '2024-03-02', '2024-03-03')": "DELETE FROM interruption_due WHERE point_id = $1",
    }
    said = []

    one_person = await sign(settings, approver=" LI.NA ")
    for mark, unmark in waits.items():
        await seeder.run(mark, point_id)
        said.append((await sign(settings)).output)
        await seeder.run(unmark, point_id)
    await seeder.run(
        "UPDATE partition_progress SET data_through = $1", MONTH_END - timedelta(minutes=1)
    )
    open_month = await sign(settings)
    await seeder.run("UPDATE partition_progress SET data_through = $1", FINAL)
    await seeder.run(
        "INSERT INTO dirty_day VALUES ($1, $2, 0)", point_id, (START + timedelta(days=40)).date()
    )
    over = await sign(settings)

    assert "somebody else has to approve" in one_person.output
    assert [("still being counted" in text, "sign_off_refused" in text) for text in said] == [
        (True, True)
    ] * len(waits)
    assert "is not over" in open_month.output
    assert open_month.exit_code == 1
    assert over.exit_code == 0, over.output


async def put_partition(
    seeder: Seeder, topic: str, partition: int, data_through: datetime | None
) -> None:
    await seeder.run(
        """
        INSERT INTO partition_progress (topic, partition, epoch, owner, next_offset, data_through, stored_at)
        VALUES ($1, $2, 1, 'test', 7, $3, $4)
        """,
        *(topic, partition, data_through, MONTH_END),
    )


async def test_a_month_is_not_signed_while_one_partition_may_still_bring_readings_of_it(
    settings: Settings, seeder: Seeder
) -> None:
    await seed(seeder)
    await put_partition(seeder, "readings", 1, FINAL - timedelta(microseconds=1))
    await put_partition(seeder, "readings", 2, None)  # of a topic of readings: none came yet
    await put_partition(seeder, "old-readings", 0, START)
    await put_partition(seeder, "meter-events", 0, None)  # written at the end of the month
    await put_partition(seeder, "meter-events", 1, None)

    held_up = await sign(settings)
    await seeder.run("UPDATE partition_progress SET stored_at = $1 WHERE partition = 1", FINAL)
    await seeder.run(
        "UPDATE partition_progress SET data_through = $1 WHERE topic = 'readings'", FINAL
    )
    only_old = await sign(settings)
    await seeder.run(
        "UPDATE partition_progress SET data_through = $1 WHERE topic = 'old-readings'", FINAL
    )
    signed = await sign(settings)

    said = " ".join(held_up.output.split())
    assert held_up.exit_code == 1
    for words in (
        "readings/2 has given nothing yet",
        "old-readings/0 has reached 2024-03-01T00:00:00+08:00",
        "meter-events/0 has reached 2024-04-01T00:00:00+08:00",
        "meter-events/1 has reached",
        "readings/1 has reached 2024-04-10T23:59:59.999999+08:00",
        "waited for until 2024-04-11T00:00:00+08:00",
        "voltpass consume",
        "voltpass reports retire",
    ):
        assert words in said
    assert "readings/0" not in said.replace("old-readings/0", "")
    assert only_old.exit_code == 1
    assert "old-readings/0" in only_old.output
    assert "meter-events" not in only_old.output
    assert signed.exit_code == 0, signed.output


async def test_a_topic_is_left_out_while_somebody_says_so_and_nothing_comes_from_it(
    settings: Settings, seeder: Seeder
) -> None:
    await seed(seeder)
    for partition in (0, 1):
        await put_partition(seeder, "old-readings", partition, START)
    asked = ("old-readings", "--by", "li.na", "--reason", "renamed in May")

    async def retire(*options: str) -> Any:
        return await asyncio.to_thread(run, settings, "retire", *options)

    before = await sign(settings)
    one = await retire(*asked, "--partition", "0")
    half = await sign(settings)
    both = await retire(*asked)
    await seeder.run(
        "UPDATE partition_progress SET next_offset = 8 WHERE topic = 'old-readings' AND partition = 1"
    )
    awake = await sign(settings)
    await retire(*asked)
    withdrawn = await retire(*asked, "--withdraw")
    back = await sign(settings)
    await retire(*asked)
    signed = await sign(settings)

    assert "old-readings/0" in before.output
    assert "no longer wait for old-readings/0, says li.na" in one.output
    assert ("old-readings/0" in half.output, "old-readings/1" in half.output) == (False, True)
    assert "old-readings/0, 1" in both.output
    assert ("old-readings/0" in awake.output, "old-readings/1" in awake.output) == (False, True)
    assert "wait again" in withdrawn.output
    assert "old-readings/0" in back.output
    assert signed.exit_code == 0, signed.output
    trail = await seeder.rows(
        "SELECT is_retired, made_by, reason FROM partition_retirement ORDER BY retirement_id"
    )
    assert len(trail) == 9
    assert {(row["made_by"], row["reason"]) for row in trail} == {("li.na", "renamed in May")}
    assert sum(not row["is_retired"] for row in trail) == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("no-readings", "--by", "li.na", "--reason", "x"), "those that were: readings"),
        (("readings", "--partition", "2", "--by", "li.na", "--reason", "x"), "2; it has 0"),
        (("readings", "--by", " ", "--reason", "x"), "--by"),
        (("readings", "--by", "li.na", "--reason", " "), "--reason"),
    ],
)
async def test_a_statement_about_what_was_never_read_or_by_nobody_is_refused(
    settings: Settings, seeder: Seeder, asked: tuple[str, ...], said: str
) -> None:
    await seeder.reach(FINAL)

    answer = await asyncio.to_thread(run, settings, "retire", *asked)

    assert answer.exit_code == 1
    assert said in answer.output
    assert await seeder.rows("SELECT retirement_id FROM partition_retirement") == []
