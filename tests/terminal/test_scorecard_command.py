"""``voltpass scorecard`` shows what the API answers, from the database or from a ``serve``."""

import asyncio
import csv
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from kernels.layout import CELL_NONE
from service.__main__ import main
from service.settings import Settings
from service.wiring.serve import run_serve
from tests.api.clients import application, client_of, get
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight of 1 March in Shanghai
VOLTPASS = Path(sys.executable).with_name("voltpass")
SPAN = ("--from", "2024-03-01", "--to", "2024-03-02")


async def seed(seeder: Seeder) -> None:
    """Put two urban regions, one of them bad, and a silent rural one."""
    for name, region, area in (("A", "R1", "urban"), ("B", "R2", "urban"), ("C", "R1", "rural")):
        await seeder.points(NewPoint(point=name, region=region, area=area, transformer=f"T{name}"))
    await seeder.minutes("A", START, [[100] * 1440])
    await seeder.minutes("B", START, [[100] * 1360 + [800] * 80])
    await seeder.minutes("C", START, [[100] * 100 + [CELL_NONE] * 1340])
    await seeder.reach(START + timedelta(days=1))
    await seeder.settle()


def run(settings: Settings | None, *arguments: str) -> Result:
    """Run the command; with the database of ``settings``, if any."""
    env = {} if settings is None else {"VOLTPASS_DATABASE_DSN": settings.database_dsn}
    return CliRunner(env=env).invoke(main, ["scorecard", *arguments])


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, without a database."""
    return subprocess.run(
        [VOLTPASS, "scorecard", *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def shown(settings: Settings | None, *arguments: str) -> str:
    result = run(settings, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


async def answers(settings: Settings, **params: str) -> dict[str, Any]:
    """Return what the API answers."""
    async with client_of(application(settings)) as client:
        card = await get(client, "/v1/scorecard", **params)
        params.pop("from", None)
        return {"scorecard": card, "budget": await get(client, "/v1/budget", **params)}


def test_json_is_what_the_api_answers(seeded: Settings) -> None:
    expected = asyncio.run(answers(seeded, **{"from": "2024-03-01", "to": "2024-03-02"}))

    assert json.loads(shown(seeded, *SPAN, "--format", "json")) == expected


def test_a_year_is_its_days(seeded: Settings) -> None:
    whole = ("--from", "2024-01-01", "--to", "2025-01-01", "--format", "json")

    assert shown(seeded, "--year", "2024", "--format", "json") == shown(seeded, *whole)


def test_the_table_shows_verdicts_regions_and_the_budget(seeded: Settings) -> None:
    lines = shown(seeded, *SPAN).splitlines()

    def line_with(*words: str) -> str:
        found = [line for line in lines if all(word in line for word in words)]
        assert found, (words, lines)
        return found[0]

    heading = line_with("Scorecard of sgcc-2003", "2024-03-01 up to 2024-03-02", "Asia/Shanghai")
    assert "2024-03-02 00:00 +0800" in heading
    line_with(
        "pass rate", "residential points", "urban", "each: R2", "95", "94.4444", "-0.5556", "broken"
    )
    line_with("  R1", "100.0000", "+5.0000", "kept")
    line_with("pass rate", "rural", "90", "not enough data")
    line_with("supply reliability", "urban", "99.89", "100.0000", "+0.1100", "kept")
    line_with("without declarations", "100.0000", "+0.1100", "kept")
    line_with("Budget of 2024", "Asia/Shanghai")
    # 5 % of 2 points x 366 days; 80 of 2 880 minutes in each window of days
    line_with("pass rate", "urban", "52,704", "80", "0.15", "0.555")


def test_a_csv_has_a_line_of_each_commitment_and_region(seeded: Settings) -> None:
    rows = list(csv.DictReader(shown(seeded, *SPAN, "--format", "csv").splitlines()))

    urban = [row for row in rows if (row["figure"], row["area"]) == ("pass_rate", "urban")]
    assert [(row["line"], row["region"], row["verdict"]) for row in urban] == [
        ("commitment", "R2", "broken"),
        ("together", "", "kept"),
        ("region", "R1", "kept"),
        ("region", "R2", "broken"),
    ]
    reliability = [row["line"] for row in rows if row["figure"] == "supply_reliability"]
    assert [line for line in reliability if line.startswith("undeclared")] == [
        *("undeclared_commitment", "undeclared_together"),
        *("undeclared_region", "undeclared_region"),
        *("undeclared_commitment", "undeclared_together", "undeclared_region"),
    ]
    assert float(urban[0]["burn_rate_3d"]) == pytest.approx(80 / 2880 / 0.05)
    assert (urban[0]["used_minutes"], urban[1]["used_minutes"]) == ("80.0", "")
    assert {row["data_through"] for row in rows} == {"2024-03-02T00:00:00+08:00"}
    assert all(None not in row.values() for row in rows)


def test_a_pledge_says_whose_verdicts_it_rests_on(seeded: Settings) -> None:
    text = shown(seeded, *SPAN, "--rule-set", "sgcc-pledge-2005")

    assert "minutes are judged by sgcc-2003" in text
    assert "the target is set by the provincial company" in text


@pytest.mark.slow
async def test_a_serve_is_asked_where_it_is_named(seeded: Settings) -> None:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    listening = seeded.model_copy(update={"api_port": 0})
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(run_serve(listening, stop, ready.set_result))
        url = await ready
        asked = (*SPAN, "--format", "json")
        of_serve = await asyncio.to_thread(process, *asked, "--url", f"{url}/")
        refused = await asyncio.to_thread(process, "--url", url, "--rule-set", "nobody-1")
        stop.set()
    expected = await answers(seeded, **{"from": "2024-03-01", "to": "2024-03-02"})

    assert of_serve.returncode == 0, of_serve.stderr
    assert json.loads(of_serve.stdout) == expected
    assert refused.returncode == 1
    assert "there are: " in refused.stderr
    assert "[serve_answer]" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@contextmanager
def stranger(status: int, body: bytes) -> Iterator[str]:
    """Run a server that is no ``serve``; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html>", "no answer of this version"),
        (200, b'{"commitments": []}', "no answer of this version"),
        (404, b"<html>", "404: no problem of `voltpass serve`"),
        (500, b"[1]", "500: no problem of `voltpass serve`"),
    ],
)
def test_a_server_that_is_no_serve_is_told_apart(status: int, body: bytes, said: str) -> None:
    with stranger(status, body) as url:
        result = run(None, "--url", url)

    assert result.exit_code == 1
    assert said in result.output
    assert "--url" in result.output


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1", "refused"),
        ("ftp://127.0.0.1", "must begin with http"),
        ("/etc/passwd", "must begin with http"),
    ],
)
def test_an_address_that_cannot_be_asked_is_named(url: str, said: str) -> None:
    result = run(None, "--url", url)

    assert result.exit_code == 1
    assert said in result.output


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("--year", "2024", "--to", "2024-03-01"), 2, "--year, or --from and --to, not both"),
        (("--rule-set", "nobody-1"), 1, "there are: "),
        (("--rule-set", "nea-regulation"), 1, "judges minutes otherwise than sgcc-2003"),
        (("--from", "2024-03-02", "--to", "2024-03-01"), 1, "from must be before to"),
        (("--to", "tomorrow"), 1, "must be a day"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(
    seeded: Settings, arguments: tuple[str, ...], exit_code: int, said: str
) -> None:
    result = run(seeded, *arguments)

    assert result.exit_code == exit_code
    assert said in result.output
    assert "Traceback" not in result.output


def test_settings_that_name_another_statutory_set_are_refused(seeded: Settings) -> None:
    env = {"VOLTPASS_DATABASE_DSN": seeded.database_dsn, "VOLTPASS_RULE_SET": "en-50160"}

    result = CliRunner(env=env).invoke(main, ["scorecard"])

    assert result.exit_code == 1
    assert "pages of this deployment are judged by sgcc-2003" in result.output


async def test_a_set_that_judges_otherwise_is_a_problem_of_the_api(seeded: Settings) -> None:
    async with client_of(application(seeded)) as client:
        for path in ("/v1/scorecard", "/v1/budget"):
            answer = await client.get(path, params={"rule_set": "nea-regulation"})
            assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
            assert answer.json()["code"] == "rule_set_not_judged"
            assert "/v1/rule-sets" in answer.json()["next"]
