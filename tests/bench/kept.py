"""The measurements that are kept beside the benches, as JSON: the last of each bench."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from tests.bench.figure import Figure

FILE = Path(__file__).with_name("measured.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one bench measured in one run."""

    at: str  # ISO 8601, to the minute, with zone
    commit: str
    took_s: float
    machine: dict[str, str]
    figures: list[Figure]


def read_kept(file: Path = FILE) -> dict[str, Measurement]:
    """Return the kept measurements by the names of their benches; none where the file is not there."""
    if not file.exists():
        return {}
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Measurement])


def keep(measured: dict[str, Measurement], file: Path = FILE) -> None:
    """Write measurements over those of the same benches; the others stay.

    Raises:
        ValueError: A figure is no finite number: JSON has no word for it, and it would be read as not measured.
    """
    for figure in (figure for one in measured.values() for figure in one.figures):
        if figure.value is not None and not math.isfinite(figure.value):
            raise ValueError(f"{figure.name}: {figure.value}; give the bound that is known")
    kept = read_kept(file) | measured
    words = msgspec.json.encode({name: asdict(one) for name, one in kept.items()})
    new = file.with_suffix(".new")
    new.write_bytes(msgspec.json.format(words, indent=1) + b"\n")
    new.replace(file)
