"""``docs/performance.md``: the kept measurements between the words of ``performance.md.template``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

from tests.bench.figure import Figure, Verdict
from tests.bench.kept import Measurement, read_kept
from tests.bench.rows import NOT_MEASURED, ROWS, verdict_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
_TEMPLATE = Path(__file__).with_name("performance.md.template")


def write_page() -> None:
    """Write the page from what is kept."""
    PAGE.write_text(performance_page(read_kept()), encoding="utf-8")


def performance_page(kept: Mapping[str, Measurement]) -> str:
    """Return the page in Markdown."""
    figures = [figure for one in kept.values() for figure in one.figures]
    words = Template(_TEMPLATE.read_text(encoding="utf-8"))
    return words.substitute(
        summary=_summary(figures),
        rows="\n".join(_row_lines(figures)),
        missed="\n\n".join(_explained(figures)),
        beside="\n".join(_beside_lines(figures)),
        machines="\n".join(_machine_lines(kept)),
        benches="\n".join(_bench_lines(kept)),
    )


def _of_row(figures: list[Figure], row: int | None) -> list[Figure]:
    return [figure for figure in figures if figure.row == row]


def _summary(figures: list[Figure]) -> str:
    verdicts = [verdict_of(_of_row(figures, row)) for row in ROWS]
    order = (Verdict.MET, Verdict.MISSED, Verdict.NOT_VERIFIED, NOT_MEASURED)
    counted = [f"{verdicts.count(one)} {one}" for one in order if one in verdicts]
    return f"{len(ROWS)} rows: {', '.join(counted)}."


def _row_lines(figures: list[Figure]) -> Iterator[str]:
    for row, what in ROWS.items():
        of_row = _of_row(figures, row)
        yield _line(str(row), f"**{what}**", "", "", "", f"**{verdict_of(of_row)}**")
        for one in of_row:
            yield _line("", one.name, one.shown, one.target, one.against, one.verdict)


def _explained(figures: list[Figure]) -> Iterator[str]:
    """Yield a paragraph for each figure that is missed or could not be measured."""
    unmet = [one for one in figures if one.verdict in {Verdict.MISSED, Verdict.NOT_VERIFIED}]
    for one in sorted(unmet, key=lambda one: (one.row is None, one.row)):
        row = "" if one.row is None else f"Row {one.row}, "
        shown = f", {one.shown} for {one.target}" if one.is_missed else f" for {one.target}"
        yield f"**{row}{one.name}: {one.verdict}{shown}.** {one.why or 'Not explained yet.'}"
    if not unmet:
        yield "Nothing."


def _beside_lines(figures: list[Figure]) -> Iterator[str]:
    for one in _of_row(figures, None):
        yield _line(one.name, one.shown, one.target, one.against, one.verdict)


def _machine_lines(kept: Mapping[str, Measurement]) -> Iterator[str]:
    for number, one in enumerate(_machines(kept), 1):
        for name, what in one.items():
            yield _line(str(number), name, what)


def _bench_lines(kept: Mapping[str, Measurement]) -> Iterator[str]:
    machines = _machines(kept)
    for name, one in kept.items():
        number = machines.index(one.machine) + 1
        rows = sorted({figure.row for figure in one.figures if figure.row is not None})
        shown = ", ".join(map(str, rows))
        yield _line(f"`{name}`", shown, one.at, one.commit, f"{one.took_s:,.0f} s", str(number))


def _machines(kept: Mapping[str, Measurement]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for one in kept.values():
        if one.machine not in found:
            found.append(one.machine)
    return found


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    write_page()
