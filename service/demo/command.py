"""``voltpass demo``."""

import asyncio
import signal

import click
import msgspec
import uvloop
from rich.console import Console

from service.api.shapes import Shape
from service.demo.figures import Figures
from service.demo.run import DemoOptions, run_demo
from service.logs import configure_logs


@click.command(short_help="Show everything on this machine, on recorded voltage.")
@click.option("--once", is_flag=True, help="End after the table instead of serving on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port of the API on 127.0.0.1; 0: any free one.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="As --once, with the figures as JSON on standard output and all else on standard error.",
)
def demo(once: bool, port: int, as_json: bool) -> None:
    """Show everything on this machine: embedded broker and database, recorded voltage, a street with faults."""
    configure_logs("error", "console")
    console = Console(stderr=as_json)
    options = DemoOptions(once=once or as_json, api_port=port)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            figures = runner.run(_until_told_to_stop(options, console))
        except (KeyboardInterrupt, asyncio.CancelledError):
            console.print("stopped; nothing is left running")
            return
    if as_json:
        click.echo(msgspec.json.encode(figures, enc_hook=_as_answered))


def _as_answered(shape: object) -> object:
    """Return a part of the figures that the API itself made, as it answered it."""
    if isinstance(shape, Shape):
        return shape.model_dump(mode="json", by_alias=True)
    raise NotImplementedError(f"{type(shape).__name__} in the figures")


async def _until_told_to_stop(options: DemoOptions, console: Console) -> Figures:
    """Run it; SIGTERM ends it as Ctrl-C does, broker and database included."""
    course = asyncio.current_task()
    if course is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, course.cancel)
    return await run_demo(options, console)
