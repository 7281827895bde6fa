"""The course of the demonstration: start, register, replay, wait until everything is settled, show."""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service import clock
from service.demo.figures import Figures, ask_figures
from service.demo.replay import feeder_messages, house_messages, street_messages_as_sent
from service.demo.roles import TOPIC, embedded_parts, running_roles
from service.demo.scenario import registry_files
from service.demo.street import FAULTS, PLANNED_OUTAGE, start_of_street
from service.demo.tables import print_figures
from service.domain.register import NewDeclaration, Place
from service.embedded.ports import is_free
from service.embedded.producer import EmbeddedProducer
from service.errors import ServiceError, SettingsError
from service.settings import Settings
from service.store.declarations import add_declaration
from service.store.pool import Pool
from service.store.registry_imports import import_file
from service.store.settled import Unsettled, unsettled

SETTLED_WITHIN_S = 300.0
LOOK_AGAIN_S = 0.25


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What was asked for."""

    once: bool  # end after the table
    api_port: int  # where it serves on; 0: any free one


async def run_demo(options: DemoOptions, console: Console) -> Figures:
    """Run the demonstration; return its figures when it ends.

    Raises:
        SettingsError: The port of the API is taken.
        ServiceError: A part does not start, or does not settle in time.
    """
    _refuse_busy_port(options)
    async with embedded_parts(0 if options.once else options.api_port) as settings:
        console.print(
            "broker and database run, the schema is there; a first run also compiles the kernels",
            soft_wrap=True,
        )
        start = await register_all(settings, clock.now(), console)
        async with running_roles(settings) as url, Pool(settings, "reader", max_size=2) as pool:
            await replay_all(settings, pool, start, console)
            days = (start.date().isoformat(), (start + timedelta(days=1)).date().isoformat())
            figures = await ask_figures(url, days)
            print_figures(console, figures)
            if not options.once:
                _say_where(console, url)
                await asyncio.Event().wait()
            return figures


def _refuse_busy_port(options: DemoOptions) -> None:
    """Find out before anything is started.

    Raises:
        SettingsError: Somebody else listens on the port.
    """
    port = options.api_port
    if not options.once and port and not is_free(port):
        raise SettingsError(
            f"port {port} of 127.0.0.1 is taken, perhaps by another demonstration; "
            "stop that, or name another port with --port (0: any free one)"
        )


async def register_all(settings: Settings, now: datetime, console: Console) -> datetime:
    """Import the registry, and declare the planned outage; return the start of the street's day."""
    zone = ZoneInfo(settings.zone)
    start = start_of_street(now, zone)
    files = await asyncio.to_thread(registry_files, start, zone)
    with tempfile.TemporaryDirectory() as folder:
        for kind, text in files.items():
            path = Path(folder) / f"{kind}.csv"
            path.write_text(text, encoding="utf-8")
            report = await import_file(settings, kind, path)
            if report.is_refused:
                raise ServiceError(str(report))
            console.print(f"imported {report}")
    outage = NewDeclaration(
        kind="outage",
        places=[Place("transformer", "T6")],
        ticket="DEMO-1",
        author="dispatcher",
        approver="shift leader",
        from_at=start + timedelta(minutes=PLANNED_OUTAGE[0]),
        to_at=start + timedelta(minutes=PLANNED_OUTAGE[1]),
        cause="planned_maintenance",
    )
    async with Pool(settings, "writer", max_size=1) as pool, pool.transaction() as connection:
        await add_declaration(connection, outage)
    console.print(
        "the street and its faults:",
        *(f"  - {fault}" for fault in FAULTS),
        sep="\n",
        soft_wrap=True,
    )
    return start


async def replay_all(settings: Settings, pool: Pool, start: datetime, console: Console) -> None:
    """Send everything, and wait until the last reading is stored, merged and counted."""
    sources = (house_messages(), feeder_messages(), street_messages_as_sent(start))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        sent = progress.add_task("messages sent", total=None)
        stored = progress.add_task("messages stored", total=None)
        n_sent = 0
        async with EmbeddedProducer(settings.kafka_bootstrap) as producer:
            for source in sources:
                n_sent += await producer.send(TOPIC, progress.track(source, task_id=sent))
        progress.update(sent, total=n_sent, completed=n_sent)
        progress.update(stored, total=n_sent)
        deadline_s = clock.monotonic_s() + SETTLED_WITHIN_S
        left = await _left(pool)
        while left.n_messages_stored < n_sent or not left.is_settled:
            if clock.monotonic_s() > deadline_s:
                raise ServiceError(f"not settled within {SETTLED_WITHIN_S:.0f} s: {left}")
            progress.update(stored, completed=left.n_messages_stored)
            await asyncio.sleep(LOOK_AGAIN_S)
            left = await _left(pool)
        progress.update(stored, completed=left.n_messages_stored)


async def _left(pool: Pool) -> Unsettled:
    async with pool.connection() as connection:
        return await unsettled(connection)


def _say_where(console: Console, url: str) -> None:
    base = url.rstrip("/")
    console.print(f"serving on {base} until Ctrl-C; for example:", style="bold")
    for path in (
        "/docs",
        "/v1/points/uci-house/pass-rate?by=day&from=2006-12-18&to=2007-01-11",
        "/v1/pass-rate?group_by=feeder",
        "/v1/interruptions",
        "/v1/scorecard?rule_set=sgcc-pledge-2023",
        "/v1/compliance?rule_set=en-50160&week=2006-12-18",
        "/v1/scorecard",
        "/v1/budget",
        "/v1/points/street-149/minutes",
        "/metrics",
        "/metrics/points?transformer=T3",
    ):
        console.print(f"  {base}{path}", soft_wrap=True)
