"""``voltpass demo``."""

import asyncio
import sys

import click
import msgspec
import uvloop
from rich.console import Console

from service.demo.run import DemoOptions, run_demo
from service.logs import configure_logs


@click.command()
@click.option("--once", is_flag=True, help="End after the table instead of serving on.")
@click.option("--port", default=8000, show_default=True, help="Port of the API on 127.0.0.1.")
@click.option(
    "--json", "as_json", is_flag=True, help="With --once: the figures as JSON on standard output."
)
def demo(once: bool, port: int, as_json: bool) -> None:
    """Show everything on this machine: embedded broker and database, recorded voltage, a street with faults."""
    configure_logs("error", "console")
    console = Console(stderr=as_json, width=None if sys.stdout.isatty() else 150)
    options = DemoOptions(once=once or as_json, api_port=port, as_json=as_json)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            figures = runner.run(run_demo(options, console))
        except KeyboardInterrupt:
            console.print("stopped")
            return
    if as_json:
        click.echo(msgspec.json.encode(figures))
