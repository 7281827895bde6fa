"""Run the benches: ``python -m tests.bench [NAME ...]``; exits with 1 where a target is missed or a bench failed."""

import importlib
import sys
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.bench.figure import Figure
from tests.bench.kept import Measurement, keep
from tests.bench.machine import commit, machine
from tests.bench.page import write_page

# Modules of this package with a function `measure(console) -> list[Figure]`, in the order in which they run; the
# figures of a name are replaced together. Imported when their turn comes, so that one that lacks a part fails alone.
BENCHES: Final[tuple[str, ...]] = (
    # the kernels, rows 1 and 2
    "fold",
    "score",
    # the consumer, rows 3, 6 and 13
    "consume",
    "checkpoint",
    "scale",
    # what would be picked instead, rows 4 and 5
    "instead",
    # end to end, rows 7, 8, 11 and 12
    "endtoend",
    "million",
    # the store, rows 9 and 10
    "rescore",
    "storage",
)
ON_DEMAND: Final[tuple[str, ...]] = ("coefficients", "export")  # take long


def main(names: Sequence[str]) -> int:
    """Run the named benches, or all; keep what they measured, write the page, print it; return the exit status."""
    console = Console()
    unknown = sorted(set(names) - {*BENCHES, *ON_DEMAND})
    if unknown:
        console.print(f"no bench {', '.join(unknown)}; there are {', '.join(BENCHES + ON_DEMAND)}")
        return 2
    figures: list[Figure] = []
    failed: dict[str, str] = {}
    for name in names or BENCHES:
        began, at = time.perf_counter(), datetime.now(UTC)
        console.rule(f"{at:%H:%M:%S} {name}", align="left")
        try:
            measured: list[Figure] = importlib.import_module(f"tests.bench.{name}").measure(console)
            took_s = time.perf_counter() - began
            # At once: what a later bench, or an interrupt, does to this run takes nothing away.
            keep({name: _measurement(at, took_s, measured)})
        except Exception as error:  # noqa: BLE001  (told below; the others go on)
            console.print(traceback.format_exc(), markup=False)
            failed[name] = f"{type(error).__name__}: {error}"
            continue
        console.print(f"{name}: took {took_s:,.0f} s")
        figures += measured
        write_page()
    _show(console, figures, failed)
    return 1 if failed or any(figure.is_missed for figure in figures) else 0


def _measurement(at: datetime, took_s: float, figures: list[Figure]) -> Measurement:
    return Measurement(
        at=at.isoformat(sep=" ", timespec="minutes"),
        commit=commit(),
        took_s=round(took_s, 1),
        machine=machine(),
        figures=figures,
    )


def _show(console: Console, figures: list[Figure], failed: dict[str, str]) -> None:
    table = Table(title="Voltpass on this machine", title_justify="left")
    for heading in ("row", "figure", "measured", "target", "against", ""):
        table.add_column(heading, justify="right" if heading in {"row", "measured"} else "left")
    for one in sorted(figures, key=lambda one: (one.row is None, one.row or 0)):
        row = "" if one.row is None else str(one.row)
        table.add_row(row, one.name, one.shown, one.target, one.against, one.verdict)
    console.print(table)
    for name, error in failed.items():
        console.print(f"{name}: failed, its figures stay as they were: {error}", markup=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
