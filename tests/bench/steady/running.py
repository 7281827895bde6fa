"""One run at the rated load: its processes, its watchers, and what they saw."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import asyncpg
import httpx
from rich.console import Console

from service.domain.reporting import SlotCount
from service.domain.rules import load_rule_set
from service.settings import Settings
from service.store.pool import Pool
from service.store.reporting_rows import keep_counts
from tests.bench.preparing import N_PARTITIONS, TOPIC, make_schema_and_topics
from tests.bench.roles import RoleError, check_alive, environment_of, running
from tests.bench.steady.fleet import N_REGIONS, Group, concentrators, register
from tests.bench.steady.month import make_month, month_before
from tests.bench.steady.reading_load import ReadingLoad
from tests.bench.steady.visibility import Visibility, watched_points
from tests.bench.steady.watching import Sight, Watch

CHECKPOINT_S: Final = int(os.environ.get("STEADY_CHECKPOINT_S", "15"))
MINUTE_S: Final = 60
READ_REGION: Final = "R1"
N_WATCHED: Final = (
    (1, 20),
    (60, 4),
)  # interval, points; asked each second, beside what readers ask
_HOUR_S: Final = 3600
_TURN_AFTER_S: Final = 45  # after the start of the load
_READ_ENDS_EARLY_S: Final = 2  # so that the last answers do not reach into the next minute
_READY_WITHIN_S: Final = 600
_POLL_S: Final = 0.5
_DRAIN_S: Final = 15  # after the last reading, for what is on the way


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run does."""

    groups: Sequence[Group]
    seconds: int  # of load, the warm-up included
    warm_up_s: int

    @property
    def n_points(self) -> int:
        """Points in the registry."""
        return sum(group.n_points for group in self.groups)


@dataclass(slots=True, kw_only=True)
class Run:
    """What was seen; times are seconds since the Unix epoch."""

    begin_s: int  # of the part that counts, a whole minute
    end_s: int  # of the load
    sights: list[Sight] = field(default_factory=list)
    sent: list[tuple[float, int]] = field(default_factory=list)  # time, readings so far
    producer_s: float = 0.0  # of processor
    last_sent_at: dict[tuple[int, int], float] = field(default_factory=dict)  # minute, concentrator
    late_s: list[float] = field(default_factory=list)  # of the producer
    seen_at: Mapping[tuple[int, int], float] = field(default_factory=dict)  # minute, concentrator
    n_given_up: int = 0
    load: ReadingLoad
    read_minutes: list[int] = field(default_factory=list)  # with readers beside


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """The roles that run, and where they are reached."""

    bootstrap: str
    dsn: str
    base_url: str
    roles: Mapping[str, "subprocess.Popen[bytes]"]
    folder: Path  # of what they log


def run(bootstrap: str, dsn: str, plan: Plan, console: Console) -> Run:
    """Run the whole service under the fleet's load; return what was seen of it.

    Raises:
        RoleError: A role ended, or was not ready in time.
    """
    began_s = time.monotonic()
    days = month_before(datetime.now(UTC).date())
    points = asyncio.run(_prepare(bootstrap, dsn, plan, days))
    console.print(
        f"endtoend: a registry, and a month to read, in {time.monotonic() - began_s:.0f} s"
    )
    with ExitStack() as stack:
        service = _start(bootstrap, dsn, stack)
        asyncio.run(_until_ready(service))
        ready_s = time.monotonic() - began_s
        console.print(
            f"endtoend: ready after {ready_s:.0f} s; {plan.seconds} s of load, logs in {service.folder}"
        )
        wait_s = wait_for_hour_s(time.time(), plan)
        console.print(f"endtoend: {wait_s:.0f} s until an hour begins where it may")
        time.sleep(wait_s)
        load = ReadingLoad(service.base_url, points, days, READ_REGION)
        seen = _under_load(service, plan, load, stack)
        for role, process in service.roles.items():
            check_alive(process, role)
    return seen


def _start(bootstrap: str, dsn: str, stack: ExitStack) -> _Service:
    folder = Path(tempfile.mkdtemp(prefix="voltpass-endtoend-"))
    port = _free_port()
    environment = environment_of(
        bootstrap, dsn, checkpoint_interval_s=str(CHECKPOINT_S), api_port=str(port)
    )
    roles = {
        role: stack.enter_context(running(role, environment, folder / f"{role}.log"))
        for role in ("consume", "settle", "serve")
    }
    return _Service(
        bootstrap=bootstrap,
        dsn=dsn,
        base_url=f"http://127.0.0.1:{port}",
        roles=roles,
        folder=folder,
    )


