"""The command ``voltpass``: one role or task of the service a subcommand."""

import asyncio
import importlib
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import uvloop

from service.errors import ServiceError
from service.logs import configure_logs
from service.settings import Settings, read_settings

if TYPE_CHECKING:
    from service.domain.register_files import Kind as RegisterKind
    from service.domain.registry_files import Kind
    from service.domain.table_files import Encoding, Language

Role = Callable[[Settings, asyncio.Event], Awaitable[None]]
REGISTER = ("outages", "calls", "deadlines")
KINDS = click.Choice(["points", "devices", "customers", *REGISTER])


# Commands that live elsewhere; imported when they are asked for.
_ELSEWHERE = {
    "alerts": "service.terminal.alerts_command",
    "check-message": "service.offline.message_command",
    "classify-events": "service.offline.classify_events",
    "demo": "service.demo.command",
    "indices": "service.offline.indices_command",
    "keys": "service.terminal.keys_command",
    "med": "service.offline.med_command",
    "reconcile": "service.terminal.reconcile_command",
    "reports": "service.terminal.reports_command",
    "rules": "service.offline.rules_command",
    "score": "service.offline.command",
    "scorecard": "service.terminal.scorecard_command",
    "simulate": "service.simulate.command",
    "sizing": "service.offline.sizing_command",
    "worst-served": "service.terminal.worst_served_command",
}


class _Group(click.Group):
    """Says our own errors in one line, with what to do next, instead of a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _ELSEWHERE:
            module = importlib.import_module(_ELSEWHERE[cmd_name])
            command: click.Command = getattr(module, cmd_name.replace("-", "_"))
            return command
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (ServiceError, ExceptionGroup) as error:
            if lines := _own_lines(error):
                raise click.ClickException("\n".join(lines)) from error
            raise


def _own_lines(error: Exception) -> list[str]:
    """Return what there is to say, a line an error; nothing if one of them is not ours."""
    if isinstance(error, ServiceError):
        return [f"{error} [{error.code}]"]
    if not isinstance(error, ExceptionGroup):
        return []
    lines = [_own_lines(each) for each in error.exceptions]
    return list(dict.fromkeys(line for each in lines for line in each)) if all(lines) else []


@click.group(
    cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="voltpass")
def main() -> None:
    """Voltage pass rate and supply reliability from meter telemetry.

    Settings are environment variables, VOLTPASS_*: see deploy/env.example.
    """


@main.command()
def consume() -> None:
    """Read telemetry from Kafka into the minute ledger; any number may run."""
    from service.wiring.consume import run_consume  # noqa: PLC0415

    _run(run_consume)


@main.command()
def serve() -> None:
    """Answer queries and show metrics; any number may run."""
    from service.wiring.serve import run_serve  # noqa: PLC0415

    _run(run_serve)


@main.command()
def settle() -> None:
    """Merge late readings, judge again, make daily figures; one works, others stand by."""
    from service.wiring.settle import run_settle  # noqa: PLC0415

    _run(run_settle)


@main.command()
@click.option(
    "--print", "print_only", is_flag=True, help="Print the SQL for a DBA instead of running it."
)
@click.option(
    "--from", "from_revision", default=None, help="With --print: the revision to start from."
)
def migrate(print_only: bool, from_revision: str | None) -> None:
    """Bring the schema up to date, adopt zone and rule set; several replicas may do so at once."""
    from service.store.migrations import print_sql  # noqa: PLC0415
    from service.wiring.migrate import run_migrate  # noqa: PLC0415

    if print_only:
        click.echo(print_sql(from_revision=from_revision))
        return
    settings = read_settings()
    done = asyncio.run(run_migrate(settings))
    click.echo(f"schema is at revision {done.revision}")
    if done.is_new_zone:
        click.echo(f"days and months are counted in {settings.zone} from now on, past ones too")
    if done.is_new_rule_set:
        click.echo(
            f"pages are judged by {settings.rule_set} from now on; settle judges the stored ones again"
        )


@main.command("import")
@click.argument("kind", type=KINDS)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--author", default=None, help="Who imports outages, calls or deadlines.")
def import_(kind: "Kind | RegisterKind", file: Path, author: str | None) -> None:
    """Bring registry or register in line with a CSV or xlsx file: all of it, or nothing.

    CSV is UTF-8 or GBK; headers may be Chinese, as `voltpass export --language zh` writes them.
    """
    from service.store.register_imports import import_register_file  # noqa: PLC0415
    from service.store.registry_imports import import_file  # noqa: PLC0415

    if kind == "outages" or kind == "calls" or kind == "deadlines":  # noqa: PLR1714 (mypy narrows by it)
        if not (author or "").strip():
            raise click.UsageError(f"{kind} need --author NAME: the trail says who changed what")
        report = asyncio.run(import_register_file(read_settings(), kind, file, str(author)))
    elif author is not None:
        raise click.UsageError(f"--author goes with {', '.join(REGISTER)}, not with {kind}")
    else:
        report = asyncio.run(import_file(read_settings(), kind, file))
    click.echo(str(report), err=report.is_refused)
    sys.exit(1 if report.is_refused else 0)


@main.command()
@click.argument("kind", type=KINDS)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--encoding",
    type=click.Choice(["utf-8", "utf-8-bom", "gbk"]),
    default="utf-8",
    show_default=True,
    help="Of CSV; Excel opens utf-8-bom and gbk by a double click.",
)
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    default=None,
    help="Of headers and words.  [xlsx: zh]",
)
def export(
    kind: "Kind | RegisterKind", file: Path, encoding: "Encoding", language: "Language | None"
) -> None:
    """Write registry or register as a file that import takes back unchanged: xlsx by its name, else CSV."""
    from service.domain.table_files import TableForm  # noqa: PLC0415
    from service.store.register_exports import export_register_file  # noqa: PLC0415
    from service.store.registry_exports import export_file  # noqa: PLC0415

    is_workbook = file.suffix.lower() == ".xlsx"
    form = TableForm(
        is_workbook=is_workbook,
        encoding=encoding,
        language=language or ("zh" if is_workbook else "en"),
    )
    if kind == "outages" or kind == "calls" or kind == "deadlines":  # noqa: PLR1714 (mypy narrows by it)
        n_rows = asyncio.run(export_register_file(read_settings(), kind, file, form))
    else:
        n_rows = asyncio.run(export_file(read_settings(), kind, file, form))
    click.echo(f"{kind}: {n_rows} rows written to {file}")


@main.command()
@click.option(
    "--url", default=None, help="What to ask; default: this machine's serve, then its metrics port."
)
def healthcheck(url: str | None) -> None:
    """Exit with 0 if the role on this machine is healthy, else with 1."""
    from service.wiring.probe import is_healthy  # noqa: PLC0415

    sys.exit(0 if is_healthy(read_settings(), url) else 1)


def _run(role: Role) -> None:
    """Run a role until it ends or is told to stop by SIGINT or SIGTERM."""
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)

    async def until_stopped() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await role(settings, stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_stopped())


if __name__ == "__main__":
    main()
