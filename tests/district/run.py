"""A run: start everything, register, replay, declare, wait until all is settled, ask."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from service.domain.register_files import Kind
from service.settings import Settings, read_settings
from service.store.pool import Pool
from service.store.register_imports import import_register_file
from service.store.registry_imports import import_file
from service.store.settled import Unsettled, unsettled
from service.wiring.migrate import run_migrate
from tests.district.answers import Answers, answers_of
from tests.district.replay import Sent, replay
from tests.district.servers import Servers, running_servers
from tests.real.instance import free_ports
from tests.simulate.district import District

_LOOK_AGAIN_S = 0.5
_HUNDRED_YEARS_S = str(100 * 366 * 86_400)
_ENDS_WITHIN_S = 60.0
_ROLES = ("consume", "settle", "serve")
_REGISTER: "tuple[Kind, ...]" = ("outages", "calls")


class DistrictError(Exception):
    """The run cannot go on."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run."""

    is_real: bool  # Kafka and TimescaleDB instead of the embedded parts
    settled_within_s: float
    tell: Callable[[str], None]
    environment: Mapping[str, str] = field(default_factory=dict)  # wins over what is set here


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A district of which all is settled; the roles go on."""

    settings: Settings
    bootstrap: str
    api: str  # host:port
    metrics: Mapping[str, str]  # host:port of each role's own


async def answered(district: District, options: Options) -> Answers:
    """Run a district through the service, and return what it knows in the end.

    Raises:
        DistrictError: A role ended, or it was not settled in time.
    """
    async with running(district, options) as run:
        span = [datetime.fromisoformat(str(district.figures[edge])) for edge in ("from", "to")]
        return await answers_of(run.settings, f"http://{run.api}", (span[0], span[1]))


@contextlib.asynccontextmanager
async def running(district: District, options: Options) -> AsyncIterator[Run]:
    """Run a district through the service; the block begins when all of it is settled.

    Raises:
        DistrictError: A role ended, or it was not settled in time.
    """
    folder = district.out
    async with running_servers(real=options.is_real) as servers:
        ports = dict(zip(_ROLES, free_ports(len(_ROLES)), strict=True))
        environment = _environment(servers) | dict(options.environment)
        settings = read_settings(environment)
        await run_migrate(settings)
        await _register(settings, folder, options)
        with _running_roles(environment, ports, folder) as roles:
            started_s = time.monotonic()
            sent = await replay(folder, servers.bootstrap, options.tell)
            options.tell(f"all sent after {time.monotonic() - started_s:.0f} s")
            for kind in _REGISTER:
                await _import_register(settings, kind, folder, options)
            await _wait(settings, sent, (roles, folder), options)
            options.tell(f"settled after {time.monotonic() - started_s:.0f} s")
            addresses = {role: f"127.0.0.1:{port}" for role, port in ports.items()}
            yield Run(
                settings=settings,
                bootstrap=servers.bootstrap,
                api=addresses["serve"],
                metrics=addresses,
            )


def _environment(servers: Servers) -> dict[str, str]:
    return {
        "VOLTPASS_DATABASE_DSN": servers.dsn,
        "VOLTPASS_KAFKA_BOOTSTRAP": servers.bootstrap,
        "VOLTPASS_SESSION_TIMEOUT_S": "30",
        # A page holds an hour; a checkpoint each few simulated hours writes most pages once.
        "VOLTPASS_CHECKPOINT_INTERVAL_S": "15",
        "VOLTPASS_SETTLE_INTERVAL_S": "5",
        # A simulated month passes in minutes; its readings are as old as they are.
        "VOLTPASS_OLDEST_READING_AGE_S": "0",
        "VOLTPASS_METER_EVENT_AGE_S": "0",
        "VOLTPASS_LATENESS_WINDOW_S": _HUNDRED_YEARS_S,
        "VOLTPASS_LOG_LEVEL": "info",
    }


async def _register(settings: Settings, folder: Path, options: Options) -> None:
    for kind in ("points", "devices", "customers"):
        report = await import_file(settings, kind, folder / f"{kind}.csv")
        if report.is_refused:
            raise DistrictError(str(report))
        options.tell(f"imported {report}")


@contextlib.contextmanager
def _running_roles(
    environment: dict[str, str], ports: Mapping[str, int], folder: Path
) -> "Iterator[dict[str, subprocess.Popen[bytes]]]":
    ours = {name: v for name, v in os.environ.items() if not name.startswith("VOLTPASS_")}
    roles: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for role in _ROLES:
            with (folder / f"{role}.log").open("wb") as log:
                roles[role] = subprocess.Popen(
                    [sys.executable, "-m", "service", role],
                    env=ours | environment | _port_of(role, ports[role]),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        yield roles
    finally:
        for process in roles.values():
            process.terminate()
        for process in roles.values():
            process.wait(_ENDS_WITHIN_S)


def _port_of(role: str, port: int) -> dict[str, str]:
    """Return where a role answers Prometheus: `serve` as it answers everybody."""
    return {"VOLTPASS_API_PORT" if role == "serve" else "VOLTPASS_METRICS_PORT": str(port)}


async def _wait(
    settings: Settings,
    sent: Sent,
    running: "tuple[dict[str, subprocess.Popen[bytes]], Path]",
    options: Options,
) -> None:
    """Wait until every message is stored and the settle role has derived every interruption.

    The scorecard rests on no week, and weeks of 20,000 points are counted as long as all the rest takes.
    """
    deadline_s = time.monotonic() + options.settled_within_s
    told_s = time.monotonic()
    async with Pool(settings, "reader", max_size=1) as pool:
        while True:
            async with pool.connection() as connection:
                left = await unsettled(connection)
            if left.has_interruptions and left.n_messages_stored >= sent.n_readings + sent.n_events:
                return
            _check(left, running, options, deadline_s)
            if time.monotonic() - told_s > 20:
                told_s = time.monotonic()
                options.tell(str(left))
            await asyncio.sleep(_LOOK_AGAIN_S)


def _check(
    left: Unsettled,
    running: "tuple[dict[str, subprocess.Popen[bytes]], Path]",
    options: Options,
    deadline_s: float,
) -> None:
    roles, folder = running
    for role, process in roles.items():
        if process.poll() is not None:
            log = folder / f"{role}.log"
            raise DistrictError(f"{role} ended with {process.returncode}; see {log}")
    if time.monotonic() > deadline_s:
        raise DistrictError(f"not settled within {options.settled_within_s:.0f} s: {left}")


async def _import_register(settings: Settings, kind: Kind, folder: Path, options: Options) -> None:
    report = await import_register_file(settings, kind, folder / f"{kind}.csv", "simulation")
    if report.is_refused:
        raise DistrictError(str(report))
    options.tell(f"imported {report}")
