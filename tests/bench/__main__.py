"""Run the benchmarks: ``python -m tests.bench [fold] [score] [consume] [export]``; exits with 1 on a missed target."""

import sys

from rich.console import Console
from rich.table import Table

from tests.bench import coefficients, consume, export, fold, score
from tests.bench.figure import Figure

BENCHES = {"fold": fold.measure, "score": score.measure, "consume": consume.measure}
ON_DEMAND = {"coefficients": coefficients.measure, "export": export.measure}  # takes long


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all, and print their figures; return the exit status."""
    console = Console()
    figures: list[Figure] = []
    for name in names or list(BENCHES):
        figures += {**BENCHES, **ON_DEMAND}[name](console)
    table = Table(title="Voltpass on this machine", title_justify="left")
    for heading in ("figure", "measured", "target", ""):
        table.add_column(heading, justify="right" if heading == "measured" else "left")
    for figure in figures:
        table.add_row(figure.name, figure.shown, figure.target, figure.verdict)
    console.print(table)
    return 1 if any(figure.is_missed for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
