"""The commands of the pages for people are run, in order, against the demonstration's service with keys."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from service import clock
from service.auth.api_keys import new_key_text
from service.demo.roles import embedded_parts, running_roles
from service.demo.run import register_all, replay_all
from service.settings import Settings
from service.store.api_keys import NewApiKey, add_api_key
from service.store.pool import Pool
from tests.docs.documents import REPOSITORY

PAGES = {  # what has to come out, so that a page cannot pass by doing nothing
    "operators": ("street-149", '"kind":"outage"', "2026-0815", "days compared", "notification"),
    "meter-vendors": ("2 taken, 0 refused", "1 taken, 0 refused", "malformed_reading", "missing"),
    "administrators": ("schema is at revision", "outage desk", "is revoked", "voltpass_"),
}
ADDRESS = "http://127.0.0.1:8000"
_RUN_WITHIN_S = 180

pytestmark = [pytest.mark.real, pytest.mark.slow]


@dataclass(frozen=True, slots=True)
class Served:
    """A service that answers, and the environment in which its commands run."""

    url: str
    environment: dict[str, str]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The demonstration with its data, its requests authenticated by keys."""
    ready: list[Served] = []
    with asyncio.Runner() as runner, _in_thread(runner, ready):
        yield ready[0]


@contextmanager
def _in_thread(runner: asyncio.Runner, ready: list[Served]) -> Iterator[None]:
    started, stop = threading.Event(), asyncio.Event()
    loop = runner.get_loop()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            loop.run_until_complete(_demonstration(ready, started, stop))
        except BaseException as error:  # noqa: BLE001 (raised by the thread that waits)
            failed.append(error)
            started.set()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    try:
        if failed:
            raise failed[0]
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
    if failed:
        raise failed[0]


async def _demonstration(
    ready: list[Served], started: threading.Event, stop: asyncio.Event
) -> None:
    console = Console(quiet=True)
    async with embedded_parts(0) as embedded:
        settings = embedded.model_copy(update={"auth": "keys"})
        start = await register_all(settings, clock.now(), console)
        key = await _key(settings)
        async with running_roles(settings) as url, Pool(settings, "reader", max_size=2) as pool:
            await replay_all(settings, pool, start, console)
            ready.append(Served(url.rstrip("/"), _environment(settings, key)))
            started.set()
            await stop.wait()


async def _key(settings: Settings) -> str:
    made = new_key_text()
    new = NewApiKey(
        key_id=made.key_id,
        secret_hash=made.secret_hash,
        owner="the documents",
        scopes=frozenset({"admin"}),
        regions=None,
        expires_at=clock.now() + timedelta(days=1),
    )
    async with Pool(settings, "writer", max_size=1) as pool, pool.transaction() as connection:
        await add_api_key(connection, new, "test")
    return made.text


def _environment(settings: Settings, key: str) -> dict[str, str]:
    kept = ("database_dsn", "database_tls", "kafka_bootstrap")
    beside = ",".join(settings.rule_sets_beside)
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", "/"),
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", ""),
        "LANG": "C.UTF-8",
        "KEY": key,
        "VOLTPASS_RULE_SETS_BESIDE": beside,
        **{f"VOLTPASS_{name.upper()}": str(getattr(settings, name)) for name in kept},
    }


def script_of(page: str, url: str) -> str:
    """Return all commands of a page; a request that is refused ends them."""
    text = (REPOSITORY / "docs" / f"{page}.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    head = (
        "set -euo pipefail",
        'curl() { command curl --silent --show-error --fail-with-body "$@" || { echo "refused: $*" >&2; exit 22; }; }',
    )
    return "\n".join([*head, *blocks]).replace(ADDRESS, url)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_page_works(page: str, served: Served, tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", script_of(page, served.url)],
        cwd=tmp_path,
        env=served.environment,
        capture_output=True,
        text=True,
        timeout=_RUN_WITHIN_S,
        check=False,
    )

    assert done.returncode == 0, f"{done.stderr}\n{done.stdout[-1000:]}"
    said = done.stdout + done.stderr
    assert [one for one in PAGES[page] if one not in said] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_command_that_is_not_run(page: str) -> None:
    text = (REPOSITORY / "docs" / f"{page}.md").read_text("utf-8")

    fences = re.findall(r"^```(\w*)$", text, re.MULTILINE)

    assert set(fences[::2]) == {"sh"}
