"""Files of readings for tests, and the command that scores them."""

import gzip
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from service.offline.command import score

START = datetime(2024, 3, 1, tzinfo=UTC)


def stamps(n: int, step_s: int = 60, start: datetime = START) -> list[str]:
    """Return ISO stamps without offset, one each ``step_s``."""
    return [(start + timedelta(seconds=i * step_s)).strftime("%Y-%m-%dT%H:%M:%S") for i in range(n)]


def write_csv(path: Path, header: str, rows: Iterable[Sequence[object] | str]) -> Path:
    """Write a file of readings; a row that is text is written as it is."""
    lines = [row if isinstance(row, str) else ",".join(map(str, row)) for row in rows]
    text = "\n".join([header, *lines]) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def run(path: Path, *options: str) -> Result:
    """Run ``voltpass score``."""
    return CliRunner().invoke(score, [str(path), *options])


def score_json(path: Path, *options: str) -> list[dict[str, Any]]:
    """Return the points of ``voltpass score --format json``."""
    result = run(path, *options, "--format", "json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert list(answer) == ["points"]
    points: list[dict[str, Any]] = answer["points"]
    return points


def score_one(path: Path, *options: str) -> dict[str, Any]:
    """Return the one point of a file."""
    (point,) = score_json(path, *options)
    return point


def minutes(**counts: int) -> dict[str, int]:
    """Return minutes by verdict, 0 where nothing is said; ``passed`` is pass."""
    names = ("pass", "over", "under", "interrupted", "exempt", "invalid", "missing")
    counts["pass"] = counts.pop("passed", 0)
    return {name: counts.get(name, 0) for name in names}