def _under_load(service: _Service, plan: Plan, load: ReadingLoad, stack: ExitStack) -> Run:
    senders = concentrators(plan.groups)
    sent_file = service.folder / "sent.jsonl"
    groups = ",".join(f"{group.n_points}x{group.interval_s}" for group in plan.groups)
    command = [sys.executable, "-m", "tests.bench.steady.pacing", service.bootstrap, TOPIC]
    with sent_file.open("wb") as out:
        producer = subprocess.Popen([*command, str(plan.seconds), groups], stdout=out)
    stack.callback(producer.kill)
    while not sent_file.stat().st_size:
        check_alive(producer, "the producer")
        time.sleep(_POLL_S)
    start_s = time.time()
    begin_s = int(-(-(start_s + plan.warm_up_s) // MINUTE_S) * MINUTE_S)
    seen = Run(begin_s=begin_s, end_s=int(start_s) + plan.seconds, load=load)
    watched = [one for interval, n in N_WATCHED for one in watched_points(senders, interval, n)]
    visibility = Visibility(service.base_url, watched)
    watch = Watch(service.dsn, {role: process.pid for role, process in service.roles.items()})
    asyncio.run(_watch(seen, watch, visibility))
    producer.wait(_DRAIN_S)
    _read_sent(sent_file, seen)
    seen.sights = watch.seen
    seen.seen_at, seen.n_given_up = visibility.seen_at, visibility.n_given_up
    return seen


def wait_for_hour_s(now_s: float, plan: Plan) -> float:
    """Return how long to wait with the load, so that no hour begins in the part of it that counts.

    When an hour begins there are two pages of each point in memory for some minutes; it may begin early in the warm-up.
    """
    begins_in_s = _HOUR_S - now_s % _HOUR_S
    is_early = begins_in_s <= plan.warm_up_s / 2
    return 0.0 if is_early or begins_in_s > plan.seconds else max(0.0, begins_in_s - _TURN_AFTER_S)


async def _watch(seen: Run, watch: Watch, visibility: Visibility) -> None:
    last_minute = seen.end_s // MINUTE_S * MINUTE_S - MINUTE_S
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch.run(seen.end_s + _DRAIN_S))
        tasks.create_task(visibility.watch(seen.begin_s, last_minute))
        tasks.create_task(_read_by_turns(seen))


async def _read_by_turns(seen: Run) -> None:
    """Read in every other minute: the last one of the warm-up, whose times are forgotten, then those that count."""
    for minute_s in range(seen.begin_s - MINUTE_S, seen.end_s - MINUTE_S + 1, 2 * MINUTE_S):
        await asyncio.sleep(max(0.0, minute_s - time.time()))
        await seen.load.run(minute_s + MINUTE_S - _READ_ENDS_EARLY_S)
        if minute_s >= seen.begin_s:
            seen.read_minutes.append(minute_s)
        else:
            seen.load.forget()


def _read_sent(file: Path, seen: Run) -> None:
    for line in file.read_text(encoding="ascii").splitlines():
        told = json.loads(line)
        if "sent" in told:
            seen.sent.append((told["at"], told["sent"]))
            seen.producer_s = told["processor_s"]
        else:
            seen.last_sent_at[told["minute"], told["concentrator"]] = told["at"]
            seen.late_s.append(told["at"] - told["due"])


async def _prepare(bootstrap: str, dsn: str, plan: Plan, days: tuple[date, date]) -> list[str]:
    await make_schema_and_topics(bootstrap, dsn)
    await register(dsn, plan.groups)
    await _let_all_have_reported(dsn, plan)
    return await make_month(dsn, days, READ_REGION, plan.n_points // N_REGIONS)


async def _let_all_have_reported(dsn: str, plan: Plan) -> None:
    """Count the slot that goes on: the meters were not silent before, which would be an incident of them all."""
    communication = load_rule_set("sgcc-2003").communication
    assert communication is not None
    slot_at = datetime.fromtimestamp(
        time.time() // communication.slot_s * communication.slot_s, UTC
    )
    all_of_them = SlotCount(n_due=plan.n_points, n_reporting=plan.n_points, n_interrupted=0)
    async with (
        Pool(Settings(database_dsn=dsn), "writer", max_size=1) as pool,
        pool.transaction() as connection,
    ):
        await keep_counts(connection, slot_at, all_of_them, {})


async def _until_ready(service: _Service) -> None:
    """Return when the API answers and a consumer owns the partitions."""
    connection = await asyncpg.connect(service.dsn)
    try:
        async with (
            asyncio.timeout(_READY_WITHIN_S),
            httpx.AsyncClient(base_url=service.base_url, timeout=_READY_WITHIN_S) as client,
        ):
            while not (await _answers(client) and await _is_owned(connection)):
                for role, process in service.roles.items():
                    check_alive(process, role)
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise RoleError(f"not ready in {_READY_WITHIN_S} s; see {service.folder}") from error
    finally:
        await connection.close()


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).is_success
    except httpx.TransportError:
        return False


async def _is_owned(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    n_owned: int = await connection.fetchval(
        "SELECT count(*) FROM partition_progress WHERE topic = $1", TOPIC
    )
    return n_owned == N_PARTITIONS


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
