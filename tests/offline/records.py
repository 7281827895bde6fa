"""Files of interruptions for tests, and the commands that work them out."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from service.offline.indices_command import indices
from service.offline.med_command import med

YEAR = ("--from", "2024-01-01", "--to", "2025-01-01")


def run_indices(path: Path, *options: str, customers: int = 1000) -> Result:
    """Run ``voltpass indices`` for 2024, unless the options say otherwise."""
    period = () if "--from" in options else YEAR
    arguments = [str(path), "--customers", str(customers), *period, *options]
    return CliRunner().invoke(indices, arguments)


def indices_json(path: Path, *options: str, customers: int = 1000) -> dict[str, Any]:
    """Return what ``voltpass indices --format json`` prints."""
    result = run_indices(path, *options, "--format", "json", customers=customers)
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def run_med(path: Path, *options: str) -> Result:
    """Run ``voltpass med``."""
    return CliRunner().invoke(med, [str(path), *options])


def med_json(path: Path, *options: str) -> dict[str, Any]:
    """Return what ``voltpass med --format json`` prints."""
    result = run_med(path, *options, "--format", "json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer
