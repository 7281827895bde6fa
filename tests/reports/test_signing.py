"""A report is signed off once its month is over and settled; what moves after that is shown beside it."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.api.clients import get
from tests.api.seeding import Seeder
from tests.reports.month import MONTH_END, START, interrupt, seed
from tests.reports.test_monthly_reports import MONTH, run, table_of

pytestmark = pytest.mark.integration


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
    await seeder.run("UPDATE partition_progress SET data_through = $1", MONTH_END)
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
